"""The settings: defaults here, ``callinsight.toml``, then the environment, then the command line; later wins.

Every key can be given in the environment as ``CALLINSIGHT_<SECTION>__<KEY>``, for instance
``CALLINSIGHT_PUBLISH__K=15``. Unknown keys and unknown environment names are refused with the nearest valid name.
Validators neither create files nor guess.
"""

import datetime
import difflib
import hashlib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import (
    SettingsError as UnreadableVariable,
)

from callinsight import sealed
from callinsight.errors import SettingsError
from callinsight.keys import KeySource, key_file_beside

ENVIRONMENT_PREFIX = "CALLINSIGHT_"
SETTINGS_FILE_VARIABLE = "CALLINSIGHT_SETTINGS"
DEFAULT_FILE = Path("callinsight.toml")

MOVED = {
    "review.copies_days": "retention.review_copies_days",
    "review.packs_days": "retention.packs_days",
}
"""Keys of earlier versions, and what they are called now."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Inbox(_Section):
    """Where recordings and their metadata arrive."""

    address: str = "inbox"
    recursive: bool = True
    metadata: Literal["auto", "sidecar", "csv", "name"] = "auto"
    file_name_pattern: str = ""
    time_zone: str = "Europe/Amsterdam"
    settle_seconds: int = Field(default=0, ge=0)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("not a time zone name such as Europe/Amsterdam") from error
        return value


class Work(_Section):
    """Where results, the database and the published copy are kept."""

    folder: Path = Path("work")
    published: Path | None = None
    pseudonym_key_file: Path | None = None

    @property
    def results(self) -> Path:
        """Folder of result files, the truth from which the database can be rebuilt."""
        return self.folder / "results"

    @property
    def embeddings(self) -> Path:
        """Folder of the tagger's vectors of redacted turns, a file per call; may be deleted, costs time."""
        return self.folder / "embeddings"

    @property
    def failures(self) -> Path:
        """Folder of failure files, one for each recording that was set aside."""
        return self.folder / "failures"

    @property
    def reviews(self) -> Path:
        """Folder of the improvement meeting's verdicts, a file each; the truth from which the table is filled."""
        return self.folder / "reviews"

    @property
    def tagger(self) -> Path:
        """Folder of the heads that corrections taught, and of the note which of them are in use."""
        return self.folder / "tagger"

    @property
    def actions(self) -> Path:
        """Folder of improvements, a file each; the truth from which the table is filled."""
        return self.folder / "actions"

    @property
    def candidates(self) -> Path:
        """Folder of candidates for new topics, a file each, with what the meeting decided on them."""
        return self.folder / "candidates"

    @property
    def aggregates(self) -> Path:
        """Folder of counts of weeks and months whose calls are erased, a file each; the truth for those periods."""
        return self.folder / "aggregates"

    @property
    def deletions(self) -> Path:
        """The log of what was deleted: kinds, terms, counts and days, nothing of a call."""
        return self.folder / "deletions.jsonl"

    @property
    def quarantine_list(self) -> Path:
        """The data team's readable list of what was set aside; holds file names, so it is for them alone."""
        return self.folder / "quarantine.csv"

    @property
    def ledger(self) -> Path:
        """What was seen in the inbox; without it, erased calls whose recording is still there are processed again."""
        return self.folder / "ledger.sqlite"

    @property
    def database(self) -> Path:
        """The writer's database. Managers open the published copy instead."""
        return self.folder / "callinsight.duckdb"

    @property
    def linking_keys(self) -> Path:
        """Keys behind the references of callers, one for each period; whoever has one can try out numbers."""
        return self.folder / "linking_keys.json"

    @property
    def packs(self) -> Path:
        """Folder of the improvement meeting's packs, which hold redacted sentences and are for the meeting alone."""
        return self.folder / "overleg"

    @property
    def review_copies(self) -> Path:
        """Folder of review copies: calls to listen to, with personal data bleeped out."""
        return self.folder / "review"

    @property
    def published_database(self) -> Path:
        """The read-only copy that managers query."""
        return self.published or self.folder / "published" / "trends.duckdb"

    @property
    def key_file(self) -> Path:
        """Secret of the pseudonyms; whoever has it can tie a pseudonym to a recording id."""
        return self.pseudonym_key_file or self.folder / "pseudonym.key"


class Encryption(_Section):
    """Whether what a work folder keeps about calls is encrypted, and where the key comes from."""

    enabled: bool = True
    key_file: Path | None = None
    key_command: str | None = None
    key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    """Only from the environment, and never in a dump of the settings: those travel between processes."""

    @model_validator(mode="after")
    def _one_source(self) -> "Encryption":
        given = [name for name in ("key_file", "key_command", "key") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"the key comes from one place: give one of {' and '.join(given)}")
        return self

    def source(self, folder: Path) -> KeySource:
        """Where the key of the work folder ``folder`` comes from. Only the default file is ever made by itself."""
        return KeySource(
            file=self.key_file or key_file_beside(folder),
            command=self.key_command,
            given=None if self.key is None else self.key.get_secret_value(),
            made=self.key_file is None,
            enabled=self.enabled,
        )


class Models(_Section):
    """Which models recognise, separate and tag."""

    profile: str = "demo"
    registry: Path = Path("models/registry.toml")
    folder: Path = Path("models/pulled")
    taxonomy: Path = Path("models/taxonomy")
    taxonomy_overlay: Path | None = None
    personal_data: Path = Path("models/privacy/personal_data.yaml")
    device: Literal["auto", "cpu", "cuda"] = "auto"

    @field_validator("taxonomy_overlay", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class Speech(_Section):
    """How speech is recognised. The language is Dutch and is never guessed."""

    batch_windows: int = Field(default=16, ge=1, le=256)
    beam_size: int = Field(default=5, ge=1, le=20)
    window_s: float | None = Field(default=None, gt=1.0, le=30.0)
    vocabulary: tuple[str, ...] = ()
    cpu_threads: int = Field(default=0, ge=0)


class Speakers(_Section):
    """How voices in a mono recording are told apart. Stereo needs none of it."""

    minimum: int = Field(default=1, ge=1)
    maximum: int = Field(default=3, ge=1)


class Limits(_Section):
    """What is refused, so that one file cannot spoil a night."""

    max_minutes: int = Field(default=120, ge=1)
    min_ms: int = Field(default=1000, ge=100)


class Process(_Section):
    """How the night is cut up."""

    chunk_calls: int = Field(default=32, ge=1)
    workers: int = Field(default=1, ge=1)


class Privacy(_Section):
    """What is masked, and what nobody listens to. Kinds and cues themselves are data: ``models.personal_data``."""

    keep_streets_in_reports: bool = False
    silent_hold_s: int = Field(default=15, ge=0)
    case_numbers: tuple[str, ...] = ()
    case_number_words: tuple[str, ...] = ()
    public_numbers: tuple[str, ...] = ()
    public_words: tuple[str, ...] = ()
    name_model: bool = True
    public_names: tuple[str, ...] = ()

    @field_validator("public_names")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not any(letter.isalpha() for letter in name) for name in value):
            raise ValueError("a public name must have letters")
        return value


class Linking(_Section):
    """Whether calls of one caller are linked, and how many days a key lasts."""

    enabled: bool = False
    rotation_days: int = Field(default=30, ge=1, le=366)


Weekday = Literal["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"]

_WEEK: tuple[Weekday, ...] = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag")


class Calendar(_Section):
    """When the telephone is answered, on Dutch clocks. Weekdays that are left out are closed."""

    opening_hours: dict[Weekday, str] = Field(default_factory=lambda: dict.fromkeys(_WEEK, "08:30-17:00"))
    closed_days: tuple[datetime.date, ...] = ()

    @field_validator("opening_hours")
    @classmethod
    def _hours(cls, value: dict[Weekday, str]) -> dict[Weekday, str]:
        for day, text in value.items():
            opens, closes = _times(text)
            if opens >= closes:
                raise ValueError(f"{day} closes before it opens")
        return value

    @property
    def hours(self) -> dict[int, tuple[datetime.time, datetime.time]]:
        """(opens, closes) by weekday, 1 for Monday to 7 for Sunday."""
        numbers = {name: number for number, name in enumerate(get_args(Weekday), start=1)}
        return {numbers[day]: _times(text) for day, text in self.opening_hours.items()}


def _times(text: str) -> tuple[datetime.time, datetime.time]:
    try:
        opens, closes = (datetime.time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        raise ValueError(f'hours are written as "08:30-17:00", not "{text}"') from None
    return opens, closes


class Publish(_Section):
    """What managers may see."""

    k: int = Field(default=10, ge=1)
    running_periods: bool = False
    include_quotes: bool = False
    files: tuple[Literal["parquet", "csv", "xlsx"], ...] = ("parquet", "csv", "xlsx")


class Review(_Section):
    """Who decides (roles and teams, never names), what may be listened to, and the meeting's pack."""

    copies: bool = True

    roles: tuple[str, ...] = (
        "kwaliteitsmedewerker",
        "teamleider",
        "klantadviseur",
        "kennisredacteur",
        "webredacteur",
        "beleidsmedewerker",
    )
    teams: tuple[str, ...] = (
        "klantcontact",
        "communicatie",
        "webteam",
        "burgerzaken",
        "belastingen",
        "openbare ruimte",
        "sociaal domein",
    )
    pdf: bool = False


class Retention(_Section):
    """How many days everything is kept. Counted from the call, packs from the day they were made."""

    recordings_days: int = Field(default=7, ge=1)
    delete_recordings: bool = False
    review_copies_days: int = Field(default=30, ge=1)
    packs_days: int = Field(default=30, ge=1)
    transcripts_days: int = Field(default=30, ge=1)
    vectors_days: int = Field(default=30, ge=1)
    tags_days: int = Field(default=730, ge=1)
    aggregates_days: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for name, why in _NOT_LONGER_THAN_TRANSCRIPTS.items():
            if getattr(self, name) > self.transcripts_days:
                raise ValueError(f"{name} may not be more than transcripts_days ({self.transcripts_days}): {why}")
        if self.transcripts_days > self.tags_days:
            raise ValueError(
                f"transcripts_days may not be more than tags_days ({self.tags_days}): with its tags a call goes as a "
                "whole, and its words with it"
            )
        if 0 < self.aggregates_days < self.tags_days:
            raise ValueError(
                f"aggregates_days must be 0 (no end) or at least tags_days ({self.tags_days}): as long as the calls "
                "are there, their counts follow from them"
            )
        return self


_NOT_LONGER_THAN_TRANSCRIPTS = {
    "review_copies_days": "a review copy says in sound what the transcript says in words",
    "packs_days": "a pack quotes the transcript",
    "vectors_days": "vectors are made of the words, and are of no use without them",
}


class Settings(BaseSettings):
    """All settings. Build with :func:`load`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__"
    )

    inbox: Inbox = Inbox()
    work: Work = Work()
    encryption: Encryption = Encryption()
    models: Models = Models()
    speech: Speech = Speech()
    speakers: Speakers = Speakers()
    limits: Limits = Limits()
    process: Process = Process()
    privacy: Privacy = Privacy()
    linking: Linking = Linking()
    calendar: Calendar = Calendar()
    publish: Publish = Publish()
    review: Review = Review()
    retention: Retention = Retention()

    @model_validator(mode="after")
    def _key_lies_elsewhere(self) -> Self:
        file, folder = self.encryption.key_file, self.work.folder.resolve()
        if file is not None and file.resolve().is_relative_to(folder):
            raise ValueError("encryption.key_file lies in the work folder, whose every copy would have the key with it")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line over environment over file; no dotenv file and no secrets folder is read."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def model_post_init(self, context: Any, /) -> None:
        """Remember where the key of the work folder comes from, in every process that has these settings."""
        super().model_post_init(context)
        self._remember_key()

    def __setstate__(self, state: dict[Any, Any]) -> None:
        """Remember it in a process that was handed these settings too."""
        super().__setstate__(state)
        self._remember_key()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, whose work folder has its key as well. What is in ``update`` is not checked."""
        made = super().model_copy(update=update, deep=deep)
        made._remember_key()
        return made

    def _remember_key(self) -> None:
        sealed.remember(self.work.folder, self.encryption.source(self.work.folder))

    def digest(self) -> str:
        """A short digest of what can change a result; where things lie and how the night is cut up cannot."""
        relevant = self.model_dump_json(include={"speech", "speakers", "limits", "privacy"})
        return hashlib.blake2b(relevant.encode(), digest_size=8).hexdigest()


def load(file: Path | None = None, *, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Read the settings.

    ``file`` must exist when given; without it ``$CALLINSIGHT_SETTINGS`` and then ``callinsight.toml`` in the current
    folder are used when there. ``overrides`` are the command line's. Raises ``SettingsError`` that names the key and
    the nearest valid one.
    """
    chosen = file or (Path(os.environ[SETTINGS_FILE_VARIABLE]) if SETTINGS_FILE_VARIABLE in os.environ else None)
    if chosen is not None and not chosen.is_file():
        raise SettingsError(f"there is no settings file {chosen.name}: give an existing one with --settings")
    chosen = chosen or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    _refuse_unknown_variables()
    _refuse_key_in_file(chosen)

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=chosen)

    given: dict[str, Any] = {section: dict(keys) for section, keys in (overrides or {}).items()}
    try:
        return FromFile(**given)
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(detail) for detail in error.errors())) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, UnreadableVariable) as error:
        raise SettingsError(f"the settings cannot be read: {error}") from error


def _refuse_key_in_file(file: Path | None) -> None:
    """A settings file is read by many and kept in version control: no place for a key."""
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8")) if file else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return  # told when the settings are read
    if isinstance(section := given.get("encryption"), dict) and "key" in section:
        raise SettingsError(
            "setting encryption.key: a key does not belong in a settings file; give encryption.key_file, "
            "encryption.key_command or the environment variable CALLINSIGHT_ENCRYPTION__KEY"
        )


def _variable(key: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{key.replace('.', '__')}".upper()


def _refuse_unknown_variables() -> None:
    known = _known_variables()
    for old, new in MOVED.items():
        if _variable(old) in os.environ:
            raise SettingsError(f"environment variable {_variable(old)} is now {_variable(new)}")
    for name in os.environ:
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known:
            raise SettingsError(f"unknown environment variable {name}{_nearest(name, known)}")


def _known_variables() -> tuple[str, ...]:
    sections = Settings.model_fields.items()
    keys = (f"{section}__{key}" for section, field in sections for key in _section_type(field.annotation).model_fields)
    return (SETTINGS_FILE_VARIABLE, *(f"{ENVIRONMENT_PREFIX}{key}".upper() for key in keys))


def _section_type(annotation: Any) -> type[BaseModel]:
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        raise TypeError("every field of Settings is a section")
    return annotation


def _nearest(name: str, valid: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, valid, n=1)
    return f": did you mean {near[0]}?" if near else f": known are {', '.join(sorted(valid))}"


def _explain(detail: Any) -> str:
    place = [str(part) for part in detail["loc"]]
    if not place:  # of several sections together
        return f"the settings do not fit together: {detail['msg']}"
    if detail["type"] != "extra_forbidden":
        return f"setting {'.'.join(place)}: {detail['msg']}"
    if ".".join(place) in MOVED:
        return f"setting {'.'.join(place)} is now {MOVED['.'.join(place)]}"
    if len(place) == 1:
        return f"unknown section [{place[0]}]{_nearest(place[0], tuple(Settings.model_fields))}"
    keys = tuple(_section_type(Settings.model_fields[place[0]].annotation).model_fields)
    return f"unknown setting {'.'.join(place)}{_nearest(place[1], keys)}"
