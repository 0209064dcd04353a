"""Nights that fail, are killed or crash leave nothing of what was said: not in a file, a log, a message or a core dump.

``CANARY_KILLS=200`` kills at as many moments; without it at twelve, spread over all times that a file is touched.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from callinsight import bundle, cli, hygiene
from callinsight.core.values import FailureKind
from support.calls import ROOT
from support.canary import Finder, needles_of_text
from support.canary_files import layers
from support.canary_sound import SpokenSecret, needles_of_sound
from support.troubled import FILE_NAME, SECRETS, STAGES, TAG, wav
from support.watched import Watched, run_watched

pytestmark = pytest.mark.slow

MOMENTS = os.environ.get("CANARY_KILLS", "12")


def said() -> Finder:
    """What was said in the troubled nights, and what the recorder wrote into the files."""
    needles = [needle for secret in (*SECRETS, TAG) for needle in needles_of_text(secret[:12], secret.split())]
    return Finder.of([*needles, *(needle for secret in sounds() for needle in needles_of_sound(secret))])


def sounds() -> list[SpokenSecret]:
    """The sound of the whole stereo call and of the mono one, as decoded."""
    from callinsight.audio import decode

    return [
        SpokenSecret(f"channel {number}", channel)
        for data in (wav(2, 1), wav(1, 2))
        for number, channel in enumerate(decode(data).waveform.samples)
    ]


Layers = list[tuple[str, bytes]]


def opened(run: Watched) -> Layers:
    """Every layer of every file of a run, and what it printed."""
    contents = [*run.files(), ("printed", run.output)]
    return [(name, layer) for name, data in contents for layer in layers(data)]


def found_in(looked_at: Layers, finder: Finder) -> set[tuple[str, str, str]]:
    return {(name, needle.name, needle.shape) for name, layer in looked_at for needle in finder.find(layer)}


def told(run: Watched) -> dict[str, Any]:
    lines = [line for line in run.output.decode(errors="replace").splitlines() if line.startswith('{"told"')]
    assert lines, run.output.decode(errors="replace")[-3000:]
    return dict(json.loads(lines[-1])["told"])


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder = tmp_path_factory.mktemp("failing") / "run"
    return run_watched(folder, ["-m", "support.troubled", str(folder / "work"), "failing"])


@pytest.fixture(scope="module")
def left(failing: Watched) -> Layers:
    """What the failing nights left."""
    return opened(failing)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder = tmp_path_factory.mktemp("killed") / "run"
    return run_watched(folder, ["-m", "support.troubled", str(folder / "work"), "killed", MOMENTS], limit_s=3_000)


def test_every_stage_failed_as_it_was_told_to(failing: Watched) -> None:
    codes = told(failing)
    assert set(codes) == set(STAGES)
    assert {stage for stage, code in codes.items() if code == cli.EXIT_CANNOT_RUN} == {"vectors", "result", "ledger"}
    internal = {
        stage
        for stage in STAGES
        for failure in bundle.read_failures(failing.folder / "work" / stage / "failures")
        if failure.kind is FailureKind.INTERNAL
    }
    assert internal == {"transcribe", "diarize", "redact", "tag"}


def test_an_exception_with_all_that_was_said_leaves_nothing_of_it(failing: Watched, left: Layers) -> None:
    assert found_in(left, said()) == set()
    printed = failing.output.decode()
    assert "RuntimeError" in printed, "the exceptions were told of, so their texts would have been seen"
    assert "No space left on device" in printed
    assert "Traceback" not in printed


def test_the_name_of_a_damaged_recording_is_in_the_data_teams_list_alone(failing: Watched, left: Layers) -> None:
    needle = FILE_NAME.encode()
    places = {name for name, layer in left if needle in layer}
    assert places
    for name in places:
        data = (failing.folder / name).read_bytes()
        is_list, is_plan = data.startswith(b"\xef\xbb\xbfbestand;"), data.startswith(b'{"run_id"')
        assert is_list or is_plan, name
    assert needle not in failing.output


def test_a_night_that_is_killed_leaves_nothing_that_was_said(killed: Watched) -> None:
    statuses = told(killed)["statuses"]
    struck = [name for name, status in statuses.items() if name.startswith("kill") and status[0] == signal.SIGKILL]
    assert len(struck) == int(MOMENTS)
    assert found_in(opened(killed), said()) == set()


def test_a_night_that_crashes_dumps_no_core(killed: Watched) -> None:
    ended, dumped = told(killed)["statuses"]["abort"]
    assert ended == signal.SIGABRT
    assert dumped is False
    assert not [path for path in killed.folder.rglob("core*") if path.is_file()]
    assert b"Fatal Python error: Aborted" in killed.output, "the crash was told of, and found_in looked into that too"


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("ends", ["os.abort()", "ctypes.string_at(0)"])
def test_only_a_process_that_is_not_sealed_dumps_its_memory(sealed: bool, ends: str, tmp_path: Path) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern")
    if not sealed and (not pattern.exists() or pattern.read_text().startswith("|")):
        pytest.skip("this system hands core dumps to a program, so there is nothing to compare with")
    seal = "from callinsight import offline; offline.apply()" if sealed else "pass"
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    if not sealed and most == 0:
        pytest.skip("core dumps are not allowed here, so there is nothing to compare with")
    allow = f"resource.setrlimit(resource.RLIMIT_CORE, ({most}, {most})); os.chdir({str(tmp_path)!r}); os.close(2)"
    code = f"import ctypes, os, resource; {allow}; {seal}; said = 'een geheim ' * 99; {ends}"
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status)
    assert os.WCOREDUMP(status) is not sealed
    for core in tmp_path.iterdir():
        core.unlink()


def test_another_process_cannot_look_into_a_sealed_one() -> None:
    if sys.platform != "linux":
        pytest.skip("Linux alone has this mark")
    code = (
        "import ctypes; from callinsight import offline; offline.apply(); "
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE of linux/prctl.h
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def trouble() -> Exception:
    """An exception with speech in all its corners."""
    try:
        try:
            raise KeyError("mijn bsn is geheim")
        except KeyError as cause:
            error = OSError(28, "mijn naam is geheim", "opname van mevrouw geheim")
            error.add_note("geheim")
            raise error from cause
    except OSError as caught:
        return caught


def test_what_nobody_foresaw_is_told_by_type_place_and_the_systems_own_words() -> None:
    text = hygiene.told(trouble())
    assert text.startswith("OSError (No space left on device) in test_leaks.py, line ")
    assert "geheim" not in text


def test_the_command_line_shows_no_text_of_an_exception(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise trouble()

    monkeypatch.setattr("callinsight.settings.load", explode)
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor"])
    printed = "".join(capsys.readouterr())
    assert ended.value.code == cli.EXIT_CANNOT_RUN
    assert "OSError (No space left on device) in test_leaks.py" in printed
    assert "geheim" not in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    "raising",
    [
        "raise ValueError(said)",
        "threading.Thread(target=explode).start()",
        "x = type('X', (), {'__del__': lambda self: explode()})(); del x",
    ],
)
def test_hooks_tell_no_text_either(raising: str) -> None:
    code = (
        "import threading; from callinsight import hygiene; hygiene.hush(); said = 'mijn bsn is geheim'\n"
        f"def explode(): raise ValueError(said)\n{raising}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "callinsight: unforeseen trouble: ValueError in <string>, line" in done.stderr
    assert "geheim" not in done.stderr
