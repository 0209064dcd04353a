"""The data key: what it looks like, where it comes from, and the keys that are derived from it.

One key protects a work folder. No data is encrypted with the key itself: each purpose has a key of its own, derived
with HKDF-SHA-256 (RFC 5869), and so is the key's name, by which a file tells which key it was sealed with.
"""

import base64
import binascii
import os
import secrets
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from callinsight.errors import SettingsError

KEY_BYTES = 32
_LEAST_DIFFERENT_BYTES = 16
"""Of 32 random bytes fewer are different once in 10^14 times; a word or a row of zeros is soon below it."""
_ID_BYTES = 8
_COMMAND_LIMIT_S = 30.0
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Key:
    """A data key. Its text never shows the secret."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES or len(set(self.secret)) < _LEAST_DIFFERENT_BYTES:
            raise ValueError(f"a key is {KEY_BYTES} random bytes")

    def derive(self, purpose: str, size: int) -> bytes:
        """``size`` bytes for one purpose; those of one purpose say nothing of those of another."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(hashes.SHA256(), size, None, f"callinsight {purpose} 1".encode()).derive(self.secret)

    @property
    def key_id(self) -> str:
        """The name of the key: 16 hexadecimal digits that do not give it away."""
        return self.derive("key id", _ID_BYTES).hex()

    @property
    def text(self) -> str:
        """The key as it stands in a key file."""
        return base64.urlsafe_b64encode(self.secret).decode()


def new_key() -> Key:
    """A fresh random key."""
    while True:
        try:
            return Key(secrets.token_bytes(KEY_BYTES))
        except ValueError:
            continue


def parse_key(text: str, where: str) -> Key:
    """The key that ``text`` holds. Raises ``SettingsError`` that names ``where`` it came from, and nothing of it."""
    try:
        return Key(base64.b64decode(text.strip().encode("ascii"), altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise SettingsError(
            f"{where} holds no key: a key is {KEY_BYTES} random bytes as base64, made by `callinsight key new`"
        ) from None


def read_key_file(path: Path) -> Key | None:
    """The key in a file, ``None`` when there is no such file. Raises ``SettingsError``."""
    try:
        return parse_key(path.read_text(encoding="ascii"), f"the key file {path}")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"the key file {path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        return parse_key("", f"the key file {path}")


def private(name: str, flags: int) -> int:
    """An ``opener`` for ``open``: a file that it makes can be read by its owner alone."""
    return os.open(name, flags, _PRIVATE)


def write_key_file(path: Path, key: Key) -> None:
    """Keep a key in a new file, for its owner alone, whole or not at all.

    Raises ``FileExistsError`` rather than overwrite one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(fresh, "wb", opener=private) as stream:
            stream.write(f"{key.text}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
        os.link(fresh, path)  # fails when there is one already, also when another process was just quicker
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


def key_file_beside(folder: Path) -> Path:
    """Where the key of a work folder lies by default: ``work.key`` beside ``work``, so that no copy of that has it."""
    named = folder if folder.name not in ("", "..") else folder.resolve()
    return named.parent / f"{named.name}.key"


def sync_folder(folder: Path) -> None:
    """Make sure that what was renamed, linked or removed in a folder stays so after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the key of a work folder comes from: a file, the output of a command, or ``given``, the key itself.

    ``made`` says that the file may be made when it is missing and nothing is encrypted yet. With ``enabled`` false
    nothing is sealed, and the key only opens what was sealed before.
    """

    file: Path
    command: str | None = None
    given: str | None = field(default=None, repr=False)
    made: bool = True
    enabled: bool = True

    @property
    def from_file(self) -> bool:
        """Whether the key stands in a file."""
        return self.command is None and self.given is None

    @property
    def words(self) -> str:
        """The source in words, for messages."""
        if self.given is not None:
            return "the environment variable CALLINSIGHT_ENCRYPTION__KEY"
        return "the key command" if self.command is not None else f"the key file {self.file}"

    @property
    def old_file(self) -> Path:
        """Where the key before lies while a rotation is under way."""
        return self.file.with_name(f"{self.file.name}.old")

    @property
    def new_file(self) -> Path:
        """Where the next key lies from the start of a rotation until it takes over."""
        return self.file.with_name(f"{self.file.name}.new")

    def stamp(self) -> object:
        """Changes when another file takes the place of the key file; ``None`` without a file."""
        if not self.from_file:
            return None
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> tuple[Key, ...]:
        """The key, and behind it the one before while a rotation is under way; empty when there is no key file.

        Raises ``SettingsError`` when the source gives no key.
        """
        if self.given is not None:
            return (parse_key(self.given, self.words),)
        if self.command is not None:
            return (parse_key(_output_of(self.command), self.words),)
        found = (read_key_file(path) for path in (self.file, self.old_file))
        return tuple(key for key in found if key is not None)


def _output_of(command: str) -> str:
    """What a command prints. Runs without a shell; its output never gets into an error."""
    try:
        done = subprocess.run(  # noqa: S603 - the data team's own setting
            shlex.split(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMMAND_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise SettingsError(f"the key command gave no answer within {_COMMAND_LIMIT_S:.0f} seconds") from None
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"the key command cannot be started ({type(error).__name__}): see encryption.key_command"
        ) from None
    if done.returncode != 0:
        raise SettingsError(f"the key command failed with exit code {done.returncode}: run it by hand to see why")
    return done.stdout.decode("ascii", errors="replace")
