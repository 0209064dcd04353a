"""Presidio and deduce over our texts, in a virtual environment of their own (``make bench-privacy`` makes it)."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.privacy_documents import Document
from bench.privacy_score import Mark
from bench.privacy_texts import ROOT

PYTHON = ROOT / "build/peers/bin/python"
PEERS = ("presidio", "deduce")
_KINDS = {
    "presidio": {
        "PHONE_NUMBER": "phone", "IBAN_CODE": "iban", "EMAIL_ADDRESS": "email", "CREDIT_CARD": "card_cvc",
        "DATE_TIME": "date_of_birth", "PERSON": "person_name", "LOCATION": "street", "US_BANK_NUMBER": "number",
    },
    "deduce": {
        "telefoonnummer": "phone", "emailadres": "email", "bsn": "bsn", "datum": "date_of_birth", "id": "number",
        "persoon": "person_name", "patient": "person_name", "locatie": "street",
    },
}  # fmt: skip
"""What their labels mean here. Other labels (ages, institutions, web pages) count when they cover personal data, and
are no false alarms."""


@dataclass(frozen=True, slots=True)
class Answers:
    """For each system the marks in each document, its processor time in seconds, and the versions of all of them."""

    marks: dict[str, list[list[Mark]]]
    seconds: dict[str, float]
    versions: dict[str, str]


def installed() -> bool:
    """Whether the peers can be asked."""
    return PYTHON.exists()


def ask(documents: Sequence[Document]) -> Answers:
    """Let both systems read ``documents``. Raises ``CalledProcessError`` when one of them fails."""
    worker = Path(__file__).with_name("privacy_peer_worker.py")
    texts = json.dumps([document.text for document in documents])
    done = subprocess.run([PYTHON, "-W", "ignore", worker], input=texts, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout)
    marks = {
        peer: [
            [document.mark(_KINDS[peer].get(label), start, end) for label, start, end in found]
            for document, found in zip(documents, told[peer], strict=True)
        ]
        for peer in PEERS
    }
    return Answers(marks, {peer: told[f"{peer}_seconds"] for peer in PEERS}, told["versions"])
