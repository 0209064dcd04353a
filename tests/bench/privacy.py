"""Recall and precision of redaction, per kind, on generated calls: ``python tests/bench/privacy.py``.

The text is the reference: the words that were spoken, lower case, without punctuation, numbers as words.
``--noise 0.1`` spoils one in ten of them as a recogniser might (a letter misheard, a word lost, two words glued).
A span counts as found when every word of it is masked, by whatever mark; a mark counts as right when it touches a
span. The bundled model for names helps the rules, unless ``--no-model`` is given. ``--strangers`` gives everybody a
name that is in no list of the rules and that no model was trained on; ``--strangers georgian,tamil`` takes origins of
which the model met no name at all. ``--misses`` and ``--extras`` print what went wrong (all people in these calls are
invented).
"""

import argparse
import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from callinsight.core.redaction import Finding, find
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.spotting import SpottedName
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.engines import names as spotters
from callinsight.privacy_files import load_rules

ROOT = Path(__file__).resolve().parents[2]
_ROLES = {"agent": Role.AGENT, "caller": Role.CALLER, "system": Role.SYSTEM}
_WORD_MS = 300
_NUMBERS = ("bsn", "phone", "iban", "postcode", "email")


def strangers(lines: Any, rng: random.Random, rules: RedactionRules, origins: str) -> list[Any]:
    """The lines of a call in which everybody is called otherwise: by names that neither rules nor model were given."""
    from people import People  # type: ignore[import-not-found]
    from sentences import Renamer  # type: ignore[import-not-found]

    known = rules.names
    barred = known.first_names | known.surnames | known.ambiguous_first_names | known.ambiguous_surnames
    barred |= known.common_words | known.function_words
    chosen = [origin for origin in origins.split(",") if origin]
    renamed: list[Any] = Renamer(rng, People("test", barred, chosen, either=False)).scripted(lines)
    return renamed


def turns_of(script: Any) -> tuple[tuple[Turn, ...], list[tuple[str, int, int, int]]]:
    """The spoken lines of a generated call as turns, and its personal data as (kind, turn, first word, last word)."""
    turns: list[Turn] = []
    spans: list[tuple[str, int, int, int]] = []
    at_ms = 0
    for line in script:
        if line.sound or not line.text.split():
            continue
        words = []
        for text in line.text.split():
            words.append(Word(Span(at_ms, at_ms + _WORD_MS), text, 1.0))
            at_ms += _WORD_MS
        spans += [(span.kind, len(turns), span.first_word, span.last_word) for span in line.spans]
        turns.append(Turn(Span(words[0].span.start_ms, at_ms), _ROLES[line.role], tuple(words)))
    return tuple(turns), spans


def spoiled(
    rng: random.Random, share: float, turns: tuple[Turn, ...], truth: list[tuple[str, int, int, int]]
) -> tuple[tuple[Turn, ...], list[tuple[str, int, int, int]]]:
    """The call with a ``share`` of its words misheard, lost or glued to the next, and its spans moved along."""
    places: dict[tuple[int, int], int] = {}
    worse: list[Turn] = []
    for number, turn in enumerate(turns):
        words: list[Word] = []
        glue = ""
        for place, word in enumerate(turn.words):
            text, glue = glue + word.text, ""
            places[number, place] = len(words)
            if rng.random() < share:
                way = rng.choice(("letter", "letter", "lost", "glued"))
                last = place == len(turn.words) - 1
                if way == "letter" and len(text) > 1:
                    at = rng.randrange(len(text))
                    text = text[:at] + rng.choice("aeinrtd") + text[at + 1 :]
                elif way == "lost" and words and not last:
                    continue
                elif way == "glued" and not last:
                    glue = text
                    continue
            words.append(Word(word.span, text, word.probability))
        worse.append(Turn(turn.span, turn.role, tuple(words)))
    moved = [
        (kind, turn, places[turn, first], min(places[turn, last], len(worse[turn].words) - 1))
        for kind, turn, first, last in truth
    ]
    return tuple(worse), moved


def _covered(findings: tuple[Finding, ...]) -> dict[tuple[int, int], str]:
    return {
        (found.first[0], word): found.kind for found in findings for word in range(found.first[1], found.last[1] + 1)
    }


class Score:
    """Counts over all calls."""

    def __init__(self) -> None:
        self.spans: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.named: Counter[str] = Counter()
        self.marks: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.masked_words = 0
        self.right_words = 0
        self.misses: dict[str, list[str]] = defaultdict(list)
        self.extras: dict[str, list[str]] = defaultdict(list)

    def add(self, turns: tuple[Turn, ...], truth: list[tuple[str, int, int, int]], found: tuple[Finding, ...]) -> None:
        """Count one call."""
        covered = _covered(found)
        personal = {(turn, word) for _, turn, first, last in truth for word in range(first, last + 1)}
        for kind, turn, first, last in truth:
            kinds = [covered.get((turn, word)) for word in range(first, last + 1)]
            self.spans[kind] += 1
            self.found[kind] += None not in kinds
            self.named[kind] += kind in kinds
            if None in kinds:
                shown = " ".join(
                    f"_{word.text}_" if (turn, place) not in covered and first <= place <= last else word.text
                    for place, word in enumerate(turns[turn].words)
                )
                before = turns[turn - 1].text[-50:] if turn else ""
                self.misses[kind].append(f"{before} | {shown}")
        for one in found:
            words = range(one.first[1], one.last[1] + 1)
            hit = any((one.first[0], word) in personal for word in words)
            self.marks[one.kind] += 1
            self.right[one.kind] += hit
            self.masked_words += len(words)
            self.right_words += sum((one.first[0], word) in personal for word in words)
            if not hit:
                text = " ".join(turns[one.first[0]].words[word].text for word in words)
                self.extras[one.kind].append(f"{text}  <  {turns[one.first[0]].text}")

    def table(self) -> str:
        """One line per kind, then the sums."""
        lines = [f"{'kind':24}{'spans':>7}{'recall':>9}{'as kind':>9}{'marks':>8}{'precision':>11}"]
        for kind in sorted(set(self.spans) | set(self.marks)):
            spans, marks = self.spans[kind], self.marks[kind]
            lines.append(
                f"{kind:24}{spans:7}{_share(self.found[kind], spans):>9}{_share(self.named[kind], spans):>9}"
                f"{marks:8}{_share(self.right[kind], marks):>11}"
            )
        spans, found = sum(self.spans.values()), sum(self.found.values())
        named, marks, right = (sum(counts.values()) for counts in (self.named, self.marks, self.right))
        lines.append(
            f"{'all':24}{spans:7}{_share(found, spans):>9}{_share(named, spans):>9}{marks:8}{_share(right, marks):>11}"
        )
        core = sum(self.spans[kind] for kind in _NUMBERS), sum(self.found[kind] for kind in _NUMBERS)
        lines.append(f"bsn, phone, iban, postcode, e-mail together: recall {_share(core[1], core[0])}")
        lines.append(f"masked words that are personal: {_share(self.right_words, self.masked_words)}")
        return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "-"


def main() -> None:
    """Generate calls, redact them, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--seed", type=int, default=20260901)
    parser.add_argument("--split", default="test")
    parser.add_argument("--noise", type=float, default=0.0, help="share of words to spoil")
    parser.add_argument("--no-model", action="store_true", help="rules alone")
    parser.add_argument("--model", type=Path, default=ROOT / "models/demo/names", help="folder of the model for names")
    parser.add_argument("--threshold", type=float, help="another threshold than the model's own")
    parser.add_argument("--strangers", nargs="?", const="", metavar="ORIGINS", help="people outside all lists")
    parser.add_argument("--misses", action="store_true", help="print what was not found")
    parser.add_argument("--extras", action="store_true", help="print what was masked without need")
    arguments = parser.parse_args()
    sys.path[:0] = [str(ROOT / "models/recipes/calls"), str(ROOT / "models/recipes/names")]
    from dialogue import Wishes, make_call  # type: ignore[import-not-found]

    rules = load_rules(ROOT / "models/privacy/personal_data.yaml")
    spotter = None if arguments.no_model else spotters.load(arguments.model)
    if spotter and arguments.threshold:
        spotter.threshold = arguments.threshold
    score, words, seconds, model_seconds = Score(), 0, 0.0, 0.0
    for number in range(arguments.calls):
        rng = random.Random(f"{arguments.seed}-{number}")
        size = rng.choice(("short", "short", "medium", "long"))
        lines = make_call(rng, split=arguments.split, wishes=Wishes(size=size)).lines
        if arguments.strangers is not None:
            lines = strangers(lines, rng, rules, arguments.strangers)
        turns, truth = turns_of(lines)
        turns, truth = spoiled(rng, arguments.noise, turns, truth) if arguments.noise else (turns, truth)
        began = time.process_time()
        names: tuple[SpottedName, ...] = spotter.spot([turns])[0] if spotter else ()
        model_seconds += time.process_time() - began
        began = time.process_time()
        found = find(turns, rules, names)
        seconds += time.process_time() - began
        words += sum(len(turn.words) for turn in turns)
        score.add(turns, truth, found)
    for wanted, lists in ((arguments.misses, score.misses), (arguments.extras, score.extras)):
        for kind in sorted(lists) if wanted else ():
            for line in lists[kind]:
                print(f"{kind}: {line}")
    print(score.table())
    per_call = f"rules {seconds / words * 900_000:.1f} ms, model {model_seconds / words * 900_000:.1f} ms of processor"
    print(f"{arguments.calls} calls, {words} words; for 900 words: {per_call}")


if __name__ == "__main__":
    main()
