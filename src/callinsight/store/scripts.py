"""The .sql files of the store, in the order of their names."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from callinsight.errors import StoreError

HERE = Path(__file__).parent
MIGRATIONS, SUMMARIES, VIEWS, CHECKS, PUBLISH = (
    HERE / name for name in ("migrations", "summaries", "views", "checks", "publish")
)

_NUMBERED = re.compile(r"\d+_(?P<name>[a-z0-9_]+)")


@dataclass(frozen=True, slots=True)
class Script:
    """One .sql file: its name without extension, its text, and the sha256 of the text."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """The sha256 of the text, as hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def subject(self) -> str:
        """The name without the number that orders it: ``calls_per_hour`` of ``20_calls_per_hour``."""
        match = _NUMBERED.fullmatch(self.name)
        return match["name"] if match else self.name

    @property
    def explanation(self) -> str:
        """The comment at the top, as one line of text."""
        lines = (line.strip() for line in self.text.lstrip().splitlines())
        taken: list[str] = []
        for line in lines:
            if not line.startswith("--"):
                break
            taken.append(line.removeprefix("--").strip())
        return " ".join(part for part in taken if part)


def read_scripts(folder: Path) -> tuple[Script, ...]:
    """The .sql files straight under ``folder``, by name. Raises ``StoreError`` when there are none."""
    found = tuple(Script(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql")))
    if not found:
        raise StoreError(f"the installation is incomplete: no .sql files in {folder.name}/; install it again")
    return found
