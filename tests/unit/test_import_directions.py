"""Imports point one way, and each library has one door."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "callinsight"
LAYERS = [
    {"core"},
    {"errors", "hygiene"},
    {"keys"},
    {"sealed"},
    {"settings", "offline", "registry", "audio_probe", "overlay"},
    {"overlaid"},
    {
        "audio",
        "audio_opus",
        "inbox_files",
        "inbox_metadata",
        "bundle",
        "ledger",
        "fast_yaml",
        "taxonomy_files",
        "privacy_files",
        "engines",
        "store",
    },
    {"inbox", "quarantine", "decisions", "copies", "review_copy", "embeddings", "candidate_files", "taught_heads"},
    {"aggregates", "deletions", "erasure", "linking"},
    {"annotations", "transcript_normaliser"},
    {"worker", "scoring", "discovery"},
    {"old_recordings"},
    {"assembly"},
    {"run", "evaluate"},
    {"score_page"},
    {
        "care",
        "meeting",
        "retag",
        "reprocess",
        "labelled_calls",
        "teach",
        "inventory",
        "retention",
        "retention_plan",
        "traces",
        "rotation",
    },
    {"callers"},
    {"rights"},
    {"new_topics"},
    {"console"},
    {"review", "commands", "cli", "__main__"},
]
"""Each layer may import itself and those above it in this list; ``commands`` and ``cli`` know each other."""

DOORS: dict[str, str | tuple[str, ...]] = {
    "duckdb": "store/",
    "prefect": "pipelines/",
    "faster_whisper": "engines/",
    "ctranslate2": "engines/faster_whisper.py",
    "pyannote": ("engines/pyannote.py", "scoring.py"),
    "transformers": ("engines/transformers.py", "engines/names.py"),
    "torch": ("engines/", "assembly.py"),
    "av": ("audio.py", "audio_opus.py", "audio_probe.py"),
    "jiwer": "scoring.py",
    "num2words": "transcript_normaliser.py",
    "praatio": "annotations.py",
    "jinja2": ("score_page.py", "review/"),
    "matplotlib": "review/",
    "cryptography": ("keys.py", "sealed.py"),
    "xlsxwriter": "store/workbook.py",
    "phonenumbers": "core/callers.py",
}
HEAVY = {
    *("torch", "pyannote", "transformers", "faster_whisper", "ctranslate2", "av", "jiwer", "soxr", "sklearn"),
    *("matplotlib", "xlsxwriter", "cryptography"),
}


def modules() -> list[Path]:
    return sorted([*SOURCE.rglob("*.py"), *(ROOT / "pipelines").glob("*.py")])


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            if node.module == "callinsight":
                yield from (f"callinsight.{alias.name}" for alias in node.names)


def rank(module: str) -> int | None:
    parts = module.split(".")
    if parts[0] != "callinsight" or len(parts) == 1:
        return None
    return next((number for number, layer in enumerate(LAYERS) if parts[1] in layer), None)


def test_every_module_has_a_layer() -> None:
    tops = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in SOURCE.rglob("*.py")} - {"__init__"}
    assert tops <= set().union(*LAYERS), "name the new module's layer here"


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_one_way(path: Path) -> None:
    own = rank("callinsight." + path.relative_to(SOURCE).parts[0].removesuffix(".py"))
    if own is None:
        return
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        other = rank(name)
        assert other is None or other <= own, f"{path.name} must not import {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_each_library_has_one_door(path: Path) -> None:
    place = str(path.relative_to(SOURCE if SOURCE in path.parents else ROOT))
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        allowed = DOORS.get(name.split(".")[0])
        assert allowed is None or place.startswith(allowed), f"{place} must not import {name}"


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_heavy_libraries_are_imported_when_needed(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top_level = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
    assert not {name.split(".")[0] for name in imports(top_level)} & HEAVY


def test_core_reads_no_files_clocks_or_settings() -> None:
    banned = {"os", "pathlib", "time", "io", "logging", "random", "secrets", "subprocess", "socket", "yaml"}
    for path in (SOURCE / "core").rglob("*.py"):
        names = {name.split(".")[0] for name in imports(ast.parse(path.read_text(encoding="utf-8")))}
        assert not names & banned, f"{path.name} imports {names & banned}"
