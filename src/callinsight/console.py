"""What a person sees in the terminal: tables and a progress bar. In plain Dutch where it shows results."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from callinsight import run

out = Console()
err = Console(stderr=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table that fits the terminal; numbers to the right."""
    listed = [["" if cell is None else cell for cell in row] for row in rows]
    made = Table(title=title or None, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        numeric = bool(listed) and all(isinstance(row[index], int | float) or row[index] == "" for row in listed)
        made.add_column(column, justify="right" if numeric else "left", overflow="fold", no_wrap=index == 0)
    for row in listed:
        made.add_row(*(_cell(cell) for cell in row))
    return made


def _cell(value: object) -> str:
    from rich.markup import escape

    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, list | tuple):
        return escape(", ".join(str(item) for item in value))
    return escape(str(value))


@contextmanager
def progress_bar(total_bytes: int) -> Iterator[run.OnProgress]:
    """A bar that counts minutes of audio; its length is the size of the recordings, known before any is decoded."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[audio]}"),
        TimeRemainingColumn(),
    )
    started = monotonic()
    audio_ms = 0
    with Progress(*columns, console=err, transient=False) as bar:
        task = bar.add_task("Gesprekken verwerken", total=max(1, total_bytes), audio="")

        def advance(step: run.Progress) -> None:
            nonlocal audio_ms
            audio_ms += step.audio_ms
            speed = audio_ms / 1000 / max(0.1, monotonic() - started)
            text = f"{audio_ms / 60_000:.1f} min geluid, {speed:.0f}x zo snel als luisteren"
            bar.update(task, advance=step.size_bytes, audio=text)

        yield advance


@contextmanager
def counting(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar that counts calls; ``total`` is ``None`` when their number is not known before."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as bar:
        task = bar.add_task(what, total=total)
        yield lambda calls: bar.advance(task, calls)


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """A line that tells which step is being done and for how long."""
    with Progress(TextColumn("{task.description}"), TimeElapsedColumn(), console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what: bar.update(task, description=f"{what} ...")
