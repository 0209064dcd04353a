"""Picks the calls that deserve to be processed again: another version, other settings or other models made them."""

from dataclasses import dataclass

from callinsight import assembly
from callinsight.core.values import Provenance
from callinsight.ledger import open_ledger
from callinsight.settings import Settings
from callinsight.store.database import open_reader, open_writer
from callinsight.store.versions import MadeBy, calls_made_by


def is_outdated(made: MadeBy, now: Provenance, taggers: frozenset[str] = frozenset()) -> bool:
    """Whether the sound has to be heard again to get what ``now`` would make.

    Models named in ``taggers`` and the taxonomy do not count: tags can be given again without the sound.
    """

    def heard(digests: tuple[tuple[str, str], ...]) -> set[tuple[str, str]]:
        return {(name, digest) for name, digest in digests if name not in taggers}

    return (
        made.code_version != now.code_version
        or made.settings_digest != now.settings_digest
        or heard(made.model_digests) != heard(now.model_digests)
    )


@dataclass(frozen=True, slots=True)
class Marked:
    """How many calls are to be processed again, and how many stay as they are since their words are past their term."""

    calls: int
    wordless: int


def mark_outdated(settings: Settings) -> Marked:
    """Let the next run process again what is outdated and still has its recording in the inbox.

    Until then, and when a recording is gone, the earlier result stays as it is. So does that of a call whose words are
    past their term: doing it again would bring them back. Raises ``ModelError`` or ``SettingsError`` when the models
    cannot be found, ``StoreError`` when the database is missing or in use.
    """
    now = assembly.provenance(settings)
    taggers = frozenset({assembly.tagger_name(settings)})
    database = settings.work.database
    # the writer's way brings a database of an earlier version up to date, and those are the ones with outdated calls
    with open_writer(database) if database.exists() else open_reader(database) as connection:
        outdated = calls_made_by(connection, lambda made: is_outdated(made, now, taggers))
    with open_ledger(settings.work.ledger) as ledger:
        return Marked(ledger.mark_again(outdated.spoken), len(outdated.wordless))
