"""Links the calls of one caller, when the settings say so: a keyed reference under a key that changes and goes away.

Each period of ``linking.rotation_days`` has a key of its own, made when the first call of that period arrives, so that
calls of two periods are never linked. A key is erased once its period ended longer ago than the term of transcripts;
from then on nobody can compute a reference of that period, also not who knows the number, and no new key is ever made
for it. The number itself is in memory alone.
"""

import fcntl
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from callinsight.bundle import read_sealed, write_sealed
from callinsight.core.callers import caller_ref_of, normalised
from callinsight.errors import SealError, SettingsError
from callinsight.keys import private
from callinsight.settings import Settings
from callinsight.store.rows import wall_clock

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Period:
    """The days ``[first_day, end_day)`` in the Netherlands, and the key of the calls that began on them, in hex."""

    first_day: date
    end_day: date
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        if self.end_day <= self.first_day:
            raise ValueError("a period has at least one day")
        if len(bytes.fromhex(self.key)) != _KEY_BYTES:
            raise ValueError("the key of a period has 32 bytes")

    def erased_on(self, term_days: int) -> date:
        """The day on which the key is to be erased when transcripts are kept ``term_days``."""
        return self.end_day + timedelta(days=term_days)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that there are, by day. Of days before ``erased_before`` there is none and never will be."""

    periods: tuple[Period, ...] = ()
    erased_before: date = date.min

    def __post_init__(self) -> None:
        ends = [self.erased_before, *(one.end_day for one in self.periods)]
        if any(one.first_day < end for one, end in zip(self.periods, ends, strict=False)):
            raise ValueError("periods must be in order, without overlap, and after what is erased")

    def key_of(self, day: date) -> bytes | None:
        """The key of calls of ``day``."""
        return next((bytes.fromhex(one.key) for one in self.periods if one.first_day <= day < one.end_day), None)

    def free_days(self, day: date, rotation_days: int) -> tuple[date, date] | None:
        """The days that a new key for ``day`` would be for; ``None`` when the key of ``day`` was erased.

        Periods lie on a grid of ``rotation_days``, cut where another period begins or ends.
        """
        if day < self.erased_before:
            return None
        number = day.toordinal() // rotation_days
        first = date.fromordinal(max(1, number * rotation_days))
        end = date.fromordinal(min((number + 1) * rotation_days, date.max.toordinal()))
        first = max([first, self.erased_before, *(one.end_day for one in self.periods if one.end_day <= day)])
        return first, min([end, *(one.first_day for one in self.periods if one.first_day > day)])

    def with_period(self, added: Period) -> "Keyring":
        """With a key more. Raises ``ValueError`` when another period has one of its days."""
        return replace(self, periods=tuple(sorted((*self.periods, added), key=lambda one: one.first_day)))

    def shortened(self, rotation_days: int, today: date) -> "Keyring":
        """With periods that would go on longer than ``rotation_days`` ending at their time, or with ``today``."""
        tomorrow, length = today + timedelta(days=1), timedelta(days=rotation_days)
        kept = (replace(one, end_day=min(one.end_day, max(one.first_day + length, tomorrow))) for one in self.periods)
        return replace(self, periods=tuple(kept))

    def due(self, today: date, term_days: int) -> tuple[Period, ...]:
        """Periods whose key is to be erased when transcripts are kept ``term_days``."""
        return tuple(one for one in self.periods if one.erased_on(term_days) <= today)

    def without(self, gone: Collection[Period]) -> "Keyring":
        """With these keys erased for good."""
        kept = tuple(one for one in self.periods if one not in gone)
        return Keyring(kept, max([self.erased_before, *(one.end_day for one in gone)]))


_KEYRING: TypeAdapter[Keyring] = TypeAdapter(Keyring)


def read_keys(path: Path) -> Keyring:
    """The keys in the file at ``path``; none when there is no file.

    Raises ``SettingsError`` when it cannot be read or is damaged.
    """
    if not path.exists():
        return Keyring()
    try:
        return _KEYRING.validate_json(read_sealed(path))
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be read ({type(error).__name__}): see to its permissions") from None
    except (ValidationError, SealError):
        raise SettingsError(
            f"{path.name} is damaged: delete it, then calls of earlier nights are no longer linked with later ones, "
            "and `callinsight retention` removes the links that it was for"
        ) from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Processes that change the keys wait for each other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "a", opener=private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, keys: Keyring) -> None:
    write_sealed(path, _KEYRING.dump_json(keys))


class Linker:
    """Gives calls the references of their callers. Build with :func:`open_linker`."""

    def __init__(self, settings: Settings, today: date) -> None:
        self._path, self._today = settings.work.linking_keys, today
        self._rotation_days = settings.linking.rotation_days
        self._term_days = settings.retention.transcripts_days
        self._own = {normalised(number) for number in settings.privacy.public_numbers}
        self._keys = read_keys(self._path)
        if self._keys.shortened(self._rotation_days, today) != self._keys:
            with _locked(self._path):
                self._keys = read_keys(self._path).shortened(self._rotation_days, today)
                _write(self._path, self._keys)

    def ref_of(self, caller: str, started_at: datetime) -> str | None:
        """The reference of the caller of a call that began at ``started_at`` (aware).

        ``None`` for who names nobody, for the municipality's own numbers, and for a call of a period whose key is
        erased or would be at once.
        """
        known = normalised(caller)
        if known is None or known in self._own:
            return None
        key = self._key(wall_clock(started_at).date())
        return None if key is None else caller_ref_of(known, key)

    def _key(self, day: date) -> bytes | None:
        if self._keys.key_of(day) is None and self._days(day) is not None:
            with _locked(self._path):
                self._keys = read_keys(self._path)
                days = self._days(day)
                if self._keys.key_of(day) is None and days is not None:  # else another process made it meanwhile
                    self._keys = self._keys.with_period(Period(*days, secrets.token_hex(_KEY_BYTES)))
                    _write(self._path, self._keys)
        return self._keys.key_of(day)

    def _days(self, day: date) -> tuple[date, date] | None:
        days = self._keys.free_days(day, self._rotation_days)
        return None if days is None or days[1] + timedelta(days=self._term_days) <= self._today else days


def open_linker(settings: Settings, now: datetime) -> Linker | None:
    """What links callers at ``now`` (aware), or ``None`` while linking is off.

    Raises ``SettingsError`` when the keys are damaged.
    """
    return Linker(settings, wall_clock(now).date()) if settings.linking.enabled else None


def erase_keys(path: Path, today: date, term_days: int) -> int:
    """Erase the keys of periods that ended at least ``term_days`` before ``today``; how many there were."""
    if not path.exists():
        return 0
    with _locked(path):
        keys = read_keys(path)
        due = keys.due(today, term_days)
        if due:
            _write(path, keys.without(due))
    return len(due)


def refs_of(settings: Settings, caller: str) -> frozenset[str]:
    """All references that a caller may have, under every key that there is.

    Raises ``SettingsError`` that says what to do when linking is off, there are no keys, or the text names nobody.
    """
    if not settings.linking.enabled:
        raise SettingsError(
            "calls are not linked to callers (linking.enabled is false), so that they cannot be found by a number: "
            "find them by day, hour and queue in the table calls, and give their ids"
        )
    known = normalised(caller)
    if known is None:
        raise SettingsError("that is no number or reference of a caller: an empty or withheld one names nobody")
    keys = read_keys(settings.work.linking_keys)
    if not keys.periods:
        raise SettingsError(
            "there are no keys to find a caller with: no call was linked yet, or all keys are past their term. "
            "Find the calls by day, hour and queue in the table calls, and give their ids"
        )
    return frozenset(caller_ref_of(known, bytes.fromhex(one.key)) for one in keys.periods)
