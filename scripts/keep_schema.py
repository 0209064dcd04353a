"""Keep a small database of every schema version that has none yet, for the tests of migrations.

Run `python scripts/keep_schema.py` before you add a migration (or after it, as long as the new schema has every
column that the older one demands), and commit what it makes in tests/data/schemas. Files that are there stay.
"""

import sys
import tempfile
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.kept import KEPT, keep, kept_versions, newest_version


def main() -> int:
    missing = [version for version in range(1, newest_version() + 1) if version not in kept_versions()]
    for version in missing:
        target = KEPT / f"v{version:04d}.duckdb.gz"
        try:
            with tempfile.TemporaryDirectory() as scratch:
                keep(version, target, Path(scratch))
        except duckdb.Error as error:
            target.unlink(missing_ok=True)
            sys.stderr.write(
                f"version {version} cannot be made out of today's schema ({type(error).__name__}): take the newer "
                "migrations away for a moment, run this, and put them back\n"
            )
            return 1
        sys.stdout.write(f"kept {target.name}, {target.stat().st_size // 1000} kB\n")
    if not missing:
        sys.stdout.write("every schema version has its file\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
