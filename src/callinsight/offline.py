"""Keeps the libraries quiet: nothing is fetched and nothing is reported to anybody. Also seals the process.

``apply`` must run before prefect, pyannote.audio, transformers or huggingface_hub is imported, since they read these
variables on import.
"""

import os

from callinsight import hygiene

QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DO_NOT_TRACK": "1",
    "PYANNOTE_METRICS_ENABLED": "0",
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime, which finds the speech, can report on Linux too since 1.29
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "TOKENIZERS_PARALLELISM": "false",
}
"""What is forced into the environment, also over what a user has set: quiet is a promise, not a default."""

_NETWORK_SWITCHES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def apply(*, allow_network: bool = False) -> None:
    """Set the variables for this process and its children, and seal the process (:func:`callinsight.hygiene.seal`).

    ``allow_network`` is for ``callinsight models pull`` alone: models may be fetched, reporting stays off.
    """
    hygiene.seal()
    for name, value in QUIET.items():
        if allow_network and name in _NETWORK_SWITCHES:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
