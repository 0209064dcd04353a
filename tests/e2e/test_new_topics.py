"""What nobody has written down comes up by itself: search, database, copy, pack, verdict and erasure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from callinsight import assembly, bundle, care, new_topics, run, settings
from callinsight.candidate_files import read_candidates
from callinsight.core.candidate import CandidateVerdict
from callinsight.core.values import CallResult
from callinsight.embeddings import write_vectors
from callinsight.errors import SettingsError
from callinsight.review import pack
from callinsight.settings import Settings
from callinsight.store.query import run_query
from support.calls import ROOT, callinsight
from support.opened import opened
from support.results import FIRST_MONDAY, spoken_call

STICKERS = (
    "moet er een sticker in mijn paspoort voor de reis",
    "ik hoorde dat je een sticker in je paspoort nodig hebt klopt dat",
    "waar haal ik die sticker voor in het paspoort",
    "op de website staat niks over een sticker in het paspoort",
    "mijn paspoort heeft geen sticker kan ik dan wel op vakantie",
    "er zit een sticker op mijn paspoort en die laat los",
    "de douane vroeg naar een sticker in mijn paspoort",
    "hoort er bij een nieuw paspoort een sticker bij",
    "krijg ik die sticker in het paspoort bij jullie aan de balie",
    "is mijn paspoort nog geldig zonder die sticker",
)
PRICES = (
    "wat kost een nieuw paspoort tegenwoordig",
    "hoeveel moet ik betalen voor een paspoort",
    "wat is de prijs van een paspoort voor een kind",
    "zijn er kosten voor een paspoort met spoed",
    "hoe duur is het paspoort nu",
    "kan ik het paspoort met pin betalen en hoeveel is het",
    "hoeveel euro kost een paspoort voor volwassenen",
    "wat betaal ik voor een paspoort van tien jaar",
    "is een paspoort duurder geworden wat kost het nu",
    "wat zijn de kosten van een paspoort",
)


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Twenty calls of one whole week about passports, half of them about a sticker; tagged by the bundled tagger."""
    monkeypatch.chdir(ROOT)
    made = settings.load(overrides={"work": {"folder": str(tmp_path / "work")}, "publish": {"k": 1, "files": []}})
    calls = [
        spoken_call(f"{kind}-{n:02d}", FIRST_MONDAY + timedelta(days=n % 5), "passport", None, said=said)
        for kind, phrases in (("sticker", STICKERS), ("prices", PRICES))
        for n, said in enumerate(phrases)
    ]
    keep(made, calls)
    run.rebuild(made)
    run.publish(made)
    return made


def keep(chosen: Settings, calls: list[CallResult]) -> None:
    """Results and vectors as a night leaves them, but for the specific question, which nothing knows."""
    tagger, provenance = assembly.build_tagger(chosen), assembly.provenance(chosen)
    for one, vectors in zip(calls, tagger.read([one.turns for one in calls]), strict=True):
        write_vectors(chosen.work.embeddings, one.call.call_id, one.turns, vectors)
        bundle.write_result(chosen.work.results, replace(one, provenance=provenance))


def search(chosen: Settings, today: date = date(2026, 9, 7)) -> dict[str, set[str]]:
    """The calls of each candidate, by its id."""
    found = new_topics.search(chosen, today, lambda _: None)
    return {one.candidate_id: {call for call, _ in one.members} for one in found}


def about_stickers(found: dict[str, set[str]]) -> str:
    """The candidate that holds most calls about stickers."""
    return max(found, key=lambda one: sum(call.startswith("sticker") for call in found[one]))


def test_a_question_that_nobody_wrote_down_comes_up(chosen: Settings) -> None:
    found = search(chosen)
    name = about_stickers(found)
    right = sum(call.startswith("sticker") for call in found[name])
    assert right >= 6
    assert right / len(found[name]) >= 0.8
    ((topic, terms, calls),) = run_query(
        chosen.work.database, f"SELECT topic, terms, calls FROM topic_candidates WHERE candidate_id = '{name}'"
    ).rows
    assert (topic, calls) == ("passport", len(found[name]))
    assert "sticker" in str(terms)
    assert search(chosen) == found


def test_a_candidate_lasts_through_new_calls_and_its_verdict_hides_it(chosen: Settings) -> None:
    name = about_stickers(search(chosen))
    more = [
        spoken_call(f"sticker-9{n}", FIRST_MONDAY + timedelta(days=7 + n), "passport", None, said=said)
        for n, said in enumerate(STICKERS[:4])
    ]
    keep(chosen, more)
    run.catch_up(chosen, [one.call.call_id for one in more])
    assert name in search(chosen, date(2026, 9, 14))
    new_topics.decide(chosen, name, CandidateVerdict.BELONGS_TO, "passport")
    assert name in search(chosen, date(2026, 9, 21))
    run.publish(chosen)
    published = run_query(chosen.work.published_database, "SELECT candidate_id FROM topic_candidates").rows
    assert (name,) not in published
    with pytest.raises(SettingsError, match="did you mean passport"):
        new_topics.decide(chosen, name, CandidateVerdict.BELONGS_TO, "pasport")
    with pytest.raises(SettingsError, match="no candidate"):
        new_topics.decide(chosen, "k0000", CandidateVerdict.NOTHING, None)


def test_the_pack_shows_words_and_sentences_with_their_calls(chosen: Settings) -> None:
    name = about_stickers(search(chosen))
    run.publish(chosen)
    made = pack.make(chosen)
    assert made.path is not None
    page = made.path.read_text(encoding="utf-8")
    assert f"Kandidaat {name}" in page
    quotes = run_query(chosen.work.database, f"SELECT quote FROM candidate_quotes WHERE candidate_id = '{name}'").rows
    assert len(quotes) == 3
    assert all(str(quote) in page for (quote,) in quotes)
    assert "topics verdict" in page


def test_an_erased_call_leaves_no_trace_in_candidates(chosen: Settings) -> None:
    found = search(chosen)
    gone = sorted(found[about_stickers(found)])[0]
    run.publish(chosen)
    pack.make(chosen)
    care.forget(chosen, [gone], datetime.now(UTC))
    assert all(gone not in {call for call, _ in one.members} for one in read_candidates(chosen.work.candidates))
    left = run_query(chosen.work.database, f"SELECT count(*) FROM topic_candidate_calls WHERE call_id = '{gone}'")
    assert left.rows == ((0,),)
    for place, data in opened(chosen.work.folder):
        assert gone.encode() not in data, place


def test_candidates_outlast_a_rebuild(chosen: Settings) -> None:
    search(chosen)
    content = "SELECT * FROM topic_candidates ORDER BY 1"
    before = run_query(chosen.work.database, content).rows
    assert before
    run.rebuild(chosen)
    assert run_query(chosen.work.database, content).rows == before


@pytest.mark.slow
def test_the_commands_search_list_and_decide(chosen: Settings) -> None:
    told = {"CALLINSIGHT_WORK__FOLDER": str(chosen.work.folder), "CALLINSIGHT_PUBLISH__K": "1"}
    searched = callinsight("topics", "new", cwd=ROOT, **told)
    assert searched.returncode == 0, searched.stderr
    assert "nieuwe vraag bij Paspoort" in searched.stdout
    name = about_stickers(
        {one.candidate_id: {c for c, _ in one.members} for one in read_candidates(chosen.work.candidates)}
    )
    assert name in searched.stdout
    assert callinsight("topics", "verdict", name, cwd=ROOT, **told).returncode == 2
    decided = callinsight("topics", "verdict", name, "--nothing", cwd=ROOT, **told)
    assert decided.returncode == 0, decided.stderr
    assert name not in callinsight("topics", "list", cwd=ROOT, **told).stdout
