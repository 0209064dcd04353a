"""Nights in trouble, in a process of their own: ``python -m support.troubled FOLDER failing`` or ``... killed 12``.

Engines hear what a script says, so that a night takes a moment; everything after them is real. ``failing`` runs a
night for each stage that can fail, with the raw words in the exception, in its cause and in its notes. ``killed`` forks
a night for each of so many moments, spread over all the times that it touches its work folder, and kills it there; the
last one crashes while the raw words are in memory. Prints what became of each.
"""

import errno
import importlib
import io
import json
import logging
import os
import sys
import wave
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

ROOT = Path(__file__).parents[2]
RATE_HZ = 8_000
AGENT = "goedemorgen gemeente zonnedaal u spreekt met sanne waarmee kan ik u helpen"
NUMBER = "nul zes een twee drie vier vijf zes zeven acht"
CITIZEN = "een een een twee twee twee drie drie drie"
CALLER = f"ik bel over mijn paspoort mijn telefoonnummer is {NUMBER} en mijn bsn is {CITIZEN} alstublieft"
SECRETS = (NUMBER, CITIZEN, "spreekt met sanne")
TAG = "opmerking van mevrouw devries uit de kerkstraat"
"""What the recorder wrote into the sound file itself."""
FILE_NAME = "opname-van-mevrouw-jansen"

from callinsight import assembly, bundle, cli, copies, worker  # noqa: E402
from callinsight.audio import DecodeLimits  # noqa: E402
from callinsight.core.redaction import redact  # noqa: E402
from callinsight.core.values import Provenance, Span, SpeakerTurn, Waveform  # noqa: E402
from callinsight.engines import SpokenChannel, Transcript  # noqa: E402
from callinsight.engines.scripted import ScriptedDiarizer, ScriptedTagger, ScriptedTranscriber  # noqa: E402
from callinsight.engines.speech_regions import SpeechRegions  # noqa: E402
from callinsight.privacy_files import load_rules  # noqa: E402
from callinsight.review_copy import Copier  # noqa: E402

STAGES = ("none", "transcribe", "diarize", "redact", "tag", "vectors", "copy", "result", "ledger")


class WholeFile:
    """Takes every channel for speech from end to end."""

    def find_speech(self, waveform: Waveform, *, bleed: bool, agent_channel: int | None = None) -> SpeechRegions:
        return SpeechRegions(tuple((Span(0, waveform.duration_ms),) for _ in range(waveform.channels)))


class ByChannel(ScriptedTranscriber):
    """The agent in even channels, the caller in odd ones."""

    def transcribe(self, channels: Sequence[SpokenChannel]) -> tuple[Transcript, ...]:
        found: list[Transcript] = []
        for number, channel in enumerate(channels):
            self.lines = [CALLER if number % 2 else AGENT] if len(channels) > 1 else [f"{AGENT} {CALLER}"]
            found += super().transcribe([channel])
        return tuple(found)


def wav(channels: int, seed: int, comment: str = "") -> bytes:
    """Six seconds of noise, with a comment of the recorder in it."""
    samples = np.random.default_rng(seed).normal(0, 0.1, (6 * RATE_HZ, channels)).clip(-1, 1)
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    text = comment.encode() + b"\0" * (len(comment) % 2)
    info = b"INFOICMT" + len(text).to_bytes(4, "little") + text
    whole = data.getvalue() + b"LIST" + len(info).to_bytes(4, "little") + info
    return whole[:4] + (len(whole) - 8).to_bytes(4, "little") + whole[8:]


def fill(inbox: Path) -> None:
    """A stereo call, a mono one, and one that is damaged; all with a comment in the file."""
    inbox.mkdir(parents=True)
    for name, data in (
        ("stereo", wav(2, 1, TAG)),
        ("mono", wav(1, 2, TAG)),
        (FILE_NAME, wav(2, 3, TAG)[:20_000] + TAG.encode()),
    ):
        told: dict[str, object] = {"recording_id": name, "started_at": "2026-09-01T09:00:00+02:00"}
        told |= {"queue": "burgerzaken", "direction": "inbound"} | ({"agent_channel": 0} if name != "mono" else {})
        (inbox / f"{name}.wav").write_bytes(data)
        (inbox / f"{name}.json").write_text(json.dumps(told), encoding="utf-8")


def failing(step: Callable[..., Any], error: Callable[[str], BaseException]) -> Callable[..., Any]:
    """``step``, which fails with all that was said in its exception, in the cause of that and in its notes."""

    def tried(*args: Any, **kwargs: Any) -> Any:
        raw = f"{AGENT} {CALLER} {args!r} {kwargs!r}"
        try:
            raise KeyError(raw)
        except KeyError as cause:
            failure = error(raw)
            failure.add_note(raw)
            raise failure from cause

    return tried


def build(folder: Path, stage: str) -> worker.Worker:
    """A worker of which ``stage`` fails."""
    transcriber, tagger = ByChannel([AGENT]), ScriptedTagger((("paspoort", "passport"),))
    diarizer = ScriptedDiarizer((SpeakerTurn(Span(0, 2_500), "A"), SpeakerTurn(Span(2_500, 6_000), "B")))
    engines = worker.Engines(
        WholeFile(),  # type: ignore[arg-type]
        Broken(transcriber, "transcribe") if stage == "transcribe" else transcriber,
        Broken(diarizer, "diarize") if stage == "diarize" else diarizer,
        Broken(tagger, "read") if stage == "tag" else tagger,
        load_rules(ROOT / "models/privacy/personal_data.yaml"),
    )
    keep = failing(len, RuntimeError) if stage == "copy" else lambda *a: copies.write_copy(folder / "review", *a)
    vectors = failing(len, full_disk) if stage == "vectors" else None
    provenance = Provenance("0", "0", (("m", "0"),), "0")
    return worker.Worker(engines, provenance, DecodeLimits(), copier=Copier(keep), keep_vectors=vectors)


class Broken:
    """An engine one of whose methods fails with what was said."""

    def __init__(self, engine: Any, method: str) -> None:
        self._engine = engine
        setattr(self, method, failing(getattr(engine, method), RuntimeError))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def full_disk(raw: str) -> OSError:
    """No room, as the operating system tells it, with a name of a file that tells too much."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), raw)


def night(folder: Path, stage: str, command: str = "run") -> int:
    """One night; its exit code."""
    os.environ["CALLINSIGHT_WORK__FOLDER"] = str(folder)
    made = build(folder, stage)
    with (
        patch.object(assembly, "shared_worker", lambda *_: made),
        patch.object(worker, "redact", {"redact": failing(redact, ValueError), "abort": abort}.get(stage, redact)),
        patch.object(bundle, "write_result", failing(len, full_disk) if stage == "result" else bundle.write_result),
        patch("callinsight.ledger.Ledger.record", failing(len, RuntimeError) if stage == "ledger" else RECORD),
    ):
        try:
            cli.main([command])
        except SystemExit as ended:
            return int(ended.code or 0)
    return -1


def killed(folder: Path, moments: int) -> dict[str, object]:
    """Nights that are killed, and one that crashes. Their statuses, and whether a core was dumped."""
    sitecustomize = importlib.import_module("sitecustomize")  # that of ``support/watch``
    told: dict[str, object] = {}
    sitecustomize.kill_at(0, str(folder / "whole"))
    told["whole"] = night(folder / "whole", "none")
    total = sitecustomize.touched()
    chosen = sorted({1 + total * n // moments for n in range(moments)})
    for times in chosen:
        told[f"kill {times}"] = forked(partial(doomed, folder / f"kill-{times}", times))
    told["abort"] = forked(partial(night, folder / "abort", "abort"))
    return {"statuses": told, "touches": total}


def doomed(folder: Path, times: int) -> None:
    """A night up to its ``times``-th touch of a file."""
    importlib.import_module("sitecustomize").kill_at(times, str(folder))
    night(folder, "none")


def abort(*_: Any) -> None:
    """A library crashes while the raw words are there."""
    os.chdir(os.environ["CALLINSIGHT_WORK__FOLDER"])  # where a core would be dumped
    os.abort()


def forked(child: Callable[[], object]) -> list[object]:
    """Run ``child`` in a process of its own: the signal that ended it, and whether it dumped its memory."""
    pid = os.fork()
    if not pid:
        child()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return [os.WTERMSIG(status) if os.WIFSIGNALED(status) else None, os.WCOREDUMP(status)]


def main(folder: Path, what: str, moments: str = "12") -> None:
    """Run the nights."""
    logging.basicConfig(level=logging.DEBUG)
    fill(folder.parent.parent / "inbox")
    os.environ["CALLINSIGHT_INBOX__ADDRESS"] = str(folder.parent.parent / "inbox")
    os.environ["CALLINSIGHT_PUBLISH__K"] = "1"
    if what == "failing":
        # What comes after processing is the same whatever stage failed.
        told: dict[str, object] = {
            stage: night(folder / stage, stage, "run" if stage in ("none", "redact") else "process") for stage in STAGES
        }
    else:
        told = killed(folder, int(moments))
    print(json.dumps({"told": told}))  # noqa: T201 - read by the test


from callinsight.ledger import Ledger  # noqa: E402

RECORD = Ledger.record

if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
