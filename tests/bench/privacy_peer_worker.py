"""Runs Presidio and deduce over texts. Started by ``bench.privacy_peers`` in a virtual environment of their own.

Reads a JSON list of texts from the standard input and writes, for each system, the marks in each text as
``[label, start, end]``. Nothing is downloaded: Presidio gets an empty Dutch pipeline of spaCy, so it finds what its
patterns and the library phonenumbers find, and no names; deduce brings its lists with it.
"""

import importlib.metadata
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

Marks = list[tuple[str, int, int]]


def presidio() -> Callable[[str], Marks]:
    """What Presidio loads for Dutch, with its recognisers of cards and of telephone numbers told to work for it too."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, PhoneRecognizer

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())  # else it asks the network
    with tempfile.TemporaryDirectory() as folder:
        spacy.blank("nl").to_disk(Path(folder) / "nl")
        engine = SpacyNlpEngine(models=[{"lang_code": "nl", "model_name": str(Path(folder) / "nl")}])
        engine.load()
    registry = RecognizerRegistry(supported_languages=["nl"])
    registry.load_predefined_recognizers(languages=["nl"])
    registry.remove_recognizer("PhoneRecognizer")
    registry.add_recognizer(PhoneRecognizer(supported_language="nl", supported_regions=("NL", "BE", "DE")))
    registry.add_recognizer(CreditCardRecognizer(supported_language="nl"))
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["nl"])
    return lambda text: [(r.entity_type, int(r.start), int(r.end)) for r in analyzer.analyze(text, language="nl")]


def deduce() -> Callable[[str], Marks]:
    """deduce as it comes."""
    from deduce import Deduce

    engine = Deduce()
    return lambda text: [(a.tag, int(a.start_char), int(a.end_char)) for a in engine.deidentify(text).annotations]


def main() -> None:
    """Both, over all texts."""
    texts, out = json.load(sys.stdin), sys.stdout
    sys.stdout = sys.stderr  # what a library prints is no answer
    answer: dict[str, object] = {
        "versions": {name: importlib.metadata.version(name) for name in ("presidio-analyzer", "deduce", "spacy")}
    }
    for name, build in (("presidio", presidio), ("deduce", deduce)):
        find = build()
        began = time.process_time()
        answer[name] = [find(text) if text else [] for text in texts]
        answer[f"{name}_seconds"] = time.process_time() - began
    json.dump(answer, out)


if __name__ == "__main__":
    main()
