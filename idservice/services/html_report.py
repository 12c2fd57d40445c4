"""The report about a document as one page of HTML: self-contained, to be read and printed.

It needs no other file, no script and no network. Everything that comes out of the document is
escaped; pictures of its pages are drawn by us and never by the reader's browser.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

import idservice
from idservice.cms.claims import Commitment
from idservice.services.report_pages import Progress, signed_revisions
from idservice.validation import wording
from idservice.validation.report import printable

if TYPE_CHECKING:
    from jinja2 import Template

    from idservice.pdf.frame import PdfData
    from idservice.services.confined_answers import Picture
    from idservice.settings import ValidationSettings
    from idservice.validation.report import ValidationReport

_TEMPLATE = Path(__file__).parent.parent / "assets" / "report" / "report.html"


def html_report(
    report: ValidationReport,
    document: PdfData,
    settings: ValidationSettings,
    *,
    password: str | None = None,
    progress: Progress = lambda *_: None,
) -> str:
    """Return the report about a document as HTML, with the pages of each signed revision.

    Raises ServiceUnavailable when the process that draws pages cannot be started.
    """
    revisions = signed_revisions(report, document, settings, password=password, progress=progress)
    return _template().render(
        report=report.to_json(),
        sentence=report.sentence(),
        passed=report.passed,
        revisions=revisions,
        size=len(document),
        sha256=hashlib.sha256(document).hexdigest(),
        version=idservice.__version__,
        words=wording,
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, finalize=_shown
    )
    environment.filters["data_uri"] = _data_uri
    environment.filters["short_name"] = wording.short_name
    environment.filters["commitment"] = _commitment
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _data_uri(picture: Picture) -> Markup:
    # Base64 needs no escape, and is longer than any text that is shown.
    return Markup("data:image/webp;base64,") + base64.b64encode(picture.webp).decode("ascii")


def _commitment(oid: str) -> str:
    """Name a commitment as people do; one of another list keeps its number."""
    return next((f"proof of {item.value}" for item in Commitment if item.oid == oid), oid)


def _shown(value: Any) -> Any:
    """Make all text harmless that could turn the direction of lines or hide something."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
