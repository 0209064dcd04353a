"""Debian's Chromium without a window, steered over its DevTools protocol: for tests of pages that people look at."""

import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_START_S, _ANSWER_S = 60.0, 120.0

_FLAGS = (
    "--headless",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",  # the browser itself must not call anybody either
    "--disable-component-update",
    "--disable-sync",
)


class Page:
    """One tab. Remembers the address of everything that it asked for."""

    def __init__(self, socket: Connection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self._loaded = 0
        self.requested: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.send(f"{domain}.enable")
        self.send("Page.setBypassCSP", enabled=True)  # or the page's own policy would keep the checks out

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Do ``method`` of the protocol and return its result. Raises ``RuntimeError`` when the browser refuses."""
        number = next(self._numbers)
        message: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = self._receive()
            if answer.get("id") != number:
                continue
            if "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            return dict(answer["result"])

    def _receive(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._socket.recv(timeout=_ANSWER_S))
        if answer.get("method") == "Network.requestWillBeSent":
            self.requested.append(answer["params"]["request"]["url"])
        if answer.get("method") == "Page.loadEventFired":
            self._loaded += 1
        return answer

    def open(self, path: Path) -> None:
        """Show the file at ``path``, and wait until all of it is loaded."""
        before = self._loaded
        self.requested.clear()
        self.send("Page.navigate", url=path.resolve().as_uri())
        while self._loaded == before:
            self._receive()

    def look(self, *, width: int = 1280, scheme: str = "light", media: str = "") -> None:
        """Set the width in CSS pixels, ``light`` or ``dark``, and ``print`` for how it looks on paper."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.send(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def ask(self, script: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for. Raises ``RuntimeError`` when it fails."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"].get("exception", answer["exceptionDetails"])))
        return answer["result"].get("value")

    def press_tab(self) -> None:
        """Move the focus as a user of the keyboard does."""
        for kind in ("rawKeyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)


@contextmanager
def open_page(profile: Path) -> Iterator[Page]:
    """A tab in a browser of its own, whose files lie in the new folder ``profile``."""
    if CHROMIUM is None:
        raise RuntimeError("there is no chromium")
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()  # Chromium refuses its sandbox to root
    command = [CHROMIUM, *_FLAGS, *sandbox, f"--user-data-dir={profile}", "about:blank"]
    with _Running(command) as browser, connect(_address(profile, browser), max_size=None) as socket:
        yield Page(socket)


class _Running(subprocess.Popen[bytes]):
    """A process that ends with its block."""

    def __init__(self, command: list[str]) -> None:
        super().__init__(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.terminate()
        super().__exit__(kind, value, traceback)


def _address(profile: Path, browser: subprocess.Popen[bytes]) -> str:
    """Where the browser listens: it writes port and path to a file when it is ready."""
    ready = profile / "DevToolsActivePort"
    until = time.monotonic() + _START_S
    while time.monotonic() < until and browser.poll() is None:
        lines = ready.read_text().splitlines() if ready.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise RuntimeError("chromium did not start")
