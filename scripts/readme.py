"""Write the answers under the SQL questions of README.md, from the demo's database: run it after `make demo`.

Each block of SQL is followed by a block of text with its answer; the rest of the file stays as it is.
"""

import re
from pathlib import Path

from callinsight.store.query import Table, run_query

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(```sql\n(?P<sql>.*?)```\n\n)(?:```text\n.*?```|ANSWER_\d)", re.DOTALL)


def plain(table: Table) -> str:
    """The answer as aligned columns."""
    rows = [table.columns, *([str(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def main() -> None:
    readme = ROOT / "README.md"

    def answered(match: re.Match[str]) -> str:
        answer = run_query(ROOT / "demo/published/trends.duckdb", match["sql"])
        return f"{match[1]}```text\n{plain(answer)}\n```"

    readme.write_text(BLOCK.sub(answered, readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
