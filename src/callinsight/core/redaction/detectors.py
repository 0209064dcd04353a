"""Decides what each dictation of digits and letters is: by the cue before it, by its shape, or as an echo of one."""

from collections.abc import Sequence

from callinsight.core.redaction import kinds
from callinsight.core.redaction.addresses import ADDRESS, MIXED, AddressReader
from callinsight.core.redaction.context import Context, Piece
from callinsight.core.redaction.runs import Run

_AFTER_TOKENS = 7
"""A cue may also follow: "... dat is mijn bsn"."""
_MORE_TURNS = 4
_MORE_TOKENS = 40
"""How far the rest of a dictation may lag behind its beginning."""
_BEGINNING = 3
_ECHO_LEAST = 3
_ECHO_SURE = 6
_ECHO_TURNS = 10
_ECHO_TOKENS = 90
_NOT_BY_NUMBER = ("house_number", "postcode", "person_name", "street", "email")


class Decider:
    """Goes through the dictations of one call in order and adds what it finds to the context."""

    def __init__(self, context: Context, streets: Sequence[Piece]) -> None:
        self.context = context
        self.addresses = AddressReader(context, streets)
        context.found.extend(self.addresses.additions())

    def decide(self, dictation: Sequence[Run]) -> None:
        """Add what ``dictation`` holds to ``found``."""
        told = self.context.pending(dictation[0].first)
        rest: list[Run] = []
        decided: dict[str, str] = {}
        for place, run in enumerate(dictation):
            pieces = self._at_once(run, dictation[:place], decided, told)
            self.context.found.extend(pieces)
            if pieces:
                decided[run.text] = pieces[0].kind
            else:
                rest.append(run)
        if self._is_public(rest, told):
            return
        for some in self._by_shape(rest, told):
            kind = self._kind_of(some, told) or next((k for k in decided.values() if k not in ADDRESS), None)
            if kind:
                self.context.found.extend(Piece(kind, self._start(run, kind), run.last, run.text) for run in some)

    def _at_once(self, run: Run, earlier: Sequence[Run], decided: dict[str, str], told: Sequence[str]) -> list[Piece]:
        """What a run is by itself: an echo, an international number, an address; empty when the dictation decides."""
        whole = next((other.text for other in earlier if _repeats(run, other)), None)
        if whole is not None:
            kind = decided.get(whole)
            return [Piece(kind, self._start(run, kind), run.last, run.text)] if kind else []
        echoed = self._echo(run) or self._international(run)
        echoed = echoed or ("case_number" if self._is_own_case(run.readings) else None)
        if echoed:
            return [Piece(echoed, self._start(run, echoed), run.last, run.text)]
        return self.addresses.read(run, told)

    def _is_own_case(self, texts: Sequence[str]) -> bool:
        """Whether one of ``texts`` has the shape of the municipality's own case numbers."""
        return any(shape.fullmatch(text) for shape in self.context.rules.case_shapes for text in texts)

    def _is_public(self, dictation: Sequence[Run], told: Sequence[str]) -> bool:
        guards = self.context.rules.guards
        matches = [any(p.fullmatch(text) for p in guards.public for text in run.readings) for run in dictation]
        if not all(matches) or not dictation:
            return False
        before = dictation[0].first - 1
        called = before >= 0 and self.context.tokens[before].key in guards.call_words
        latest = told[0] if told else "phone"
        return called or latest in ("phone", "number") or (len(dictation) == 1 and len(dictation[0].text) >= 8)

    def _start(self, run: Run, kind: str) -> int:
        """The first token of a number: "plus" belongs to a telephone number, and "NL" to an account."""
        before = self.context.tokens[run.first - 1] if run.first else None
        if before is None or before.turn != run.turn or before.mark:
            return run.first
        lead = {"phone": ("plus",), "iban": ("nl",)}.get(kind, ())
        return run.first - 1 if before.key in lead or (kind == "phone" and before.raw == "+") else run.first

    def _international(self, run: Run) -> str | None:
        before = self.context.tokens[run.first - 1] if run.first else None
        plus = before is not None and before.turn == run.turn and before.key == "plus"
        return "phone" if plus and run.text.startswith("31") else None

    def _by_shape(self, runs: Sequence[Run], told: Sequence[str]) -> list[list[Run]]:
        """Parts of a dictation: more than one when its runs are complete numbers of different kinds by themselves."""
        parts: list[list[Run]] = []
        shapes: set[str] = set()
        for place, run in enumerate(runs):
            wanted = (kind for kind in told if any(kinds.fits(kind, text) for text in run.readings))
            shape = next(wanted, None) or next(filter(None, map(kinds.sure_kind, run.readings)), None)
            if any(_repeats(run, other) for other in runs[:place]):
                shape = None
            if not parts or (shape and shapes and shape not in shapes):
                parts.append([])
                shapes = set()
            parts[-1].append(run)
            if shape:
                shapes.add(shape)
        return parts

    def _kind_of(self, runs: Sequence[Run], told: Sequence[str]) -> str | None:
        texts = self._texts(runs)
        if self._is_own_case(texts):
            return "case_number"
        total = sum(len(run.text) for run in runs)
        for kind in told:
            if any(kinds.fits(kind, text) for text in texts):
                return kind
        for text in texts:
            sure = kinds.sure_kind(text)
            if sure and not (sure == "bsn" and told[:1] == ("phone",)):
                return sure
        joined = "".join(run.text for run in runs)
        for kind in told:
            lettered = joined.isalpha() and not (kind in MIXED and all(run.pure for run in runs))
            lettered = lettered and not (kind == "digid_secret" and self._begins(runs[0], kind, total))
            if kind in _NOT_BY_NUMBER or lettered:
                continue
            enough = total >= self.context.rules.kinds[kind].least or self._answers(runs, kind, total)
            enough = enough or self._begins(runs[0], kind, total)
            if enough and kinds.may_be(kind, joined):
                return kind
        return self._rest_of(runs, total) or self._told_after(runs, total) or self._long(runs)

    def _answers(self, runs: Sequence[Run], kind: str, total: int) -> bool:
        """Whether a turn of digits alone comes right after the cue: the first chunk of more."""
        latest = next((cue for cue in reversed(self.context.cues) if cue.last < runs[0].first), None)
        if latest is None or latest.kind != kind or total < 2 or not all(run.pure for run in runs):
            return False
        return self.context.near(latest.last, runs[0].first, 2, _MORE_TOKENS)

    def _begins(self, run: Run, kind: str, total: int) -> bool:
        """Whether a run comes right after the cue, so that three digits are the beginning of more ("bsn 1 2 3")."""
        latest = next((cue for cue in reversed(self.context.cues) if cue.last < run.first), None)
        if latest is None or latest.kind != kind or kind == "number" or total < _BEGINNING:
            return False
        return self.context.tokens[latest.last].turn == run.turn and self.context.all_quiet(
            range(latest.last + 1, run.first)
        )

    def _texts(self, runs: Sequence[Run]) -> tuple[str, ...]:
        """Every reading of each run, and what each side says in all of them together."""
        texts = [text for run in runs for text in run.readings]
        for role in dict.fromkeys(self.context.roles[run.turn] for run in runs):
            mine = [run for run in runs if self.context.roles[run.turn] is role]
            texts.append("".join(run.text for run in mine))
            texts.append("".join(run.corrected for run in mine))
        return tuple(dict.fromkeys(texts))

    def _echo(self, run: Run) -> str | None:
        """The kind of what was said before when a run repeats a part of it and nothing else was asked since."""
        if len(run.text) < _ECHO_LEAST:
            return None
        asked = max((cue.last for cue in self.context.cues if cue.last < run.first), default=-1)
        for piece in reversed(self.context.found):
            soon = asked < piece.last and self.context.near(piece.last, run.first, _ECHO_TURNS, _ECHO_TOKENS)
            if (soon or len(run.text) >= _ECHO_SURE) and run.text in piece.text:
                return piece.kind
        return None

    def _rest_of(self, runs: Sequence[Run], total: int) -> str | None:
        """The kind of the dictation just before, when these runs can be its continuation."""
        if not self.context.found or not (total >= 3 or all(run.pure for run in runs)):
            return None
        last = self.context.found[-1]
        close = self.context.near(last.last, runs[0].first, _MORE_TURNS, _MORE_TOKENS)
        lettered = all(run.text.isalpha() for run in runs) and last.kind not in MIXED
        return last.kind if close and last.kind not in ADDRESS and not lettered else None

    def _told_after(self, runs: Sequence[Run], total: int) -> str | None:
        end = runs[-1].last
        for cue in self.context.cues:
            rule = self.context.rules.kinds[cue.kind]
            same_turn = end < cue.first <= end + _AFTER_TOKENS
            same_turn = same_turn and self.context.tokens[cue.first].turn == runs[-1].turn
            area = cue.kind == "phone" and runs[0].text.startswith("0") and total >= _BEGINNING
            if same_turn and rule.least >= 3 and (total >= max(rule.least, 5) or area):
                return cue.kind
        return None

    def _long(self, runs: Sequence[Run]) -> str | None:
        """Many digits in a row without any cue, in one run or over turns."""
        said = [run.spoken for run in runs]
        for role in dict.fromkeys(self.context.roles[run.turn] for run in runs):
            mine = [r for r in runs if self.context.roles[r.turn] is role and (r.pure or r.digits > 1)]
            if len({run.turn for run in mine}) == len(mine):
                said.append("".join(run.spoken for run in mine))
        return "number" if any(kinds.is_long(text) for text in said) else None


def _repeats(run: Run, other: Run) -> bool:
    """Whether a run repeats a part of an earlier one of the same dictation."""
    return len(run.text) >= _ECHO_LEAST and any(run.text in text for text in other.readings)
