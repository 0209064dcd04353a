"""The notebooks run from top to bottom on a published database, and are kept without output."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from callinsight import run
from callinsight.settings import Settings
from support.calls import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_output(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path: Path, night: tuple[Settings, run.Night], monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, _ = night
    monkeypatch.setenv("CALLINSIGHT_TRENDS", str(chosen.work.published_database))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120).execute(cwd=str(path.parent))
    texts = [output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("onderwerp" in text for text in texts)
