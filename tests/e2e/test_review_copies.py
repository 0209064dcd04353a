"""Review copies of a real night: each call has one, and no personal data that was recognised can be heard in it."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callinsight import audio, bundle, care, copies, discovery, retention, run
from callinsight.audio_opus import decode_opus, encode_opus
from callinsight.core.audibility import audible
from callinsight.core.bleep import mixed
from callinsight.core.pseudonyms import call_id_of
from callinsight.core.regions import joined
from callinsight.core.values import CallResult, CopyState, Span, Waveform
from callinsight.settings import Settings
from support.calls import CALLS

pytestmark = pytest.mark.slow


def listened(chosen: Settings) -> list[tuple[dict[str, Any], CallResult, Waveform, Waveform]]:
    """Ground truth, result, recording and copy of every call of the night."""
    key = discovery.pseudonym_key(chosen)
    found = []
    for recording in sorted(Path(chosen.inbox.address).iterdir()):
        if recording.suffix == ".json":
            continue
        call_id = call_id_of(recording.read_bytes(), key)
        copy = copies.read_copy(chosen.work.review_copies, call_id)
        assert copy is not None
        truth = json.loads((CALLS / "truth" / f"{recording.stem}.json").read_text(encoding="utf-8"))
        result = bundle.read_result(bundle.result_path(chosen.work.results, call_id))
        found.append((truth, result, audio.decode(recording).waveform, decode_opus(copy)))
    return found


def test_every_call_has_a_copy_for_the_owner_alone(night: tuple[Settings, run.Night]) -> None:
    chosen, done = night
    calls = listened(chosen)
    assert len(calls) == done.work.calls
    for _, result, original, copy in calls:
        assert result.review_copy is CopyState.MADE
        assert abs(copy.duration_ms - original.duration_ms) <= 1
    for path in chosen.work.review_copies.rglob("*"):
        assert path.is_dir() or (path.suffix == ".ogg" and path.stat().st_mode & 0o077 == 0)


def test_no_redacted_word_can_be_heard_and_the_rest_can(night: tuple[Settings, run.Night]) -> None:
    masks = 0
    for _, result, original, copy in listened(night[0]):
        masked = joined(redaction.span for redaction in result.redactions)
        masks += len(masked)
        assert audible(original, copy, masked) == ()
        said = joined(turn.span for turn in result.turns)
        assert audible(original, copy, said), "a copy in which nothing can be heard proves nothing"
    assert masks >= 5


def test_no_number_of_the_ground_truth_lies_in_a_copy(night: tuple[Settings, run.Night]) -> None:
    """Looks for the sound of each number as a planted secret, wherever it might have gone to in the copy."""
    secrets = 0
    for truth, _, original, copy in listened(night[0]):
        channels = original.channels
        for personal in truth["personal"]:
            if personal["kind"] not in ("bsn", "phone", "iban"):
                continue
            channel = truth["turns"][personal["turn"]]["channel"] or 0
            secret = original.channel(channel if channels == 2 else 0).cut(
                Span(personal["start_ms"], personal["end_ms"])
            )
            unmasked = decode_opus(encode_opus(mixed(original)))
            assert likeness(secret, unmasked) > 0.8
            assert likeness(secret, copy) < 0.5  # two seconds of one voice at one pitch are alike to 0.35
            secrets += 1
    assert secrets


def likeness(secret: Waveform, sound: Waveform) -> float:
    """The highest correlation of a second of ``secret`` with any second of any channel of ``sound``."""
    wanted = secret.samples[0, : secret.sample_rate_hz].astype(np.float64)
    best = 0.0
    for channel in sound.samples.astype(np.float64):
        size = 1 << int(channel.size + wanted.size - 1).bit_length()
        product = np.fft.irfft(np.fft.rfft(channel, size) * np.conj(np.fft.rfft(wanted, size)), size)
        energy = np.cumsum(np.pad(channel**2, (1, wanted.size)))
        around = energy[wanted.size :] - energy[: -wanted.size]
        loud = around[: channel.size] > 1e-3 * (wanted**2).sum()
        share = np.abs(product[: channel.size]) / np.sqrt(np.maximum(around[: channel.size], 1e-9) * (wanted**2).sum())
        best = max(best, float(share[loud].max(initial=0.0)))
    return best


def test_a_copy_goes_with_its_call_and_with_its_term(night: tuple[Settings, run.Night], tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(night[0].work.folder, work, symlinks=True)
    shutil.copy(night[0].work.folder.with_name("work.key"), work.with_name("work.key"))
    chosen = night[0].model_copy(update={"work": night[0].work.model_copy(update={"folder": work})})
    first, *rest = list(bundle.result_ids(chosen.work.results))
    care.forget(chosen, [first], datetime.now(UTC))
    assert copies.read_copy(chosen.work.review_copies, first) is None
    assert all(copies.read_copy(chosen.work.review_copies, one) for one in rest)
    later = datetime.now(UTC) + timedelta(days=chosen.retention.review_copies_days)
    assert {one.label: one.removed for one in retention.sweep(chosen, later)}["Luisterkopieën"] == len(rest)
    assert not [path for path in chosen.work.review_copies.rglob("*") if path.is_file()]
    result = bundle.read_result(bundle.result_path(chosen.work.results, rest[0]))
    assert result.review_copy is CopyState.MADE  # what was made stays told
