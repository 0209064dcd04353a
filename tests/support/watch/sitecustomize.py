"""Comes up with every Python process of a watched run: tells which files it writes and which sockets it opens.

Python finds this module by PYTHONPATH; ``support.watched`` sets that. CANARY_FOLDER is where the tale goes, a file a
process, and ``kept``, where whatever is about to be removed or replaced is linked, so that it can be looked into
afterwards. CANARY_SOCKETS=refuse lets a connection to any other machine fail. ``kill_at`` ends the process, as the
kernel would, just before it touches a file of a folder for so many times.
"""

import contextlib
import itertools
import json
import os
import signal
import sys
import threading
from typing import Any

_FOLDER = os.environ.get("CANARY_FOLDER")
_LOOPBACK = ("127.", "::1", "localhost")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_CHANGES = ("os.remove", "os.rename", "os.truncate", "os.link")
_EVENTS = {"open", *_CHANGES, "socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"}
_numbers = itertools.count()


class _Plan:
    """When to end: at the ``times``-th touch of a file in ``folder``."""

    folder = ""
    times = 0
    touched = 0


_plan = _Plan()


def kill_at(times: int, folder: str) -> None:
    """End this process at the ``times``-th touch of a file in ``folder``; 0 only counts."""
    _plan.folder, _plan.times, _plan.touched = folder, times, 0


def touched() -> int:
    """How often a file of the folder was touched since :func:`kill_at`."""
    return _plan.touched


def _start() -> None:
    tale = os.open(
        f"{_FOLDER}/{os.getpid()}-{os.urandom(4).hex()}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
    )
    refuse = os.environ.get("CANARY_SOCKETS") == "refuse"
    busy = threading.local()

    def tell(event: str, what: str) -> None:
        os.write(tale, json.dumps([event, what]).encode() + b"\n")

    def keep(path: str) -> None:
        with contextlib.suppress(OSError):
            if os.path.isfile(path) and not os.path.islink(path):  # noqa: PTH113, PTH114 - pathlib would open
                os.link(path, f"{_FOLDER}/kept/{os.getpid()}-{next(_numbers)}")

    def touch(path: str) -> None:
        if _plan.folder and path.startswith(_plan.folder):
            _plan.touched += 1
            if _plan.touched == _plan.times:
                tell("kill", path)
                os.kill(os.getpid(), signal.SIGKILL)

    def on_open(path: object, flags: object) -> None:
        if isinstance(path, str | bytes | os.PathLike) and isinstance(flags, int) and flags & _WRITES:
            place = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
            tell("write", place)
            touch(place)

    def on_change(event: str, args: tuple[Any, ...]) -> None:
        for path in args[: 2 if event in ("os.rename", "os.link") else 1]:
            if isinstance(path, str | bytes | os.PathLike):
                place = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
                tell(event, place)
                keep(place)
                touch(place)

    def on_socket(event: str, args: tuple[Any, ...]) -> None:
        address = args[0] if event == "socket.getaddrinfo" else args[1]
        host = address[0] if isinstance(address, tuple) else address
        name = os.fsdecode(host) if isinstance(host, str | bytes) else str(host)
        near = not isinstance(address, tuple) and event != "socket.getaddrinfo"  # a Unix socket
        near = near or name.startswith(_LOOPBACK) or (name in ("", "0.0.0.0", "None") and event == "socket.bind")
        tell("socket" if near else "socket outside", f"{event} {name}")
        if refuse and not near:
            raise PermissionError("this test allows no connection to another machine")

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _EVENTS and not getattr(busy, "now", False):  # what the watch itself does is no news
            busy.now = True
            try:
                see(event, args)
            finally:
                busy.now = False

    def see(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            on_open(args[0], args[2])
        elif event in _CHANGES:
            on_change(event, args)
        else:
            on_socket(event, args)

    sys.addaudithook(hook)


if _FOLDER:
    _start()
