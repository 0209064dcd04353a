"""The encrypted database: nothing readable on disk, the same content and comments, and a wrong key told as such."""

import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from callinsight import sealed, settings
from callinsight.core.values import CallResult
from callinsight.errors import KeyFitError, StoreError
from callinsight.keys import Key, read_key_file, write_key_file
from callinsight.settings import Settings
from callinsight.store import cipher, search
from callinsight.store.compact import compact
from callinsight.store.database import open_reader, open_writer
from callinsight.store.load import RunRecord, check_all, load_batch, record_run
from callinsight.store.publish import publish
from callinsight.store.query import run_query
from callinsight.store.rebuild import CONTENT_TABLES, RUN_TABLES, content_digest, rebuild
from support import kept

MakeResult = Callable[..., CallResult]
SAID = "de zilverreiger staat weer in de vijver"
OTHER = Key(bytes(range(100, 132)))


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return settings.load(overrides={"work": {"folder": str(tmp_path / "work")}})


@pytest.fixture
def filled(chosen: Settings, make_result: MakeResult) -> Path:
    """A database with one call."""
    with open_writer(chosen.work.database) as connection:
        load_batch(connection, [make_result(said=SAID)], ())
    return chosen.work.database


def readable(folder: Path, *words: str) -> list[str]:
    """Files in which a word stands as it is."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in found if any(word.encode() in path.read_bytes() for word in words)]


def comments(path: Path) -> list[tuple[object, ...]]:
    with open_reader(path) as connection:
        return connection.execute(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE database_name = current_database() "
            "UNION ALL SELECT table_name, '', comment FROM duckdb_tables() WHERE database_name = current_database() "
            "UNION ALL SELECT view_name, '', comment FROM duckdb_views() WHERE database_name = current_database() "
            "ORDER BY ALL"
        ).fetchall()


def test_no_word_stands_in_the_files_while_it_is_open_and_after(filled: Path, make_result: MakeResult) -> None:
    with open_writer(filled) as connection:
        load_batch(connection, [make_result("call-0002", said="een roerdomp in het riet")], ())
        assert (filled.parent / "callinsight.duckdb.wal").stat().st_size > 0
        assert readable(filled.parent, "zilverreiger", "roerdomp") == []
    assert readable(filled.parent, "zilverreiger", "roerdomp") == []
    assert sealed.is_encrypted_database(filled)


def test_what_does_not_fit_in_memory_is_written_encrypted(filled: Path) -> None:
    with open_writer(filled) as connection:
        connection.execute("SET memory_limit = '40MB'; SET threads = 1")
        connection.execute(
            "CREATE TEMP TABLE large AS SELECT i, 'de roerdomp ' || (i * 7919 % 1000003) || repeat('z', 60) AS text "
            "FROM range(800000) r(i)"
        )
        spilled = list((filled.parent / "callinsight.duckdb.tmp").iterdir())
        assert sum(path.stat().st_size for path in spilled) > 1_000_000
        assert readable(filled.parent, "roerdomp") == []


def test_asking_searching_and_publishing_work(filled: Path, chosen: Settings) -> None:
    assert run_query(filled, "SELECT text FROM turns WHERE turn_no = 1").rows == ((SAID,),)
    (hit,) = search.find(filled, search.Question("zilverreiger"))
    assert hit.text == SAID
    assert len(list((filled.parent / "search").glob("*.duckdb"))) == 1
    assert readable(filled.parent, "zilverreiger", "zilverreig") == []
    publish(filled, chosen.work.published_database)
    assert not sealed.is_encrypted_database(chosen.work.published_database)
    assert run_query(chosen.work.published_database, "SELECT count(*) FROM publication").rows == ((1,),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM duckdb_secrets()",
        "ATTACH 'x.duckdb' AS x",
        "USE memory",
        "DETACH callinsight",
        "SET lock_configuration = false",
        "SET enable_external_access = true",
        "SELECT * FROM read_parquet('http://localhost/x')",
    ],
)
def test_a_question_reaches_nothing_outside(filled: Path, sql: str) -> None:
    with pytest.raises(StoreError):
        run_query(filled, sql)


def test_a_question_cannot_see_the_key(filled: Path, chosen: Settings) -> None:
    key = read_key_file(chosen.work.folder.with_name("work.key"))
    assert key is not None
    for table in ("duckdb_databases()", "duckdb_settings()", "duckdb_variables()", "pragma_database_list"):
        told = str(run_query(filled, f"FROM {table}").rows)
        assert cipher.database_key(key) not in told
        assert key.text not in told


def test_a_wrong_key_is_told_as_such_and_without_any_key(filled: Path, chosen: Settings) -> None:
    key_file = chosen.work.folder.with_name("work.key")
    right = read_key_file(key_file)
    key_file.unlink()
    write_key_file(key_file, OTHER)
    before = filled.read_bytes()
    for opened in (open_reader, open_writer):
        with (
            pytest.raises(KeyFitError, match=f"key does not fit: .*the key is {OTHER.key_id}") as caught,
            opened(filled),
        ):
            pass
        for key in (right, OTHER):
            assert key is not None
            assert key.text not in str(caught.value)
            assert cipher.database_key(key) not in str(caught.value)
        assert caught.value.__cause__ is None
    with pytest.raises(KeyFitError):
        rebuild(filled, [], [])
    assert filled.read_bytes() == before


def test_a_missing_key_is_named_and_not_made_anew(filled: Path, chosen: Settings) -> None:
    chosen.work.folder.with_name("work.key").unlink()
    for opened in (open_reader, open_writer):
        with pytest.raises(KeyFitError, match=r"work\.key is not there\. Restore the key"), opened(filled):
            pass
    assert not chosen.work.folder.with_name("work.key").exists()


def test_damage_is_told_apart_from_a_wrong_key(filled: Path) -> None:
    data = bytearray(filled.read_bytes())
    data[9_000] ^= 1
    filled.write_bytes(data)
    with pytest.raises(StoreError, match="is damaged: rebuild it from the result files") as caught, open_reader(filled):
        pass
    assert not isinstance(caught.value, KeyFitError)


def test_a_plain_database_becomes_an_encrypted_one_and_back(chosen: Settings, make_result: MakeResult) -> None:
    def opened(*, enabled: bool) -> str:
        settings.load(overrides={"work": {"folder": str(chosen.work.folder)}, "encryption": {"enabled": enabled}})
        with open_writer(chosen.work.database) as connection:
            return content_digest(connection)

    settings.load(overrides={"work": {"folder": str(chosen.work.folder)}, "encryption": {"enabled": False}})
    with open_writer(chosen.work.database) as connection:
        load_batch(connection, [make_result(said=SAID)], ())
        digest = content_digest(connection)
    said = comments(chosen.work.database)
    assert readable(chosen.work.folder, "zilverreiger") == ["callinsight.duckdb"]
    assert opened(enabled=True) == digest
    assert readable(chosen.work.folder, "zilverreiger") == []
    assert comments(chosen.work.database) == said
    assert opened(enabled=False) == digest
    assert not sealed.is_encrypted_database(chosen.work.database)
    assert comments(chosen.work.database) == said
    assert not list(chosen.work.folder.glob("*.sealing*"))


@pytest.mark.parametrize("version", sorted(kept.kept_versions()))
def test_a_plain_database_of_an_older_version_is_encrypted_and_brought_up_to_date(
    chosen: Settings, tmp_path: Path, version: int
) -> None:
    plain, database = kept.unpack(version, tmp_path / "plain.duckdb"), chosen.work.database
    database.parent.mkdir()
    kept.unpack(version, database)
    with open_reader(database) as connection:  # before a night has been there
        assert connection.execute("SELECT count(*) FROM calls").fetchall() == [(6,)]
    with open_writer(plain) as connection:
        digest = content_digest(connection, (*CONTENT_TABLES, *RUN_TABLES))
    with open_writer(database) as connection:
        assert content_digest(connection, (*CONTENT_TABLES, *RUN_TABLES)) == digest
        check_all(connection)
    assert (sealed.is_encrypted_database(plain), sealed.is_encrypted_database(database)) == (False, True)
    assert comments(database) == comments(plain)
    assert structure(database) == structure(plain)


def structure(path: Path) -> list[tuple[object, ...]]:
    """Columns in their order, keys and indexes; of views the names, since DuckDB's way of writing them down differs."""
    with open_reader(path) as connection:
        return connection.execute(
            "SELECT table_name, column_index, column_name, data_type, is_nullable::VARCHAR FROM duckdb_columns() "
            "WHERE database_name = current_database() "
            "UNION ALL SELECT table_name, -1, constraint_type, constraint_text, '' FROM duckdb_constraints() "
            "WHERE database_name = current_database() "
            "UNION ALL SELECT view_name, -2, '', '', '' FROM duckdb_views() WHERE database_name = current_database() "
            "UNION ALL SELECT index_name, -3, '', sql, '' FROM duckdb_indexes() "
            "WHERE database_name = current_database() ORDER BY ALL"
        ).fetchall()


def test_the_search_index_of_a_plain_database_goes_when_that_is_encrypted(
    chosen: Settings, make_result: MakeResult
) -> None:
    settings.load(overrides={"work": {"folder": str(chosen.work.folder)}, "encryption": {"enabled": False}})
    with open_writer(chosen.work.database) as connection:
        load_batch(connection, [make_result(said=SAID)], ())
    assert search.find(chosen.work.database, search.Question("zilverreiger"))
    assert list(chosen.work.folder.glob("search/*.duckdb"))
    settings.load(overrides={"work": {"folder": str(chosen.work.folder)}})
    with open_writer(chosen.work.database):
        pass
    assert list(chosen.work.folder.glob("search/*.duckdb")) == []
    assert search.find(chosen.work.database, search.Question("zilverreiger"))
    assert all(map(sealed.is_encrypted_database, chosen.work.folder.glob("search/*.duckdb")))
    assert readable(chosen.work.folder, "zilverreiger") == []


def test_a_disk_without_room_is_told_and_the_plain_database_stays(
    chosen: Settings, make_result: MakeResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.load(overrides={"work": {"folder": str(chosen.work.folder)}, "encryption": {"enabled": False}})
    with open_writer(chosen.work.database) as connection:
        load_batch(connection, [make_result(said=SAID)], ())
    before = chosen.work.database.read_bytes()
    settings.load(overrides={"work": {"folder": str(chosen.work.folder)}})
    with monkeypatch.context() as full:
        full.setattr(cipher, "ROOM_BYTES", 1 << 60)
        with pytest.raises(StoreError, match="make room and try again"), open_writer(chosen.work.database):
            pass
    assert chosen.work.database.read_bytes() == before
    with open_writer(chosen.work.database) as connection:
        assert connection.execute("SELECT count(*) FROM calls").fetchall() == [(1,)]


def test_a_compacted_database_stays_encrypted_and_holds_the_same(filled: Path) -> None:
    with open_reader(filled) as connection:
        digest = content_digest(connection)
    compact(filled)
    assert sealed.is_encrypted_database(filled)
    assert readable(filled.parent, "zilverreiger") == []
    with open_reader(filled) as connection:
        assert content_digest(connection) == digest


_SPILLING = "CREATE TEMP TABLE t AS SELECT text || range AS s FROM turns, range(400_000)"


def test_what_does_not_fit_in_memory_is_never_readable_on_disk(filled: Path) -> None:
    """Without OpenSSL nothing can be encrypted: a reader of a small database then fails, rather than write it."""
    temporary = filled.with_name(f"{filled.name}.tmp")
    for opened, refused in ((open_reader, True), (open_writer, False)):
        with opened(filled) as connection:
            connection.execute("SET memory_limit = '24MB'")
            connection.execute("SET threads = 1")
            if refused:
                with pytest.raises(duckdb.Error, match="crypto module"):
                    connection.execute(_SPILLING)
            else:
                connection.execute(_SPILLING)
                written = b"".join(path.read_bytes() for path in temporary.iterdir())
                assert len(zlib.compress(written)) > 0.99 * len(written) > 1_000_000  # which the text would not be
            assert readable(filled.parent, "zilverreiger") == []


def test_a_database_elsewhere_is_read_with_the_key_of_the_settings(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "backup.duckdb"
    copy.write_bytes(filled.read_bytes())
    assert run_query(copy, "SELECT count(*) FROM calls").rows == ((1,),)


def test_a_rebuilt_database_is_encrypted_and_keeps_its_history(filled: Path, make_result: MakeResult) -> None:
    with open_writer(filled) as connection:
        record_run(connection, RunRecord("run-1", datetime(2026, 9, 1, tzinfo=UTC)))
    rebuild(filled, [make_result(said=SAID)], [])
    assert sealed.is_encrypted_database(filled)
    assert run_query(filled, "SELECT run_id FROM runs").rows == (("run-1",),)
    assert readable(filled.parent, "zilverreiger") == []


_CRASH = """
import os, signal, sys
from pathlib import Path
from callinsight import settings
from callinsight.store.database import open_writer
chosen = settings.load(overrides={"work": {"folder": sys.argv[1]}})
with open_writer(chosen.work.database) as connection:
    connection.execute("INSERT INTO turns VALUES ('call-9', 0, 'caller', 0, 1, 3, 'de roerdomp roept', '2026-09-01')")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_written_before_a_crash_is_there_and_was_never_readable(filled: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _CRASH, str(filled.parent)], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert readable(filled.parent, "roerdomp") == []
    said = run_query(filled, "SELECT text FROM turns WHERE call_id = 'call-9'").rows
    assert said == (("de roerdomp roept",),)
    with open_writer(filled) as connection:
        assert connection.execute("SELECT count(*) FROM turns WHERE call_id = 'call-9'").fetchall() == [(1,)]


def test_duckdb_itself_opens_it_with_the_derived_key(filled: Path, chosen: Settings) -> None:
    """What docs/encryption.md tells a data engineer to do, without Callinsight."""
    key = read_key_file(chosen.work.folder.with_name("work.key"))
    assert key is not None
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{filled}' AS own (ENCRYPTION_KEY '{cipher.database_key(key)}', READ_ONLY)")
        connection.execute("USE own")
        assert connection.execute("SELECT count(*) FROM calls").fetchall() == [(1,)]
        assert connection.execute("SELECT count(*) FROM topics_per_week").fetchall()
