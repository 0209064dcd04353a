"""Encrypted databases: DuckDB's own encryption (AES-256-GCM), with a key that is derived from the work folder's.

DuckDB cannot open an encrypted file as its main database, so it is attached to one in memory. Writing needs OpenSSL,
which the extension httpfs brings along; it lies in the installed package, and nothing is fetched. No SQL with a key in
it leaves this module: errors are told in other words.
"""

import base64
import os
import shutil
from importlib.resources import files
from pathlib import Path

import duckdb

from callinsight import sealed
from callinsight.errors import KeyFitError, StoreError
from callinsight.keys import Key, sync_folder

SEARCH_FOLDER = "search"
"""Beside a database: the index of its words, encrypted as the database is."""

_KEY_BYTES = 32
ROOM_BYTES = 64 << 20
"""Room on the disk beyond the size of a database, for what else is written meanwhile."""
_LARGE_BYTES = 16 << 20
"""From this size on, loading OpenSSL (some 80 ms) costs less than reading without it."""


def quoted(text: str) -> str:
    """``text`` as an SQL string, for the few statements (ATTACH, COMMENT) that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def database_key(key: Key) -> str:
    """The key of the databases of a work folder, as ``ENCRYPTION_KEY`` takes it: 32 bytes in base64."""
    return base64.b64encode(key.derive("database", _KEY_BYTES)).decode()


def _candidates(path: Path) -> tuple[Key, ...]:
    """Keys that may fit a database. One that lies elsewhere, such as a backup, may fit those of the settings."""
    vault = sealed.vault_of(path) or sealed.newest_vault()
    return () if vault is None else vault.known_keys()


def load_openssl(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the extension that encrypts what is written. Raises ``StoreError``."""
    place = files("duckdb_extension_httpfs") / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
    try:
        connection.execute(f"LOAD {quoted(str(place))}")
    except duckdb.Error as error:
        raise StoreError(
            f"encryption cannot be loaded ({type(error).__name__}): install what requirements.lock names"
        ) from None


def attach(connection: duckdb.DuckDBPyConnection, path: Path, schema: str, *, read_only: bool = True) -> None:
    """Attach a database, encrypted or plain as it is; a new one as the settings of its work folder ask.

    Raises ``KeyFitError`` or ``SettingsError`` for want of a key, and else what DuckDB raises.
    """
    there = path.exists()
    if not (sealed.is_encrypted_database(path) if there else sealed.wants_sealing(path)):
        connection.execute(f"ATTACH {quoted(str(path))} AS {schema} {'(READ_ONLY)' if read_only else ''}")
        return
    connection.execute("SET temp_file_encryption = true")  # what does not fit in memory: refused without OpenSSL
    if not read_only or path.stat().st_size >= _LARGE_BYTES:
        load_openssl(connection)
    vault = sealed.vault_of(path)
    keys = _candidates(path) if there or vault is None else (vault.key_to_write(),)
    how = ", READ_ONLY" if read_only else ""
    for key in keys:
        try:
            connection.execute(f"ATTACH {quoted(str(path))} AS {schema} (ENCRYPTION_KEY '{database_key(key)}'{how})")
        except duckdb.Error as error:
            if "wrong encryption key" not in str(error).lower():
                raise
        else:
            return
    if vault is not None:
        raise vault.misfit(path.name, "")
    raise KeyFitError(f"{path.name} is encrypted, and no key for it is known: name its work folder in the settings")


def key_of(path: Path, keys: tuple[Key, ...]) -> Key | None:
    """Which of ``keys`` opens an encrypted database; ``None`` when none does. Raises what DuckDB raises."""
    for key in keys:
        with duckdb.connect(":memory:") as connection:
            try:
                connection.execute(f"ATTACH {quoted(str(path))} (ENCRYPTION_KEY '{database_key(key)}', READ_ONLY)")
            except duckdb.Error as error:
                if "wrong encryption key" not in str(error).lower():
                    raise
            else:
                return key
    return None


def settle(path: Path) -> bool:
    """Make a database encrypted, or plain, or encrypted with the present key, as the settings of its folder ask.

    Returns whether that was needed: it may be so already, or not be there yet. A copy is made beside it and takes its
    place in one step, while the old one is held, so that nobody writes to it in the meantime. Raises what
    :func:`attach` raises.
    """
    vault = sealed.vault_of(path)
    if vault is None or not path.exists():
        return False
    encrypted, wanted = sealed.is_encrypted_database(path), vault.source.enabled
    if not encrypted and not wanted:
        return False
    if encrypted and wanted and (len(vault.known_keys()) == 1 or key_of(path, (vault.key_to_write(),)) is not None):
        return False
    if shutil.disk_usage(path.parent).free < (needed := path.stat().st_size + ROOM_BYTES):
        raise StoreError(
            f"{path.name} is to be written anew for its {'key' if wanted else 'settings'}, which needs "
            f"{needed / 1e6:.0f} MB free on its disk: make room and try again"
        )
    _copy(path)
    return True


def _copy(path: Path) -> None:
    fresh = path.with_name(f"{path.name}.sealing")
    _remove(fresh)
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": False})
    try:
        connection.execute(f"SET temp_directory = {quoted(f'{path}.tmp')}")
        load_openssl(connection)
        connection.execute("SET temp_file_encryption = true")
        attach(connection, path, "former", read_only=False)
        connection.execute("FORCE CHECKPOINT former")  # or its log would be left to the file that takes its place
        attach(connection, fresh, "fresh", read_only=False)
        connection.execute("COPY FROM DATABASE former TO fresh")
        for index in path.with_name(SEARCH_FOLDER).glob("*.duckdb"):
            index.unlink(missing_ok=True)  # made anew by the next search, which cannot be while this one is held
        connection.execute("DETACH fresh")
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(path)
        sync_folder(path.parent)
    finally:
        connection.close()
        _remove(fresh)


def _remove(fresh: Path) -> None:
    for leftover in (fresh, fresh.with_name(f"{fresh.name}.wal")):
        leftover.unlink(missing_ok=True)
