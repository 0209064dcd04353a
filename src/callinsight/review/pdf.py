"""The improvement meeting's pack as a PDF, made out of the page itself by WeasyPrint.

WeasyPrint rather than a browser: no browser has to be kept on the server; and it repeats table heads, numbers pages and
tags the PDF (PDF/UA), so that a screen reader can read it.
"""

import hashlib
import logging
from importlib.util import find_spec

from callinsight.errors import SettingsError

_NO_PYTHON_PART = (
    "a PDF needs the extra `pdf`: install callinsight[pdf] (WeasyPrint); the page itself prints from any browser"
)
_NO_DEBIAN_PART = (
    "a PDF needs Debian's pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; "
    "the page itself prints from any browser"
)
_NOT_MADE = "the PDF could not be made ({}): print the page from a browser"


def require() -> None:
    """Raise ``SettingsError`` that says what to install when no PDF can be made here."""
    if find_spec("weasyprint") is None:
        raise SettingsError(_NO_PYTHON_PART)
    try:
        import weasyprint  # noqa: F401 - here, because it is slow to import and needs Debian's pango
    except OSError:  # cffi found no pango
        raise SettingsError(_NO_DEBIAN_PART) from None


def pdf(page: str) -> bytes:
    """``page`` (complete HTML) as a tagged PDF (PDF/UA-1). Equal pages give equal bytes, and nothing is loaded.

    Raises ``SettingsError`` as ``require`` does, or when the PDF cannot be made; its text tells nothing of the page.
    """
    require()
    import weasyprint
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    for name in ("weasyprint", "fontTools"):  # their warnings may quote what they were given
        logging.getLogger(name).setLevel(logging.CRITICAL)
    inside = URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    identifier = hashlib.sha256(page.encode()).digest()[:16]
    try:
        made = weasyprint.HTML(string=page, url_fetcher=inside).write_pdf(
            pdf_variant="pdf/ua-1", pdf_tags=True, pdf_identifier=identifier
        )
    except (Exception, FatalURLFetchingError) as error:  # noqa: BLE001 - the text of a library's error may quote the page
        raise SettingsError(_NOT_MADE.format(type(error).__name__)) from None
    return bytes(made)
