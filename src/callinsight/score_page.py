"""The scores as one HTML file that needs nothing beside it: for whoever decides whether the figures are good enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from callinsight.core.taxonomy import Taxonomy
from callinsight.evaluate import Evaluation
from callinsight.scoring import LabelScore

ALL = "all"
NOTABLE_GAP = 0.05
"""From this difference with all calls on, a group is named as one that is served worse: five words in a hundred."""

FEW_CALLS = 10
"""A group of fewer calls says little about the group."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A score: its name, what it says in plain Dutch, its unit, and whether more of it is better."""

    label: str
    says: str
    unit: str = "%"
    more_is_better: bool = True


MEASURES = {
    "wer": Measure("Woordfouten", "van elke 100 gesproken woorden: fout, gemist of erbij verzonnen", "%", False),
    "word_time_error_ms_p50": Measure("Fout in woordtijd", "de helft van de woorden zit er minder naast", "ms", False),
    "der": Measure("Sprekerfout", "deel van de spreektijd bij de verkeerde of bij geen spreker (mono)", "%", False),
    "role_accuracy": Measure("Rollen goed", "medewerker en beller niet verwisseld"),
    "wrong_speaker_words": Measure("Woorden bij de verkeerde", "goed verstaan, maar bij de ander gezet", "%", False),
    "hallucinated_words_per_hour": Measure(
        "Verzonnen woorden", "woorden per uur waarin niemand sprak", "per uur", False
    ),
    "topic_f1_macro": Measure("Onderwerp", "F1, elk onderwerp telt even zwaar"),
    "facet_f1_macro": Measure("Specifieke vraag", "F1, elke vraag telt even zwaar"),
    "need_f1_micro": Measure("Behoefte", "F1 over alle behoeften samen"),
    "signal_f1_micro": Measure("Signaal", "F1 over alle signalen samen"),
    "outcome_accuracy": Measure("Afloop", "deel van de gesprekken met de juiste afloop"),
    "pii_recall": Measure("Persoonsgegevens gevonden", "deel dat onleesbaar is gemaakt"),
    "pii_precision": Measure("Terecht onleesbaar", "deel van de maskering dat echt een persoonsgegeven was"),
}

GROUPS = {ALL: "alle", "elderly": "ouderen", "non-native": "anderstalig"}
LEVELS = {"topic": "Onderwerpen", "facet": "Specifieke vragen", "need": "Behoeften", "signal": "Signalen"}


def shown(key: str, value: float | None) -> str:
    """A score as it is printed: shares in percent with a decimal comma, "-" where nothing was measured."""
    if value is None:
        return "-"
    unit = MEASURES[key].unit
    number = f"{100 * value:.1f}" if unit == "%" else f"{value:.0f}"
    return number.replace(".", ",") + (" %" if unit == "%" else " " + unit)


def served_worse(found: Evaluation) -> list[str]:
    """A sentence for each group whose word error is clearly above that of all calls."""
    overall = found.scores[ALL]["wer"]
    sentences = []
    for group, scores in found.scores.items():
        error = scores["wer"]
        if group == ALL or overall is None or error is None or error - overall < NOTABLE_GAP:
            continue
        few = (
            " Zo weinig gesprekken zeggen niet veel: meet er meer voor u besluit."
            if found.calls[group] < FEW_CALLS
            else ""
        )
        name = GROUPS.get(group, group)
        sentences.append(
            f"Groep “{name}” (gesprekken: {found.calls[group]}): {shown('wer', error)} van de woorden is fout, "
            f"tegen {shown('wer', overall)} bij alle gesprekken.{few}"
        )
    return sentences


def labelled(score: LabelScore, taxonomy: Taxonomy) -> str:
    """The label in plain Dutch; its id where the taxonomy does not know it."""
    try:
        if score.level == "facet":
            topic, _, facet = score.label.partition("/")
            return f"{taxonomy.topic_label(topic)}: {taxonomy.facet_label(topic, facet)}"
        if score.level == "topic":
            return taxonomy.topic_label(score.label)
        kinds = taxonomy.needs if score.level == "need" else taxonomy.signals
        return str(kinds[score.label].label)
    except KeyError:
        return score.label


def write(path: Path, found: Evaluation, taxonomy: Taxonomy, *, profile: str, folder: str, made_at: datetime) -> None:
    """Write the page to ``path``; ``folder`` is the name of the folder that was scored. Raises ``OSError``."""
    from jinja2 import Environment, PackageLoader, select_autoescape

    environment = Environment(
        loader=PackageLoader("callinsight", "pages"), autoescape=select_autoescape(default=True), trim_blocks=True
    )
    page = environment.get_template("scores.html.j2").render(
        profile=profile,
        folder=folder,
        made_at=made_at,
        calls=found.calls,
        failed=found.failed,
        groups=[(GROUPS.get(group, group), found.calls[group]) for group in found.scores],
        rows=[
            (measure, [shown(key, scores[key]) for scores in found.scores.values()])
            for key, measure in MEASURES.items()
        ],
        worse=served_worse(found),
        levels=[(title, _rows(found.labels, level, taxonomy)) for level, title in LEVELS.items()],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _rows(labels: Sequence[LabelScore], level: str, taxonomy: Taxonomy) -> list[tuple[str, LabelScore, list[str]]]:
    return [
        (labelled(one, taxonomy), one, [shown("pii_recall", share) for share in (one.precision, one.recall, one.f1)])
        for one in labels
        if one.level == level
    ]
