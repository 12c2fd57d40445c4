"""Comparing the revisions of a document, in a process with limits of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.errors import NotAPdf, UnknownFormat
from idservice.services.confinement import ConfinedReader
from idservice.validation.differences import RevisionChange, RevisionDifference

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData
    from idservice.settings import ValidationSettings

__all__ = ["RevisionChange", "RevisionDifference", "compare_revisions"]


def compare_revisions(
    document: PdfData, settings: ValidationSettings, *, password: str | None = None
) -> tuple[RevisionDifference, ...]:
    """Return what each revision of a PDF changed, oldest first.

    Needs no home folder. Raises UnknownFormat, InputTooLarge (also beyond the limits of time
    and memory), PdfPasswordWrong, MalformedPdf and ServiceUnavailable.
    """
    reader = ConfinedReader(settings)
    try:
        return reader.compare(document, password=password, max_bytes=settings.max_document_bytes)
    except NotAPdf as exc:
        raise UnknownFormat("The file is no PDF, and only a PDF has revisions.", exc.fix) from exc
    finally:
        reader.close()
