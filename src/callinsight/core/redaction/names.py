"""Names of persons: after the words that introduce them, known ones anywhere, and again wherever they return."""

from collections.abc import Iterable, Sequence

from callinsight.core.redaction.companions import Companions
from callinsight.core.redaction.context import Piece
from callinsight.core.redaction.cues import PhraseBook
from callinsight.core.redaction.numbers import parse_number
from callinsight.core.redaction.public import public_tokens
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.spelling import spelled_from
from callinsight.core.redaction.spotted import ALSO_WORDS, SpottedFinder
from callinsight.core.redaction.tokens import Token
from callinsight.core.spotting import SpottedName
from callinsight.core.values import Role

_MOST_PARTS = 5
_ANSWER_TURNS = 2
_ANSWER_SKIPS = 8
_GREETING_TOKENS = 9
_FIRST_TURNS = 4
_SPELLED_LEAST = 3


class NameFinder:
    """Finds the names in one call; holds only what it was given and the names found so far."""

    def __init__(
        self,
        tokens: Sequence[Token],
        roles: Sequence[Role],
        taken: Sequence[bool],
        rules: RedactionRules,
        kept: frozenset[int] = frozenset(),
    ) -> None:
        """``kept`` are tokens that a policy keeps, such as a street in a report."""
        self.tokens = tokens
        self.roles = roles
        self.taken = list(taken)
        self.rules = rules
        self.names = rules.names
        self.cased = sum(token.capital and not token.opens for token in tokens) * 40 > len(tokens)
        self.public = self._places() | public_tokens(tokens, rules) | kept
        self.pieces: list[Piece] = []
        phrases = [(phrase, "strong") for phrase in rules.names.strong]
        phrases += [(phrase, "title") for phrase in rules.names.titles]
        phrases += [(phrase, "weak") for phrase in rules.names.weak]
        phrases += [(phrase, "question") for phrase in rules.names.questions]
        self.book = PhraseBook(phrases)
        self.trailing = PhraseBook((phrase, "after") for phrase in rules.names.after)

    def _places(self) -> frozenset[int]:
        """The tokens that name a municipality or a department, which are no persons."""
        places = set()
        for index, token in enumerate(self.tokens[:-1]):
            after = self.tokens[index + 1]
            named = token.key in self.names.place_words and after.turn == token.turn
            if named and after.key not in self.names.function_words:
                places.add(index + 1)
        words = {self.tokens[index].key for index in places} - self.names.first_names
        return frozenset(i for i, token in enumerate(self.tokens) if i in places or token.key in words)

    def find(self, spotted: Sequence[SpottedName] = ()) -> list[Piece]:
        """All names of the call, as pieces within a turn; those that a model spotted come after those of the rules.

        Raises ``ValueError`` when a spotted name lies outside the call.
        """
        for index in range(len(self.tokens)):
            if self.taken[index] or self.tokens[index].mark:
                continue
            hit = self.book.at(self.tokens, index)
            if hit and hit[1] == "question":
                self._answer(index + hit[0])
            elif hit:
                self._after(index + hit[0], self.tokens[index].turn, hit[1] != "weak", hit[1] == "title")
            self._greeting(index)
            self._before_cue(index)
        for index in range(len(self.tokens)):
            self._known(index)
        finder = SpottedFinder(self.tokens, self.taken, self.public, self.rules)
        for piece in finder.find([name for name in spotted if not name.faint]):
            self._add(piece.first, piece.last)
        around = Companions(self.tokens, self.taken, self.rules, self.book)
        for first, last in around.faint(self.pieces, [name for name in spotted if name.faint], finder):
            self._add(first, last)
        self._add_all(around.within(self.pieces))
        self._again()
        self._add_all(around.spelled(self.pieces))
        return self.pieces

    def _add_all(self, found: Iterable[tuple[int, int]]) -> None:
        for first, last in list(found):
            if not any(self.taken[first : last + 1]):
                self._add(first, last)

    def _add(self, first: int, last: int) -> None:
        self.pieces.append(Piece("person_name", first, last))
        for index in range(first, last + 1):
            self.taken[index] = True

    def _after(self, index: int, turn: int, strong: bool, title: bool = False) -> bool:
        """Take the name that begins at ``index``, past titles and fillers; whether there was one."""
        index = self._skip(index, turn, title)
        last = self._name_end(index, turn, strong)
        if last is None:
            return False
        self._add(index, last)
        return True

    def _skip(self, index: int, turn: int, title: bool) -> int:
        """Past "eh" and past a title ("mevrouw", "de heer") before the name itself."""
        for _ in range(3):
            if index >= len(self.tokens) or self.tokens[index].turn != turn:
                break
            hit = self.book.at(self.tokens, index)
            if hit and hit[1] == "title" and not title:
                index += hit[0]
            elif self.tokens[index].key in ("eh", "uh", "ehm", "uhm", "euh"):
                index += 1
            else:
                break
        return index

    def _name_end(self, index: int, turn: int, strong: bool) -> int | None:
        """The last token of the name that begins at ``index``, or None when no name begins there."""
        last: int | None = None
        parts, at = 0, index
        while at < len(self.tokens) and parts < _MOST_PARTS and self._free(at, turn):
            spelled, letters = spelled_from(self.tokens, at, self.rules)
            if len(letters) >= _SPELLED_LEAST and (strong or last is not None):
                last, at = spelled - 1, spelled
                continue
            step = self._particles(at, turn)
            core = at + step
            if step and (core >= len(self.tokens) or not self._free(core, turn)):
                break
            initial = self._is_initial(core) and (strong or last is not None)
            if not initial and not self._is_name(core, strong and parts < 2, step > 0, last is not None):
                break
            if initial and step:
                break
            # Letters of a spelled name do not count: there may be a dozen.
            last, parts, at = core, parts + (not initial), core + 1
            if self.tokens[core].stops and not initial:
                break
        if last is not None and all(self._is_initial(i) for i in range(index, last + 1)) and last - index < 2:
            return None
        return last

    def _free(self, index: int, turn: int) -> bool:
        token = self.tokens[index]
        return token.turn == turn and not self.taken[index] and not token.mark and index not in self.public

    def _particles(self, index: int, turn: int) -> int:
        """How many tussenvoegsels ("van", "de", "el") stand at ``index``."""
        count = 0
        while index + count < len(self.tokens) and count < 3 and self.tokens[index + count].turn == turn:
            key = self.tokens[index + count].key
            # "op den berg" and "in 't veld" can be names; "op de berg" and "in het veld" hardly ever are.
            if count == 1 and self.tokens[index].key in ("op", "in") and key not in ("t", "den"):
                return 0
            if key not in self.names.particles:
                break
            count += 1
        return 0 if count == 1 and self.tokens[index].key in ALSO_WORDS | {"het", "t"} else count

    def _is_initial(self, index: int) -> bool:
        raw = self.tokens[index].raw
        letters = raw.replace(".", "")
        dotted = "." in raw and all(len(part) <= 2 for part in raw.split("."))
        single = len(raw) == len(letters) == 1 and letters.isalpha() and letters.lower() != "u"
        return single or (dotted and letters.isalpha() and letters[:1].isupper())

    def _is_name(self, index: int, strong: bool, particle: bool, follows: bool) -> bool:
        """Whether the token is (part of) a name.

        ``strong``: the words before it say that a name follows; ``particle``: a tussenvoegsel stands before it;
        ``follows``: a part of the name does.
        """
        token, names = self.tokens[index], self.names
        key = token.key
        if len(key) < 2 or any(c.isdigit() for c in key) or parse_number(key) is not None:
            return False
        proper = token.capital and not token.opens
        old = particle and self.tokens[index - 1].key in ("der", "den") and key in names.ambiguous_surnames
        if key in names.function_words and not old:
            return False
        if key in names.first_names or key in names.surnames:
            return True
        common = key in names.common_words or key in self.rules.speech.soft or key in self.rules.speech.months
        ambiguous = key in names.ambiguous_first_names or key in names.ambiguous_surnames
        if self.cased:
            if token.capital and token.opens and strong and not common:
                return True
            return proper and (strong or particle or ambiguous or key not in names.common_words)
        if ambiguous:
            return strong or old or follows or self._has_surname(index)
        if strong and particle and not follows and self._after_with(index):
            return False
        return (strong or (follows and particle) or self._has_surname(index)) and not common

    def _after_with(self, index: int) -> bool:
        """Whether "met de" or the like stands right before the token: then it is a thing as likely as a name."""
        before = [token.key for token in self.tokens[max(0, index - 2) : index]]
        return before in (["met", "de"], ["met", "het"], ["met", "al"], ["met", "t"])

    def _has_surname(self, index: int) -> bool:
        """Whether a surname follows a word that can be a first name ("gerard jansen"); less will do after "ik ben"."""
        names, turn = self.names, self.tokens[index].turn
        step = self._particles(index + 1, turn)
        core = index + 1 + step
        if core >= len(self.tokens) or not self._free(core, turn):
            return False
        key = self.tokens[core].key
        if key not in names.surnames and key not in names.ambiguous_surnames:
            return False
        first = self.tokens[index].key in names.ambiguous_first_names
        told = index >= 2 and self._introduces(index)
        if not first and not told:
            return False
        return key in names.surnames or ((step > 0 or (first and told)) and key in names.ambiguous_surnames)

    def _introduces(self, index: int) -> bool:
        """Whether "ik ben" or the like stands right before the token."""
        return any(
            hit is not None and hit[1] == "weak" and start + hit[0] == index
            for start in (index - 2, index - 1)
            for hit in (self.book.at(self.tokens, start),)
        )

    def _answer(self, index: int) -> None:
        """Take the name with which the other side answers the question that ends before ``index``."""
        turn = self.tokens[index - 1].turn
        skipped = 0
        while index < len(self.tokens) and self.tokens[index].turn == turn:
            index += 1
        while index < len(self.tokens) and self.tokens[index].turn - turn <= _ANSWER_TURNS and skipped < _ANSWER_SKIPS:
            token = self.tokens[index]
            if self.book.at(self.tokens, index):
                return
            if index + 1 < len(self.tokens) and self.tokens[index + 1].key == "is":
                index, skipped = index + 1, skipped + 1
                continue
            answers = self.roles[token.turn] is not self.roles[turn] or self.roles[turn] is Role.UNKNOWN
            if answers and self._after(index, token.turn, True):
                return
            if token.key not in self.rules.speech.soft and token.key not in ("met", "naam", "die", "de", "mijn", "is"):
                return
            index, skipped = index + 1, skipped + 1

    def _greeting(self, index: int) -> None:
        """ "goedemorgen gemeente zonnedaal met sanne": the name after "met" near the beginning of a turn."""
        token = self.tokens[index]
        if token.key != "met" or token.word >= _GREETING_TOKENS or index + 1 >= len(self.tokens):
            return
        start = index - token.word
        before = range(start, index)
        keys = [self.tokens[i].key for i in before]
        placed = any(key in self.names.place_words for key in keys) and keys[0] in (
            self.names.greetings | self.names.place_words
        )
        greeted = all(key in self.names.greetings for key in keys)
        if greeted or placed:
            # Without a greeting, and later in the call, "met bordjes" is just a sentence that begins so.
            self._after(index + 1, token.turn, token.turn < _FIRST_TURNS or token.word > 0)

    def _before_cue(self, index: int) -> None:
        """ "bakker is de naam": the name right before the words at ``index``, which a sentence begins with."""
        if self.trailing.at(self.tokens, index) is None:
            return
        turn = self.tokens[index].turn
        start = index
        while start and self.tokens[start - 1].turn == turn and not self.tokens[start - 1].stops:
            start -= 1
        while start < index and self.tokens[start].key in self.names.greetings - self.names.particles:
            start += 1
        if start < index and self._name_end(start, turn, True) == index - 1:
            self._add(start, index - 1)

    def _known(self, index: int) -> None:
        """Take a first name that is nothing but a name, and a surname with its tussenvoegsel, anywhere."""
        token = self.tokens[index]
        if self.taken[index] or token.mark or index in self.public:
            return
        names = self.names
        before = self.tokens[index - 1].key if index and self.tokens[index - 1].turn == token.turn else ""
        if before in names.public_offices:
            return
        proper = token.capital and not token.opens
        step = self._particles(index, token.turn)
        core = index + step
        if step and core < len(self.tokens) and self._free(core, token.turn):
            surname = self.tokens[core]
            # "der" and "den" live on in names only, so that any word behind them is one.
            old = step > 1 and self.tokens[core - 1].key in ("der", "den")
            old = old and (surname.key not in names.function_words or surname.key in names.ambiguous_surnames)
            if (surname.key in names.surnames or old) and (not self.cased or surname.capital):
                self._add(index, core)
            return
        certain = token.key in names.first_names and (not self.cased or token.capital)
        likely = token.key in names.surnames and (not self.cased or proper)
        shown = (self.cased and proper and token.key in names.ambiguous_first_names) or self._has_surname(index)
        if certain or likely or shown:
            last = self._name_end(index, token.turn, False)
            if last is not None:
                self._add(index, last)

    def _again(self) -> None:
        """Take every later mention of a name that was found."""
        parts = {
            self.tokens[i].key: self.tokens[i].capital
            for piece in self.pieces
            for i in range(piece.first, piece.last + 1)
        }
        pairs = {
            (self.tokens[i].key, self.tokens[i + 1].key)
            for piece in self.pieces
            for i in range(piece.first, piece.last)
            if self.tokens[i + 1].key not in self.names.particles
        }
        names = self.names
        plain = names.function_words | names.common_words | names.particles | names.ambiguous_surnames
        plain |= self.rules.speech.soft | names.ambiguous_first_names | names.greetings
        for index, token in enumerate(self.tokens):
            if self.taken[index] or token.mark or index in self.public or token.key not in parts:
                continue
            known = token.key not in plain and len(token.key) >= 4
            after = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
            if after and after.turn == token.turn and (token.key, after.key) in pairs and not self.taken[index + 1]:
                self._add(index, index + 1)
            elif known or (self.cased and token.capital and not token.opens and len(token.key) >= 3):
                self._add(index, index)
