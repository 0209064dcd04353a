"""Builds a worker from the settings: the one place where a profile's names become engines."""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from callinsight import __version__, copies, offline, registry, taught_heads, worker
from callinsight.audio import DecodeLimits
from callinsight.core.values import Provenance
from callinsight.core.waiting import WaitRules
from callinsight.embeddings import write_vectors
from callinsight.engines import NameSpotter
from callinsight.errors import ModelError
from callinsight.privacy_files import rules_of
from callinsight.registry import ModelEntry, Part, Registry
from callinsight.review_copy import Copier
from callinsight.settings import Settings
from callinsight.taxonomy_files import folder_digest, taxonomy_of
from callinsight.taxonomy_files import rules_of as signal_rules_of

if TYPE_CHECKING:
    from callinsight.engines.transformers import TransformersTagger

EXPECTED_ENGINES = {
    "speech": "faster_whisper",
    "speakers": "pyannote",
    "tagger": "transformers",
    "names": "transformers",
}
"""Which engine each part of a profile needs, so far."""


def open_registry(settings: Settings) -> Registry:
    """The registry that the settings name. Raises ``ModelError``."""
    return registry.load(settings.models.registry, settings.models.folder)


def parts_of(settings: Settings, models: Registry) -> dict[Part, ModelEntry]:
    """The models of the profile by part, without that for names when the settings do not want it.

    Raises ``ModelError``.
    """
    entries = models.profile(settings.models.profile)
    return {part: entry for part, entry in entries.items() if part != "names" or settings.privacy.name_model}


def provenance(settings: Settings) -> Provenance:
    """By what results will be made under these settings. Raises ``ModelError`` or ``SettingsError``."""
    models = open_registry(settings)
    entries = parts_of(settings, models)
    rules = settings.models.personal_data.read_bytes() if settings.models.personal_data.is_file() else b""
    digests = [(entry.name, registry.digest_of(models, entry)) for entry in entries.values()]
    digests.append(("personal-data", hashlib.blake2b(rules, digest_size=8).hexdigest()))
    return Stamp.of(settings).on(Provenance(__version__, settings.digest(), tuple(digests), ""))


def tagger_base(settings: Settings) -> str:
    """The profile's tagger with a digest of its files: what taught heads belong to. Raises ``ModelError``."""
    models = open_registry(settings)
    return _base_of(models, models.profile(settings.models.profile)["tagger"])


def _base_of(models: Registry, entry: ModelEntry) -> str:
    return f"{entry.name}:{registry.digest_of(models, entry)}"


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what tags are made under some settings. ``taggers`` are the names of all taggers of the registry."""

    tagger: tuple[str, str]
    taggers: frozenset[str]
    taxonomy_version: str
    tag_version: str

    @staticmethod
    def of(settings: Settings) -> "Stamp":
        """Raises ``ModelError``, ``SettingsError`` or ``StoreError``."""
        models = open_registry(settings)
        entry = models.profile(settings.models.profile)["tagger"]
        digest = registry.digest_of(models, entry)
        heads = taught_heads.in_use(settings.work.tagger, _base_of(models, entry))
        if heads != taught_heads.ORIGINAL:
            digest = hashlib.blake2b(f"{digest} {heads}".encode(), digest_size=8).hexdigest()
        tagger = (entry.name, digest)
        version = taxonomy_of(settings).version
        made = f"{__version__} {tagger} {folder_digest(settings.models.taxonomy)}"
        short = hashlib.blake2b(made.encode(), digest_size=4).hexdigest()
        taggers = frozenset(profile["tagger"] for profile in models.profiles.values())
        return Stamp(tagger, taggers, version, f"{version}-{short}")

    def on(self, provenance: Provenance) -> Provenance:
        """``provenance`` with its part on tags as this stamp has it; what tells of the recognition stays."""
        names = [name for name, _ in provenance.model_digests]
        others = [pair for pair in provenance.model_digests if pair[0] not in self.taggers]
        place = next((n for n, name in enumerate(names) if name in self.taggers), len(others))
        return replace(
            provenance,
            model_digests=(*others[:place], self.tagger, *others[place:]),
            taxonomy_version=self.taxonomy_version,
            tag_version=self.tag_version,
        )


def tagger_name(settings: Settings) -> str:
    """The name of the profile's tagger in the registry. Raises ``ModelError`` or ``SettingsError``."""
    return open_registry(settings).profile(settings.models.profile)["tagger"].name


def device_of(settings: Settings) -> str:
    """``cpu`` or ``cuda``; ``auto`` takes the graphics card when there is one."""
    if settings.models.device != "auto":
        return settings.models.device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@lru_cache(maxsize=1)
def shared_worker(settings_json: str) -> worker.Worker:
    """This process's worker. One set of engines a process: Whisper's memory grows when threads share it."""
    settings = Settings.model_validate_json(settings_json)
    copies_kept = partial(copies.write_copy, settings.work.review_copies)
    copier = Copier(copies_kept) if settings.review.copies else None
    return build_worker(settings, copier=copier, keep_vectors=partial(write_vectors, settings.work.embeddings))


def build_worker(
    settings: Settings,
    listener: worker.RawListener | None = None,
    copier: Copier | None = None,
    keep_vectors: worker.KeepVectors | None = None,
) -> worker.Worker:
    """Load the engines of the profile. ``listener`` is for scoring alone; without ``copier`` no review copy is made.

    Raises ``ModelError`` or ``SettingsError`` with what to do.
    """
    offline.apply()
    models = open_registry(settings)
    entries = parts_of(settings, models)
    for part, entry in entries.items():
        if entry.engine != EXPECTED_ENGINES[part]:
            raise ModelError(f"model {entry.name} has engine {entry.engine}, but {part} needs {EXPECTED_ENGINES[part]}")
    engines = _engines(settings, models, {str(part): entry for part, entry in entries.items()})
    limits = DecodeLimits(max_minutes=settings.limits.max_minutes, min_ms=settings.limits.min_ms)
    made_by, windows = provenance(settings), settings.speech.batch_windows
    return worker.Worker(engines, made_by, limits, listener, windows, copier, keep_vectors)


def build_tagger(settings: Settings, *, taught: bool = True) -> "TransformersTagger":
    """The tagger alone, its encoder loaded when first needed; without ``taught`` with the model's own heads.

    Raises ``ModelError``, ``SettingsError`` or ``StoreError``.
    """
    offline.apply()
    models = open_registry(settings)
    entry = models.profile(settings.models.profile)["tagger"]
    return _tagger(settings, models, entry, ready=False, taught=taught)


def _tagger(
    settings: Settings, models: Registry, entry: ModelEntry, *, ready: bool = True, taught: bool = True
) -> "TransformersTagger":
    from callinsight.engines import transformers

    taxonomy = taxonomy_of(settings)
    rules = signal_rules_of(settings, taxonomy)
    folder = models.require(entry)
    tagger = transformers.load(folder, taxonomy, rules, device=settings.models.device, ready=ready)
    heads = taught_heads.in_use(settings.work.tagger, _base_of(models, entry))
    if heads == taught_heads.ORIGINAL or not taught:
        return tagger
    return tagger.taught(taught_heads.read(settings.work.tagger, heads).corrections)


def build_names(settings: Settings) -> NameSpotter | None:
    """The spotter of names alone; None when the profile has none or the settings do not want it.

    Raises ``ModelError``.
    """
    offline.apply()
    models = open_registry(settings)
    return _names(settings, models, parts_of(settings, models).get("names"))


def _names(settings: Settings, models: Registry, entry: ModelEntry | None) -> NameSpotter | None:
    if entry is None:
        return None
    from callinsight.engines import names

    return names.load(models.require(entry), device=settings.models.device)


def _engines(settings: Settings, models: Registry, entries: dict[str, ModelEntry]) -> worker.Engines:
    from callinsight.engines import faster_whisper
    from callinsight.engines.pyannote import PyannoteDiarizer
    from callinsight.engines.speech_regions import SileroRegions

    device = device_of(settings)
    return worker.Engines(
        speech=SileroRegions(waits=WaitRules(dead_ms=1000 * settings.privacy.silent_hold_s)),
        transcriber=faster_whisper.load(
            models.require(entries["speech"]),
            device=device,
            cpu_threads=settings.speech.cpu_threads,
            options=faster_whisper.TranscribeOptions(
                batch_windows=settings.speech.batch_windows,
                beam_size=settings.speech.beam_size,
                window_s=settings.speech.window_s,
                vocabulary=settings.speech.vocabulary,
            ),
        ),
        diarizer=PyannoteDiarizer.load(
            models.require(entries["speakers"]),
            device=device,
            min_speakers=settings.speakers.minimum,
            max_speakers=settings.speakers.maximum,
        ),
        tagger=_tagger(settings, models, entries["tagger"]),
        redaction_rules=rules_of(settings),
        names=_names(settings, models, entries.get("names")),
    )
