"""Opening a file for reading only, with faults that change nothing (see `pdf.harmless_faults`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from idservice.errors import MalformedInput, MalformedPdf
from idservice.pdf.damage import damaged
from idservice.pdf.document import PdfDocument, checked, open_document, open_library
from idservice.pdf.frame import read_frame
from idservice.pdf.harmless_faults import Fault, harmless_faults
from idservice.pdf.limits import MAX_BYTES
from idservice.pdf.object_history import ObjectHistory
from idservice.pdf.revisions import read_history

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData


def open_with_faults(
    data: PdfData, *, password: str | None = None, max_bytes: int = MAX_BYTES
) -> PdfDocument:
    """Open a file for reading only, and bear faults that change nothing of what is read.

    They are in `faults` of the result (see `pdf.harmless_faults`). Raises as `open_document`.
    """
    try:
        return open_document(data, password=password, max_bytes=max_bytes)
    except MalformedPdf as damage:
        try:
            return _open_bearing(data, password)
        except MalformedInput:
            # What a strict reader found first is what helps most.
            raise damage from None


def _open_bearing(data: PdfData, password: str | None) -> PdfDocument:
    frame = read_frame(data)
    history = read_history(data, frame)
    pdf = open_library(data, password, recover=True)
    faults: dict[Fault, None] = {}

    def judge() -> None:
        # The library tells each warning once.
        faults.update(dict.fromkeys(harmless_faults(pdf, data, frame.header_offset)))

    document = checked(data, frame, pdf, judge)
    # Where qpdf looked for the objects itself, their places must be those that are written.
    if not history.revisions:
        raise damaged("its revisions cannot be told apart")
    ObjectHistory(document, history, history.revisions[0])
    return replace(document, faults=tuple(faults))
