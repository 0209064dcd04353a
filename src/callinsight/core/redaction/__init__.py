"""Redaction: personal data in what was said, found by rules and replaced by typed marks."""

from callinsight.core.redaction.redact import Finding, Redacted, find, redact
from callinsight.core.redaction.rules import RedactionRules

__all__ = ["Finding", "Redacted", "RedactionRules", "find", "redact"]
