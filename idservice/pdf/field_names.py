"""Which field a signature goes into: an empty one that is there, or a new one.

A name that is asked for is never made: a misspelt one would put the signature where nobody
looks for it. A new field is named as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.errors import FieldNotFound, PdfSigningForbidden
from idservice.pdf.signature_dictionary import SignatureKind

if TYPE_CHECKING:
    from idservice.pdf.fields import Form, SignatureField

_MAX_NAME = 1000
_MAX_SHOWN = 5


def find_field(form: Form, name: str) -> SignatureField:
    """Return the signature field of this full name. Raises FieldNotFound, naming empty ones."""
    found = form.signature_field(name)
    if found is None:
        raise FieldNotFound(
            f"The document has no signature field {name[:80]!r}, so the signature would not be "
            f"where it is expected. {_empty_fields(form)}",
            "Name an empty signature field, or make a new one of that name by --new-field "
            "(new_field in the API).",
        )
    return found


def new_name(form: Form, asked: str | None, kind: SignatureKind) -> str:
    """Return the name of a new field: the one asked for, or the next of its kind.

    Raises PdfSigningForbidden for a name that is taken or cannot be used.
    """
    if asked is None:
        return _next_name(form, kind)
    if asked in form.names:
        raise PdfSigningForbidden(
            f"The document has a field {asked[:80]!r} already, and two of one name would be "
            "one field with two values.",
            "Choose another name, or sign into an empty signature field by --field (field in "
            "the API).",
        )
    if not asked.isprintable() or not 0 < len(asked) <= _MAX_NAME or "." in asked:
        raise PdfSigningForbidden(
            f"No signature field can be named {asked[:80]!r}: readers would take it for "
            "another one, or for none.",
            f"Choose a name of printable characters without a full stop, {_MAX_NAME} at most.",
        )
    return asked


def _empty_fields(form: Form) -> str:
    names = [item.name[:80] for item in form.signature_fields if not item.is_signed]
    if not names:
        return "It has no empty signature field."
    more = len(names) - _MAX_SHOWN
    shown = ", ".join(map(repr, names[:_MAX_SHOWN]))
    return f"Empty are: {shown}{f' and {more} more' if more > 0 else ''}."


def _next_name(form: Form, kind: SignatureKind) -> str:
    taken = form.top_names
    number = 1
    while f"{kind.value}{number}" in taken:
        number += 1
    return f"{kind.value}{number}"
