"""What must hold before a document is signed, beyond being undamaged.

A signature is only as good as the file around it. Where another signature in the file is
such that every validation refuses the file, signing would give people a result that can
never pass, so the file is refused first, saying why.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from idservice.errors import MalformedPdf, PdfSigningForbidden
from idservice.pdf.byte_range import coverage
from idservice.pdf.overlaps import Gap, shared_gaps
from idservice.pdf.revisions import read_history
from idservice.pdf.signatures import MAX_SIGNATURES, SignatureDictionary, signature_dictionaries
from idservice.pdf.stray_objects import require_no_strays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idservice.pdf.document import PdfDocument
    from idservice.pdf.frame import PdfData

_OUTSIDE = "byte_range_outside"
# Without any of these in its bytes a file holds nothing that looks like a signature.
_TRACES = (b"ByteRange", b"/Sig", b"/DocTimeStamp", b"/ObjStm")
_ESCAPED_NAME = re.compile(rb"/[^\x00\t\n\x0c\r ()<>\[\]{}/%#]{0,32}#[0-9A-Fa-f]{2}")


def require_signable(document: PdfDocument) -> None:
    """Refuse a document in which a further signature could not be validated.

    Raises PdfSigningForbidden for a signature outside the form and for too many of them,
    MalformedPdf when another object shows the bytes that an earlier signature leaves out, an
    earlier signature says that it covers bytes behind the end of the file,
    the revisions are too many or cannot be told apart, or hold objects that no
    cross-reference leads to.
    """
    if "/Prev" in document.trailer:
        require_no_strays(document.data, read_history(document.data, document.frame))
    if not _may_hold_signatures(document.data):
        return
    found = signature_dictionaries(document)
    if any(item.place != "field" for item in found):
        raise PdfSigningForbidden(
            "The document holds something that looks like a signature and belongs to no "
            "signature field, so programs would disagree about who signed it.",
            "Ask for the document as it was before, or print it into a new PDF.",
        )
    if len(found) >= MAX_SIGNATURES:
        raise PdfSigningForbidden(
            f"The document has {len(found)} signatures already, and at most {MAX_SIGNATURES} "
            "are validated.",
            "Sign a copy with fewer signatures.",
        )
    _require_own_gaps(document, found)


def _may_hold_signatures(data: PdfData) -> bool:
    whole = bytes(data) if isinstance(data, memoryview) else data
    if any(whole.find(trace) >= 0 for trace in _TRACES):
        return True
    return whole.find(b"#") >= 0 and _ESCAPED_NAME.search(whole) is not None


def _require_own_gaps(document: PdfDocument, found: Sequence[SignatureDictionary]) -> None:
    """Only the signature itself may show what it leaves out: its own value."""
    written = [(item.object_number, item.node) for item in found if item.node is not None]
    if not written:
        return
    history = read_history(document.data, document.frame)
    ranges = [(number, coverage(document.data, node, history)) for number, node in written]
    if any(fault.code == _OUTSIDE for _, covered in ranges for fault in covered.findings):
        raise MalformedPdf(
            "The PDF is damaged: a signature in it says that it covers bytes behind the end of "
            "the file. What is appended now would come to stand there, so neither signature "
            "would be valid.",
            "Ask the signer for the whole file, or print this one into a new PDF.",
        )
    gaps = [
        Gap(number, covered.byte_range.first_length, covered.byte_range.second_start)
        for number, covered in ranges
        if covered.byte_range is not None
    ]
    if shared_gaps(document, history, gaps):
        raise MalformedPdf(
            "The PDF is damaged: another object of the file reaches into the value of a "
            "signature, so the document shows bytes that nobody signed.",
            "Ask the signer for another file; this one cannot be relied on.",
        )
