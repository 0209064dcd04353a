"""The weekly flow: search for new topics, bring the published copy up to date, and make the improvement meeting's pack.

The pack is of the last whole week.

Run it here with ``python pipelines/weekly.py [SETTINGS]``, or on a server through ``prefect.yaml``.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # flows are loaded by file name; steps.py lies beside them

import steps  # isort: skip - first, since it sets the environment that prefect reads when it is imported
from prefect import flow


@flow(name="weekly", persist_result=False, log_prints=False)
def weekly(settings_file: str = "") -> dict[str, int]:
    """The pack lies in the folder ``overleg`` of the work folder. Returns counts."""
    candidates = steps.new_topics(settings_file)
    steps.publish(settings_file)
    return {"candidates": candidates, "flagged": steps.pack(settings_file)}


if __name__ == "__main__":
    weekly(*sys.argv[1:2])
