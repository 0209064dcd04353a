"""Nothing personal leaves memory: what was said and masked in a night is looked for in all that the night touched.

The night runs the real engines and the real Prefect flow, with home, temporary and work folders of its own, in a
network without anything outside where the kernel allows that, and with everything logging at its most talkative. What
is searched is what it left, what it removed or replaced on its way, and what it printed.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from callinsight import audio, bundle, copies, settings
from callinsight.core.values import Span
from callinsight.settings import Settings
from callinsight.store.database import open_reader
from support.calls import call_with_numbers, fill, some_calls, truth_of
from support.canary import Finder, Needle, needles_of_text
from support.canary_files import layers, rows_of
from support.canary_sound import Ear, SpokenSecret, needles_of_sound
from support.watched import Watched, run_watched

pytestmark = pytest.mark.slow

STEPS = ("flow", "report", "review list", "review pack", "search paspoort")
PROJECT_STEPS = {"flow": "Completed"} | dict.fromkeys(STEPS[1:], 0)
CALLERS = ("+31 6 55512340", "+31 6 55512341", "+31 6 55512342")
"""Who called, as the telephone system tells it with the recordings. Calls are linked, so that it is read."""
HOME_MAY_HOLD = ("home/.cache/matplotlib/fontlist",)
"""The names of the fonts of this machine, which matplotlib keeps; it draws the charts of the meeting's pack."""


@dataclass(frozen=True)
class Night:
    """A watched night, and the secrets that were said in it."""

    run: Watched
    codes: dict[str, object]
    settings: Settings
    words: tuple[tuple[str, tuple[str, ...]], ...]
    sounds: tuple[SpokenSecret, ...]
    sides: dict[str, "np.ndarray[tuple[int], np.dtype[np.float32]]"]

    @property
    def needles(self) -> Iterator[Needle]:
        for name, words in self.words:
            yield from needles_of_text(name, words)
        for caller in CALLERS:
            yield from needles_of_text("number of a caller", caller.split())
            for written in (caller[1:].replace(" ", ""), "0" + caller[4:].replace(" ", ""), caller[6:]):
                yield from needles_of_text("number of a caller", (written,))
        for secret in self.sounds:
            yield from needles_of_sound(secret, self.sides.get(secret.name))

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """All files of the run, and what the project itself reads in those that only it can open."""
        yield from self.run.files()
        yield "printed", self.run.output
        work = self.settings.work
        for call_id in bundle.result_ids(work.results):
            result = bundle.read_result(bundle.result_path(work.results, call_id))
            yield f"result of {call_id}", "\n".join(turn.text for turn in result.turns).encode()
            yield f"copy of {call_id}", copies.read_copy(work.review_copies, call_id) or b""
        for database in (work.database, work.published_database):
            with open_reader(database) as connection:
                yield from ((database.name, table) for table in rows_of(connection))


def alone() -> tuple[str, ...]:
    """What to put before a command so that it has a network of its own; nothing where the kernel does not allow it."""
    if shutil.which("unshare") is None:
        return ()
    tried = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    return ("unshare", "-rn") if tried.returncode == 0 else ()


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("canary")
    recordings = [*some_calls(stereo=1, mono=1), call_with_numbers()]
    fill(folder / "inbox", recordings)
    for recording, caller in zip(recordings, CALLERS, strict=True):
        sidecar = folder / "inbox" / recording.with_suffix(".json").name
        told = json.loads(sidecar.read_text(encoding="utf-8"))
        # Of yesterday: a link is gone after its term.
        started = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
        sidecar.write_text(json.dumps(told | {"caller": caller, "started_at": started}), encoding="utf-8")
    heard = folder / "heard.jsonl"
    run = run_watched(
        folder / "run",
        ["-m", "support.overheard", str(heard), *STEPS],
        wrapper=alone(),
        CALLINSIGHT_INBOX__ADDRESS=str(folder / "inbox"),
        CALLINSIGHT_PUBLISH__K="1",
        CALLINSIGHT_LINKING__ENABLED="true",
        PREFECT_LOGGING_LEVEL="DEBUG",
        PREFECT_SERVER_LOGGING_LEVEL="DEBUG",
        CANARY_SOCKETS="refuse",
        CANARY_LONELY="1" if alone() else "",
    )
    codes = [line for line in run.output.decode(errors="replace").splitlines() if line.startswith('{"codes"')]
    assert codes, run.output.decode(errors="replace")[-3000:]
    chosen = settings.load(overrides={"work": {"folder": str(folder / "run" / "work")}})
    sounds, sides = spoken(recordings)
    words = (*as_heard(heard), *as_said(recordings))
    return Night(run, json.loads(codes[0])["codes"], chosen, words, tuple(sounds), sides)


def as_heard(heard: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What the recogniser made of personal data, with a word on both sides where it is short."""
    for line in heard.read_text(encoding="utf-8").splitlines():
        for number, one in enumerate(json.loads(line)):
            words = one["words"] if len(one["words"]) >= 4 else one["around"]
            yield f"{one['kind']} {number}, as heard", tuple(words)


def as_said(recordings: list[Path]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Long numbers of the ground truth."""
    for recording in recordings:
        truth = truth_of(recording)
        for number, personal in enumerate(truth["personal"]):
            said = truth["turns"][personal["turn"]]["text"].split()[personal["first_word"] : personal["last_word"] + 1]
            if len(said) >= 4:
                yield f"{personal['kind']} {number}, as said", tuple(said)


def spoken(
    recordings: list[Path],
) -> tuple[list[SpokenSecret], dict[str, "np.ndarray[tuple[int], np.dtype[np.float32]]"]]:
    """The sound of long personal data, and of the other side at that moment."""
    secrets: list[SpokenSecret] = []
    sides: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]] = {}
    for recording in recordings:
        truth, waveform = truth_of(recording), audio.decode(recording).waveform
        for personal in truth["personal"]:
            span = Span(personal["start_ms"], personal["end_ms"])
            channel = (truth["turns"][personal["turn"]]["channel"] or 0) if waveform.channels == 2 else 0
            samples = waveform.channel(channel).cut(span).samples[0]
            if personal["kind"] != "person_name" and samples.size:
                name = f"{personal['kind']} {len(secrets)}, sound"
                secrets.append(SpokenSecret(name, samples))
                if waveform.channels == 2:
                    sides[name] = waveform.channel(1 - channel).cut(span).samples[0]
    return secrets, sides


def test_the_night_did_all_its_work(night: Night) -> None:
    assert night.codes == PROJECT_STEPS
    assert len(list(bundle.result_ids(night.settings.work.results))) == 3
    assert list(night.settings.work.review_copies.rglob("*.ogg"))
    assert len(night.words) >= 4
    assert [secret for secret in night.sounds if secret.can_be_told]
    results = [
        bundle.read_result(bundle.result_path(night.settings.work.results, call_id))
        for call_id in bundle.result_ids(night.settings.work.results)
    ]
    assert len({result.call.caller_ref for result in results} - {None}) == len(CALLERS), "the callers were read"


def test_no_secret_is_in_anything_that_the_night_touched(night: Night, tmp_path: Path) -> None:
    finder = Finder.of(night.needles)
    contents = list(night.contents())
    assert len(contents) > 40
    found = {
        (name, needle.name, needle.shape)
        for name, data in contents
        for layer in layers(data)
        for needle in finder.find(layer)
    }
    assert found == set()
    # The same search finds each of them in a file that has it.
    for name, words in night.words:
        assert finder.find(b"x" * 33 + " ".join(words).encode() + b"y"), name
    for secret in night.sounds:
        assert finder.find(np.rint(secret.samples * 32767).astype("<i2").tobytes()), secret.name


def test_no_secret_can_be_heard_in_anything_that_the_night_touched(night: Night) -> None:
    ear = Ear()
    listened = sum(ear.listen(name, layer) for name, data in night.contents() for layer in layers(data))
    assert listened >= 3, "the review copies are there to listen to"
    assert ear.recognise(night.sounds) == []


def test_the_ear_would_have_heard_them(night: Night) -> None:
    ear = Ear()
    ear.listen("a recording", call_with_numbers().read_bytes())
    assert ear.recognise(night.sounds)


def test_nothing_is_written_elsewhere(night: Night) -> None:
    """Home and temporary folder are left as they were, and no Python code opened another file for writing."""
    allowed = (night.run.folder, night.run.folder.parent / "heard.jsonl", Path("/dev/null"))
    elsewhere = [path for path in night.run.written if not any(path.is_relative_to(place) for place in allowed)]
    assert elsewhere == []
    for folder in ("home", "tmp"):
        left = [path.relative_to(night.run.folder).as_posix() for path in (night.run.folder / folder).rglob("*")]
        files = [path for path in left if (night.run.folder / path).is_file()]
        assert [path for path in files if not path.startswith(HOME_MAY_HOLD)] == []


def test_nobody_is_called(night: Night) -> None:
    """Loopback alone, and that for Prefect. A look-up of a name would be the first sign."""
    assert night.run.outside == []
    assert night.run.sockets, "Prefect's own loopback connection was seen, so another one would have been"


def test_the_network_was_really_cut_off() -> None:
    if not alone():
        pytest.skip("this kernel allows no network namespace, so native code was not cut off")
    lonely = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
    tried = subprocess.run([*alone(), "python3", "-c", lonely], capture_output=True, check=False)
    assert b"unreachable" in tried.stderr
