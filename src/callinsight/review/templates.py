"""The templates of the pages for people, in the folder ``pages``, and how a page writes times and parties."""

from typing import TYPE_CHECKING

from callinsight.review.sounds import clock

if TYPE_CHECKING:
    from jinja2 import Environment

_WHO = {"agent": "Gemeente", "caller": "Beller", "system": "Keuzemenu", "unknown": "Onbekend"}


def environment() -> "Environment":
    """A new environment, in which what comes from a call or a person is escaped."""
    from jinja2 import Environment, PackageLoader, select_autoescape

    made = Environment(
        loader=PackageLoader("callinsight", "pages"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["clock"] = clock
    made.filters["who"] = lambda role: _WHO.get(role, role)
    return made
