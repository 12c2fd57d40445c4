"""Where the pages of a document stand: their numbers, their annotations, and odd places.

Most pages are objects of their own; some producers write a page into the list of its
parent. That the tree is sound was checked when the document was opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary

if TYPE_CHECKING:
    from pikepdf import Object

    from idservice.pdf.document import PdfDocument


@dataclass(frozen=True, slots=True)
class PagePlaces:
    """Page numbers, from 1, by the number of an object.

    `pages` has the pages, `annotations` the lists of annotations that are objects of their
    own; `holders` has nodes and lists of the page tree in which pages are written
    themselves, with the number of the page at each place.
    """

    pages: dict[int, int] = field(default_factory=dict)
    annotations: dict[int, int] = field(default_factory=dict)
    holders: dict[int, dict[int, int]] = field(default_factory=dict)


def page_places(document: PdfDocument) -> PagePlaces:
    """Walk the page tree once, in the order of the pages."""
    places = PagePlaces()
    count = 0
    pending: list[tuple[Object, int, int]] = [(document.catalog["/Pages"], 0, 0)]
    while pending:
        node, holder, index = pending.pop()
        kids = node.get("/Kids")
        if isinstance(kids, Array):
            owner = kids.objgen[0] if kids.is_indirect else node.objgen[0]
            below = [(kid, owner, place) for place, kid in enumerate(kids)]
            pending += [item for item in reversed(below) if isinstance(item[0], Dictionary)]
            continue
        count += 1
        if node.is_indirect:
            places.pages[node.objgen[0]] = count
        else:
            places.holders.setdefault(holder, {})[index] = count
        listed = node.get("/Annots")
        if isinstance(listed, Array) and listed.is_indirect:
            places.annotations.setdefault(listed.objgen[0], count)
    return places
