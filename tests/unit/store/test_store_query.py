"""Questions of others: they read, and reach nothing outside."""

import contextlib
import json
from pathlib import Path

import pytest

from callinsight.errors import StoreError
from callinsight.store import database
from callinsight.store.database import open_writer
from callinsight.store.query import Table, run_query, to_csv, to_json


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one table of its own, beside a file with a secret."""
    folder = tmp_path_factory.mktemp("query")
    (folder / "secret.csv").write_text("naam\nTest Persoon\n")
    with open_writer(folder / "small.duckdb") as connection:
        connection.execute("CREATE TABLE t AS SELECT n, 'één; ' || n AS label FROM range(3) r(n)")
    return folder / "small.duckdb"


def test_a_question_is_answered(small: Path) -> None:
    assert run_query(small, "SELECT n, label FROM t ORDER BY n LIMIT 2;") == Table(
        ("n", "label"), ((0, "één; 0"), (1, "één; 1"))
    )


@pytest.mark.parametrize(
    "question",
    ["FROM t", "SHOW TABLES", "DESCRIBE t", "SUMMARIZE t", "EXPLAIN SELECT 1", "WITH a AS (SELECT 1) FROM a"],
)
def test_ways_of_reading_are_allowed(small: Path, question: str) -> None:
    assert run_query(small, question).rows


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM read_blob('{folder}/secret.csv')",
        "SELECT * FROM sniff_csv('{folder}/secret.csv')",
        "SELECT * FROM glob('{folder}/*')",
        "EXPLAIN ANALYZE SELECT * FROM read_csv('{folder}/secret.csv')",
        "FROM query('SELECT * FROM read_text(''{folder}/secret.csv'')')",
        "FROM read_csv('https://example.org/x.csv')",
        "COPY t TO '{folder}/leak.csv'",
        "EXPLAIN ANALYZE COPY t TO '{folder}/leak.csv'",
        "EXPORT DATABASE '{folder}/leak'",
        "ATTACH '{folder}/small.duckdb' AS again",
        "ATTACH ':memory:' AS scratch",
        "ATTACH '{folder}/leak.duckdb' AS leak",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "PRAGMA enable_external_access = true",
        "INSERT INTO t VALUES (9, 'x')",
        "EXPLAIN ANALYZE DELETE FROM t",
        "DROP TABLE t",
        "CREATE TABLE mine AS SELECT 1",
        "CREATE TEMP TABLE mine AS SELECT 1",
        "CREATE SECRET s (TYPE s3)",
        "SELECT * FROM duckdb_secrets()",
        "CHECKPOINT",
        "CALL dbgen(sf = 1)",
        "SELECT getenv('HOME')",
        "FROM read_parquet('{folder}/secret.csv')",
        "FROM parquet_metadata('{folder}/secret.csv')",
        "FROM parquet_schema('{folder}/secret.csv')",
        "FROM read_json('{folder}/secret.csv')",
        "FROM read_json_objects('{folder}/secret.csv')",
        "FROM query_table('{folder}/secret.csv')",
        "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''{folder}/secret.csv'')'))",
        "PRAGMA json_execute_serialized_sql(json_serialize_sql('FROM read_text(''{folder}/secret.csv'')'))",
        "IMPORT DATABASE '{folder}'",
        "FROM 's3://example/x.parquet'",
        "FROM 'https://example.org/x.parquet'",
        "SET profiling_output = '{folder}/leak'",
        "PRAGMA profiling_output = '{folder}/leak'",
        "SET temp_directory = '{folder}/leak'",
        "CALL enable_logging(storage = 'file', storage_path = '{folder}/leak')",
        "FROM which_secret('s3://example', 's3')",
        "DETACH small",
        "USE memory",
        "PREPARE p AS SELECT 1",
    ],
)
def test_nothing_is_written_and_nothing_outside_is_reached(small: Path, attack: str) -> None:
    before = sorted(small.parent.iterdir())
    with pytest.raises(StoreError) as caught:
        run_query(small, attack.format(folder=small.parent))
    assert "Test Persoon" not in str(caught.value)
    assert sorted(small.parent.iterdir()) == before
    assert run_query(small, "SELECT count(*) FROM t").rows == ((3,),)


@pytest.mark.parametrize(
    "question",
    [
        "SELECT write_log('x', level := 'error') FROM enable_logging(storage = 'file', storage_path = '{folder}/leak')",
        "SELECT (SELECT count(*) FROM enable_logging(storage = 'file', storage_path = '{folder}/leak')),"
        " write_log('x' || n, level := 'error') FROM t",
        "FROM checkpoint()",
        "FROM duckdb_logs()",
    ],
)
def test_functions_that_could_write_write_nothing(small: Path, question: str) -> None:
    before = sorted(small.parent.iterdir())
    with contextlib.suppress(StoreError):  # a refusal is just as good
        run_query(small, question.format(folder=small.parent))
    assert sorted(small.parent.iterdir()) == before


def test_a_question_too_large_for_memory_fails_and_writes_nothing(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database.SANDBOX, "memory_limit", "60MB")
    before = sorted(small.parent.iterdir())
    with pytest.raises(StoreError, match="Out of Memory"):
        run_query(small, "SELECT count(*) FROM (SELECT DISTINCT md5(range::VARCHAR) FROM range(2000000))")
    assert sorted(small.parent.iterdir()) == before


def test_pythons_variables_are_out_of_reach(small: Path) -> None:
    hidden = {"secret": [1]}
    with pytest.raises(StoreError, match="hidden does not exist"):
        run_query(small, "SELECT * FROM hidden")
    assert hidden


@pytest.mark.parametrize("question", ["", "  -- nothing", "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE t"])
def test_exactly_one_statement(small: Path, question: str) -> None:
    with pytest.raises(StoreError, match="one SQL statement"):
        run_query(small, question)


@pytest.mark.parametrize("question", ["SELEC 1", "SELECT nothing FROM t", "SELECT CAST('a' AS INTEGER)"])
def test_a_wrong_question_gets_duckdbs_own_message(small: Path, question: str) -> None:
    with pytest.raises(StoreError, match=r"cannot answer this: (Parser|Binder|Conversion) Error"):
        run_query(small, question)


_EVERY_TYPE = """
SELECT DATE '2026-09-01' AS d, TIMESTAMP '2026-09-01 09:12:00' AS t, [1, 2] AS l, NULL AS n, 0.5 AS x,
    2::DECIMAL(4,1) AS i, {'a': DATE '2026-01-01'} AS s, true AS b, 'a "quoted", value' AS v
"""


def test_json_holds_every_type(small: Path) -> None:
    assert json.loads(to_json(run_query(small, _EVERY_TYPE))) == [
        {
            "d": "2026-09-01",
            "t": "2026-09-01T09:12:00",
            "l": [1, 2],
            "n": None,
            "x": 0.5,
            "i": 2,
            "s": {"a": "2026-01-01"},
            "b": True,
            "v": 'a "quoted", value',
        }
    ]


def test_csv_holds_every_type(small: Path) -> None:
    header, row = to_csv(run_query(small, _EVERY_TYPE)).splitlines()
    assert header == "d,t,l,n,x,i,s,b,v"
    assert row == '2026-09-01,2026-09-01T09:12:00,"[1, 2]",,0.5,2,"{""a"": ""2026-01-01""}",True,"a ""quoted"", value"'
    assert to_csv(Table(("a", "b"), ((1, None),)), delimiter=";") == "a;b\r\n1;\r\n"


def test_an_empty_answer_is_still_valid(small: Path) -> None:
    nothing = run_query(small, "SELECT n FROM t WHERE n > 9")
    assert (to_json(nothing), to_csv(nothing)) == ("[]\n", "n\r\n")
