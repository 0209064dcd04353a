"""The command that finds words in what was said."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import click

from callinsight import console, meeting, settings
from callinsight.cli import EXIT_OK
from callinsight.store import search
from callinsight.taxonomy_files import taxonomy_of

_WHO = {"agent": "gemeente", "caller": "beller", "system": "keuzemenu", "unknown": "onbekend"}


@click.command(
    "search",
    epilog="Examples:\n\n\b\n"
    '  callinsight search "brief onduidelijk"\n'
    "  callinsight search terugbellen --topic parking-permit --since 2026-09-01 --limit 50",
)
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="At most so many turns.")
@click.option("--topic", help="Only calls on this topic, such as passport.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only calls from this day on, such as 2026-09-01.")
@click.option("--any", "any_word", is_flag=True, help="Turns with any of the words; default: with all of them.")
@click.pass_obj
def search_command(
    file: Path | None, words: tuple[str, ...], limit: int, topic: str | None, since: datetime | None, any_word: bool
) -> int:
    """Search the redacted turns of calls for words, in any of their Dutch forms.

    "brief" finds "brieven" too. Works on the data team's own database, not on the published copy. The first search
    after a load makes the index of the months that changed, which takes a moment.
    """
    chosen = settings.load(file)
    if topic is not None:
        meeting.require_topic(taxonomy_of(chosen), topic)
    day = None if since is None else since.date()
    asked = search.Question(" ".join(words), limit, topic, day, any_word)
    hits = search.find(chosen.work.database, asked, _watch)
    rows = [
        (hit.call_id, f"{hit.started_local:%d-%m-%Y}", _clock(hit.start_ms), _WHO[hit.role], marked(hit))
        for hit in hits
    ]
    if rows:
        console.out.print(console.table("", ("gesprek", "datum", "tijd", "wie", "zin"), rows))
    else:
        several = not any_word and len(" ".join(words).split()) > 1
        console.out.print("Niets gevonden." + (" Met --any volstaat één van de woorden." if several else ""))
    return EXIT_OK


def _watch(months: int) -> AbstractContextManager[Callable[[int], object]]:
    return console.counting("Maanden doorzoekbaar maken", months)


def marked(hit: search.Hit) -> str:
    """The turn with stars around the words that were found."""
    text = hit.text
    for start, end in reversed(hit.marks):
        text = f"{text[:start]}*{text[start:end]}*{text[end:]}"
    return text


def _clock(time_ms: int) -> str:
    return f"{time_ms // 60_000}:{time_ms // 1000 % 60:02d}"
