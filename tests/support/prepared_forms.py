"""Documents with forms of many shapes, signed by this product and filled in by somebody."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from support.attack_documents import contract, options
from support.attacks import Change
from support.pdf_writing import IDENTIFIER, stream, table_pdf
from support.revision_writing import Revision
from support.signing import signed

WIDGET = b"/Type /Annot /Subtype /Widget /P 3 0 R /F 4 "
FULL = (
    b"/Type /XObject /Subtype /Form /BBox [0 0 500 90] /Resources << /Font << /Helv 48 0 R >> >> "
)
"""A look as large as a field over the first lines of the first page."""


def over_text(number: int, entries: bytes) -> dict[int, bytes]:
    """A field, as the object of this number, over the first lines of the first page."""
    return {number: b"<< %b/Rect [60 700 560 790] %b>>" % (WIDGET, entries)}


def fill_over(number: int, value: bytes, drawn: bytes, entries: bytes = FULL) -> Change:
    """Fill a field with a value and a look."""

    def change(revision: Revision) -> None:
        look = revision.add(stream(drawn, entries))
        revision.put(number, {"V": value, "AP": b"<< /N %d 0 R >>" % look})

    return change


def prepared(
    objects: Mapping[int, bytes], change: Change, certify: int | None = None
) -> Callable[[bytes], bytes]:
    """Return what makes a file: the contract with other objects, signed, and then changed."""

    def make(_data: bytes) -> bytes:
        body = table_pdf({**contract(), **objects}, trailer=IDENTIFIER + b" /Info 29 0 R")
        restricted = {} if certify is None else {"options": options(certify)}
        revision = Revision(signed(body, **restricted))  # type: ignore[arg-type]
        change(revision)
        return revision.build()

    return make
