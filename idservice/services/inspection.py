"""Explaining a file in a process with limits of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from idservice.services.confinement import ConfinedReader

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData
    from idservice.settings import ValidationSettings


def inspect_document(
    document: PdfData, settings: ValidationSettings, *, password: str | None = None
) -> dict[str, Any]:
    """Return what a file is and what is in it, as `inspection.explanation.explain` does.

    Needs no home folder. Raises UnknownFormat, MalformedInput and its kinds, InputTooLarge (also
    beyond the limits of time and memory), PdfPasswordWrong and ServiceUnavailable.
    """
    reader = ConfinedReader(settings)
    try:
        return reader.explain(document, password=password)
    finally:
        reader.close()
