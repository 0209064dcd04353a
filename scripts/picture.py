"""Draw docs/demo.svg out of the demo's published database: `python scripts/picture.py` after `make demo`."""

from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

from callinsight.store.query import run_query

ROOT = Path(__file__).parents[1]
TOPICS = {
    "Afval": ("waste-calendar", "waste-container", "bulky-waste"),
    "Parkeervergunning": ("parking-permit",),
    "Paspoort": ("passport",),
    "Verhuizing doorgeven": ("moving-house",),
}


def main() -> None:
    mpl.rcParams.update({"svg.hashsalt": "callinsight", "svg.fonttype": "none", "font.family": "sans-serif"})
    answer = run_query(
        ROOT / "demo/published/trends.duckdb",
        "SELECT iso_week, topic, sum(calls)::INT FROM topics_per_week GROUP BY ALL ORDER BY ALL",
    )
    weeks = sorted({str(week) for week, _, _ in answer.rows})
    figure, axes = plt.subplots(1, len(TOPICS), figsize=(10, 2.4), sharey=True, layout="constrained")
    for axis, (title, topics) in zip(axes, TOPICS.items(), strict=True):
        counts = [sum(n for week, topic, n in answer.rows if week == w and topic in topics) for w in weeks]
        axis.bar(range(len(weeks)), counts, color="#154273")
        axis.set_title(title, fontsize=10)
        axis.set_xticks(range(len(weeks)), [week[-2:] for week in weeks], fontsize=8)
        axis.set_xlabel("week", fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
        axis.yaxis.get_major_locator().set_params(integer=True)
    axes[0].set_ylabel("gesprekken", fontsize=9)
    figure.savefig(ROOT / "docs/demo.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
