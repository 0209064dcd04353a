"""The improvement meeting's pack: one HTML file for a week, complete in itself, that also prints well; and a PDF."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callinsight import bundle
from callinsight.review.charts import Series, data_uri, in_words
from callinsight.review.pdf import pdf
from callinsight.review.sounds import Sounds, sounds_of
from callinsight.review.templates import environment
from callinsight.settings import Settings
from callinsight.store.pack import FlaggedCall, WeekPack, gather

_CHART_WEEKS = 12


@dataclass(frozen=True, slots=True)
class Made:
    """The pack that was made. Ids and counts only, fit to travel through Prefect."""

    path: Path | None
    iso_week: str = ""
    flagged: int = 0
    pdf: Path | None = None


def make(settings: Settings, *, as_pdf: bool | None = None) -> Made:
    """Write the pack of the last whole week, for its owner alone; a second time it takes the place of the first.

    ``as_pdf`` says whether a PDF is made beside the page; ``None`` leaves it to the settings. ``path`` is ``None`` when
    there is no whole week yet. Raises ``StoreError`` when a database is missing or in use, and ``SettingsError`` when
    no PDF can be made here; the page is there then.
    """
    week = gather(settings.work.database, settings.work.published_database)
    if week is None:
        return Made(None)
    path = settings.work.packs / f"verbeteroverleg-{week.iso_week}.html"
    page, beside = render(week, sounds_of(settings, (*week.flagged, *week.unkept))), path.with_suffix(".pdf")
    beside.unlink(missing_ok=True)  # one of an earlier page
    bundle.write_atomically(path, page.encode())
    if not (settings.review.pdf if as_pdf is None else as_pdf):
        return Made(path, week.iso_week, week.flagged_in_all)
    bundle.write_atomically(beside, pdf(page))
    return Made(path, week.iso_week, week.flagged_in_all, beside)


def render(week: WeekPack, sounds: Mapping[str, Sounds]) -> str:
    """The page, with what there is to hear of each call by its id. What comes from a call or a person is escaped."""
    pages = environment()
    pages.filters["number"] = number
    return pages.get_template("meeting.html.j2").render(
        week=week,
        charts=_charts(week.weeks[-_CHART_WEEKS:], week.series, [str(row["topic"]) for row in week.rising]),
        action_charts={
            str(row["action_id"]): _chart(
                week.weeks, week.action_series.get(str(row["action_id"]), (0,) * len(week.weeks)), _since(week, row)
            )
            for row in week.actions
        },
        case=case_of(week.flagged),
        sounds=sounds,
        shown={call.call_id for call in week.flagged},
        has_sound=any(one.players for one in sounds.values()),
    )


def number(value: Any) -> str:
    """A number as people here write it: a decimal comma, nothing behind it when it is whole; a dash for none."""
    if value is None:
        return "-"
    return f"{float(value):.1f}".removesuffix(".0").replace(".", ",")


def case_of(flagged: Sequence[FlaggedCall]) -> FlaggedCall | None:
    """One call to talk about: the one with most signals. Not an urgent one, since those go to somebody at once."""
    calm = [call for call in flagged if not call.urgent]
    return max(calm, key=lambda call: (len(call.signals), call.started_local, call.call_id), default=None)


def _since(week: WeekPack, action: Mapping[str, object]) -> int | None:
    """The index of the first week in which an improvement was in effect, when the chart shows it."""
    day = action["effective_on"]
    starts = f"{day:%G-W%V}" if day is not None else ""
    return next((index for index, name in enumerate(week.weeks) if name >= starts), None)


def _charts(
    weeks: tuple[str, ...], series: Mapping[str, tuple[int | None, ...]], topics: Sequence[str]
) -> dict[str, dict[str, str]]:
    none = (0,) * len(weeks)
    return {topic: _chart(weeks, series.get(topic, none)[-len(weeks) :], None) for topic in topics}


def _chart(weeks: tuple[str, ...], counts: tuple[int | None, ...], since: int | None) -> dict[str, str]:
    made = Series(weeks, counts, since)
    return {"src": data_uri(made), "alt": in_words(made)}
