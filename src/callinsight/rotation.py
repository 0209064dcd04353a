"""Brings everything that a work folder keeps under the present key, or takes it from under any, and changes the key.

Files tell by their header which key they were sealed with, so the work can be stopped at any moment and done again:
what is done is skipped. While a rotation is under way the key before lies beside the new one, and both open files; it
is removed when every file has been opened with the new key.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from callinsight import bundle, inventory, sealed
from callinsight.errors import KeyFitError, SealError, SettingsError
from callinsight.keys import KeySource, new_key, read_key_file, sync_folder, write_key_file
from callinsight.sealed import Vault
from callinsight.settings import Settings
from callinsight.store import search_index
from callinsight.store.database import fitting_key, settle_database

Watch = Callable[[int], AbstractContextManager[Callable[[int], object]]]
"""Given how many steps there are, a context that gives what is called with the number of steps just done."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """What came of it: ``files`` in all, ``written`` anew, and the places of those that no key at hand opens."""

    files: int = 0
    written: int = 0
    closed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """How the files of one kind lie there, in numbers. ``other`` were sealed with a key that is not at hand."""

    pattern: str
    sealed: int = 0
    older: int = 0
    other: int = 0
    plain: int = 0


def vault_for(settings: Settings) -> Vault:
    """The vault of the work folder."""
    return sealed.remember(settings.work.folder, settings.encryption.source(settings.work.folder))


def seal_all(settings: Settings, watch: Watch) -> Sealing:
    """Write anew what is not as the settings ask: sealed with the present key, or plain.

    Raises ``KeyFitError``, ``SettingsError``, or ``StoreError`` when the database is in use.
    """
    vault = vault_for(settings)
    with vault.locked(alone=True):
        return _seal_all(settings, vault, watch)


def rotate(settings: Settings, old_file: Path | None, watch: Watch) -> Sealing:
    """Give the work folder another key.

    When the key lies in a file, a new one is made and takes its place; a rotation that was stopped goes on with the one
    it made. When it comes from elsewhere, or ``old_file`` is given, that place holds the new key already, and
    ``old_file`` the one before, which is left alone. Raises as :func:`seal_all` does.
    """
    vault = vault_for(settings)
    source = vault.source
    if not source.enabled:
        raise SettingsError("encryption.enabled is false, so there is no key to change: see `callinsight key seal`")
    if old_file is None and not source.from_file:
        raise SettingsError(
            f"the key comes from {source.words}: put the new one there, keep the old one in a file, "
            "and give that file with --old"
        )
    with vault.locked(alone=True):
        if old_file is not None:
            old = read_key_file(old_file)
            if old is None:
                raise SettingsError(f"there is no key file {old_file}: --old names the file with the key before")
            vault.also_open((old,))
        else:
            vault.key_to_write()
            _change_key_file(source)
        done = _seal_all(settings, vault, watch)
        if old_file is None and not done.closed:
            source.old_file.unlink(missing_ok=True)
            sync_folder(source.old_file.parent)
    return done


def _change_key_file(source: KeySource) -> None:
    """Put a new key in the place of the present one, which is kept beside it. Can be stopped and done again."""
    if source.old_file.exists() and not source.new_file.exists():
        return  # a rotation that was stopped after this
    present = read_key_file(source.file)
    if present is None:
        raise SettingsError(f"{source.words} is not there: restore it from the backup")
    try:
        if not source.new_file.exists():
            write_key_file(source.new_file, new_key())
        if not source.old_file.exists():
            write_key_file(source.old_file, present)
        source.new_file.replace(source.file)
        sync_folder(source.file.parent)
    except OSError as error:
        raise SettingsError(
            f"the folder of {source.words} cannot be written ({error.strerror}): run this as its owner, or put the new "
            "key there yourself, keep the old one in a file, and give that file with --old"
        ) from None


def _seal_all(settings: Settings, vault: Vault, watch: Watch) -> Sealing:
    folder = settings.work.folder
    paths = sorted(path for path, _ in _files(folder))
    written, closed = 0, set[str]()
    with watch(2 * len(paths) + 1) as advance:
        for path in paths:
            try:
                written += _write_anew(vault, path)
            except (KeyFitError, SealError):
                closed.add(vault.place_of(path))
            advance(1)
        written += _settle(settings)
        advance(1)
        for path in paths:
            if vault.place_of(path) not in closed and not _is_as_wanted(vault, path):
                closed.add(vault.place_of(path))
            advance(1)
    for leftover in folder.rglob(".*.part"):
        if sealed.sealed_with(sealed.head_of(leftover)) is not None:
            leftover.unlink(missing_ok=True)  # of a process that was killed: nobody seals while the lock is held
    return Sealing(len(paths), written, tuple(sorted(closed)))


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files that are sealed or should be, each with the pattern of its kind."""
    for path in sealed.content_files(folder):
        kept = inventory.kept_as(path.relative_to(folder).as_posix())
        if (kept is not None and kept.is_sealed) or sealed.sealed_with(sealed.head_of(path)) is not None:
            yield path, kept.pattern if kept is not None else path.name


def _write_anew(vault: Vault, path: Path) -> bool:
    """Write a file as it should be; whether that was needed. Its time stays, since terms count from it."""
    made_with = sealed.sealed_with(sealed.head_of(path))
    if made_with == (vault.key_to_write().key_id if vault.source.enabled else None):
        return False
    try:
        raw, modified = path.read_bytes(), path.stat().st_mtime_ns
    except FileNotFoundError:
        return False
    content = raw if made_with is None else vault.unseal(path, raw)
    bundle.write_atomically(path, vault.seal(path, content), modified_ns=modified)
    return True


def _is_as_wanted(vault: Vault, path: Path) -> bool:
    """Whether a file is plain or opens with the present key alone, as the settings ask."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return True
    made_with = sealed.sealed_with(raw)
    if not vault.source.enabled or made_with is None:
        return vault.source.enabled == (made_with is not None)
    try:
        sealed.unseal_bytes(vault.key_to_write(), vault.place_of(path), raw)
    except ValueError:
        return False
    return True


def _settle(settings: Settings) -> bool:
    """Bring the database under the present key; its search index is made anew by the next search."""
    database = settings.work.database
    changed = settle_database(database)
    if changed or not database.exists():
        search_index.remove(database)
    return changed


def some_plain(settings: Settings) -> bool:
    """Whether something lies there in plain text that is to be encrypted. Looks at every file until it finds one."""
    if not settings.encryption.enabled:
        return False
    database = settings.work.database
    return (database.exists() and not sealed.is_encrypted_database(database)) or any(
        sealed.sealed_with(sealed.head_of(path)) is None for path, _ in _files(settings.work.folder)
    )


def states(settings: Settings) -> tuple[State, ...]:
    """How the files of each kind lie there, by pattern; nothing is changed, and no content is read."""
    vault = vault_for(settings)
    held = [key.key_id for key in vault.known_keys()]
    found: dict[str, State] = {}
    for path, pattern in _files(settings.work.folder):
        made_with = sealed.sealed_with(sealed.head_of(path))
        before = found.get(pattern, State(pattern))
        found[pattern] = State(
            pattern,
            before.sealed + (made_with in held[:1]),
            before.older + (made_with in held[1:]),
            before.other + (made_with is not None and made_with not in held),
            before.plain + (made_with is None),
        )
    return tuple(found[pattern] for pattern in sorted(found))


def database_state(settings: Settings) -> str:
    """``none``, ``plain``, ``encrypted``, ``older`` (with the key before) or ``other`` (no key at hand opens it).

    Raises ``StoreError`` when the database is in use or damaged.
    """
    database = settings.work.database
    if not database.exists():
        return "none"
    if not sealed.is_encrypted_database(database):
        return "plain"
    keys = vault_for(settings).known_keys()
    fits = fitting_key(database, keys)
    return "other" if fits is None else "encrypted" if fits == keys[0] else "older"
