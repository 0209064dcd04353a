"""Opening a database: what goes wrong is told with advice, and never with a path."""

import subprocess
import sys
from pathlib import Path

import pytest

from callinsight.errors import StoreError
from callinsight.store.database import open_reader, open_writer
from callinsight.store.query import run_query
from callinsight.store.rebuild import rebuild

_HOLD = """
import sys
from pathlib import Path
from callinsight.store.database import open_writer
with open_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_file_that_another_process_writes_is_refused_with_advice(database: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="in use by another process") as caught, open_writer(database):
            pass
        assert str(database.parent) not in str(caught.value)
        with pytest.raises(StoreError, match="published copy"):
            run_query(database, "SELECT 1")
        with pytest.raises(StoreError, match="in use by another process"):
            rebuild(database, [], [])
        holder.stdin.write("go\n")
        holder.stdin.close()
        holder.wait(timeout=60)
    with open_writer(database) as connection:
        assert connection.execute("SELECT count(*) FROM calls").fetchall() == [(0,)]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "notes.duckdb"
    wrong.write_text("these are notes, not a database\n" * 1000)
    with pytest.raises(StoreError, match="no DuckDB database or is damaged"), open_writer(wrong):
        pass


def test_a_missing_database_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"), open_reader(tmp_path / "none.duckdb"):
        pass
    assert list(tmp_path.iterdir()) == []
