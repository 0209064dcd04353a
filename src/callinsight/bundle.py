"""Result and failure files: one per call, written atomically, the truth from which the database is rebuilt.

A result lies at ``results/<second and third character of call_id>/<call_id>.json.gz`` (all call ids start with the
same letter), a failure at ``failures/<recording_ref>.json``. Nothing half-written is ever visible under such a name.
Both are sealed (:mod:`callinsight.sealed`); the names tell what is inside once they are opened.
"""

import gc
import gzip
import os
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from callinsight import sealed
from callinsight.core.values import CallResult, Failure, require_call_id
from callinsight.errors import KeyFitError, SealError, StoreError
from callinsight.keys import private, sync_folder

_COMPRESSION_LEVEL = 6
_SYNC_WAITS = sys.platform == "linux"
"""Elsewhere ``os.sync`` may return before everything is on the disk."""


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def write_atomically(path: Path, data: bytes, *, modified_ns: int | None = None) -> None:
    """Write ``data`` so that ``path`` holds either what it held or all of it, also after a power cut.

    The file is readable by its owner alone. A file of the same name is replaced. With ``modified_ns`` it counts as last
    written at that moment, in nanoseconds since 1970.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb", opener=private) as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if modified_ns is not None:
            os.utime(temporary, ns=(modified_ns, modified_ns))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_all_atomically(files: Sequence[tuple[Path, bytes]]) -> None:
    """Write many files, each as :func:`write_atomically` does, in a fraction of the time.

    All are on the disk before the first takes its name. Waiting once for all of them, and once for each folder, is what
    saves the time: a file at a time, a disk is asked to wait twice for every call.
    """
    written: list[tuple[Path, Path]] = []
    try:
        for path, data in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
            written.append((temporary, path))
            with open(temporary, "wb", opener=private) as stream:
                stream.write(data)
                if not _SYNC_WAITS:
                    stream.flush()
                    os.fsync(stream.fileno())
        if _SYNC_WAITS and written:
            os.sync()
        for temporary, path in written:
            temporary.replace(path)
    finally:
        for temporary, _ in written:
            temporary.unlink(missing_ok=True)
    for folder in sorted({path.parent for _, path in written}):
        sync_folder(folder)


def write_sealed(path: Path, data: bytes) -> None:
    """Write ``data`` atomically, sealed where the settings of its work folder ask for it.

    Raises ``SettingsError`` or ``KeyFitError`` when the key is not at hand.
    """
    with sealed.writing(path):
        write_atomically(path, sealed.seal(path, data))


def read_sealed(path: Path) -> bytes:
    """What a file holds, sealed or plain. Raises ``OSError``, ``KeyFitError``, ``SealError`` or ``SettingsError``."""
    data = path.read_bytes()
    try:
        return sealed.unseal(path, data)
    except KeyFitError:
        if (again := path.read_bytes()) == data:
            raise
        return sealed.unseal(path, again)  # a rotation ended between reading the file and reading the key


def result_path(results: Path, call_id: str) -> Path:
    """Where the result of ``call_id`` lies. Raises ``ValueError`` for an id that is not safe as a file name."""
    return results / require_call_id(call_id)[1:3] / f"{call_id}.json.gz"


def write_result(results: Path, result: CallResult) -> None:
    """Write one result; equal results give equal bytes."""
    write_sealed(result_path(results, result.call.call_id), _packed(result))


def _packed(result: CallResult) -> bytes:
    return gzip.compress(_adapter(CallResult).dump_json(result), _COMPRESSION_LEVEL, mtime=0)


def write_results(results: Path, many: Iterable[CallResult]) -> None:
    """Write results, each as :func:`write_result` does; a kill in between leaves any of them old or new, and whole."""
    packed = [(result_path(results, result.call.call_id), _packed(result)) for result in many]
    if packed:
        with sealed.writing(packed[0][0]):
            write_all_atomically([(path, sealed.seal(path, data)) for path, data in packed])


def as_json(result: CallResult) -> bytes:
    """A result as a JSON document."""
    return bytes(_adapter(CallResult).dump_json(result))


def read_result(path: Path) -> CallResult:
    """Read one result file. Raises ``StoreError`` when it is damaged; the text names the call and nothing of it.

    ``KeyFitError``, which is one too, when it is sealed with a key that is not at hand.
    """
    try:
        result = _adapter(CallResult).validate_json(gzip.decompress(read_sealed(path)))
    except (OSError, EOFError, zlib.error, ValidationError, SealError):
        raise StoreError(f"result file of call {path.name.split('.')[0]} is damaged: process the call again") from None
    if not isinstance(result, CallResult):
        raise TypeError("a result file holds a CallResult")
    return result


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's search for cyclic garbage out of the way while many results are made.

    A result is some hundreds of small objects without any cycle; looking through them all over and over took as long as
    reading them.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def read_results(results: Path, call_ids: Iterable[str]) -> list[CallResult]:
    """Read the results of these calls, in their order. Raises ``StoreError`` for one that is damaged."""
    with collector_paused():
        return [read_result(result_path(results, call_id)) for call_id in call_ids]


def result_ids(results: Path) -> Iterator[str]:
    """Call ids of all results, sorted."""
    yield from sorted(path.name.removesuffix(".json.gz") for path in results.glob("??/[!.]*.json.gz"))


def remove_result(results: Path, call_id: str) -> bool:
    """Remove the result of a call; whether there was one."""
    path = result_path(results, call_id)
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def failure_path(failures: Path, recording_ref: str) -> Path:
    """Where the failure of a recording lies. Raises ``ValueError`` for a reference not safe as a file name."""
    return failures / f"{require_call_id(recording_ref)}.json"


def write_failure(failures: Path, failure: Failure) -> None:
    """Write one failure; a later one of the same recording replaces it."""
    write_sealed(failure_path(failures, failure.recording_ref), _adapter(Failure).dump_json(failure))


def read_failures(failures: Path) -> tuple[Failure, ...]:
    """All failures, in order of their reference. Raises ``StoreError`` for a damaged file."""
    found = []
    for path in sorted(failures.glob("[!.]*.json")):
        try:
            found.append(_adapter(Failure).validate_json(read_sealed(path)))
        except (OSError, ValidationError, SealError):
            raise StoreError(f"failure file {path.name} is damaged: delete it") from None
    return tuple(found)


def remove_failure(failures: Path, recording_ref: str) -> bool:
    """Forget the failure of a recording that succeeded after all; whether there was one."""
    path = failure_path(failures, recording_ref)
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed
