"""The papers for privacy officers name tests that are really there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAPERS = sorted((ROOT / "docs/privacy").glob("*.md"))
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def named_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_the_tests_that_a_paper_names_are_there(paper: Path) -> None:
    for file, function in NAMED.findall(paper.read_text(encoding="utf-8")):
        found = named_in(ROOT / file)
        assert found, file
        assert not function or function in found, f"{file}::{function}"


def test_every_place_where_a_name_can_leak_has_a_test() -> None:
    paper = (ROOT / "docs/privacy/waar-kan-een-naam-lekken.md").read_text(encoding="utf-8")
    rows = [line for line in paper.splitlines() if line.startswith("| ") and not line.startswith(("| plek", "| ---"))]
    assert len(rows) > 10
    assert [row for row in rows if not NAMED.search(row.rsplit(" | ", 1)[1])] == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_links_between_the_papers_lead_somewhere(paper: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", paper.read_text(encoding="utf-8")):
        assert (paper.parent / target).exists(), target
