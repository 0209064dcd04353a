"""The values of the call world: what a conversation is made of, and what a story may wish of it."""

from __future__ import annotations

from dataclasses import dataclass

from grammar import Span


@dataclass(frozen=True, slots=True)
class Line:
    """What one speaker says, or a sound of the exchange.

    `sound` is "" for speech, else "ring", "music", "tone" or "silence" lasting `duration_ms`. `manner` is "turn",
    "backchannel" (said over the running turn of the other) or "interrupt" (starts before the other has finished).
    `pause_after` are word numbers after which the speaker stops to think.
    """

    role: str
    speaker: str
    text: str
    spans: tuple[Span, ...] = ()
    sound: str = ""
    duration_ms: int = 0
    manner: str = "turn"
    pause_after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the need behind it; evidence are line numbers."""

    topic: str
    facet: str | None
    needs: tuple[str, ...]
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal and the lines that carry it."""

    kind: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation in order of speaking, with its ground truth."""

    lines: tuple[Line, ...]
    questions: tuple[Question, ...]
    outcome: str
    signals: tuple[Signal, ...]
    split: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a story wants of a call; anything left None is drawn.

    `kind`: "normal", "wrong-number", "distress" or "compliment". `size`: "short", "medium" or "long".
    """

    facet: str | None = None
    kind: str | None = None
    size: str = "short"
    outcome: str | None = None
    signals: tuple[str, ...] = ()
    transfer: bool = False
    hold: bool | None = None
    menu: bool | None = None
    opening_hour: int = 10
