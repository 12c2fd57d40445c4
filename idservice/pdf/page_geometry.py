"""Pages by number, and where things on them are seen.

A place is given on the page as a reader sees it: upright after /Rotate, with its origin
at the bottom left of the visible part (the crop box inside the media box), in points even
where /UserUnit makes the units of the page larger (ISO 32000-2 cl. 7.7.3.3 and 14.11.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from pikepdf import Array

from idservice.errors import PageNotFound
from idservice.pdf.damage import damaged
from idservice.pdf.stamp import LAST_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikepdf import Object

    from idservice.pdf.document import PdfDocument

Rectangle = tuple[float, float, float, float]
"""Left, bottom, right, top."""

_INHERITED = ("/MediaBox", "/CropBox", "/Rotate")
# What poppler and PDFium take a page for that does not say how large it is.
_LETTER: Rectangle = (0.0, 0.0, 612.0, 792.0)


@dataclass(frozen=True, slots=True)
class PageLocation:
    """A page, and where it stands in the tree.

    `owner` is None for an indirect page; else it is the node whose /Kids hold the page
    itself, at `index`. `inherited` are the attributes of the nodes above it.
    """

    page: Object
    owner: Object | None
    index: int
    number: int
    inherited: tuple[tuple[str, object], ...] = ()

    def attribute(self, key: str) -> object:
        """Return an attribute of the page, its own or an inherited one; None without."""
        own: object = self.page.get(key)
        return dict(self.inherited).get(key) if own is None else own


@dataclass(frozen=True, slots=True)
class SeenPage:
    """A page as it is seen: its visible box in its own units, rotation and unit in points."""

    box: Rectangle
    rotation: int
    unit: float

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points, as seen."""
        left, bottom, right, top = self.box
        width, height = (right - left) * self.unit, (top - bottom) * self.unit
        return (width, height) if self.rotation in {0, 180} else (height, width)

    def to_page(self, seen: Rectangle) -> Rectangle:
        """Turn a rectangle as seen, in points, into one in the units of the page."""
        scaled = [edge / self.unit for edge in seen]
        one = self._point_on_page(scaled[0], scaled[1])
        other = self._point_on_page(scaled[2], scaled[3])
        return _ordered((*one, *other))

    def to_seen(self, on_page: Rectangle) -> Rectangle:
        """Turn a rectangle in the units of the page into one as seen, in points."""
        one = self._point_seen(on_page[0], on_page[1])
        other = self._point_seen(on_page[2], on_page[3])
        left, bottom, right, top = _ordered((*one, *other))
        return left * self.unit, bottom * self.unit, right * self.unit, top * self.unit

    def _point_on_page(self, x: float, y: float) -> tuple[float, float]:
        left, bottom, right, top = self.box
        return {
            0: (left + x, bottom + y),
            90: (right - y, bottom + x),
            180: (right - x, top - y),
            270: (left + y, top - x),
        }[self.rotation]

    def _point_seen(self, x: float, y: float) -> tuple[float, float]:
        left, bottom, right, top = self.box
        return {
            0: (x - left, y - bottom),
            90: (y - bottom, right - x),
            180: (right - x, top - y),
            270: (top - y, x - left),
        }[self.rotation]


def find_page(document: PdfDocument, number: int) -> PageLocation:
    """Return the page of a number from 1, or the last for LAST_PAGE. Raises PageNotFound."""
    count = document.pages.count
    wanted = count if number == LAST_PAGE else number
    if not 1 <= wanted <= count:
        raise PageNotFound(
            f"The document has no page {number}; it has {count}, and on "
            "another page the stamp would not be where it is expected.",
            "Name one of its pages, or the last one.",
        )
    return _below(document.catalog["/Pages"], wanted, 0, ())


def first_page(document: PdfDocument) -> PageLocation:
    """Return the first page, without what it inherits: where invisible fields are listed."""
    pages = document.pages
    return PageLocation(pages.first_page, pages.first_owner, pages.first_index, 1)


def each_page(document: PdfDocument) -> Iterator[PageLocation]:
    """Yield all pages in their order."""
    yield from _pages_below(document.catalog["/Pages"], 0, ())


def seen_page(location: PageLocation) -> SeenPage:
    """Read boxes, rotation and unit of a page. Raises MalformedPdf for values that are none."""
    media = location.attribute("/MediaBox")
    whole = _LETTER if media is None else rectangle(media)
    crop = location.attribute("/CropBox")
    box = whole if crop is None else _intersection(whole, rectangle(crop))
    if box[2] <= box[0] or box[3] <= box[1]:
        box = whole  # a crop box beside the page hides nothing, for readers
    if box[2] <= box[0] or box[3] <= box[1]:
        raise damaged(f"page {location.number} has no area")
    return SeenPage(box, _rotation(location), _unit(location))


def rectangle(value: object) -> Rectangle:
    """Read a rectangle, whichever corners it names. Raises MalformedPdf."""
    if isinstance(value, Array) and len(value) == 4:
        edges = [_number(edge) for edge in value]
        if None not in edges:
            left, bottom, right, top = (float(edge) for edge in edges if edge is not None)
            return _ordered((left, bottom, right, top))
    raise damaged("a rectangle of the document is not four numbers")


def _below(
    node: Object, wanted: int, before: int, inherited: tuple[tuple[str, object], ...]
) -> PageLocation:
    """Find page `wanted` below a node, with `before` pages in front of it."""
    inherited = _with_inherited(node, inherited)
    for index, kid in enumerate(node["/Kids"]):
        count = _leaves(kid)
        if wanted > before + count:
            before += count
        elif "/Kids" in kid:
            return _below(kid, wanted, before, inherited)
        else:
            return PageLocation(kid, None if kid.is_indirect else node, index, wanted, inherited)
    raise damaged("the page tree holds fewer pages than it says")


def _pages_below(
    node: Object, before: int, inherited: tuple[tuple[str, object], ...]
) -> Iterator[PageLocation]:
    inherited = _with_inherited(node, inherited)
    for index, kid in enumerate(node["/Kids"]):
        if "/Kids" in kid:
            yield from _pages_below(kid, before, inherited)
            before += _leaves(kid)
        else:
            before += 1
            owner = None if kid.is_indirect else node
            yield PageLocation(kid, owner, index, before, inherited)


def _leaves(node: Object) -> int:
    """Count the pages of a node; reading the document showed that /Count is right."""
    return int(node["/Count"]) if "/Kids" in node else 1


def _with_inherited(
    node: Object, inherited: tuple[tuple[str, object], ...]
) -> tuple[tuple[str, object], ...]:
    own = tuple((key, node.get(key)) for key in _INHERITED if node.get(key) is not None)
    return inherited + own


def _rotation(location: PageLocation) -> int:
    value = location.attribute("/Rotate")
    turned = _number(0 if value is None else value)
    if turned is None or turned % 90:
        raise damaged(f"page {location.number} is turned by no multiple of 90 degrees")
    return int(turned) % 360


def _unit(location: PageLocation) -> float:
    """The length of a unit in points (ISO 32000-2 table 31); it is not inherited."""
    value: object = location.page.get("/UserUnit")
    unit = _number(1 if value is None else value)
    if unit is None or unit <= 0:
        raise damaged(f"the units of page {location.number} have no length")
    return float(unit)


def _number(value: object) -> int | float | Decimal | None:
    if isinstance(value, bool):
        return None
    return value if isinstance(value, (int, float, Decimal)) else None


def _ordered(edges: Rectangle) -> Rectangle:
    one_x, one_y, other_x, other_y = edges
    return min(one_x, other_x), min(one_y, other_y), max(one_x, other_x), max(one_y, other_y)


def _intersection(one: Rectangle, other: Rectangle) -> Rectangle:
    return (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )
