"""Reads the rules of redaction from a YAML file and refuses what cannot be meant."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from callinsight.core.redaction import local
from callinsight.core.redaction.rules import (
    KINDS,
    GuardRules,
    KindRule,
    MailRules,
    NameRules,
    Phrase,
    PlaceRules,
    Policy,
    RedactionRules,
    SpeechRules,
)
from callinsight.core.redaction.tokens import key_of
from callinsight.errors import SettingsError
from callinsight.fast_yaml import load_yaml
from callinsight.settings import Settings

_MARK = re.compile(r"[A-Z]{2,20}")


class _Section:
    """One mapping of the file; every key must be read, and every error says which key it is about."""

    def __init__(self, path: str, content: object) -> None:
        if not isinstance(content, dict):
            raise SettingsError(f"privacy rules: '{path}' must hold keys and values")
        self.path = path
        self._left: dict[str, Any] = {str(key): value for key, value in content.items()}

    def take(self, key: str) -> Any:
        """The value of ``key``, which is then counted as read."""
        if key not in self._left:
            raise SettingsError(f"privacy rules: '{self.path}' lacks the key '{key}'")
        return self._left.pop(key)

    def done(self) -> None:
        """Raise when the file holds keys that nobody reads: they are misspelt."""
        if self._left:
            unknown = ", ".join(sorted(self._left))
            raise SettingsError(f"privacy rules: '{self.path}' has unknown keys: {unknown}")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text of words with blanks between them."""
        value = self.take(key)
        if isinstance(value, str):
            return tuple(value.split())
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise SettingsError(f"privacy rules: '{self.path}.{key}' must be a list of words")
        return tuple(value)

    def words(self, key: str) -> frozenset[str]:
        """Words in the spelling in which they are looked up."""
        return frozenset(_keys(self.texts(key)))

    def phrases(self, key: str) -> tuple[Phrase, ...]:
        """Phrases of one or more words, each once."""
        return tuple(dict.fromkeys(phrase for phrase in map(_phrase, self.texts(key)) if phrase))

    def integer(self, key: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self.take(key)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise SettingsError(f"privacy rules: '{self.path}.{key}' must be a whole number from {low} to {high}")
        return value

    def by_word(self, key: str) -> Mapping[str, str]:
        """A mapping of a letter to its words, turned round: word to letter."""
        section = _Section(f"{self.path}.{key}", self.take(key))
        turned: dict[str, str] = {}
        for letter in tuple(section._left):
            if len(letter) != 1 or not letter.isalpha():
                raise SettingsError(f"privacy rules: '{section.path}' has a key that is no letter: '{letter}'")
            for word in _keys(section.texts(letter)):
                turned[word] = letter
        return MappingProxyType(turned)


def _keys(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(key for key in map(key_of, words) if key)


def _phrase(text: str) -> Phrase:
    return _keys(text.split())


def load_rules(path: Path) -> RedactionRules:
    """Read the rules of redaction from the YAML file ``path``; raises ``SettingsError`` when they cannot be used."""
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"privacy rules: cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"privacy rules: {path} is no valid YAML file in UTF-8") from error
    return rules_from(content)


def rules_of(settings: Settings) -> RedactionRules:
    """The rules with what the municipality set in ``[privacy]``; raises ``SettingsError`` that names the setting."""
    rules, own = load_rules(settings.models.personal_data), settings.privacy
    keep = own.keep_streets_in_reports or rules.policy.keep_streets_in_reports
    rules = replace(rules, policy=replace(rules.policy, keep_streets_in_reports=keep))
    added: tuple[tuple[str, Callable[[RedactionRules, tuple[str, ...]], RedactionRules], tuple[str, ...]], ...] = (
        ("case_numbers", local.with_case_numbers, own.case_numbers),
        ("case_number_words", local.with_case_words, own.case_number_words),
        ("public_numbers", local.with_public_numbers, own.public_numbers),
        ("public_words", local.with_public_words, own.public_words),
        ("public_names", local.with_public_names, own.public_names),
    )
    for key, add, values in added:
        for value in values:
            try:
                rules = add(rules, (value,))
            except ValueError as error:
                raise SettingsError(f"privacy.{key}: '{value}': {error}") from None
    return rules


def rules_from(content: object) -> RedactionRules:
    """Rules from the content of a rules file; raises ``SettingsError`` that names the key that is wrong."""
    top = _Section("file", content)
    rules = RedactionRules(
        version=str(top.take("version")),
        kinds=_kinds(_Section("kinds", top.take("kinds"))),
        speech=_speech(_Section("speech", top.take("speech"))),
        guards=_guards(_Section("guards", top.take("guards"))),
        names=_names(_Section("names", top.take("names"))),
        places=_places(_Section("places", top.take("places"))),
        mail=_mail(_Section("mail", top.take("mail"))),
        policy=_policy(_Section("policy", top.take("policy"))),
    )
    top.done()
    return rules


def _kinds(section: _Section) -> Mapping[str, KindRule]:
    kinds: dict[str, KindRule] = {}
    owner: dict[Phrase, str] = {}
    for name in KINDS:
        entry = _Section(f"kinds.{name}", section.take(name))
        mark = entry.take("mark")
        if not isinstance(mark, str) or not _MARK.fullmatch(mark):
            raise SettingsError(f"privacy rules: 'kinds.{name}.mark' must be 2 to 20 capitals")
        cues = entry.phrases("cues")
        for cue in cues:
            if owner.setdefault(cue, name) != name:
                raise SettingsError(f"privacy rules: '{' '.join(cue)}' is a cue of both {owner[cue]} and {name}")
        kinds[name] = KindRule(name, mark, str(entry.take("label")), cues, entry.integer("least", 1, 20))
        entry.done()
    section.done()
    return MappingProxyType(kinds)


def _speech(section: _Section) -> SpeechRules:
    repeats = section.take("repeats")
    if not isinstance(repeats, dict) or not all(isinstance(n, int) and 2 <= n <= 6 for n in repeats.values()):
        raise SettingsError("privacy rules: 'speech.repeats' must map words to numbers from 2 to 6")
    rules = SpeechRules(
        letters=section.by_word("letters"),
        weak_letters=section.by_word("weak_letters"),
        alphabet=section.by_word("alphabet"),
        bank_codes=section.words("bank_codes"),
        repeats=MappingProxyType({key_of(str(word)): times for word, times in repeats.items()}),
        soft=section.words("soft"),
        corrections=section.words("corrections"),
        months=_months(_Section("speech.months", section.take("months"))),
    )
    section.done()
    return rules


def _months(section: _Section) -> Mapping[str, int]:
    months = {word: number for number in range(1, 13) for word in _keys(section.texts(str(number)))}
    section.done()
    return MappingProxyType(months)


def _guards(section: _Section) -> GuardRules:
    try:
        public = tuple(re.compile(pattern) for pattern in section.texts("public"))
    except re.error as error:
        raise SettingsError("privacy rules: 'guards.public' holds a pattern that is no regular expression") from error
    rules = GuardRules(
        after=section.words("after"),
        before=section.words("before"),
        year_before=section.words("year_before"),
        public=public,
        call_words=section.words("call_words"),
        born=section.phrases("born"),
        born_questions=section.phrases("born_questions"),
    )
    section.done()
    return rules


def _names(section: _Section) -> NameRules:
    rules = NameRules(
        strong=section.phrases("strong"),
        weak=section.phrases("weak"),
        questions=section.phrases("questions"),
        titles=section.phrases("titles"),
        greetings=section.words("greetings"),
        particles=section.words("particles"),
        first_names=section.words("first_names"),
        ambiguous_first_names=section.words("ambiguous_first_names"),
        surnames=section.words("surnames"),
        ambiguous_surnames=section.words("ambiguous_surnames"),
        function_words=section.words("function_words"),
        common_words=section.words("common_words"),
        place_words=section.words("place_words"),
        public_offices=section.words("public_offices"),
        abbreviations=section.words("abbreviations"),
        after=section.phrases("after"),
        sayings=section.phrases("sayings"),
        spelling_words=section.words("spelling_words"),
    )
    section.done()
    return rules


def _places(section: _Section) -> PlaceRules:
    rules = PlaceRules(
        suffixes=tuple(_keys(section.texts("suffixes"))),
        weak_suffixes=tuple(_keys(section.texts("weak_suffixes"))),
        no_streets=section.words("no_streets"),
        leaders=section.words("leaders"),
        cues=section.phrases("cues"),
        report_words=section.words("report_words"),
        additions=section.words("additions"),
        number_words=section.words("number_words"),
    )
    section.done()
    return rules


def _mail(section: _Section) -> MailRules:
    rules = MailRules(
        at=section.words("at"),
        weak_at=section.words("weak_at"),
        symbols=section.words("symbols"),
        domains=section.words("domains"),
        endings=section.words("endings"),
        inside=section.words("inside"),
        public_locals=section.words("public_locals"),
    )
    section.done()
    return rules


def _policy(section: _Section) -> Policy:
    keep = section.take("keep_streets_in_reports")
    if not isinstance(keep, bool):
        raise SettingsError("privacy rules: 'policy.keep_streets_in_reports' must be true or false")
    policy = Policy(keep_streets_in_reports=keep, born_before_year=section.integer("born_before_year", 1900, 2100))
    section.done()
    return policy
