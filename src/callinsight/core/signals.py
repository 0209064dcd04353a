"""Signals in a call, found by rules that stand in data: patterns with negation and party.

A rule raises a flag where its patterns fit the words of the right party, unless a negation stands in a gap of the
match or close around it: "ik heb nog niet eerder gebeld" is no repeat call. Turns whose role is unknown count for
either party, because missing an urgent signal is worse than reading one remark too many.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from callinsight.core.patterns import IndexedWords, Match, Pattern, Vocabulary
from callinsight.core.taxonomy import Party, Taxonomy, TaxonomyError
from callinsight.core.taxonomy_reader import nearest
from callinsight.core.text import normal_words
from callinsight.core.values import Flag, FlagSource, Need, Question, Role, Severity, Span, Turn

_KEYS = ("version", "groups", "negators", "not_negation", "clause_starts", "rules", "areas")
_RULE_KEYS = ("any", "unless", "within_words", "negation")
_WORDS_BEFORE = 3
_WORDS_AFTER = 2
_BACKCHANNEL_WORDS = 3
_FILLERS = frozenset({"eh", "ehm", "uh", "uhm", "hm", "hmm", "euh"})
_DERIVED = "multi-problem"


@dataclass(frozen=True, slots=True)
class Rule:
    """Raises ``kind`` where one of ``patterns`` fits and no ``unless`` pattern lies within ``within_words`` of it."""

    kind: str
    party: Party
    severity: Severity
    patterns: tuple[Pattern, ...]
    unless: tuple[Pattern, ...] = ()
    within_words: int = 12
    heed_negation: bool = True


def _often(words: frozenset[str], common: Mapping[str, int]) -> float:
    """A guess at how often one of ``words`` is said: short words, and those that many patterns have, are."""
    return sum(common[word] * 4.0 ** (4 - min(len(word), 7)) for word in words)


class RuleIndex:
    """Finds the patterns of some rules that may fit, by the words that were heard: most never come into question."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._always: list[tuple[str, int, Pattern]] = []
        self._by_word: dict[str, list[tuple[str, int, Pattern]]] = {}
        common = Counter(word for rule in rules for pattern in rule.patterns for word in pattern.vocabulary())
        for rule in rules:
            for number, pattern in enumerate(rule.patterns):
                entry = (rule.kind, number, pattern)
                keys = [e.words for e in pattern.elements if not e.optional and not e.beginnings]
                if not keys:
                    self._always.append(entry)
                for word in min(keys, key=lambda words: _often(words, common), default=frozenset()):
                    self._by_word.setdefault(word, []).append(entry)

    def candidates(self, heard: frozenset[str]) -> dict[str, dict[int, Pattern]]:
        """By kind of rule and place in it, the patterns of which a word that they cannot do without was heard."""
        found: dict[str, dict[int, Pattern]] = {}
        for entries in (self._always, *(self._by_word[word] for word in heard & self._by_word.keys())):
            for kind, number, pattern in entries:
                found.setdefault(kind, {})[number] = pattern
        return found


@dataclass(frozen=True, slots=True)
class SignalRules:
    """All rules, and the words that negate. ``areas`` are rules whose kind is a field of life.

    The indices are made of the rules and areas, to be quick on a long history.
    """

    rules: tuple[Rule, ...]
    areas: tuple[Rule, ...]
    negators: frozenset[str]
    not_negation: tuple[Pattern, ...]
    clause_starts: frozenset[str]
    vocabulary: Vocabulary
    rule_index: RuleIndex
    area_index: RuleIndex

    @staticmethod
    def from_document(document: Any, taxonomy: Taxonomy) -> "SignalRules":
        """Read ``signal_rules.yaml``. Raises ``TaxonomyError`` that tells every fault with its rule."""
        return _Reader(document, taxonomy).read()


class _Reader:
    def __init__(self, document: Any, taxonomy: Taxonomy) -> None:
        self.document: Mapping[str, Any] = document if isinstance(document, Mapping) else {}
        self.taxonomy = taxonomy
        self.problems: list[str] = [] if isinstance(document, Mapping) else ["the document must be a mapping"]
        self.groups: Mapping[str, Sequence[str]] = self.document.get("groups", {})

    def read(self) -> SignalRules:
        self.problems += [f"unknown key {key!r}{nearest(str(key), _KEYS)}" for key in self.document if key not in _KEYS]
        rules = tuple(self.rule(name, raw) for name, raw in self.document.get("rules", {}).items())
        areas = tuple(self.area(name, raw) for name, raw in self.document.get("areas", {}).items())
        not_negation = self.patterns("not_negation", self.document.get("not_negation", []))
        if self.problems:
            raise TaxonomyError(tuple(f"signal_rules.yaml: {problem}" for problem in self.problems))
        every = [p for rule in (*rules, *areas) for p in (*rule.patterns, *rule.unless)] + list(not_negation)
        return SignalRules(
            rules=rules,
            areas=areas,
            negators=frozenset(self.document.get("negators", [])),
            not_negation=not_negation,
            clause_starts=frozenset(self.document.get("clause_starts", [])),
            vocabulary=Vocabulary(frozenset().union(*(pattern.vocabulary() for pattern in every))),
            rule_index=RuleIndex(rules),
            area_index=RuleIndex(areas),
        )

    def rule(self, name: str, raw: Any) -> Rule:
        kind = self.taxonomy.signals.get(name)
        if kind is None:
            self.problems.append(f"signal {name!r} does not exist{nearest(str(name), self.taxonomy.signals)}")
        party, severity = (kind.party, kind.severity) if kind else (Party.BOTH, Severity.INFO)
        return self.parts(name, raw, party, severity)

    def area(self, name: str, raw: Any) -> Rule:
        known = {self.taxonomy.area(topic) for topic in self.taxonomy.topics} - {None}
        if name not in known:
            self.problems.append(f"area {name!r} does not exist{nearest(str(name), [a for a in known if a])}")
        return self.parts(name, raw, Party.CALLER, Severity.REVIEW)

    def parts(self, name: str, raw: Any, party: Party, severity: Severity) -> Rule:
        fields = raw if isinstance(raw, Mapping) else {}
        self.problems += [
            f"{name}: unknown key {k!r}{nearest(str(k), _RULE_KEYS)}" for k in fields if k not in _RULE_KEYS
        ]
        if not fields.get("any"):
            self.problems.append(f"{name}: needs patterns under 'any'")
        if fields.get("negation", "heed") not in ("heed", "ignore"):
            self.problems.append(f"{name}: negation must be heed or ignore")
        within = fields.get("within_words", 12)
        if not isinstance(within, int) or within < 0:
            self.problems.append(f"{name}: within_words must be a number of words")
        return Rule(
            kind=name,
            party=party,
            severity=severity,
            patterns=self.patterns(name, fields.get("any", [])),
            unless=self.patterns(name, fields.get("unless", [])),
            within_words=within if isinstance(within, int) else 12,
            heed_negation=fields.get("negation", "heed") == "heed",
        )

    def patterns(self, name: str, sources: Any) -> tuple[Pattern, ...]:
        parsed = []
        for source in sources:
            try:
                parsed.append(Pattern.parse(str(source), self.groups))
            except ValueError as error:
                self.problems.append(f"{name}: {error}")
        return tuple(parsed)


@lru_cache(maxsize=1 << 15)
def _normal(word: str) -> tuple[str, ...]:
    """The normal words of a word as it was written, fillers left out.

    The same few thousand redacted words make up most of what is said.
    """
    return tuple(normal for normal in normal_words(word) if normal not in _FILLERS)


class _Run:
    """What one party says with at most a back-channel of the other in between: normal words with turn and time."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self.words: list[str] = []
        self.turns: list[int] = []
        self.spans: list[Span] = []

    def add(self, number: int, turn: Turn) -> None:
        before = len(self.words)
        for word in turn.words:
            normals = _normal(word.text)
            self.words += normals
            if len(normals) == 1:
                self.spans.append(word.span)
            else:
                self.spans += [word.span] * len(normals)
        self.turns += [number] * (len(self.words) - before)


def _runs(turns: Sequence[Turn]) -> list[_Run]:
    open_runs: dict[Role, _Run] = {}
    runs: list[_Run] = []
    for number, turn in enumerate(turns):
        if len(turn.words) > _BACKCHANNEL_WORDS:
            open_runs = {role: run for role, run in open_runs.items() if role is turn.role}
        if turn.role not in open_runs:
            open_runs[turn.role] = _Run(turn.role)
            runs.append(open_runs[turn.role])
        open_runs[turn.role].add(number, turn)
    return [run for run in runs if run.words]


def _concerns(party: Party, role: Role) -> bool:
    if role is Role.SYSTEM:
        return False
    return party is Party.BOTH or role is Role.UNKNOWN or party.value == role.value


class _Heard:
    """A run, indexed, with the places of its negators."""

    def __init__(self, run: _Run, rules: SignalRules) -> None:
        self.run = run
        self.rules = rules
        self.text = IndexedWords(run.words, rules.vocabulary)
        self.negated_at = {at for at, word in enumerate(run.words) if word in rules.negators}
        if self.negated_at:  # in most of what is said nothing is negated, and there is nothing to excuse
            excused = (range(m.first, m.last + 1) for p in rules.not_negation for m in p.find(self.text))
            self.negated_at.difference_update(*excused)

    def negates(self, match: Match) -> bool:
        inside = set(range(match.first, match.last + 1)) - set(match.gaps)
        if any(self.run.words[at] in self.rules.negators for at in inside):
            return False  # the pattern itself is about what is not
        return any(at in self.negated_at for at in (*match.gaps, *self._around(match)))

    def _around(self, match: Match) -> list[int]:
        before = range(match.first - 1, max(-1, match.first - 1 - _WORDS_BEFORE), -1)
        after = range(match.last + 1, min(len(self.run.words), match.last + 1 + _WORDS_AFTER))
        near: list[int] = []
        for side in (before, after):
            for at in side:
                elsewhere = self.run.turns[at] not in (self.run.turns[match.first], self.run.turns[match.last])
                if elsewhere or self.run.words[at] in self.rules.clause_starts:
                    break
                near.append(at)
        return near

    def _near(self, one: Match, other: Match, words: int) -> bool:
        """Whether two matches share a turn and have at most ``words`` words between them."""
        turns = set(self.run.turns[one.first : one.last + 1])
        apart = max(0, other.first - one.last - 1, one.first - other.last - 1)
        return apart <= words and not turns.isdisjoint(self.run.turns[other.first : other.last + 1])

    @cached_property
    def rule_patterns(self) -> dict[str, dict[int, Pattern]]:
        return self.rules.rule_index.candidates(self.text.heard)

    @cached_property
    def area_patterns(self) -> dict[str, dict[int, Pattern]]:
        return self.rules.area_index.candidates(self.text.heard)

    def matches(self, rule: Rule, patterns: Mapping[int, Pattern]) -> list[Match]:
        """The matches of a rule of which ``patterns`` come into question."""
        found = []
        for _, pattern in sorted(patterns.items()):
            if not all(e.optional or e.beginnings or e.words & self.text.heard for e in pattern.elements):
                continue
            found += [m for m in pattern.find(self.text) if not (rule.heed_negation and self.negates(m))]
        if found and rule.unless:
            spoiled = [m for pattern in rule.unless for m in pattern.find(self.text)]
            found = [m for m in found if not any(self._near(m, other, rule.within_words) for other in spoiled)]
        return sorted(found, key=lambda m: (m.first, m.last))


def _passages(rule: Rule, heard: Sequence[_Heard], *, area: bool = False) -> list[tuple[Span, frozenset[int]]]:
    """Time and turn numbers of every match, in order of time."""
    found = []
    for part in heard:
        patterns = (part.area_patterns if area else part.rule_patterns).get(rule.kind)
        if patterns and _concerns(rule.party, part.run.role):
            for match in part.matches(rule, patterns):
                places = slice(match.first, match.last + 1)
                found.append((Span.cover(part.run.spans[places]), frozenset(part.run.turns[places])))
    return sorted(found, key=lambda passage: (passage[0], sorted(passage[1])))


def listen(turns: Sequence[Turn], rules: SignalRules) -> tuple[_Heard, ...]:
    """What is said, indexed once for all rules: pass it on to find signals and several problems in the same turns."""
    return tuple(_Heard(run, rules) for run in _runs(turns))


def find_signals(turns: Sequence[Turn], rules: SignalRules, heard: Sequence[_Heard] | None = None) -> tuple[Flag, ...]:
    """One flag per kind of signal that the rules find, in order of time.

    ``span`` holds the words of the first passage, which is what a reviewer wants to hear; ``evidence`` the turns of
    all passages. ``heard`` is what :func:`listen` gives for the same turns.
    """
    heard = listen(turns, rules) if heard is None else heard
    in_question = {kind for part in heard for kind in part.rule_patterns}
    flags = []
    for rule in rules.rules:
        passages = _passages(rule, heard) if rule.kind in in_question else []
        if passages:
            evidence = tuple(sorted(frozenset().union(*(turns_ for _, turns_ in passages))))
            flags.append(Flag(rule.kind, rule.severity, passages[0][0], FlagSource.RULE, 1.0, evidence))
    return tuple(sorted(flags, key=lambda flag: (flag.span, flag.kind)))


def several_problems(
    turns: Sequence[Turn],
    questions: Sequence[Question],
    rules: SignalRules,
    taxonomy: Taxonomy,
    heard: Sequence[_Heard] | None = None,
) -> tuple[Flag, ...]:
    """A ``multi-problem`` flag when a call tells of more than one trouble of the social domain, else nothing.

    That is so when it touches two fields of life, or when beside a topic the first need of a related topic is heard
    that the topic itself does not bring. ``evidence`` holds the turns of all of them, ``span`` covers the first turn
    that is about each. ``heard`` is what :func:`listen` gives for the same turns.
    """
    if _DERIVED not in taxonomy.signals:
        return ()
    fields = _fields_of_life(listen(turns, rules) if heard is None else heard, questions, rules, taxonomy)
    troubles = list(fields.values()) if len(fields) > 1 else []
    for topic, need in _needs_of_related(questions, taxonomy):
        troubles += [set(topic.evidence), set(need.evidence)]
    troubles = [where for where in troubles if where]
    if len(troubles) < 2:
        return ()
    firsts = Span.cover(turns[min(where)].span for where in troubles)
    evidence = tuple(sorted(set().union(*troubles)))
    severity = taxonomy.signals[_DERIVED].severity
    return (Flag(_DERIVED, severity, firsts, FlagSource.MODEL, 1.0, evidence),)


def _fields_of_life(
    heard: Sequence[_Heard], questions: Sequence[Question], rules: SignalRules, taxonomy: Taxonomy
) -> dict[str, set[int]]:
    """Turns by field of life: a topic brings its own, words that an area rule knows bring theirs, and a need brings
    one only when none of its fields is there already (being short of money belongs to income and debt alike)."""
    turns_of: dict[str, set[int]] = {}
    for question in questions:
        area = taxonomy.area(question.topic)
        if area is not None:
            turns_of.setdefault(area, set()).update(question.evidence)
    in_question = {area for part in heard for area in part.area_patterns}
    for rule in rules.areas:
        for _, where in _passages(rule, heard, area=True) if rule.kind in in_question else ():
            turns_of.setdefault(rule.kind, set()).update(where)
    for need in (need for question in questions for need in question.needs):
        areas = taxonomy.needs[need.kind].areas if need.kind in taxonomy.needs else ()
        if areas and not any(area in turns_of for area in areas):
            turns_of.setdefault(areas[0], set()).update(need.evidence)
    return {area: where for area, where in turns_of.items() if where}


def _needs_of_related(questions: Sequence[Question], taxonomy: Taxonomy) -> list[tuple[Question, Need]]:
    """Needs that a question's own topic does not bring but a related topic brings first."""
    found = []
    for question in questions:
        topic = taxonomy.topics.get(question.topic)
        if topic is None:
            continue
        theirs = {need for other in topic.related for need in taxonomy.topics[other].needs[:1]} - set(topic.needs)
        found += [(question, need) for other in questions for need in other.needs if need.kind in theirs]
    return found
