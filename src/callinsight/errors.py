"""The errors that Callinsight raises. Messages carry ids and advice, never speech, names or file content."""

from callinsight.core.values import FailureKind, Stage


class CallinsightError(Exception):
    """Base of all errors raised on purpose. Its text is fit to be shown to a user."""


class SettingsError(CallinsightError):
    """The settings cannot be used as they are; the text says which key and what to do."""


class ModelError(CallinsightError):
    """A model is missing, damaged or of the wrong kind; the text says how to get it."""


class StoreError(CallinsightError):
    """The database cannot be opened, migrated or loaded; the text says what to do."""


class KeyFitError(StoreError):
    """Something is encrypted with a key that is not at hand; the text says which one is needed and which is given."""


class SealError(StoreError):
    """A sealed file was changed, cut off, or put in the place of another since it was written."""


class RecordingError(CallinsightError):
    """One recording cannot be processed. Ends as a ``Failure`` of that recording and never stops the night."""

    def __init__(self, stage: Stage, kind: FailureKind, *, retryable: bool = False) -> None:
        super().__init__(f"{stage.value}: {kind.value}")
        self.stage = stage
        self.kind = kind
        self.retryable = retryable
