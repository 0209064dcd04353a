"""A municipality's own additions to the taxonomy: the file's schema, and reading it.

The file says what is added, merged, hidden, relabelled and how else things are said; it never repeats or edits ours, so
that a newer taxonomy of ours can be taken with the same file. What follows from it is in ``callinsight.overlaid``.
"""

import hashlib
import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from callinsight.core.taxonomy import Party, Preventable, Resolution
from callinsight.core.taxonomy_reader import nearest
from callinsight.core.values import Severity
from callinsight.errors import SettingsError

PREFIX = "x-"
"""Ids that a municipality adds begin with it; none of ours ever will."""

KINDS = ("topics", "questions", "needs", "outcomes", "signals", "life_events")
"""What can be added, merged, hidden and relabelled. A question is ``topic/id``, or ``id`` when it fits all topics."""


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("names something twice")
    return values


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Texts = Annotated[tuple[Text, ...], AfterValidator(_once)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Said(_Part):
    """How people say it: words and phrases that give it away, and whole sentences."""

    cues: Texts = ()
    examples: Texts = ()


class NewDomain(_Part):
    """A group of topics."""

    label: Text
    sensitive: bool = False
    area: Text | None = None


class NewTopic(Said):
    """A subject that residents phone about; the keys are those of our topics."""

    label: Text
    domain: Text
    tier: Literal[1, 2] = 2
    sensitive: bool = False
    area: Text | None = None
    report_category: Text | None = None
    upl: Texts = ()
    facets: Texts = ()
    needs: Texts = ()
    related: Texts = ()


class NewQuestion(Said):
    """A sub-question of one topic, or of all."""

    label: Text
    section: Text = "tekst"
    preventable: Preventable = Preventable.DEPENDS


class NewNeed(Said):
    """A need behind questions."""

    label: Text
    areas: Texts = ()


class NewOutcome(Said):
    """A way in which a call ends; cues and examples are an agent's words."""

    label: Text
    kiss: Text | None = None
    fcr: Resolution


class NewSignal(_Part):
    """Something that deserves attention, with the patterns that find it; see ``signal_rules.yaml`` for those."""

    label: Text
    party: Party
    severity: Severity
    any: Annotated[Texts, Field(min_length=1)]
    unless: Texts = ()
    within_words: Annotated[int, Field(ge=0)] = 12
    negation: Literal["heed", "ignore"] = "heed"


class NewLifeEvent(_Part):
    """A moment in a life that bundles topics."""

    label: Text
    topics: Annotated[Texts, Field(min_length=1)]


class Added(_Part):
    """New entries by id."""

    domains: dict[str, NewDomain] = {}
    topics: dict[str, NewTopic] = {}
    questions: dict[str, NewQuestion] = {}
    needs: dict[str, NewNeed] = {}
    outcomes: dict[str, NewOutcome] = {}
    signals: dict[str, NewSignal] = {}
    life_events: dict[str, NewLifeEvent] = {}


class Merged(_Part):
    """By id the entry that it counts as from now on."""

    topics: dict[str, str] = {}
    questions: dict[str, str] = {}
    needs: dict[str, str] = {}
    outcomes: dict[str, str] = {}
    signals: dict[str, str] = {}
    life_events: dict[str, str] = {}


class Hidden(_Part):
    """Ids of entries that are not given any more."""

    topics: Texts = ()
    questions: Texts = ()
    needs: Texts = ()
    outcomes: Texts = ()
    signals: Texts = ()
    life_events: Texts = ()


class Relabelled(_Part):
    """By id another label; the id stays."""

    domains: dict[str, Text] = {}
    topics: dict[str, Text] = {}
    questions: dict[str, Text] = {}
    needs: dict[str, Text] = {}
    outcomes: dict[str, Text] = {}
    signals: dict[str, Text] = {}
    life_events: dict[str, Text] = {}


class Extended(_Part):
    """By id more cues and sentences for an entry that is there already."""

    topics: dict[str, Said] = {}
    questions: dict[str, Said] = {}
    needs: dict[str, Said] = {}
    outcomes: dict[str, Said] = {}


class Overlay(_Part):
    """The whole file. ``version`` is the municipality's own, to be raised with every change."""

    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+([.-][A-Za-z0-9]+)*$", max_length=24)]
    add: Added = Added()
    merge: Merged = Merged()
    hide: Hidden = Hidden()
    relabel: Relabelled = Relabelled()
    extend: Extended = Extended()

    @property
    def changes_nothing(self) -> bool:
        """Whether no section holds anything."""
        sections = (self.add, self.merge, self.hide, self.relabel, self.extend)
        return not any(getattr(one, kind) for one in sections for kind in type(one).model_fields)

    def digest(self) -> str:
        """A short digest of what the file says; comments, layout and the order of keys do not count."""
        said = json.dumps(self.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
        return hashlib.blake2b(said.encode(), digest_size=4).hexdigest()


class _NoDuplicates(yaml.SafeLoader):
    """YAML lets a later key silently take the place of an earlier one: an entry would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{name!r} stands there twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


def read_overlay(path: Path) -> Overlay:
    """Raises ``SettingsError`` that tells every fault of form with its file, place and what to do."""
    name = path.name
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_NoDuplicates)  # noqa: S506  # a SafeLoader
    except OSError as error:
        raise SettingsError(
            f"the overlay {name} cannot be read: {error.strerror}; mend the setting models.taxonomy_overlay"
        ) from error
    except yaml.constructor.ConstructorError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise SettingsError(f"{name}, line {line}: {error.problem or 'not plain YAML'}; keep one of them") from None
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise SettingsError(f"{name}{where}: not valid YAML in UTF-8; mind the indents and quotes") from None
    return parse_overlay(name, content)


def parse_overlay(name: str, content: Any) -> Overlay:
    """The overlay in parsed YAML. Raises ``SettingsError`` as :func:`read_overlay` does."""
    if not isinstance(content, Mapping):
        raise SettingsError(f"{name}: must hold keys such as version, add, merge, hide; see docs/taxonomy-overlay.md")
    try:
        return Overlay.model_validate(content)
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(name, detail) for detail in error.errors())) from None


_ADVICE = {
    "missing": "is missing; add it",
    "extra_forbidden": "is no key here; leave it out",
    "string_pattern_mismatch": "must be letters, digits, dots and dashes, such as 2026-11",
    "string_too_short": "must not be empty",
}


def _explain(name: str, detail: Any) -> str:
    """One fault as a sentence. Never the value itself: it may quote what somebody said."""
    loc = [str(part) for part in detail["loc"]]
    advice = _ADVICE.get(detail["type"], str(detail["msg"]).removeprefix("Value error, "))
    if detail["type"] == "extra_forbidden":
        advice += nearest(loc[-1], _keys_at(loc[:-1]))
    return f"{', '.join([name, *loc])}: {advice}"


def _keys_at(loc: list[str]) -> tuple[str, ...]:
    """The keys that the schema has at a place."""
    here: Any = Overlay
    for part in loc:
        if isinstance(here, type) and issubclass(here, BaseModel):
            here = here.model_fields[part].annotation if part in here.model_fields else None
        else:  # the id of an entry
            here = get_args(here)[-1] if get_origin(here) in (dict, Union) else None
    return tuple(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else ()
