"""Redaction as promises: secrets said in any way do not survive, and everything else stays as it was."""

import re
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban as iban_checks
from stdnum.nl import bsn as bsn_checks

from callinsight.core.redaction import find, redact
from callinsight.core.redaction.normaliser import Part, atoms_of
from callinsight.core.redaction.tokens import tokens_of
from callinsight.core.spotting import SpottedName, spotted
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.privacy_files import load_rules

RULES = load_rules(Path(__file__).resolve().parents[2] / "models/privacy/personal_data.yaml")
_ONES = ("nul", "een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen")
_TEENS = ["tien", "elf", "twaalf", "dertien", "veertien", "vijftien", "zestien", "zeventien", "achttien", "negentien"]
_TENS = ("", "", "twintig", "dertig", "veertig", "vijftig", "zestig", "zeventig", "tachtig", "negentig")
_FILLERS = ("eh", "uhm", "even kijken", "streepje", "ja", "en dan")
_BACK_CHANNELS = ("ja", "hm hm", "oké", "ja klopt", "ja genoteerd")
_PLAIN = (
    "ik wil graag een afspraak maken",
    "dat kost vijfentwintig euro vijftig",
    "we zijn open van negen tot vijf",
    "mijn container is niet geleegd",
    "dank u wel en een fijne dag nog",
    "wat moet ik meenemen naar het stadhuis",
    "ik ben het er niet mee eens",
    "het duurt vijf werkdagen",
)


def pair_word(value: int) -> str:
    """10 to 99 as people say it."""
    if value < 20:
        return _TEENS[value - 10]
    tens, ones = divmod(value, 10)
    return _TENS[tens] if not ones else f"{_ONES[ones]}{'ën' if ones in (2, 3) else 'en'}{_TENS[tens]}"


@st.composite
def said(draw: st.DrawFn, digits: str) -> list[str]:
    """Chunks of words that say ``digits``: alone, in pairs, doubled, with fillers and slips."""
    words: list[str] = []
    at = 0
    while at < len(digits):
        style = draw(st.sampled_from(("one", "one", "pair", "double")))
        if style == "pair" and at + 1 < len(digits) and digits[at] != "0":
            words.append(pair_word(int(digits[at : at + 2])))
            at += 2
        elif style == "double" and digits[at : at + 2] == digits[at] * 2:
            words.append(f"dubbel {_ONES[int(digits[at])]}")
            at += 2
        else:
            words.append(_ONES[int(digits[at])])
            at += 1
    if draw(st.booleans()) and len(words) > 3:
        words.insert(draw(st.integers(1, len(words) - 1)), draw(st.sampled_from(_FILLERS)))
    if draw(st.integers(0, 4)) == 0 and len(words) > 3:
        words.insert(draw(st.integers(2, len(words) - 1)), f"{draw(st.sampled_from(_ONES[1:]))} nee")
    cut = draw(st.integers(2, len(words) - 1)) if len(words) > 4 and draw(st.booleans()) else len(words)
    return [" ".join(words[:cut]), *([" ".join(words[cut:])] if words[cut:] else [])]


def turns_of(lines: list[tuple[Role, str]]) -> tuple[Turn, ...]:
    """Lines as turns with words of 300 ms."""
    turns = []
    at_ms = 0
    for role, line in lines:
        words = []
        for text in line.split():
            words.append(Word(Span(at_ms, at_ms + 300), text, 0.5 + (len(text) % 5) / 10))
            at_ms += 300
        turns.append(Turn(Span(words[0].span.start_ms, at_ms), role, tuple(words)))
    return tuple(turns)


@st.composite
def dialogue(draw: st.DrawFn, question: str, frames: tuple[str, ...], chunks: list[str]) -> tuple[Turn, ...]:
    """A question and its answer in one or two turns, with back-channels, read back now and then, amid plain talk."""
    lines = [(Role.CALLER, draw(st.sampled_from(_PLAIN)))]
    if question and draw(st.booleans()):
        lines.append((Role.AGENT, question))
        lead = draw(st.sampled_from(("", "ja dat is ", "even kijken hoor ")))
    else:
        lead = draw(st.sampled_from(frames))
    for place, chunk in enumerate(chunks):
        lines.append((Role.CALLER, (lead if place == 0 else "") + chunk))
        lines.append((Role.AGENT, draw(st.sampled_from(_BACK_CHANNELS))))
    if draw(st.booleans()):
        lines.append((Role.AGENT, "dus " + " ".join(chunks)))
    lines.append((Role.CALLER, draw(st.sampled_from(_PLAIN))))
    return turns_of(lines)


def digits_left(turns: tuple[Turn, ...]) -> str:
    """All digits that the turns still say, other than in amounts; words in between are dropped."""
    tokens = tokens_of(turns, RULES.marks)
    text = ""
    for atom in atoms_of(tokens, RULES):
        text += atom.text if atom.part in (Part.DIGITS, Part.MIXED, Part.DATE) else ""
        text += "|" if atom.part in (Part.OTHER, Part.MARK) else ""
    return text


def survives(secret: str, turns: tuple[Turn, ...]) -> bool:
    """Whether four consecutive digits of ``secret`` can still be read."""
    left = digits_left(turns)
    return any(secret[at : at + 4] in left for at in range(len(secret) - 3))


def check(turns: tuple[Turn, ...], secret: str) -> None:
    """The promises that hold for every call that tells ``secret``."""
    result = redact(turns, RULES)
    assert not survives(secret, result.turns)
    again = redact(result.turns, RULES)
    assert again.turns == result.turns
    assert again.redactions == ()
    for plain in _PLAIN:
        assert [turn.text for turn in turns].count(plain) == [turn.text for turn in result.turns].count(plain)


BSNS = (
    st.integers(1_000_000, 99_999_999)
    .map(lambda n: f"{n:08d}")
    .filter(lambda body: bsn_checks.is_valid(body + _check_digit(body)))
)


def _check_digit(body: str) -> str:
    return str(bsn_checks.checksum(body + "0") % 11 % 10)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), body=BSNS)
def test_no_citizen_service_number_survives(data: st.DataObject, body: str) -> None:
    secret = body + _check_digit(body)
    chunks = data.draw(said(secret))
    frames = ("mijn bsn is ", "mijn burgerservicenummer is ", "het bsn dat is ")
    check(data.draw(dialogue("mag ik uw burgerservicenummer", frames, chunks)), secret)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), tail=st.text("0123456789", min_size=8, max_size=8))
def test_no_telephone_number_survives(data: st.DataObject, tail: str) -> None:
    secret = "06" + tail
    chunks = data.draw(said(secret))
    if data.draw(st.booleans()):
        chunks = ["nul zes", *data.draw(said(tail))]
    frames = ("mijn telefoonnummer is ", "u kunt mij bellen op ", "mijn nummer is ")
    check(data.draw(dialogue("op welk nummer bent u bereikbaar", frames, chunks)), secret)


@settings(max_examples=50, deadline=None)
@given(
    data=st.data(), bank=st.sampled_from(("ABNA", "INGB", "RABO")), tail=st.text("0123456789", min_size=10, max_size=10)
)
def test_no_account_number_survives(data: st.DataObject, bank: str, tail: str) -> None:
    check_digits = iban_checks.calc_check_digits(f"NL00{bank}{tail}")
    spoken_bank = data.draw(st.sampled_from((bank.lower(), " ".join(bank.lower()))))
    chunks = data.draw(said(tail))
    chunks[0] = f"n l {' '.join(_ONES[int(d)] for d in check_digits)} {spoken_bank} {chunks[0]}"
    check(data.draw(dialogue("wat is uw rekeningnummer", ("mijn rekeningnummer is ", "mijn iban is "), chunks)), tail)


@settings(max_examples=50, deadline=None)
@given(
    data=st.data(),
    digits=st.integers(1000, 9999).map(str),
    letters=st.text("abcdefghjklmnprstvwxz", min_size=2, max_size=2),
    house=st.integers(1, 99),
)
def test_no_postcode_survives(data: st.DataObject, digits: str, letters: str, house: int) -> None:
    spoken = f"{' '.join(data.draw(said(digits)))} {' '.join(letters)}"
    number = _ONES[house] if house < 10 else pair_word(house)
    frames = ("mijn postcode is ", "ik heb postcode ")
    turns = data.draw(dialogue("wat is uw postcode en huisnummer", frames, [f"{spoken} nummer {number}"]))
    check(turns, digits)
    told = [turn.text for turn in redact(turns, RULES).turns if "<POSTCODE>" in turn.text]
    assert told
    assert "<POSTCODE> nummer <HUISNUMMER>" in told[0]


@settings(max_examples=50, deadline=None)
@given(
    local=st.lists(
        st.sampled_from(("jan", "fatima", "jansen", "yilmaz", "tuinman", "kees", "krullenbol")), min_size=1, max_size=3
    ),
    joint=st.sampled_from((" punt ", " streepje ", " underscore ")),
    digits=st.integers(10, 9999),
    domain=st.sampled_from(("gmail punt com", "ziggo punt nl", "mijnbedrijfje punt nl")),
    at=st.sampled_from(("apenstaartje", "apestaartje")),
)
def test_no_mail_address_survives(local: list[str], joint: str, digits: int, domain: str, at: str) -> None:
    spoken = joint.join(local) + " " + " ".join(_ONES[int(d)] for d in str(digits))
    turns = turns_of([(Role.AGENT, "wat is uw mailadres"), (Role.CALLER, f"dat is {spoken} {at} {domain}")])
    assert redact(turns, RULES).turns[1].text == "dat is <EMAIL>"


@settings(max_examples=50, deadline=None)
@given(
    digits=st.text("0123456789", min_size=6, max_size=14),
    gaps=st.lists(st.sampled_from(("", " ", "-", ".")), min_size=14, max_size=14),
)
def test_no_long_written_number_survives(digits: str, gaps: list[str]) -> None:
    written = "".join(digit + gap for digit, gap in zip(digits, gaps, strict=False)).rstrip(" -.")
    public = [pattern for pattern in RULES.guards.public if pattern.fullmatch(digits)]
    dated = re.fullmatch(r"\d{1,2}[-.]\d{1,2}[-.]\d{2,4}", written)
    if public or dated or re.search(r"(?<!\d)\d{1,2}[-.]\d{1,2}[-.]\d{2,4}(?!\d)|\d\.\d", written):
        return
    turns = turns_of([(Role.CALLER, f"Er staat {written} op het papier.")])
    assert not survives(digits, redact(turns, RULES).turns)


WORDS = st.text(min_size=1, max_size=12).filter(lambda text: bool(text.strip()) and not re.search(r"\s", text))
_SPOKEN = """
    mijn bsn is een twee drie nul zes jan de van punt apenstaartje gmail kerkstraat nummer twaalf a b van anna nee ja
    euro postcode 1234 AB 06-12345678 maart geboren mevrouw ik ben met u <BSN> <NAAM> 12-03-1980 tachtig dubbel
"""
SPOKEN = st.sampled_from(_SPOKEN.split())


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(Role)), st.lists(WORDS | SPOKEN, min_size=1, max_size=25)), max_size=6))
def test_whatever_is_said_the_result_is_well_formed(lines: list[tuple[Role, list[str]]]) -> None:
    turns = turns_of([(role, " ".join(words)) for role, words in lines])
    findings = find(turns, RULES)
    result = redact(turns, RULES)
    assert len(result.turns) == len(turns)
    assert len(result.redactions) == len(findings)
    for before, after in zip(turns, result.turns, strict=True):
        assert after.span == before.span
        assert after.role is before.role
        assert after.words
    masked = {(f.first[0], place) for f in findings for place in range(f.first[1], f.last[1] + 1)}
    for number, (before, after) in enumerate(zip(turns, result.turns, strict=True)):
        kept = [word for place, word in enumerate(before.words) if (number, place) not in masked]
        assert [word for word in after.words if word in kept] == kept
        assert len(after.words) == len(kept) + sum(f.first[0] == number for f in findings)
    for found, redaction in zip(findings, result.redactions, strict=True):
        words = turns[found.first[0]].words[found.first[1] : found.last[1] + 1]
        assert redaction.turn == found.first[0] == found.last[0]
        assert redaction.kind == found.kind
        assert redaction.span == Span.cover(word.span for word in words)
        mark = next(word for word in result.turns[found.first[0]].words if word.span == redaction.span)
        assert mark.text == RULES.mark(found.kind)
        assert mark.probability == min(word.probability for word in words)
    assert redact(result.turns, RULES).turns == result.turns


_UNHEARD = ("wierdelaar", "Ostrova", "yskander,", "Öçalı")
_STAYS = ("ik", "het", "mevrouw", "mei", "paspoort", "<NAAM>", "zeven", "12", "goedemorgen", "wethouder", "een")


@st.composite
def spotted_calls(draw: st.DrawFn, spots: st.SearchStrategy[str]) -> tuple[tuple[Turn, ...], tuple[SpottedName, ...]]:
    """A call in which ``spots`` stand among other words, and what a model says of it: one score for each of them."""
    lines = draw(
        st.lists(
            st.tuples(
                st.sampled_from(list(Role)),
                st.lists(
                    st.tuples(SPOKEN, st.just(value=False)) | st.tuples(spots, st.just(value=True)),
                    min_size=1,
                    max_size=15,
                ),
            ),
            min_size=1,
            max_size=5,
        )
    )
    turns = turns_of([(role, " ".join(word for word, _ in words)) for role, words in lines])
    marked = [[float(spot) for _, spot in words] for _, words in lines]
    return turns, tuple(replace(name, score=0.7) for name in spotted(marked, 0.5))


@settings(max_examples=60, deadline=None)
@given(spotted_calls(st.sampled_from(_UNHEARD)))
def test_what_a_model_spots_is_masked_wholly(call: tuple[tuple[Turn, ...], tuple[SpottedName, ...]]) -> None:
    turns, names = call
    findings = find(turns, RULES, names)
    masked = {(f.first[0], place) for f in findings for place in range(f.first[1], f.last[1] + 1)}
    assert {(name.turn, word) for name in names for word in range(name.first, name.last + 1)} <= masked
    result = redact(turns, RULES, names)
    again = redact(result.turns, RULES)
    assert again.turns == result.turns
    assert again.redactions == ()


@settings(max_examples=40, deadline=None)
@given(spotted_calls(st.sampled_from(_STAYS)))
def test_what_a_rule_protects_stays_whatever_a_model_spots(
    call: tuple[tuple[Turn, ...], tuple[SpottedName, ...]],
) -> None:
    turns, names = call
    assert redact(turns, RULES, names) == redact(turns, RULES)


def test_the_check_sees_a_number_that_nobody_masked() -> None:
    turns = turns_of([(Role.CALLER, "mijn bsn is een twee drieënveertig eh vijf zes zeven acht twee")])
    assert survives("124356782", turns)
    assert not survives("124356782", redact(turns, RULES).turns)


def test_nothing_said_gives_nothing() -> None:
    assert redact((), RULES).turns == ()
    assert redact((), RULES).redactions == ()
    assert find((), RULES) == ()
