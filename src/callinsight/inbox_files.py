"""The files at an address, in any store that fsspec knows, under names that compare.

Names are in Unicode's composed form (NFC), because a Mac writes an accent as a letter of its own and a Windows recorder
does not.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from callinsight.core.values import FailureKind, Stage
from callinsight.errors import RecordingError, SettingsError

_PARTIAL_ENDINGS = (".part", ".tmp", ".filepart", ".partial", ".crdownload", ".uploading")
_MODIFIED_KEYS = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
_CONTENT_KEYS = ("ETag", "etag", "md5Hash", "content_md5", "checksum", "version_id", "ino")


@dataclass(frozen=True, slots=True)
class File:
    """One file. ``name`` is relative to the inbox and composed; ``path`` is the store's own."""

    name: str = field(repr=False)
    path: str = field(repr=False)
    size_bytes: int
    modified: datetime | None
    fingerprint: str

    @property
    def extension(self) -> str:
        """Lower case, without the dot; empty when there is none."""
        return PurePosixPath(self.name).suffix.lstrip(".").lower()

    @property
    def stem(self) -> str:
        """The name without its extension, folder included."""
        return self.name[: -len(self.extension) - 1] if self.extension else self.name

    @property
    def folder(self) -> str:
        """The folder within the inbox, ending in a slash unless it is the inbox itself."""
        return self.name[: self.name.rfind("/") + 1]

    @property
    def is_hidden(self) -> bool:
        """True for a hidden file, one in a hidden folder, and an office program's lock file."""
        return any(part.startswith((".", "~$")) for part in self.name.split("/"))

    @property
    def final_name(self) -> str:
        """The name that a file still being uploaded will have; its own name when it is complete."""
        ending = next((e for e in _PARTIAL_ENDINGS if self.name.lower().endswith(e)), "")
        return self.name[: len(self.name) - len(ending)]

    def is_younger_than(self, seconds: int, now: datetime) -> bool:
        """True when the file changed less than ``seconds`` before ``now``."""
        return seconds > 0 and self.modified is not None and (now - self.modified).total_seconds() < seconds


class Names:
    """Files by name: as written, or else in any case, as Windows would find them."""

    def __init__(self) -> None:
        self._exact: dict[str, File] = {}
        self._folded: dict[str, File] = {}

    def add(self, file: File) -> None:
        """Put a file in; of two names that differ by case only, the first answers for other spellings."""
        self._exact[file.name] = file
        self._folded.setdefault(file.name.casefold(), file)

    def get(self, name: str) -> File | None:
        """The file of that name, or ``None``."""
        name = composed(name)
        return self._exact.get(name) or self._folded.get(name.casefold())

    def __iter__(self) -> Iterator[File]:
        return iter(sorted(self._exact.values(), key=lambda file: file.name))


class Store:
    """One folder in one store. Raises ``SettingsError`` when the address names no store or no folder."""

    def __init__(self, address: str | Path) -> None:
        import fsspec

        try:
            self._filesystem, self._root = fsspec.core.url_to_fs(str(address))
            self._is_local = "file" in _protocols(self._filesystem)
            if self._is_local and not Path(self._root).is_dir():
                raise SettingsError(f"the inbox {address} is not a folder")
        except (ImportError, OSError, ValueError):
            raise SettingsError(f"the inbox {address} cannot be opened: check the address and its access") from None

    def list_files(self, *, recursive: bool) -> tuple[File, ...]:
        """All files, sorted by name. Raises ``SettingsError`` when the store refuses."""
        try:
            self._filesystem.invalidate_cache()
            infos = self._filesystem.find(self._root, maxdepth=None if recursive else 1, detail=True)
        except OSError:
            raise SettingsError("the inbox cannot be listed: check its access") from None
        return tuple(sorted((self._file(path, info) for path, info in infos.items()), key=lambda file: file.name))

    def _file(self, path: str, info: Mapping[str, Any]) -> File:
        modified = _modified(info)
        size = int(info.get("size") or 0)
        marks = [str(info[key]) for key in _CONTENT_KEYS if info.get(key)]
        moment = "" if modified is None else str(round(modified.timestamp() * 1_000_000))
        relative = composed(path.removeprefix(self._root.rstrip("/")).lstrip("/"))
        return File(relative, path, size, modified, "-".join([str(size), moment, *marks]))

    def address_of(self, file: File) -> str:
        """The full address of a file, to be given to ``read_address``."""
        return f"file://{file.path}" if self._is_local else str(self._filesystem.unstrip_protocol(file.path))


def read_address(address: str) -> bytes:
    """Give the bytes at an address of ``Store.address_of``.

    Raises ``RecordingError`` (stage ``DISCOVER``, retryable): RECORDING_MISSING when it has gone, UNREADABLE when the
    store fails.
    """
    try:
        if address.startswith("file://"):  # read by its plain path: a name may hold what an address would interpret
            return Path(address.removeprefix("file://")).read_bytes()
        import fsspec

        filesystem, path = fsspec.core.url_to_fs(address)
        data: bytes = filesystem.cat_file(path)
    except FileNotFoundError:
        raise RecordingError(Stage.DISCOVER, FailureKind.RECORDING_MISSING, retryable=True) from None
    except OSError:
        raise RecordingError(Stage.DISCOVER, FailureKind.UNREADABLE, retryable=True) from None
    return data


def remove_address(address: str) -> bool:
    """Delete the file at an address of ``Store.address_of``; whether it was there.

    Raises ``SettingsError`` when the store refuses; the text does not name the file.
    """
    try:
        if address.startswith("file://"):
            Path(address.removeprefix("file://")).unlink()
            return True
        import fsspec

        filesystem, path = fsspec.core.url_to_fs(address)
        filesystem.rm_file(path)
    except FileNotFoundError:
        return False
    except (OSError, NotImplementedError) as error:
        raise SettingsError(
            f"a recording that is past its term cannot be deleted ({type(error).__name__}): let the user of "
            "Callinsight delete in the inbox, or set retention.delete_recordings = false"
        ) from None
    return True


def composed(name: str) -> str:
    """The name in NFC."""
    return unicodedata.normalize("NFC", name)


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _modified(info: Mapping[str, Any]) -> datetime | None:
    value = next((info[key] for key in _MODIFIED_KEYS if info.get(key)), None)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            return None
        return read if read.tzinfo else read.replace(tzinfo=UTC)
    return None
