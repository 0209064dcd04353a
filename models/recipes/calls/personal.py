"""Personal data as people say it on the phone, with the markup that tells where it is.

Every function gives text in which personal data stands in brackets, ``[kind:spoken words]``; `grammar.parse` turns that
into words and spans. All people are invented. Citizen service numbers are the two public test numbers, telephone
numbers and account numbers are made up or published examples.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from grammar import names, table

DIGITS = ("nul", "een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen")
_TEENS = ("tien", "elf", "twaalf", "dertien", "veertien", "vijftien", "zestien", "zeventien", "achttien", "negentien")
_TENS = ("", "", "twintig", "dertig", "veertig", "vijftig", "zestig", "zeventig", "tachtig", "negentig")
TEST_BSNS = ("111222333", "123456782")
EXAMPLE_IBANS = ("NL91ABNA0417164300", "NL20INGB0001234567", "NL12RABO0123456789", "NL44TRIO0212345678")


def _alphabet() -> dict[str, list[str]]:
    found: dict[str, list[str]] = table("personal")["spelling"]
    return found


def number(value: int) -> str:
    """0 to 9,999 as one Dutch word (1985 as a count: "duizendnegenhonderdvijfentachtig")."""
    if value < 10:
        return DIGITS[value]
    if value < 20:
        return _TEENS[value - 10]
    if value < 100:
        tens, ones = divmod(value, 10)
        if not ones:
            return _TENS[tens]
        return DIGITS[ones] + ("ën" if ones in (2, 3) else "en") + _TENS[tens]
    if value < 1000:
        hundreds, rest = divmod(value, 100)
        return ("" if hundreds == 1 else DIGITS[hundreds]) + "honderd" + (number(rest) if rest else "")
    hundreds, rest = divmod(value, 100)
    if hundreds % 10:
        return number(hundreds) + "honderd" + (number(rest) if rest else "")
    return ("" if hundreds == 10 else number(hundreds // 10)) + "duizend" + (number(rest) if rest else "")


def year(value: int) -> str:
    """1985 -> "negentien vijfentachtig", 2003 -> "tweeduizenddrie"."""
    if value >= 2000:
        return number(value)
    return f"negentien {number(value - 1900)}"


def digits(rng: random.Random, run: str) -> str:
    """A run of digits in one of the ways people say it: one by one, in pairs, with doubles and threefolds."""
    style = rng.choice(("single", "single", "pairs", "mixed"))
    words, at = [], 0
    while at < len(run):
        if run[at : at + 3] == run[at] * 3 and style == "mixed" and rng.random() < 0.6:
            words += ["drie", "keer", DIGITS[int(run[at])]]
            at += 3
            continue
        if run[at : at + 2] == run[at] * 2 and len(run) > at + 1 and style == "mixed" and rng.random() < 0.6:
            words += ["dubbel", DIGITS[int(run[at])]]
            at += 2
            continue
        pair = run[at : at + 2]
        if len(pair) == 2 and pair[0] != "0" and (style == "pairs" or (style == "mixed" and rng.random() < 0.3)):
            words.append(number(int(pair)))
            at += 2
            continue
        words.append(DIGITS[int(run[at])])
        at += 1
    return " ".join(words)


def letters(rng: random.Random, run: str) -> str:
    """Letters said alone, "a van anna", or by a word of the Dutch or the NATO alphabet."""
    style, words = rng.choice(("alone", "alone", "van", "dutch", "nato")), []
    for letter in run.lower():
        word = rng.choice(_alphabet()[letter])
        words.append(
            {"alone": letter, "van": f"{letter} van {word}", "dutch": word, "nato": table("personal")["nato"][letter]}[
                style
            ]
        )
    return " ".join(words)


def halting(rng: random.Random, spoken: str) -> str:
    """Now and then a filler inside the run, or a slip that is corrected at once."""
    words = spoken.split()
    if len(words) > 4 and rng.random() < 0.25:
        words.insert(rng.randrange(2, len(words) - 1), rng.choice(("eh", "uh", "en dan", "uhm")))
    if len(words) > 5 and rng.random() < 0.15:
        at = rng.randrange(2, len(words) - 1)
        wrong = rng.choice(DIGITS)
        words[at:at] = [wrong, rng.choice(("nee", "nee wacht", "sorry"))]
    return " ".join(words)


def bsn(rng: random.Random) -> tuple[str, ...]:
    run = rng.choice(TEST_BSNS)
    if rng.random() < 0.2:
        return tuple(number(int(run[at : at + 3])) for at in (0, 3, 6))
    if rng.random() < 0.3:
        return digits(rng, run[:4]), digits(rng, run[4:6]), digits(rng, run[6:])
    return digits(rng, run[:3]), digits(rng, run[3:6]), digits(rng, run[6:])


def phone(rng: random.Random) -> tuple[str, ...]:
    run = rng.choice(("12345678", "00000000"[: rng.randint(2, 4)] + "98765432"))[:8]
    if rng.random() < 0.5:
        run = "12" + "".join(rng.choice("345678") for _ in range(6))
    if rng.random() < 0.1:
        return "plus eenendertig", "zes", digits(rng, run[:4]), digits(rng, run[4:])
    return "nul zes", digits(rng, run[:2]), digits(rng, run[2:4]), digits(rng, run[4:6]), digits(rng, run[6:])


def iban(rng: random.Random) -> tuple[str, ...]:
    value = rng.choice(EXAMPLE_IBANS)
    bank = {"ABNA": "abna", "INGB": "ingb", "RABO": "rabo", "TRIO": "trio"}[value[4:8]]
    said = bank if bank in ("rabo", "trio") and rng.random() < 0.6 else " ".join(bank)
    return "n l " + digits(rng, value[2:4]), said, digits(rng, value[8:12]), digits(rng, value[12:])


def postcode(rng: random.Random) -> tuple[str, ...]:
    run = str(rng.randint(1000, 9899))
    four = rng.choice(
        (digits(rng, run), f"{number(int(run[:2]))} {_rest(run[2:])}", f"{number(int(run[:2]))} {_rest(run[2:])}")
    )
    return four, letters(rng, "".join(rng.choice("abcdeghjklmnprstvwxz") for _ in range(2)))


def _rest(pair: str) -> str:
    return "honderd" if pair == "00" else number(int(pair)) if pair[0] != "0" else f"nul {DIGITS[int(pair[1])]}"


def house_number(rng: random.Random) -> tuple[str, ...]:
    addition = rng.choice(("", "", "", "", " a", " b", " bis", " hoog"))
    return (number(rng.randint(1, 180)) + addition,)


def licence_plate(rng: random.Random) -> tuple[str, ...]:
    shape = rng.choice(("XX-99-99", "99-XX-99", "XX-99-XX", "99-XX-XX", "99-XXX-9", "9-XXX-99", "XX-999-X", "X-999-XX"))
    parts = []
    for piece in shape.split("-"):
        run = "".join(rng.choice("bdfghjklnprstvxz") if c == "X" else rng.choice("123456789") for c in piece)
        parts.append(digits(rng, run) if run.isdigit() else letters(rng, run))
    return tuple(parts)


def travel_document(rng: random.Random) -> tuple[str, ...]:
    tail = "".join(rng.choice("0123456789") for _ in range(3))
    return (
        letters(rng, rng.choice("NI") + rng.choice("ABCDEFGHJKLMNPRSTUVWX")),
        digits(rng, tail),
        digits(rng, "".join(rng.choice("123456789") for _ in range(4))),
    )


def date_of_birth(rng: random.Random) -> tuple[str, ...]:
    day, month, born = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1935, 2005)
    name = table("common")["shared"]["month"][month - 1]
    return f"{number(day)} {rng.choice((name, name, number(month)))}", year(born)


def email(rng: random.Random, split: str) -> tuple[str, ...]:
    first, last = rng.choice(names("firstname", split)), rng.choice(names("lastname", split)).split()[-1]
    local = rng.choice(
        (
            f"{first} punt {last}",
            f"{letters(rng, first[0])} punt {last}",
            f"{first} {last} aan elkaar",
            f"{first} streepje {last}",
            " ".join(last),
            f"{first} {number(rng.randint(10, 99))}",
        )
    )
    return (
        local,
        rng.choice(("apenstaartje", "at")),
        f"{rng.choice(names('provider', split))} punt {rng.choice(('nl', 'com', 'nl'))}",
    )


def _run(length: int) -> Callable[[random.Random], tuple[str, ...]]:
    def spoken(rng: random.Random) -> tuple[str, ...]:
        run = str(rng.randint(1, 9)) + "".join(rng.choice("0123456789") for _ in range(length - 1))
        half = max(2, length // 2)
        return tuple(digits(rng, piece) for piece in (run[:half], run[half:]) if piece)

    return spoken


def street(rng: random.Random, split: str) -> tuple[str, ...]:
    return (rng.choice(names("street", split)),)


MAKERS: dict[str, Callable[[random.Random], tuple[str, ...]]] = {
    "bsn": bsn, "phone": phone, "iban": iban, "postcode": postcode, "house_number": house_number,
    "licence_plate": licence_plate, "travel_document": travel_document, "date_of_birth": date_of_birth,
    "case_number": _run(6), "kvk_vestiging": _run(8), "digid_secret": _run(6), "driving_licence_number": _run(10),
    "v_number": _run(10),
}  # fmt: skip


def spoken_by_caller(rng: random.Random, kind: str, split: str) -> tuple[str, tuple[str, ...]]:
    """A caller's sentence with the datum, and the datum's chunks for reading back."""
    frames = table("personal")["frames"]
    if kind == "person_name":
        full = f"{rng.choice(names('firstname', split))} {rng.choice(names('lastname', split))}"
        spelled = full.split()[-1]
        tail = f" [person_name:{letters_of_name(rng, spelled)}]" if rng.random() < 0.3 else ""
        return rng.choice(("[person_name:$x]", "mijn naam is [person_name:$x]")).replace("$x", full) + tail, (full,)
    if kind == "street":
        where, at = street(rng, split)[0], house_number(rng)[0]
        frame = rng.choice(frames["address"])
        return frame.replace("$s", where).replace("$h", at), (where,)
    if kind == "postcode":
        code, at = postcode(rng), house_number(rng)[0]
        frame = rng.choice(frames["postcode"])
        return frame.replace("$x", " ".join(code)).replace("$h", at), code
    chunks = email(rng, split) if kind == "email" else MAKERS[kind](rng)
    frame = rng.choice(frames.get(kind, frames["default"]))
    return frame.replace("$x", f"[{kind}:{halting(rng, ' '.join(chunks))}]"), chunks


def letters_of_name(rng: random.Random, name: str) -> str:
    """A name spelled out; other alphabets than the plain letters only now and then."""
    run = "".join(c for c in name.lower() if c in _alphabet())
    return " ".join(run) if rng.random() < 0.8 else letters(rng, run)
