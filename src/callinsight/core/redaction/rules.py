"""What redaction knows of the world: cues, alphabets, names, public numbers. Read from a file elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Phrase = tuple[str, ...]
"""Words in the spelling of :func:`callinsight.core.redaction.tokens.key_of`."""

KINDS = (
    "bsn",
    "phone",
    "iban",
    "postcode",
    "house_number",
    "licence_plate",
    "travel_document",
    "residence_document",
    "v_number",
    "driving_licence_number",
    "date_of_birth",
    "email",
    "case_number",
    "kvk_vestiging",
    "digid_secret",
    "card_cvc",
    "person_name",
    "street",
    "number",
)
"""The kinds of personal data that rules find; the file must describe each of them."""


@dataclass(frozen=True, slots=True)
class KindRule:
    """One kind of personal data.

    ``mark`` is what stands in its place, without brackets; ``label`` is for people; ``cues`` are the phrases that
    announce it; ``least`` is how many characters a dictation after a cue must have to be masked.
    """

    id: str
    mark: str
    label: str
    cues: tuple[Phrase, ...]
    least: int


@dataclass(frozen=True, slots=True)
class SpeechRules:
    """How numbers and letters are said.

    ``letters`` maps a letter's name to the letter; ``weak_letters`` the names that are also common words; ``alphabet``
    maps the words of spelling alphabets to their letters. ``soft`` are words that do not end a dictation,
    ``corrections`` those that take back what was said before them. ``months`` maps names to 1 to 12.
    """

    letters: Mapping[str, str]
    weak_letters: Mapping[str, str]
    alphabet: Mapping[str, str]
    bank_codes: frozenset[str]
    repeats: Mapping[str, int]
    soft: frozenset[str]
    corrections: frozenset[str]
    months: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GuardRules:
    """Words that show that a number is an amount, a time or the like: after it, before it, and public numbers.

    ``born`` are phrases right before the year of a birth ("ik ben van"), ``born_questions`` those that ask for it.
    """

    after: frozenset[str]
    before: frozenset[str]
    year_before: frozenset[str]
    public: tuple[re.Pattern[str], ...]
    call_words: frozenset[str]
    born: tuple[Phrase, ...]
    born_questions: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class NameRules:
    """What introduces a person's name, and what ends it.

    ``strong`` cues are followed by a name almost always; after ``weak`` ones only a known or capitalised word is one;
    ``questions`` ask for a name. ``function_words`` and ``common_words`` are no names in lower-case text;
    ``place_words`` are words after which a name is no person's ("gemeente"). ``after`` follows a name ("is de naam");
    ``sayings`` hold a name that is nobody's ("jan met de pet"); ``spelling_words`` say that letters are of a name.
    """

    strong: tuple[Phrase, ...]
    weak: tuple[Phrase, ...]
    questions: tuple[Phrase, ...]
    titles: tuple[Phrase, ...]
    greetings: frozenset[str]
    particles: frozenset[str]
    first_names: frozenset[str]
    ambiguous_first_names: frozenset[str]
    surnames: frozenset[str]
    ambiguous_surnames: frozenset[str]
    function_words: frozenset[str]
    common_words: frozenset[str]
    place_words: frozenset[str]
    public_offices: frozenset[str]
    abbreviations: frozenset[str]
    after: tuple[Phrase, ...]
    sayings: tuple[Phrase, ...]
    spelling_words: frozenset[str]


@dataclass(frozen=True, slots=True)
class PlaceRules:
    """How streets and house numbers are recognised."""

    suffixes: tuple[str, ...]
    weak_suffixes: tuple[str, ...]
    no_streets: frozenset[str]
    leaders: frozenset[str]
    cues: tuple[Phrase, ...]
    report_words: frozenset[str]
    additions: frozenset[str]
    number_words: frozenset[str]


@dataclass(frozen=True, slots=True)
class MailRules:
    """How an e-mail address is said; ``inside`` are words in between that are no part of it ("aan elkaar")."""

    at: frozenset[str]
    weak_at: frozenset[str]
    symbols: frozenset[str]
    domains: frozenset[str]
    endings: frozenset[str]
    inside: frozenset[str]
    public_locals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Policy:
    """Choices of the municipality.

    ``keep_streets_in_reports``: a street in a report about a lamp or a pavement stays, unless it is said to be an
    address of somebody. ``born_before_year``: a full date before this year is a date of birth even without a cue.
    ``public_names`` stay wherever they are said: of the mayor, or of whom a building is named after.
    """

    keep_streets_in_reports: bool = False
    born_before_year: int = 2008
    public_names: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class RedactionRules:
    """All that :func:`callinsight.core.redaction.redact` is told."""

    version: str
    kinds: Mapping[str, KindRule]
    speech: SpeechRules
    guards: GuardRules
    names: NameRules
    places: PlaceRules
    mail: MailRules
    policy: Policy = field(default_factory=Policy)
    case_shapes: tuple[re.Pattern[str], ...] = ()
    """The municipality's own case numbers, as runs of figures and letters in lower case."""

    def __post_init__(self) -> None:
        if sorted(self.kinds) != sorted(KINDS):
            raise ValueError("kinds must be exactly those of callinsight.core.redaction.rules.KINDS")

    @property
    def known_words(self) -> frozenset[str]:
        """All words that mean something here, and so are no misheard number."""
        names, speech, guards = self.names, self.speech, self.guards
        words = names.function_words | names.common_words | names.first_names | names.ambiguous_first_names
        words |= names.surnames | names.ambiguous_surnames | names.particles | names.abbreviations | names.greetings
        words |= speech.soft | speech.corrections | speech.bank_codes | guards.after | guards.before | guards.call_words
        words |= set(speech.letters) | set(speech.weak_letters) | set(speech.alphabet) | set(speech.months)
        words |= self.mail.symbols | self.mail.at | self.mail.domains | self.places.number_words | {"keer"}
        return words | frozenset(word for kind in self.kinds.values() for cue in kind.cues for word in cue)

    def mark(self, kind: str) -> str:
        """The word that stands in place of personal data of ``kind``."""
        return f"<{self.kinds[kind].mark}>"

    @property
    def marks(self) -> frozenset[str]:
        """All marks, with brackets."""
        return frozenset(f"<{kind.mark}>" for kind in self.kinds.values())
