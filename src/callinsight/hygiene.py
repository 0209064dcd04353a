"""Keeps what a process knows inside it: no core dump, no look from beside, no text of an exception nobody foresaw.

The sound and the raw words of a call lie in memory: a core dump would be a recording, and an exception's own text may
quote what a library was given. ``seal`` is for every process that may hear a call; ``hush`` for those whose output goes
to a terminal, a log or a mail of a scheduler.
"""

import contextlib
import os
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threading import ExceptHookArgs

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def seal() -> None:
    """No core dump of this process or its children, and no other process of the same user may read its memory.

    The limit is inherited. A system whose ``core_pattern`` is a program (systemd-coredump, apport) does not heed it, so
    Linux is also told that this process is not dumpable; that mark ends with ``exec``, and every entry point sets it.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def told(error: BaseException) -> str:
    """What may be said of an exception: its type, the place in the code, and the operating system's own words.

    The text of the exception is left out, since it may hold speech; so is the name of a file, which may be a name.
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    reason = f" ({os.strerror(error.errno)})" if isinstance(error, OSError) and error.errno else ""
    return f"{type(error).__name__}{reason}{place}"


def hush() -> None:
    """Let an exception that nobody caught be told by :func:`told` alone, in the main thread, others and destructors.

    Hooks that somebody else has set (a test runner, a notebook) stay.
    """
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _tell
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _tell_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _tell_unraisable


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    del kind, trace
    _say(error)


def _tell_thread(args: "ExceptHookArgs") -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        _say(args.exc_value)


def _tell_unraisable(args: Any) -> None:
    if isinstance(args.exc_value, BaseException):
        _say(args.exc_value)


def _say(error: BaseException) -> None:
    if sys.stderr is not None:
        what = "stopped" if isinstance(error, KeyboardInterrupt) else f"unforeseen trouble: {told(error)}"
        print(f"callinsight: {what}", file=sys.stderr)  # noqa: T201 - the last resort, when logging may be gone
