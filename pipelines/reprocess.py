"""The flow after a change of models, settings or version: the nightly steps over every call that was made otherwise.

Run it here with ``python pipelines/reprocess.py [SETTINGS]``, or start its deployment by hand on a server. Only calls
whose recordings are still in the inbox can be done again; the others keep their results.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # flows are loaded by file name; steps.py lies beside them

import steps  # isort: skip - first, since it sets the environment that prefect reads when it is imported
from prefect import flow

from nightly import nightly


@flow(name="reprocess", persist_result=False, log_prints=False)
def reprocess(settings_file: str = "") -> dict[str, int]:
    """Returns how many calls were marked, and what the night that followed came to."""
    marked = steps.mark_outdated(settings_file)
    return {"marked": marked, **nightly(settings_file)}


if __name__ == "__main__":
    reprocess(*sys.argv[1:2])
