"""Runs a command under watch: with folders of its own, and every file and socket that it or its children use known.

What Python does is told by ``watch/sitecustomize.py``. What native code does (DuckDB, SQLite, torch) is seen by looking
at the run's folders again and again: every file that turns up is linked, so that it is still there when it is gone.
"""

import contextlib
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.calls import ROOT

_EVERY_S = 0.02
_WATCH = Path(__file__).with_name("watch")
_FOREIGN = ("PREFECT_", "CALLINSIGHT", "XDG_", "HF_", "MPL", "TORCH", "PYANNOTE", "CANARY_", "ORT_", "CI", "DO_NOT")
"""Settings of whoever runs the tests. Some libraries do not report where CI is set, so that is left out too."""


@dataclass(slots=True)
class Watched:
    """A command that has ended: what it printed, how it ended, and where its files are."""

    folder: Path
    code: int
    output: bytes
    tale: list[tuple[str, str]] = field(default_factory=list)

    @property
    def written(self) -> set[Path]:
        """Every path that Python code opened for writing, renamed to or removed."""
        return {Path(what) for event, what in self.tale if event == "write" or event.startswith("os.")}

    @property
    def outside(self) -> list[str]:
        """Attempts to reach another machine."""
        return [what for event, what in self.tale if event == "socket outside"]

    @property
    def sockets(self) -> list[str]:
        """Sockets of this machine alone."""
        return [what for event, what in self.tale if event == "socket"]

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of all that the run left, and of all that it removed or replaced on its way."""
        seen: set[int] = set()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.parent.name != "watch":
                node = path.stat().st_ino
                if node not in seen:
                    seen.add(node)
                    yield path.relative_to(self.folder).as_posix(), path.read_bytes()


def run_watched(
    folder: Path,
    arguments: Sequence[str],
    *,
    wrapper: Sequence[str] = (),
    limit_s: float = 400,
    cwd: Path = ROOT,
    **environment: str,
) -> Watched:
    """Run ``python ARGUMENTS`` with all its files under ``folder``, which is made where it is missing.

    The inbox lies in ``inbox`` beside ``folder``, so that recordings are not taken for what the run wrote.
    """
    for name in ("tmp", "home", "kept", "watch"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "watch" / "kept").mkdir(exist_ok=True)
    command = [*wrapper, sys.executable, *arguments]
    with (
        _linking(folder),
        subprocess.Popen(
            command,
            cwd=cwd,
            env=_environment(folder) | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_allow_core_dumps,
        ) as process,
    ):
        output, _ = process.communicate(timeout=limit_s)
    for kept in (folder / "watch" / "kept").iterdir():
        kept.rename(folder / "kept" / kept.name)
    return Watched(folder, process.returncode, output, list(_tale(folder / "watch")))


def _environment(folder: Path) -> dict[str, str]:
    home = str(folder / "home")
    foreign = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    inherited = os.environ.get("PYTHONPATH", "")
    return foreign | {
        "HOME": home,
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": os.pathsep.join(part for part in (str(_WATCH), str(ROOT / "tests"), inherited) if part),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONFAULTHANDLER": "1",
        "OMP_NUM_THREADS": "1",
        "CANARY_FOLDER": str(folder / "watch"),
        "CALLINSIGHT_WORK__FOLDER": str(folder / "work"),
        "CALLINSIGHT_ENCRYPTION__ENABLED": "false",  # or nothing could be found in what is sealed, whatever it is
        "PREFECT_HOME": str(folder / "prefect"),
    }


def _allow_core_dumps() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def _tale(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):  # a process that was killed in the middle of a word
                event, what = json.loads(line)
                yield event, what


@contextlib.contextmanager
def _linking(folder: Path) -> Iterator[None]:
    """Link every file under the run's folders as soon as it is there."""
    over = threading.Event()
    watcher = threading.Thread(target=_link_all, args=(folder, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _link_all(folder: Path, over: threading.Event) -> None:
    seen: set[tuple[int, int]] = set()
    last = False
    while not last:
        last = over.wait(_EVERY_S)
        for top in ("tmp", "home", "work", "prefect"):
            for path, status in _files_below(folder / top):
                node = (status.st_dev, status.st_ino)
                if node not in seen:
                    seen.add(node)
                    with contextlib.suppress(OSError):
                        os.link(path, folder / "kept" / f"seen-{len(seen)}{Path(path).suffix}")


def _files_below(top: Path) -> Iterator[tuple[str, os.stat_result]]:
    with contextlib.suppress(OSError), os.scandir(top) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    yield from _files_below(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    yield entry.path, entry.stat(follow_symlinks=False)
