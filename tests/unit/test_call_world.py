"""The call world says what it promises: same seed same call, known labels, exact spans, a test nobody trained on."""

import importlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from callinsight.fast_yaml import load_yaml

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "models" / "recipes" / "calls"
TAXONOMY = ROOT / "models" / "taxonomy"
NEEDED = ("grammar", "script", "draft", "personal", "scenes", "endings", "dialogue", "timing", "corpus", "story")


@pytest.fixture(scope="module")
def world() -> Iterator[SimpleNamespace]:
    """The recipe's modules, imported from their folder and forgotten again: their names are short."""
    before = {name: sys.modules.pop(name) for name in NEEDED if name in sys.modules}
    sys.path.insert(0, str(RECIPE))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in NEEDED})
    finally:
        sys.path.remove(str(RECIPE))
        for name in NEEDED:
            sys.modules.pop(name, None)
        sys.modules.update(before)


@pytest.fixture(scope="module")
def calls(world: SimpleNamespace) -> dict[str, list[ModuleType]]:
    return {s: list(world.corpus.calls(random.Random(11), 400, s)) for s in ("train", "test")}


def known_ids() -> dict[str, set[str]]:
    base = load_yaml((TAXONOMY / "taxonomy.yaml").read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {"facets": set(base["facets"]), "needs": set(base["needs"])}
    found |= {"topics": set(), "specific": set()}
    for file in (TAXONOMY / "topics").glob("*.yaml"):
        for topic, fields in load_yaml(file.read_text(encoding="utf-8"))["topics"].items():
            found["topics"].add(topic)
            found["specific"] |= {f"{topic}/{facet}" for facet in fields.get("specific") or ()}
    for name in ("outcomes", "signals"):
        found[name] = set(load_yaml((TAXONOMY / f"{name}.yaml").read_text(encoding="utf-8"))[name])
    return found


def test_the_same_seed_gives_the_same_call(world: SimpleNamespace) -> None:
    first, again, other = (world.dialogue.make_call(random.Random(s), split="test") for s in (5, 5, 6))
    assert first == again
    assert first != other


def test_every_label_is_in_the_taxonomy(calls: dict[str, list[ModuleType]]) -> None:
    ids = known_ids()
    for script in (*calls["train"], *calls["test"]):
        assert script.outcome in ids["outcomes"]
        assert {s.kind for s in script.signals} <= ids["signals"]
        for question in script.questions:
            assert question.topic in ids["topics"]
            assert question.facet in ids["facets"] or f"{question.topic}/{question.facet}" in ids["specific"]
            assert set(question.needs) <= ids["needs"]


def test_the_copy_of_the_taxonomy_is_the_taxonomy(world: SimpleNamespace) -> None:
    copied = world.grammar.table("topics")
    assert set(copied) == set(world.grammar.topics())
    assert len(copied) >= 60
    for file in (TAXONOMY / "topics").glob("*.yaml"):
        content = load_yaml(file.read_text(encoding="utf-8"))
        for topic, fields in content["topics"].items():
            if topic in copied:
                assert copied[topic]["domain"] == content["domain"]
                assert copied[topic]["facets"] == fields["facets"]
                assert copied[topic]["needs"] == fields["needs"]


def test_every_first_tier_topic_is_in_the_world(world: SimpleNamespace) -> None:
    for file in (TAXONOMY / "topics").glob("*.yaml"):
        for topic, fields in load_yaml(file.read_text(encoding="utf-8"))["topics"].items():
            assert fields["tier"] != 1 or topic in world.grammar.topics()


def test_evidence_and_spans_point_at_lines_and_words(calls: dict[str, list[ModuleType]]) -> None:
    spans = 0
    for script in (*calls["train"], *calls["test"]):
        for label in (*script.questions, *script.signals):
            assert label.evidence
            assert all(script.lines[e].text for e in label.evidence)
        for line in script.lines:
            words = line.text.split()
            for span in line.spans:
                spans += 1
                assert 0 <= span.first_word <= span.last_word < len(words)
    assert spans > 1000


def test_a_marked_number_is_found_at_its_words(world: SimpleNamespace) -> None:
    phrase = world.grammar.parse("dat is [postcode:drieëntwintig elf a x] nummer [house_number:twaalf] ja")
    assert phrase.text == "dat is drieëntwintig elf a x nummer twaalf ja"
    assert [(s.kind, s.first_word, s.last_word) for s in phrase.spans] == [("postcode", 2, 5), ("house_number", 7, 7)]


def test_citizen_numbers_are_only_the_two_test_numbers(world: SimpleNamespace) -> None:
    said = {"".join(world.personal.bsn(random.Random(s))) for s in range(300)}
    digit = {word: str(i) for i, word in enumerate(world.personal.DIGITS)}
    plain = set()
    for seed in range(300):
        words = " ".join(world.personal.bsn(random.Random(seed))).split()
        if all(w in digit for w in words):
            plain.add("".join(digit[w] for w in words))
    assert plain == {"111222333", "123456782"}
    assert len(said) > 20


@pytest.mark.parametrize(
    ("value", "word"),
    [(0, "nul"), (22, "tweeëntwintig"), (23, "drieëntwintig"), (45, "vijfenveertig"), (101, "honderdeen"),
     (350, "driehonderdvijftig"), (1200, "twaalfhonderd"), (2003, "tweeduizenddrie"),
     (1985, "negentienhonderdvijfentachtig")],
)  # fmt: skip
def test_numbers_are_spelled_as_in_dutch(world: SimpleNamespace, value: int, word: str) -> None:
    assert world.personal.number(value) == word


def test_words_are_lower_case_letters_only(calls: dict[str, list[ModuleType]]) -> None:
    words = {w for script in (*calls["train"], *calls["test"]) for line in script.lines for w in line.text.split()}
    assert all(w.isalpha() and w == w.lower() for w in words)
    assert "één" not in words


def test_question_templates_are_disjoint(world: SimpleNamespace) -> None:
    options = [f"zin {n}" for n in range(9)]
    train, test = (set(world.grammar.part(options, split, disjoint=True)) for split in ("train", "test"))
    assert train | test == set(options)
    assert not train & test


def test_test_questions_are_unseen(world: SimpleNamespace) -> None:
    assert world.corpus.unseen_share(600)["questions"] > 0.95


def test_some_calls_say_what_is_not_the_case(calls: dict[str, list[ModuleType]], world: SimpleNamespace) -> None:
    denials = world.grammar.table("signals")["negated"]
    denied = [s for s in calls["test"] if any(d in line.text for d in denials for line in s.lines)]
    assert denied
    said = "de eerste keer dat ik bel"
    carrying = (s.lines[e].text for s in calls["train"] for signal in s.signals for e in signal.evidence)
    assert not any(said in text for text in carrying)


def test_gaps_stay_within_their_limits(world: SimpleNamespace) -> None:
    rng = random.Random(1)
    gaps = [world.timing.gap_ms(rng) for _ in range(2000)]
    assert min(gaps) >= world.timing.GAP_LIMITS_MS[0]
    assert max(gaps) <= world.timing.GAP_LIMITS_MS[1]
    assert any(g < 0 for g in gaps)
    assert sorted(gaps)[1000] == pytest.approx(55, abs=40)


def test_the_plan_holds_the_story(world: SimpleNamespace) -> None:
    plans = world.story.plans()
    assert len(plans) == world.story.TOTAL == 120
    assert plans == world.story.plans()
    assert [p.started_at for p in plans] == sorted(p.started_at for p in plans)
    assert all(9 <= p.started_at.hour < 17 and p.started_at.weekday() < 5 for p in plans)
    assert all(p.started_at.utcoffset().total_seconds() == 7200 for p in plans)


def test_unknown_topic_and_split_are_refused(world: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="topic"):
        world.dialogue.make_call(random.Random(1), split="train", topic="no-such-topic")
    with pytest.raises(ValueError, match="split"):
        world.dialogue.make_call(random.Random(1), split="dev")
