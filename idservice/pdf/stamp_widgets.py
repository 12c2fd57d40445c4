"""The widgets of a signature: where it is listed on a page, and what is seen there.

An invisible signature is a widget without area on the first page. A visible one has the
rectangle and the appearance of its stamp; the widgets of an existing field keep theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikepdf import Name

from idservice.errors import StampFieldUnusable
from idservice.pdf.annotations import page_annotations
from idservice.pdf.archival import archival_part
from idservice.pdf.page_geometry import PageLocation, each_page, first_page
from idservice.pdf.stamp import Place
from idservice.pdf.stamp_placing import Spot, field_spots, has_area, new_spot, widgets_of
from idservice.pdf.writer import number, reference

if TYPE_CHECKING:
    import datetime as dt

    from pikepdf import Object

    from idservice.pdf.document import PdfDocument
    from idservice.pdf.fields import SignatureField
    from idservice.pdf.signature_dictionary import SignatureText
    from idservice.pdf.stamp import Stamp
    from idservice.pdf.stamp_drawing import StampDrawing
    from idservice.pdf.update import Update

# Table 167 of ISO 32000-2: a widget with one of these is not seen; Print lets it be printed.
_INVISIBLE, _HIDDEN, _PRINT, _NO_VIEW = 1, 2, 4, 32


@dataclass(frozen=True, slots=True)
class NewWidget:
    """A widget to be made: its page, and its entries in PDF syntax."""

    location: PageLocation
    entries: bytes


def new_widget(
    document: PdfDocument,
    update: Update,
    stamp: Stamp | None,
    *,
    at: dt.datetime,
    text: SignatureText,
) -> NewWidget:
    """Lay out the widget of a new field; without a stamp it is invisible.

    Raises the errors of `new_spot` and `StampDrawing`.
    """
    if stamp is None:
        location = first_page(document)
        nothing = _empty_appearance(document, update)
        return NewWidget(location, b"/Rect [0 0 0 0]" + nothing + _on_page(location))
    spot = new_spot(document, stamp.place or Place())
    drawing = _drawing(document, update, stamp, at, text)
    rect = b" ".join(number(edge) for edge in spot.rect)
    shown = b"/Rect [%b] /AP %b" % (rect, _appearance(drawing, spot))
    return NewWidget(spot.location, shown + _on_page(spot.location))


def existing_widgets(
    document: PdfDocument,
    update: Update,
    stamp: Stamp | None,
    field: SignatureField,
    *,
    at: dt.datetime,
    text: SignatureText,
) -> list[tuple[Object, dict[str, bytes]]]:
    """Draw a stamp into each widget of a field; return the widgets with their new entries.

    Raises StampFieldUnusable when a place is asked although the field has its own, or when
    it has none, and the errors of `field_spots` and `StampDrawing`.
    """
    if stamp is None:
        return []
    if stamp.place is not None:
        raise StampFieldUnusable(
            f"The signature field {field.name[:80]!r} is where the author of the form put it; "
            "a stamp in it cannot have another place.",
            "Leave --page and --at out, or sign into a new field.",
        )
    drawing = _drawing(document, update, stamp, at, text)
    shown: list[tuple[Object, dict[str, bytes]]] = []
    for widget, spot in field_spots(document, field):
        entries = {"/AP": _appearance(drawing, spot), **_seen_flags(widget)}
        shown.append((widget, entries))
    return shown


def entries_for_stamps(document: PdfDocument) -> dict[str, bytes]:
    """Return what the form must say so that a stamp is seen as it was drawn.

    A form with NeedAppearances has readers draw its fields anew, and poppler draws those of
    signatures empty. It is switched off where nothing is lost by that: nobody signed the
    document yet, and its pages show no fields but those of signatures. The stored
    appearances of other fields may be older than their values, so they are not relied on.
    """
    form = document.form.dictionary
    if form is None or not form.get("/NeedAppearances", False) or document.is_signed:
        return {}
    signatures = {
        widget.objgen for field in document.form.signature_fields for widget in widgets_of(field)
    }
    others = (
        item
        for location in each_page(document)
        for item in page_annotations(location)
        if item.get("/Subtype") == Name.Widget and item.objgen not in signatures
    )
    return {} if any(map(has_area, others)) else {"/NeedAppearances": b"false"}


def _drawing(
    document: PdfDocument, update: Update, stamp: Stamp, at: dt.datetime, text: SignatureText
) -> StampDrawing:
    # Fonts and pictures cost time to load, and most signatures are invisible.
    from idservice.pdf.stamp_drawing import StampDrawing

    return StampDrawing(document, update, stamp, at=at, text=text)


def _appearance(drawing: StampDrawing, spot: Spot) -> bytes:
    return b"<< /N %b >>" % drawing.appearance(spot.width, spot.height, spot.rotation)


def _empty_appearance(document: PdfDocument, update: Update) -> bytes:
    """An appearance that shows nothing, for a PDF/A-1; nothing for other documents.

    ISO 19005-1 cl. 6.9 asks for one of every field, its later parts not of those without
    area. Elsewhere it does harm: programs take a document time-stamp with an appearance for
    a change that certification and locks forbid.
    """
    if "/Metadata" not in document.catalog or archival_part(document) != 1:
        return b""
    empty = update.reserve()
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 0 0] /Resources << >>"
    update.put(empty, update.writer.stream(entries, b"", empty))
    return b" /AP << /N %b >>" % reference(empty)


def _on_page(location: PageLocation) -> bytes:
    return b"" if location.owner is not None else b" /P " + reference(location.page.objgen)


def _seen_flags(widget: Object) -> dict[str, bytes]:
    flags = widget.get("/F", 0)
    present = flags if isinstance(flags, int) else 0
    wanted = present & ~(_INVISIBLE | _HIDDEN | _NO_VIEW) | _PRINT
    return {} if wanted == present else {"/F": b"%d" % wanted}
