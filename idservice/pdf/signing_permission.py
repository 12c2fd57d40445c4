"""Whether earlier signatures permit another one: certification and locks.

ISO 32000-2 cl. 12.8.2.2.2 (DocMDP), cl. 12.8.2.4 (FieldMDP) and table 236 (/P of a lock).
A document time-stamp changes nothing that a reader sees and is permitted everywhere, as
long as it fills no field that is locked (EN 319 142-1 cl. 5.5: archival of what is certified).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.errors import MalformedPdf, PdfSigningForbidden
from idservice.pdf.signature_dictionary import SignatureKind

if TYPE_CHECKING:
    from idservice.pdf.fields import Form, SignatureField

_NO_CHANGES = 1
_PERMISSIONS = (1, 2, 3)


def require_open(form: Form, kind: SignatureKind) -> None:
    """Require that no earlier signature closed the document.

    Raises PdfSigningForbidden, or MalformedPdf for a permission that does not exist.
    """
    if form.certification is not None and form.certification not in _PERMISSIONS:
        raise MalformedPdf(
            "The author certified the document with a permission that does not exist (DocMDP "
            "/P is 1, 2 or 3), so nobody can tell whether another signature is permitted.",
            "Ask the author for a version that is certified properly.",
        )
    if kind is SignatureKind.DOCUMENT_TIME_STAMP:
        return
    if form.certification == _NO_CHANGES:
        raise PdfSigningForbidden(
            "The author certified the document and permits no changes (DocMDP 1); another "
            "signature would make the certification invalid.",
            "Ask the author for a version that permits signing.",
        )
    if form.closed_by_lock:
        raise PdfSigningForbidden(
            "An earlier signature closed the document: its lock permits no further changes.",
            "Sign a copy without that signature, or ask its signer.",
        )


def require_unlocked(
    form: Form, name: str, existing: SignatureField | None, kind: SignatureKind
) -> None:
    """Require that the field may be filled, or a field of this name added.

    Raises PdfSigningForbidden when it is signed already or an earlier signature locks it.
    """
    if existing is not None and existing.is_signed:
        raise PdfSigningForbidden(
            f"The field {name[:80]!r} is already signed.",
            "Leave the field name out, or name an empty signature field.",
        )
    if existing is None and kind is SignatureKind.DOCUMENT_TIME_STAMP:
        return
    if any(lock.covers(name) for lock in form.locks):
        raise PdfSigningForbidden(
            f"An earlier signature locks the field {name[:80]!r} (FieldMDP); filling or adding "
            "it would make that signature invalid.",
            "Name a field that is not locked, or sign a copy without that signature.",
        )
