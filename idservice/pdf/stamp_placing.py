"""Where a visible signature stands: a new place on a page, or the rectangles of a field.

A stamp must be seen whole: what does not lie on the page, inside its crop box, is refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary

from idservice.errors import MalformedRequest, StampFieldUnusable, StampNoRoom, StampOffPage
from idservice.pdf.annotations import occupied, page_annotations
from idservice.pdf.damage import damaged
from idservice.pdf.page_geometry import (
    PageLocation,
    Rectangle,
    SeenPage,
    each_page,
    find_page,
    rectangle,
    seen_page,
)
from idservice.pdf.stamp import DEFAULT_HEIGHT, DEFAULT_WIDTH, Box, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pikepdf import Object

    from idservice.pdf.document import PdfDocument
    from idservice.pdf.fields import SignatureField

_MARGIN, _MARGIN_SHARE = 36.0, 0.06
_GAP = 6.0
# Producers round rectangles; this much over the edge hides nothing of a stamp.
_TOLERANCE = 0.5
# More places, and more annotations than the largest of them, are not looked at.
_MAX_CANDIDATES, _MAX_OBSTACLES = 1000, 1000
_STEPS = 4
_SCALES = (1.0, 0.75, 0.5, 0.35)


@dataclass(frozen=True, slots=True)
class Spot:
    """A rectangle on a page, in the units of the page, and its size in points as seen."""

    location: PageLocation
    rect: Rectangle
    width: float
    height: float
    rotation: int


def new_spot(document: PdfDocument, place: Place) -> Spot:
    """Find the spot of a new stamp.

    Raises PageNotFound, StampNoRoom, StampOffPage, MalformedRequest for sizes that are none.
    """
    location = find_page(document, place.page)
    page = seen_page(location)
    seen = (
        _free_place(document, location, page)
        if place.box is None
        else _asked_place(page, place.box)
    )
    return _spot(location, page, seen)


def field_spots(document: PdfDocument, field: SignatureField) -> list[tuple[Object, Spot]]:
    """Return each widget of an existing field that has an area, and its spot.

    Raises StampFieldUnusable when there is none, StampOffPage for one that is not wholly
    on its page.
    """
    widgets = {item.objgen: item for item in widgets_of(field) if has_area(item)}
    found = []
    for location in each_page(document) if widgets else ():
        for item in page_annotations(location):
            widget = widgets.pop(item.objgen, None)
            if widget is not None:
                found.append((widget, _widget_spot(location, widget)))
        if not widgets:
            break
    if not found:
        raise StampFieldUnusable(
            f"The signature field {field.name[:80]!r} has no rectangle on any page, so a stamp "
            "in it could not be seen.",
            "Name another field, or leave the field out and give a place with --page and --at.",
        )
    return found


def widgets_of(field: SignatureField) -> Iterator[Object]:
    """Yield the widgets of a field: itself when merged with its only one, or its kids."""
    kids = field.dictionary.get("/Kids")
    for item in kids if isinstance(kids, Array) else (field.dictionary,):
        if not isinstance(item, Dictionary):
            continue
        if not item.is_indirect:
            raise damaged(f"a widget of the signature field {field.name[:80]!r} is no object")
        yield item


def has_area(widget: Object) -> bool:
    """Tell whether a widget has an area. Raises MalformedPdf for a rectangle that is none."""
    value = widget.get("/Rect")
    if value is None:
        return False
    left, bottom, right, top = rectangle(value)
    return right > left and top > bottom


def _widget_spot(location: PageLocation, widget: Object) -> Spot:
    page = seen_page(location)
    return _spot(location, page, page.to_seen(rectangle(widget["/Rect"])))


def _spot(location: PageLocation, page: SeenPage, seen: Rectangle) -> Spot:
    width, height = page.size
    left, bottom, right, top = seen
    if min(left, bottom) < -_TOLERANCE or right > width + _TOLERANCE or top > height + _TOLERANCE:
        raise StampOffPage(
            f"The stamp would reach over the edge of page {location.number}, where nobody sees "
            f"it: it goes from {left:.0f}, {bottom:.0f} to {right:.0f}, {top:.0f} points, and the "
            f"page as seen is {width:.0f} × {height:.0f} points.",
            "Move it onto the page with --at, or make it smaller.",
        )
    return Spot(location, page.to_page(seen), right - left, top - bottom, page.rotation)


def _asked_place(page: SeenPage, box: Box) -> Rectangle:
    lengths = (box.x, box.y, box.width, box.height)
    if not all(math.isfinite(length) for length in lengths) or min(box.width, box.height) <= 0:
        raise MalformedRequest(
            "The rectangle of the stamp has no area.",
            "Give distances, width and height in points or millimetres.",
        )
    width, height = page.size
    left = width - box.x - box.width if box.corner.is_right else box.x
    bottom = height - box.y - box.height if box.corner.is_top else box.y
    return left, bottom, left + box.width, bottom + box.height


def _free_place(document: PdfDocument, location: PageLocation, page: SeenPage) -> Rectangle:
    """Return the first free place, from the bottom right upwards, then to the left.

    Where the usual size finds none, a smaller one is tried; then one where nothing is seen
    yet but signature fields that are empty.
    """
    empty = _empty_fields(document)
    for without in (frozenset[tuple[int, int]](), empty) if empty else (empty,):
        shown = occupied(location, without=without)
        obstacles = sorted(shown, key=_area, reverse=True)[:_MAX_OBSTACLES]
        found = _first_free(page, [page.to_seen(item) for item in obstacles])
        if found is not None:
            return found
    raise StampNoRoom(
        f"Page {location.number} has no free place left for another stamp, and over something "
        "else it could not be read.",
        "Name another page with --page, or a place with --at.",
    )


def _empty_fields(document: PdfDocument) -> frozenset[tuple[int, int]]:
    """The widgets of all signature fields without a value."""
    fields = (item for item in document.form.signature_fields if not item.is_signed)
    return frozenset(widget.objgen for field in fields for widget in widgets_of(field))


def _first_free(page: SeenPage, taken: Sequence[Rectangle]) -> Rectangle | None:
    for scale in _SCALES:
        for candidate in islice(_candidates(page, scale), _MAX_CANDIDATES):
            if not any(_overlap(candidate, item) for item in taken):
                return candidate
    return None


def _candidates(page: SeenPage, scale: float) -> Iterator[Rectangle]:
    """Yield places in steps of a quarter of a stamp, so that stamps stand edge to edge."""
    page_width, page_height = page.size
    margin = min(_MARGIN, _MARGIN_SHARE * min(page_width, page_height))
    width = scale * min(DEFAULT_WIDTH, page_width - 2 * margin)
    height = scale * min(DEFAULT_HEIGHT, page_height - 2 * margin)
    across, upwards = (width + _GAP) / _STEPS, (height + _GAP) / _STEPS
    columns = int((page_width - 2 * margin - width) // across) + 1
    rows = int((page_height - 2 * margin - height) // upwards) + 1
    for column in range(columns):
        right = page_width - margin - column * across
        for row in range(rows):
            bottom = margin + row * upwards
            yield right - width, bottom, right, bottom + height


def _area(one: Rectangle) -> float:
    return (one[2] - one[0]) * (one[3] - one[1])


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
