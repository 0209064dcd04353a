"""Small charts as SVG images that stand inside the page itself: nothing is loaded from outside."""

import base64
import io
from dataclasses import dataclass

_BAR, _MARKED, _TEXT = "#154273", "#b85c00", "#1b1b1b"


@dataclass(frozen=True, slots=True)
class Series:
    """Counts per week; ``None`` is a hidden count, drawn as a question mark. A line comes before week ``since``."""

    weeks: tuple[str, ...]
    counts: tuple[int | None, ...]
    since: int | None = None

    def __post_init__(self) -> None:
        if len(self.weeks) != len(self.counts):
            raise ValueError("every week needs a count")


def in_words(series: Series) -> str:
    """What the chart shows, for whoever does not see it."""
    told = (
        f"{week}: {'weggelaten' if count is None else count}"
        for week, count in zip(series.weeks, series.counts, strict=True)
    )
    return "Gesprekken per week. " + ", ".join(told) + "."


def data_uri(series: Series) -> str:
    """A bar chart of ``series`` as the address of an image. The last bar stands out. Equal series give equal bytes."""
    import matplotlib as mpl  # here, because it is slow to import
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "callinsight", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(3.4, 0.9), layout="constrained")
        axes = figure.subplots()
        places = range(len(series.weeks))
        colours = [_MARKED if place == len(series.weeks) - 1 else _BAR for place in places]
        axes.bar(places, [count or 0 for count in series.counts], color=colours)
        for place, count in zip(places, series.counts, strict=True):
            if count is None:  # no bar would look like no calls
                axes.text(place, 0, "?", ha="center", va="bottom", fontsize=8, color=_TEXT)
        if series.since is not None:
            axes.axvline(series.since - 0.5, color=_TEXT, linewidth=1, linestyle="--")
        _lay_out(axes, series)
        target = io.BytesIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(target.getvalue()).decode("ascii")


def _lay_out(axes, series: Series) -> None:  # type: ignore[no-untyped-def]  # Axes, of a library that is imported late
    step = max(1, len(series.weeks) // 9)
    shown = list(range(len(series.weeks) - 1, -1, -step))[::-1]
    axes.set_xticks(shown, [series.weeks[n][-2:] for n in shown], fontsize=7)
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=3)
    axes.set_ylim(0, max([1, *(1.1 * count for count in series.counts if count is not None)]))
    axes.tick_params(axis="y", labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
