"""Redaction beside Presidio and deduce: ``make bench-privacy``, or ``PYTHONPATH=tests python -m bench.privacy``.

Blocks of texts: hand-written cases (those that the rules were mended with, those that were held out, and "blind" ones
above all about names, written by someone who had seen neither the rules nor what the model was trained with), generated
calls as they are said and as a large recogniser would write them, and the bundled calls as the bundled model
recognises them. Recall: personal data of which every word is masked, by whatever mark. Precision: marks that touch
personal data. "+ figures" means that a system got the text after our normaliser had turned spoken numbers into
figures; "rules alone" is us without the model for names. In two blocks everybody has a name that is in no list of the
rules and that the model was not trained on, in the second of an origin of which it met no name at all.
``--quick`` takes fewer calls; ``--misses`` and ``--extras`` print what went wrong for us (all people in these
texts are invented), never for the cases that are held out or blind.
"""

import argparse
import json
import platform
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import privacy_peers
from bench.privacy_documents import Document, plain, with_figures
from bench.privacy_recognised import recognised
from bench.privacy_score import Score
from bench.privacy_systems import marks_of
from bench.privacy_texts import FORMS, ROOT, Text, cases, generated, spoiled, strangers
from bench.privacy_written import written
from callinsight.core.redaction import RedactionRules
from callinsight.engines import NameSpotter
from callinsight.engines import names as spotters
from callinsight.privacy_files import load_rules

OURS = "Callinsight"
RULES_ALONE = "rules alone"
_TITLES = {"presidio": "Presidio", "deduce": "deduce"}
_FIGURES = " + figures"
HELD_OUT = "held out"
BLIND = "blind"
"""Title of the texts that nobody may mend by: written without sight of rules and training."""
NEW_ORIGINS = ("georgian", "tamil")
"""Origins that the recipe of the model for names keeps out of its training."""


@dataclass(slots=True)
class Block:
    """Texts of one sort, and the scores of each system on them."""

    title: str
    texts: list[Text]
    spoken: bool
    note: str = ""
    scores: dict[str, Score] = field(default_factory=dict)

    @property
    def systems(self) -> list[str]:
        """The systems in the order of the columns."""
        return list(self.scores)


def blocks_of(arguments: argparse.Namespace, rules: RedactionRules) -> Iterator[Block]:
    """All blocks that were asked for."""
    for title, names in (("hand-written", ("cases", "tricky")), (HELD_OUT, ("held_out",)), (BLIND, ("blind",))):
        lines = [case for name in names for case in cases(name)]
        for form in FORMS:
            of_form = [case for case in lines if case.form == form]
            positive = sum(case.positive for case in of_form)
            note = f"{positive} texts with personal data, {len(of_form) - positive} without"
            yield Block(f"{title}, {form}", [case.text for case in of_form], form == "spoken", note)
    calls = list(generated(arguments.calls, arguments.seed))
    note = f"{len(calls)} calls, seed {arguments.seed}"
    yield Block("generated calls, spoken", calls, True, note)
    rng = random.Random(arguments.seed)
    yield Block("generated calls, written", [written(call, rng, rules) for call in calls], False, note)
    for origins, title in (((), "people outside all lists"), (NEW_ORIGINS, "people of origins never met")):
        renamed = list(strangers(arguments.calls, arguments.seed, rules, origins))
        yield Block(f"generated calls, spoken, {title}", renamed, True, note)
    if arguments.noise:
        worse = [spoiled(call, arguments.noise, rng) for call in calls]
        yield Block(f"generated calls, spoken, {arguments.noise:.0%} of the words spoiled", worse, True, note)
    if not arguments.no_recognised:
        heard = recognised(arguments.recognised)
        lost = sum(one.lost for one in heard)
        note = f"{len(heard)} bundled calls; of {lost} pieces of personal data no word was recognised: not counted"
        yield Block("bundled calls, as recognised", [one.text for one in heard], True, note)


def measure(blocks: Sequence[Block], rules: RedactionRules, spotter: NameSpotter | None, peers: bool) -> list[str]:
    """Fill the scores of all blocks; gives lines about conditions and speed."""
    words = sum(len(turn.words) for block in blocks for text in block.texts for turn in text.turns)
    seconds: dict[str, float] = {}
    for title, names in ((OURS, spotter), (RULES_ALONE, None)) if spotter else ((OURS, None),):
        began = time.process_time()
        for block in blocks:
            block.scores[title] = Score()
            for text in block.texts:
                block.scores[title].add(text, marks_of(text.turns, rules, names))
        seconds[title] = time.process_time() - began
    versions: dict[str, str] = {}
    if peers:
        versions = _measure_peers(blocks, rules, seconds)
    speed = ", ".join(f"{name} {taken:.1f} s" for name, taken in seconds.items())
    return [
        f"rules {rules.version}; Python {platform.python_version()}; "
        + (", ".join(f"{name} {version}" for name, version in versions.items()) or "peers not asked"),
        f"processor time over {words} words, peers over spoken text twice: {speed}",
    ]


def _measure_peers(blocks: Sequence[Block], rules: RedactionRules, seconds: dict[str, float]) -> dict[str, str]:
    jobs: list[tuple[Block, str, Text, Document]] = []
    for block in blocks:
        jobs += [(block, "", text, plain(text.turns)) for text in block.texts]
        if block.spoken:
            jobs += [(block, _FIGURES, text, with_figures(text.turns, rules)) for text in block.texts]
    answers = privacy_peers.ask([document for _, _, _, document in jobs])
    for peer in privacy_peers.PEERS:
        for (block, suffix, text, _), marks in zip(jobs, answers.marks[peer], strict=True):
            block.scores.setdefault(_TITLES[peer] + suffix, Score()).add(text, marks)
        seconds[_TITLES[peer]] = answers.seconds[peer]
    return answers.versions


def table(block: Block) -> str:
    """The block as a table in Markdown: recall and precision of each system by kind, then false alarms."""
    score = block.scores[OURS]
    lines = [f"### {block.title}", "", block.note, ""]
    lines.append("| kind | n | " + " | ".join(f"{name}: recall | precision" for name in block.systems) + " |")
    lines.append("| --- |" + " ---: |" * (1 + 2 * len(block.systems)))
    for name, kinds in score.rows():
        cells = [name, str(sum(score.known[kind] for kind in kinds))]
        for system in block.systems:
            theirs = block.scores[system]
            cells += [_share(theirs.recall(kinds)), _share(theirs.precision(kinds))]
        lines.append("| " + " | ".join(cells) + " |")
    if score.clean_texts:
        cells = ["texts with a false alarm", str(score.clean_texts)]
        for system in block.systems:
            cells += [str(block.scores[system].false_alarms), ""]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def document_of(blocks: Sequence[Block], conditions: Sequence[str]) -> dict[str, object]:
    """All figures, for ``--json``."""
    return {
        "conditions": list(conditions),
        "blocks": [
            {
                "title": block.title,
                "note": block.note,
                "systems": {
                    name: {
                        "known": dict(score.known),
                        "found": dict(score.found),
                        "marks": dict(score.marks),
                        "right": dict(score.right),
                        "clean_texts": score.clean_texts,
                        "false_alarms": score.false_alarms,
                    }
                    for name, score in block.scores.items()
                },
            }
            for block in blocks
        ],
    }


def _print_wrong(blocks: Sequence[Block], arguments: argparse.Namespace) -> None:
    for block in blocks:
        if block.title.startswith((HELD_OUT, BLIND)):
            continue
        score = block.scores[OURS]
        for name, lists in (("missed", score.misses), ("extra", score.extras)):
            wanted = arguments.misses if name == "missed" else arguments.extras
            for kind in sorted(lists) if wanted else ():
                for line in lists[kind]:
                    print(f"{block.title}: {name} {kind}: {line}")


def main() -> None:
    """Build the blocks, let everybody read them, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=500, help="how many calls to generate")
    parser.add_argument("--seed", type=int, default=20260901)
    parser.add_argument("--noise", type=float, default=0.0, help="one block more: this share of spoken words spoiled")
    parser.add_argument("--recognised", type=int, help="only so many bundled calls, by name")
    parser.add_argument("--no-recognised", action="store_true", help="no engines")
    parser.add_argument("--model", type=Path, default=ROOT / "models/demo/names", help="folder of the model for names")
    parser.add_argument("--threshold", type=float, help="another threshold than that model's own")
    parser.add_argument("--no-model", action="store_true", help="the rules alone")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--quick", action="store_true", help="100 generated calls and 12 bundled ones")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all counts here as well")
    parser.add_argument("--misses", action="store_true", help="print what was not found")
    parser.add_argument("--extras", action="store_true", help="print what was masked without need")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.calls, arguments.recognised = min(arguments.calls, 100), 12
    peers = not arguments.no_peers and privacy_peers.installed()
    if not peers and not arguments.no_peers:
        print("Presidio and deduce are not there: `make build/peers/.installed` puts them in place\n")
    rules = load_rules(ROOT / "models/privacy/personal_data.yaml")
    blocks = list(blocks_of(arguments, rules))
    spotter = None if arguments.no_model else spotters.load(arguments.model)
    if spotter and arguments.threshold:
        spotter.threshold = arguments.threshold
    conditions = measure(blocks, rules, spotter, peers)
    _print_wrong(blocks, arguments)
    for block in blocks:
        print(table(block))
    print("\n".join(conditions))
    if arguments.json:
        arguments.json.write_text(json.dumps(document_of(blocks, conditions), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
