"""A night that is listened in on, in a process of its own: ``python -m support.overheard HEARD STEP...``.

Writes to the file HEARD, which the search leaves out, what redaction took out of which words: that is what must not be
found anywhere. Each STEP is ``flow``, for the nightly Prefect flow, or a command of Callinsight. Everything logs at
its most talkative.
"""

import contextlib
import fcntl
import json
import logging
import os
import runpy
import shlex
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from callinsight.core.redaction import Redacted, RedactionRules, redact
from callinsight.core.values import Turn

ROOT = Path(__file__).parents[2]
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1  # linux/sockios.h, linux/if.h
_AROUND = 1  # words on both sides, so that a row of words belongs to this place alone


def main(heard: Path, steps: Sequence[str]) -> None:
    """Run the steps and print how each ended."""
    if os.environ.get("CANARY_LONELY"):
        _only_loopback()
    _listen_in(heard)
    codes: dict[str, object] = {}
    for step in steps:
        _talk()
        codes[step] = _flow() if step == "flow" else _command(shlex.split(step))
    print(json.dumps({"codes": codes}))  # noqa: T201 - read by the test


def _flow() -> str:
    sys.argv = ["nightly.py"]
    nightly = runpy.run_path(str(ROOT / "pipelines" / "nightly.py"))["nightly"]
    _talk()
    state = nightly(return_state=True)
    return str(state.name)


def _command(arguments: Sequence[str]) -> int:
    from callinsight import cli

    try:
        cli.main(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    return -1


def _talk() -> None:
    """Everything that is logged goes to stderr, whatever a library has set."""
    root = logging.getLogger()
    root.setLevel(logging.DEBUG)
    if not any(getattr(handler, "overheard", False) for handler in root.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.overheard = True  # type: ignore[attr-defined]
        root.addHandler(handler)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.DEBUG)


def _listen_in(heard: Path) -> None:
    """Note what redaction took out, before it is gone."""
    from callinsight import worker

    def noted(turns: Sequence[Turn], rules: RedactionRules) -> Redacted:
        found = redact(turns, rules)
        with heard.open("a", encoding="utf-8") as out:
            out.write(json.dumps(list(_taken_out(turns, found))) + "\n")
        return found

    worker.redact = noted  # type: ignore[attr-defined]


def _taken_out(turns: Sequence[Turn], found: Redacted) -> Any:
    """Kind and raw words of each redaction with a word on both sides; and the time of the redaction."""
    for redaction in found.redactions:
        for turn in turns:
            inside = [n for n, word in enumerate(turn.words) if word.span.overlap_ms(redaction.span)]
            if inside:
                around = turn.words[max(0, inside[0] - _AROUND) : inside[-1] + 1 + _AROUND]
                yield {
                    "kind": redaction.kind,
                    "words": [turn.words[n].text for n in inside],
                    "around": [word.text for word in around],
                    "start_ms": redaction.span.start_ms,
                    "end_ms": redaction.span.end_ms,
                }


def _only_loopback() -> None:
    """In a network of our own even the loopback must be switched on."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as plug:
        asked = struct.pack("16sh", b"lo", 0)
        (flags,) = struct.unpack("16xh", fcntl.ioctl(plug, _SIOCGIFFLAGS, asked))
        fcntl.ioctl(plug, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | _IFF_UP))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
