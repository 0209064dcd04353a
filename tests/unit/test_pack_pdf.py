"""The pack as a PDF: the same words, readable for a screen reader, whole tables, and advice where it cannot be."""

import builtins
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from callinsight import bundle, care, cli, run, settings
from callinsight.core.values import Severity
from callinsight.errors import SettingsError
from callinsight.review import pack, pdf
from callinsight.settings import Settings
from support.calls import ROOT
from support.results import FIRST_MONDAY, spoken_call, story


def _can_be_made() -> str:
    try:
        pdf.require()
    except SettingsError as error:
        return str(error)
    return ""


needs_pango = pytest.mark.skipif(bool(_can_be_made()), reason=_can_be_made())


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A published week with one call that carries a signal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        folder = str(tmp_path_factory.mktemp("pdf") / "work")
        chosen = settings.load(overrides={"work": {"folder": folder}, "publish": {"k": 1, "files": []}})
        flagged = spoken_call(
            *("flag-review", FIRST_MONDAY + timedelta(weeks=5), "passport", "cost"),
            said="schulden en <NAAM> stress",
            flags=(("multi-problem", Severity.REVIEW),),
        )
        for result in [*story(weeks=6), flagged]:
            bundle.write_result(chosen.work.results, result)
        run.rebuild(chosen)
        run.publish(chosen)
        yield chosen


def _text(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


@needs_pango
def test_the_pdf_tells_what_the_page_tells(work: Settings) -> None:
    made = pack.make(work, as_pdf=True)
    assert made.path is not None
    assert made.pdf == made.path.with_suffix(".pdf")
    assert made.pdf.stat().st_mode & 0o077 == 0
    reader = PdfReader(made.pdf)
    text = _text(reader)
    for said in ("Verbeteroverleg, week 41 van 2026", "Paspoort", "schulden en <NAAM> stress", "hier zit het signaal"):
        assert said in text
    assert f"Pagina {len(reader.pages)} van {len(reader.pages)}" in text
    assert "Naar de inhoud" not in text  # a link for the keyboard is of no use on paper


@needs_pango
def test_it_is_fit_for_a_screen_reader(work: Settings) -> None:
    made = pack.make(work, as_pdf=True)
    assert made.pdf is not None
    reader = PdfReader(made.pdf)
    root: Any = reader.trailer["/Root"]
    assert str(root["/Lang"]) == "nl"
    assert bool(root["/MarkInfo"]["/Marked"])
    assert "/StructTreeRoot" in root
    assert reader.metadata is not None
    assert reader.metadata.title == "Verbeteroverleg week 41 van 2026"
    assert b"pdfuaid:part" in root["/Metadata"].get_data()


@needs_pango
def test_equal_packs_give_equal_bytes(work: Settings) -> None:
    first = pack.make(work, as_pdf=True).pdf
    assert first is not None
    before = first.read_bytes()
    pack.make(work, as_pdf=True)
    assert first.read_bytes() == before


@needs_pango
def test_a_long_table_has_its_head_on_every_page_and_nothing_is_cut_off() -> None:
    page = (ROOT / "src/callinsight/pages/meeting.html.j2").read_text(encoding="utf-8")
    style = page[page.index("<style>") : page.index("</style>")].split("@page", 1)[1]
    paper = style[style.index("@media print {") :]
    rows = "".join(f"<tr><th scope='row'>onderwerp-{n}</th><td>vraag {n}</td></tr>" for n in range(120))
    table = f"<table><caption>Lijst</caption><thead><tr><th>Kop</th><th>Vraag</th></tr></thead>{rows}</table>"
    long = (
        f"<!doctype html><html lang='nl'><head><title>t</title><style>{paper}</style></head><body>{table}</body></html>"
    )
    pages = [one.extract_text() for one in PdfReader(BytesIO(pdf.pdf(long))).pages]
    assert len(pages) > 2
    assert all("Kop" in text for text in pages)
    told = " ".join(pages)
    assert all(f"onderwerp-{n}" in told and f"vraag {n}" in told for n in range(120))


@needs_pango
def test_nothing_outside_of_the_page_is_read(tmp_path: Path) -> None:
    """A page that asks for a file ends in an error without its name."""
    secret = tmp_path / "geheim.png"
    secret.write_bytes(b"x")
    page = f"<html lang='nl'><head><title>t</title></head><body><img src='{secret.as_uri()}' alt='a'></body></html>"
    with pytest.raises(SettingsError, match="print the page from a browser") as raised:
        pdf.pdf(page)
    assert "geheim" not in str(raised.value)


@needs_pango
def test_a_pack_without_a_pdf_leaves_none_of_an_earlier_one(work: Settings) -> None:
    earlier = pack.make(work, as_pdf=True).pdf
    assert earlier is not None
    assert earlier.exists()
    assert pack.make(work).pdf is None
    assert not earlier.exists()


@needs_pango
def test_the_settings_ask_for_a_pdf_and_the_command_can_overrule_them(
    work: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("CALLINSIGHT_WORK__FOLDER", str(work.work.folder))
    monkeypatch.setenv("CALLINSIGHT_REVIEW__PDF", "true")
    runner = CliRunner()
    assert "verbeteroverleg-2026-W41.pdf" in runner.invoke(cli.main_command, ["review", "pack"]).output
    assert ".pdf" not in runner.invoke(cli.main_command, ["review", "pack", "--no-pdf"]).output
    monkeypatch.setenv("CALLINSIGHT_REVIEW__PDF", "false")
    assert ".pdf" not in runner.invoke(cli.main_command, ["review", "pack"]).output
    assert ".pdf" in runner.invoke(cli.main_command, ["review", "pack", "--pdf"]).output


def test_without_the_extra_it_says_what_to_install_and_the_page_is_there(
    work: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda _: None)
    for one in work.work.packs.glob("*"):
        one.unlink()
    with pytest.raises(SettingsError, match=r"install callinsight\[pdf\]"):
        pack.make(work, as_pdf=True)
    assert [one.suffix for one in work.work.packs.iterdir()] == [".html"]


def test_without_pango_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_pango(name: str, *rest: Any, **more: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **more)

    monkeypatch.setattr(pdf, "find_spec", lambda _: object())
    monkeypatch.setattr(builtins, "__import__", without_pango)
    with pytest.raises(SettingsError, match="apt-get install libpango"):
        pdf.require()


@needs_pango
def test_an_erased_call_takes_page_and_pdf_along(work: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    pack.make(work, as_pdf=True)
    assert {one.suffix for one in work.work.packs.iterdir()} == {".html", ".pdf"}
    care.forget(work, ["flag-review"], datetime.now(UTC))
    assert list(work.work.packs.iterdir()) == []
