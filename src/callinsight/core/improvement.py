"""What the improvement meeting decides: verdicts on tags of a call, and improvements with the questions to reduce.

Who decided is told by role and never by name.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from callinsight.core.values import require_call_id

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ROLE = re.compile(r"[a-zà-ÿ][a-zà-ÿ -]{1,39}")
_NUMBER_OF_SOMEBODY = re.compile(r"\d(?:[ .-]?\d){5}|@")
"""Six digits in a row, or an e-mail address: no title of an improvement needs them."""

MAX_TITLE = 120


class About(StrEnum):
    """What kind of tag a verdict is about."""

    QUESTION = "question"
    NEED = "need"
    OUTCOME = "outcome"
    SIGNAL = "signal"


class Verdict(StrEnum):
    """What the meeting says of a tag."""

    RIGHT = "right"
    WRONG = "wrong"
    OTHER = "should-be"


class ActionKind(StrEnum):
    """What was improved."""

    LETTER = "letter"
    PAGE = "page"
    PROCESS = "process"
    OTHER = "other"


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag by the ids of the taxonomy. Only a question may have a ``facet``; ``None`` means the topic as a whole."""

    about: About
    name: str
    facet: str | None = None

    def __post_init__(self) -> None:
        _require(_ID.fullmatch(self.name) is not None, "a tag must be a kebab-case id")
        _require(self.facet is None or _ID.fullmatch(self.facet) is not None, "a facet must be a kebab-case id")
        _require(self.facet is None or self.about is About.QUESTION, "only a question has a facet")

    def __str__(self) -> str:
        return self.name if self.facet is None else f"{self.name}/{self.facet}"


@dataclass(frozen=True, slots=True)
class Review:
    """A verdict on one tag of one call.

    ``should_be`` is of the same kind as ``tag``, and given exactly when the verdict is ``OTHER``. ``role`` is what the
    reviewer does, such as kwaliteitsmedewerker; ``decided_at`` is aware and in UTC, to the second.
    """

    call_id: str
    tag: Tag
    verdict: Verdict
    role: str
    decided_at: datetime
    should_be: Tag | None = None

    def __post_init__(self) -> None:
        require_call_id(self.call_id)
        require_role(self.role)
        _require(self.decided_at.utcoffset() == UTC.utcoffset(None), "decided_at must be in UTC")
        _require(self.decided_at.microsecond == 0, "decided_at must be whole seconds")
        _require((self.should_be is not None) == (self.verdict is Verdict.OTHER), "should-be needs the right tag")
        _require(self.should_be is None or self.should_be.about is self.tag.about, "should-be must be of the same kind")
        _require(self.should_be != self.tag, "should-be must be another tag")

    @property
    def review_id(self) -> str:
        """Follows from the content, so that the same verdict given twice is one."""
        moment = self.decided_at.isoformat()
        parts = (self.call_id, self.tag.about, self.tag, self.verdict, self.role, moment, self.should_be)
        return "v" + _digest(*parts)[:12]


@dataclass(frozen=True, slots=True)
class Target:
    """Questions that an improvement should reduce: a topic, or one specific question of it."""

    topic: str
    facet: str | None = None

    def __post_init__(self) -> None:
        Tag(About.QUESTION, self.topic, self.facet)

    def __str__(self) -> str:
        return self.topic if self.facet is None else f"{self.topic}/{self.facet}"


@dataclass(frozen=True, slots=True)
class Action:
    """An improvement: what was done, by which role or team, from which day on, and what it should reduce."""

    title: str
    kind: ActionKind
    owner: str
    effective_on: date
    targets: tuple[Target, ...]

    def __post_init__(self) -> None:
        _require(bool(self.title.strip()) and self.title == self.title.strip(), "the title must not be empty or padded")
        _require(len(self.title) <= MAX_TITLE, f"the title must be at most {MAX_TITLE} characters")
        _require(self.title.isprintable(), "the title must be one line of text")
        _require(_NUMBER_OF_SOMEBODY.search(self.title) is None, "the title must hold no long number or e-mail address")
        require_role(self.owner)
        _require(bool(self.targets), "an improvement needs at least one question that it should reduce")
        _require(len(set(self.targets)) == len(self.targets), "a question is named twice")

    @property
    def action_id(self) -> str:
        """Follows from the content, so that the same improvement given twice is one."""
        targets = sorted(map(str, self.targets))
        return "a" + _digest(self.title, self.kind, self.owner, self.effective_on, *targets)[:7]


def require_role(role: str) -> str:
    """Return ``role`` when it can be one; raise ``ValueError`` otherwise. Capitals are refused: names have them."""
    _require(_ROLE.fullmatch(role) is not None, "a role or team is 2 to 40 small letters, such as kwaliteitsmedewerker")
    return role
