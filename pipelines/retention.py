"""The retention flow: delete what is past its term, and publish anew what changed.

Run it here with ``python pipelines/retention.py [SETTINGS]``, or on a server through ``prefect.yaml``.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # flows are loaded by file name; steps.py lies beside them

import steps  # isort: skip - first, since it sets the environment that prefect reads when it is imported
from prefect import flow


@flow(name="retention", persist_result=False, log_prints=False)
def retention(settings_file: str = "") -> dict[str, int]:
    """Counts only; returns how many of each kind were deleted."""
    return steps.retention(settings_file)


if __name__ == "__main__":
    retention(*sys.argv[1:2])
