"""Picks the calls that deserve to be processed again: another version, other settings or other models made them."""

from callinsight import assembly
from callinsight.core.values import Provenance
from callinsight.ledger import open_ledger
from callinsight.settings import Settings
from callinsight.store.database import open_reader
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


def mark_outdated(settings: Settings) -> int:
    """Let the next run process again what is outdated and still has its recording in the inbox; how many are marked.

    Until then, and when a recording is gone, the earlier result stays as it is. Raises ``ModelError`` or
    ``SettingsError`` when the models cannot be found, ``StoreError`` when the database is missing or in use.
    """
    now = assembly.provenance(settings)
    taggers = frozenset({assembly.tagger_name(settings)})
    with open_reader(settings.work.database) as connection:
        outdated = calls_made_by(connection, lambda made: is_outdated(made, now, taggers))
    with open_ledger(settings.work.ledger) as ledger:
        return ledger.mark_again(outdated)
