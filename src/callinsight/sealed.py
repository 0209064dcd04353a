"""Sealed files: what a work folder keeps about calls, encrypted and bound to its place.

A sealed file is ``CALLSEAL``, a version byte, the id of the key (8 bytes) and then AES-SIV (RFC 5297) with a key of 512
bits: 16 bytes that authenticate, and the encrypted content. Authenticated with it are the header and the file's place
in the work folder, so that files cannot be swapped. SIV takes no nonce: equal content at one place gives equal bytes,
as a plain file would, and there is no nonce that could be used twice. What it tells an onlooker is that a file was
written again with the same content.

Which key belongs to which folder is remembered here for the whole process, from the moment its settings are read, so
that nothing can be written to a work folder past its key. A file without the header is plain and is read as it is.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from callinsight.errors import KeyFitError, SealError, SettingsError
from callinsight.keys import Key, KeySource, new_key, private, write_key_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_LOG = logging.getLogger(__name__)
_MAGIC = b"CALLSEAL\x01"
_ID_BYTES = 8
HEADER_BYTES = len(_MAGIC) + _ID_BYTES
_HEAD_BYTES = 32
_CIPHER_BYTES = 64
LOCK_NAME = "keys.lock"
NOT_OURS = frozenset({"published", "prefect", "overleg"})
"""Folders of the work folder that never hold anything encrypted: made to be read, or another program's."""


def sealed_with(head: bytes) -> str | None:
    """The id of the key that a file was sealed with, by its first ``HEADER_BYTES``; ``None`` for a plain file."""
    if not head.startswith(_MAGIC) or len(head) < HEADER_BYTES:
        return None
    return head[len(_MAGIC) : HEADER_BYTES].hex()


def head_of(path: Path) -> bytes:
    """The first bytes of a file, enough to tell what it is; none when it is gone or cannot be read."""
    try:
        with path.open("rb", buffering=0) as stream:
            return stream.read(_HEAD_BYTES)
    except OSError:
        return b""


def is_encrypted_database(path: Path) -> bool:
    """Whether a file is a DuckDB database that is encrypted, by the first flag behind its mark and version."""
    head = head_of(path)
    return head[8:12] == b"DUCK" and len(head) > 20 and bool(head[20] & 1)


def seal_bytes(key: Key, place: str, data: bytes) -> bytes:
    """``data`` sealed with ``key`` for ``place``. Equal arguments give equal bytes."""
    return _seal(_cipher(key), key.key_id, place, data)


def unseal_bytes(key: Key, place: str, data: bytes) -> bytes:
    """What was sealed with ``key`` for ``place``. Raises ``ValueError`` when ``data`` is anything else."""
    return _unseal(_cipher(key), place, data)


def _cipher(key: Key) -> "AESSIV":
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    return AESSIV(key.derive("files", _CIPHER_BYTES))


def _seal(cipher: "AESSIV", key_id: str, place: str, data: bytes) -> bytes:
    header = _MAGIC + bytes.fromhex(key_id)
    return header + cipher.encrypt(data, [header, place.encode()])


def _unseal(cipher: "AESSIV", place: str, data: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        return cipher.decrypt(data[HEADER_BYTES:], [data[:HEADER_BYTES], place.encode()])
    except InvalidTag:
        raise ValueError("not sealed with this key for this place, or changed since") from None


@dataclass(frozen=True, slots=True)
class _Loaded:
    """Keys that were read, the one to write with first, each with its cipher; ``stamp`` tells when they are behind."""

    keys: tuple[Key, ...]
    ciphers: dict[str, "AESSIV"]
    writes_with: str
    stamp: object


class Vault:
    """The key of one work folder, read from its source when first needed, and again when its file has changed."""

    def __init__(self, folder: Path, source: KeySource) -> None:
        self.folder = folder
        self.source = source
        self.absolute = folder.absolute()
        self._older: tuple[Key, ...] = ()
        self._loaded: _Loaded | None = None

    def place_of(self, path: Path) -> str:
        """Where ``path`` lies in the work folder, wherever that lies itself: what a sealed file is bound to."""
        text, start = str(path), f"{self.folder}{os.sep}"
        if text.startswith(start):  # text alone: this is done for every file of a load
            return text[len(start) :]
        return path.absolute().relative_to(self.absolute).as_posix()

    def known_keys(self) -> tuple[Key, ...]:
        """The present key, and older ones that may still be needed; empty when there is none. ``SettingsError``."""
        return self._read().keys

    def also_open(self, older: tuple[Key, ...]) -> None:
        """Open what was sealed with ``older`` keys too."""
        self._older, self._loaded = older, None

    def _read(self) -> _Loaded:
        stamp = self.source.stamp()
        if self._loaded is None or self._loaded.stamp != stamp:
            found = (*self.source.read(), *self._older)
            ciphers = {key.key_id: _cipher(key) for key in found}
            keys = tuple({key.key_id: key for key in found}.values())
            self._loaded = _Loaded(keys, ciphers, keys[0].key_id if keys else "", stamp)
        return self._loaded

    def key_to_write(self) -> Key:
        """The key to write with; made when nothing is encrypted yet and the source allows it.

        Raises ``SettingsError`` when there is none, ``KeyFitError`` when the one that is needed is gone.
        """
        return self._to_write().keys[0]

    def _to_write(self) -> _Loaded:
        loaded = self._read()
        if not loaded.keys or (self.source.from_file and loaded.stamp is None):
            self._make()
            loaded = self._read()
        return loaded

    def _make(self) -> None:
        needed, file = encrypted_with(self.folder), self.source.file
        if needed is not None:
            if file.exists():
                return  # another process made it, and was the first to write
            raise self.misfit("this work folder", needed)
        if not self.source.made:
            raise SettingsError(
                f"{self.source.words} is not there: make it with `callinsight key new {file}`, "
                "or restore it from the backup"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        advice = "make one with `callinsight key new FILE` and give its name as encryption.key_file in the settings"
        if _device(self.folder) != _device(file.absolute().parent):
            raise SettingsError(
                f"no key is made at {file}: the work folder is mounted, and what lies beside it may not be kept as "
                f"long; {advice}"
            )
        try:
            write_key_file(file, new_key())
        except FileExistsError:
            return  # another process was quicker
        except OSError as error:
            raise SettingsError(f"no key can be made at {file} ({error.strerror}): {advice}") from None
        _LOG.warning(
            "%s is encrypted from now on with a new key, %s: keep a copy of that away from this machine, "
            "since nothing can be read without it (docs/encryption.md)",
            self.folder,
            file,
        )

    def misfit(self, what: str, needed: str) -> KeyFitError:
        """The error to raise for ``what``, which is encrypted with the key named ``needed`` (empty: not known)."""
        given = ", ".join(key.key_id for key in self.known_keys())
        has = f"the key is {given}, from {self.source.words}" if given else f"{self.source.words} is not there"
        which = f"key {needed}" if needed else "another key"
        return KeyFitError(
            f"the key does not fit: {what} is encrypted with {which}, and {has}. "
            "Restore the key from its backup, or say in section encryption of the settings where it is"
        )

    def seal(self, path: Path, data: bytes) -> bytes:
        """``data`` as it is to be written to ``path``. Raises ``SettingsError`` or ``KeyFitError``."""
        if not self.source.enabled:
            return data
        loaded = self._to_write()
        return _seal(loaded.ciphers[loaded.writes_with], loaded.writes_with, self.place_of(path), data)

    def unseal(self, path: Path, data: bytes) -> bytes:
        """What the sealed ``data`` of ``path`` holds. Raises ``KeyFitError``, ``SealError`` or ``SettingsError``."""
        needed = sealed_with(data) or ""
        cipher = self._read().ciphers.get(needed)
        if cipher is None:
            raise self.misfit(f"{path.parent.name}/{path.name}", needed)
        try:
            return _unseal(cipher, self.place_of(path), data)
        except ValueError:
            raise SealError(
                f"{path.parent.name}/{path.name} was changed or moved since it was written: restore it from a "
                "backup, or delete it and process the call again"
            ) from None

    @contextmanager
    def locked(self, *, alone: bool = False) -> Iterator[None]:
        """Hold the folder's lock: beside others while a file is written, ``alone`` while the key is changed.

        Between the two the key file is read again when it has changed, so no file is written with a key that was
        just taken away.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / LOCK_NAME, "ab", opener=private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield


def _device(folder: Path) -> int:
    return folder.stat().st_dev


def encrypted_with(folder: Path) -> str | None:
    """The id of the key of some encrypted file in a work folder; empty for a database, ``None`` when all is plain."""
    if any(is_encrypted_database(path) for path in (*folder.glob("*.duckdb"), *folder.glob("search/*.duckdb"))):
        found = next((one for one in map(sealed_with, map(head_of, content_files(folder))) if one), None)
        return found or ""
    return next((one for one in map(sealed_with, map(head_of, content_files(folder))) if one), None)


def content_files(folder: Path) -> Iterator[Path]:
    """The files of a work folder that could be sealed, in no order."""
    for root, folders, names in os.walk(folder):
        if Path(root) == folder:
            folders[:] = [name for name in folders if name not in NOT_OURS]
        yield from (Path(root) / name for name in names if not name.startswith(".") and ".duckdb" not in name)


_VAULTS: dict[str, Vault] = {}
"""By the folder as it was given, and by its absolute name."""


def remember(folder: Path, source: KeySource) -> Vault:
    """From now on the key of ``folder`` comes from ``source``. Nothing is read or made yet."""
    known = _VAULTS.get(str(folder))
    if known is None or known.source != source or known.absolute != folder.absolute():
        known = Vault(folder, source)
    for way in (str(folder), str(folder.absolute())):
        _VAULTS.pop(way, None)
        _VAULTS[way] = known
    return known


def vault_of(path: Path) -> Vault | None:
    """The vault of the work folder that ``path`` lies in; ``None`` outside of all that are known."""
    return _vault_above(str(path)) or _vault_above(str(path.absolute()))


def _vault_above(place: str) -> Vault | None:
    while cut := place.rpartition(os.sep)[0]:
        if cut in _VAULTS:
            return _VAULTS[cut]
        place = cut
    return None


def newest_vault() -> Vault | None:
    """The vault of the settings that were read last; ``None`` without any."""
    return next(reversed(_VAULTS.values()), None)


def wants_sealing(path: Path) -> bool:
    """Whether what is written to ``path`` is to be encrypted."""
    vault = vault_of(path)
    return vault is not None and vault.source.enabled


def seal(path: Path, data: bytes) -> bytes:
    """``data`` as it is to be written to ``path``: sealed where the settings of its work folder ask for it.

    Raises ``SettingsError`` or ``KeyFitError``.
    """
    vault = vault_of(path)
    return data if vault is None else vault.seal(path, data)


def unseal(path: Path, data: bytes) -> bytes:
    """What the ``data`` of ``path`` holds, sealed or plain.

    Raises ``KeyFitError``, ``SealError`` or ``SettingsError``.
    """
    if sealed_with(data) is None:
        return data
    vault = vault_of(path)
    if vault is None:
        raise KeyFitError(f"{path.parent.name}/{path.name} is sealed, and the settings name another work folder")
    return vault.unseal(path, data)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Hold the key of ``path`` still, from sealing its content until the file is in its place."""
    vault = vault_of(path)
    if vault is None or not vault.source.enabled:
        yield
        return
    with vault.locked():
        yield
