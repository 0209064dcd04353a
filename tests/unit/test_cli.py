"""The command line: answers at once, documents every command, and tells by its exit code how it went."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from callinsight import cli, console

ROOT = Path(__file__).parents[2]


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def command(name: str) -> click.Command:
    found = cli.main_command.get_command(click.Context(cli.main_command), name)
    assert isinstance(found, click.Command)
    return found


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there_and_documented(name: str) -> None:
    found = command(name)
    assert found.name == name
    assert found.help
    first = found.help.splitlines()[0]
    assert first.endswith(".")
    subcommands = found.commands.values() if isinstance(found, click.Group) else [found]
    for one in subcommands:
        assert one.help, f"{name} {one.name} has no help"
        for parameter in one.params:
            assert isinstance(parameter, click.Argument) or getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [name for name in cli.COMMANDS if f"callinsight {name}" not in text and f"`{name}`" not in text]


def test_help_imports_no_engine() -> None:
    code = (
        "import sys; from callinsight import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Commands:" in done.stdout
    for heavy in ("torch", "numpy", "duckdb", "prefect", "pydantic", "rich", "pyannote", "transformers"):
        assert f"'{heavy}'" not in done.stderr


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--version")
    assert code == 0
    assert out.startswith("callinsight 0.")


def test_an_unknown_command_cannot_run(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "transcribe")
    assert code == cli.EXIT_CANNOT_RUN
    assert "transcribe" in err


def test_wrong_settings_cannot_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "callinsight.toml").write_text("[publish]\nkk = 3\n")
    code, _, err = call(capsys, "run")
    assert code == cli.EXIT_CANNOT_RUN
    assert "did you mean k?" in err
    assert "Traceback" not in err


def test_a_missing_inbox_cannot_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "run")
    assert code == cli.EXIT_CANNOT_RUN
    assert "inbox" in err


def test_sql_without_a_database_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "sql", "SELECT 1")
    assert code == cli.EXIT_CANNOT_RUN
    assert err.startswith("callinsight: ")


def test_models_list_and_verify(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code, out, _ = call(capsys, "models", "list")
    assert code == 0
    assert "whisper-large-v2" in out
    assert call(capsys, "models", "verify", "--profile", "demo")[0] == 0
    assert call(capsys, "models", "verify", "--profile", "gpu")[0] == cli.EXIT_CANNOT_RUN


def test_taxonomy_check_and_show(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert call(capsys, "taxonomy", "check")[0] == 0
    code, out, _ = call(capsys, "taxonomy", "show", "paspoort")
    assert code == 0
    assert "passport" in out


def test_sql_output_formats(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "t.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS een, 'é;\"' AS twee")
    code, out, _ = call(capsys, "sql", "--database", str(path), "--json", "FROM t")
    assert code == 0
    assert json.loads(out) == [{"een": 1, "twee": 'é;"'}]
    _, out, _ = call(capsys, "sql", "--database", str(path), "--csv", "FROM t")
    assert out.splitlines()[0] == "een,twee"
    code, _, err = call(capsys, "sql", "--database", str(path), "DROP TABLE t")
    assert code == cli.EXIT_CANNOT_RUN
    assert err


def test_sql_writes_a_workbook(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import duckdb
    from openpyxl import load_workbook

    path, book = tmp_path / "t.duckdb", tmp_path / "antwoord.xlsx"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 'Paspoort' AS topic_label, 3 AS calls")
    code, out, _ = call(capsys, "sql", "--database", str(path), "--xlsx", str(book), "FROM t")
    assert (code, out) == (0, "1 rijen in antwoord.xlsx.\n")
    cells = [[cell.value for cell in row] for row in load_workbook(book)["Antwoord"].iter_rows(min_row=4)]
    assert cells == [["Onderwerp", "Gesprekken"], ["Paspoort", 3]]
    code, _, err = call(capsys, "sql", "--database", str(path), "--xlsx", str(tmp_path / "no" / "x.xlsx"), "FROM t")
    assert code == cli.EXIT_CANNOT_RUN
    assert "cannot be written" in err


def test_search_finds_words_and_names_near_topics(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("CALLINSIGHT_WORK__FOLDER", str(tmp_path))
    assert "there is no database" in call(capsys, "search", "brief")[2]
    code, _, err = call(capsys, "search", "brief", "--topic", "pasport")
    assert code == cli.EXIT_CANNOT_RUN
    assert "did you mean passport" in err
    from callinsight.store.database import open_writer

    with open_writer(tmp_path / "callinsight.duckdb") as connection:
        connection.execute(
            "INSERT INTO turns VALUES ('call-1', 0, 'caller', 65000, 66000, 3, 'al die brieven', '2026-09-01')"
        )
        connection.execute(
            "INSERT INTO calls BY NAME SELECT 'call-1' AS call_id, 'r' AS recording_ref, now() AS started_at,"
            " '2026-09-01 09:12' AS started_local, '2026-09-01' AS local_date, '2026-08-31' AS week_start,"
            " '2026-W36' AS iso_week, 9 AS local_hour, '' AS queue, 'inbound' AS direction, 'mono' AS layout,"
            " 'handled' AS outcome, 1 AS outcome_score, [] AS outcome_evidence, '' AS code_version,"
            " '' AS settings_digest, '' AS model_digests, '' AS taxonomy_version, 'kept' AS transcript"
        )
    code, out, _ = call(capsys, "search", "brief", "--since", "2026-09-01")
    assert code == 0
    assert all(text in out for text in ("call-1", "01-09-2026", "1:05", "beller", "al die *brieven*"))
    assert call(capsys, "search", "brief", "--since", "2026-09-02")[1] == "Niets gevonden.\n"
    assert call(capsys, "search", "brief giraf")[1] == "Niets gevonden. Met --any volstaat één van de woorden.\n"


OWN_LIST = """
version: "1"
add:
  topics:
    x-fietsenstalling: {label: "Fietsenstalling", domain: parkeren-verkeer, cues: [fietsenstalling]}
merge: {topics: {passport: id-card}}
hide: {topics: [street-lighting]}
relabel: {topics: {bulky-waste: "Grofvuil aan huis"}}
"""


@pytest.fixture
def own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound overlay, and no database beside it."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("CALLINSIGHT_WORK__FOLDER", str(tmp_path / "work"))
    path = tmp_path / "eigen.yaml"
    path.write_text(OWN_LIST, encoding="utf-8")
    return path


def test_taxonomy_check_of_an_overlay(
    capsys: pytest.CaptureFixture[str], own_list: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = call(capsys, "taxonomy", "check", str(own_list))
    assert (code, err) == (0, "")
    assert out.startswith("Taxonomy 1.0+1.")
    own_list.write_text(OWN_LIST.replace("[fietsenstalling]", "[paspoort]"), encoding="utf-8")
    monkeypatch.setenv("CALLINSIGHT_MODELS__TAXONOMY_OVERLAY", str(own_list))
    code, _, err = call(capsys, "taxonomy", "check")
    assert code == 0
    assert err.startswith("warning: eigen.yaml, add, topics, x-fietsenstalling: cue 'paspoort'")
    own_list.write_text(OWN_LIST.replace("id-card", "id-cart"), encoding="utf-8")
    code, _, err = call(capsys, "taxonomy", "check")
    assert code == cli.EXIT_CANNOT_RUN
    assert "did you mean 'id-card'?" in err
    code, _, err = call(capsys, "taxonomy", "show")  # and nothing else runs on it either
    assert code == cli.EXIT_CANNOT_RUN
    assert "merge, topics, passport" in err


def test_taxonomy_show_tells_what_the_overlay_did(
    capsys: pytest.CaptureFixture[str], own_list: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = call(capsys, "taxonomy", "show", "--id", "passport", "--json")
    plain = {one["id"]: one["overlay"] for one in json.loads(out)["entries"]}
    assert plain["passport"] == ""
    assert "passport/photo-rules" in plain
    monkeypatch.setenv("CALLINSIGHT_MODELS__TAXONOMY_OVERLAY", str(own_list))
    _, out, _ = call(capsys, "taxonomy", "show", "--json")
    document = json.loads(out)
    marks = {one["id"]: one["overlay"] for one in document["entries"] if one["overlay"]}
    assert document["version"].startswith("1.0+1.")
    assert marks == {
        "x-fietsenstalling": "eigen",
        "passport": "samengevoegd met id-card",
        "street-lighting": "verborgen",
        "bulky-waste": "heet bij ons Grofvuil",
    }
    _, out, _ = call(capsys, "taxonomy", "show", "verborgen")
    assert "street-lighting" in out
    assert "x-fietsenstalling" not in out


def test_taxonomy_diff_of_every_two(
    capsys: pytest.CaptureFixture[str], own_list: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = call(capsys, "taxonomy", "diff")
    assert code == 0
    assert "Geen verschil." in out

    def changes(*arguments: str) -> set[tuple[str, str]]:
        code, out, _ = call(capsys, "taxonomy", "diff", "--json", *arguments)
        assert code == 0
        found = json.loads(out)["changes"]
        assert all(one["tags"] is None for one in found)  # no database: nothing to count
        return {(one["id"], one["what"]) for one in found}

    whole = {
        ("x-fietsenstalling", "added"),
        ("passport", "merged"),
        ("street-lighting", "hidden"),
        ("bulky-waste", "relabelled"),
    }
    assert changes(str(own_list)) == whole
    monkeypatch.setenv("CALLINSIGHT_MODELS__TAXONOMY_OVERLAY", str(own_list))
    assert changes() == whole
    later = tmp_path / "later.yaml"
    later.write_text(
        OWN_LIST.replace("cues: [fietsenstalling]", "cues: [fietskluis]").replace(
            "hide: {topics: [street-lighting]}", ""
        ),
        encoding="utf-8",
    )
    wanted = {("x-fietsenstalling", "cues"), ("street-lighting", "restored")}
    assert changes(str(later)) == changes(str(own_list), str(later)) == wanted
    assert changes("models/taxonomy", "models/taxonomy") == set()
    monkeypatch.setattr(console.out, "width", 200)  # made at import: COLUMNS may have been read long before
    _, out, _ = call(capsys, "taxonomy", "diff")
    assert "samengevoegd met" in out
    assert "labels nu" not in out
