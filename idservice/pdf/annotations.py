"""Annotations of pages: putting one on a page, and where the present ones are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary

from idservice.errors import MalformedPdf
from idservice.pdf.damage import damaged
from idservice.pdf.page_geometry import PageLocation, Rectangle, rectangle
from idservice.pdf.values import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikepdf import Object

    from idservice.pdf.document import PdfDocument
    from idservice.pdf.update import Update

# Annotations that others may lie over: they show nothing by themselves, or not in place.
_NOT_IN_THE_WAY = frozenset({"/Link", "/Popup"})


def add_annotation(
    document: PdfDocument, update: Update, location: PageLocation, annotation: bytes
) -> None:
    """List an annotation, given as a reference, on a page: in /Annots where they are.

    An array that other pages share is copied for this page, so that the annotation is on
    one page only. Raises MalformedPdf.
    """
    writer, page = update.writer, location.page
    present = page.get("/Annots")
    if isinstance(present, Array):
        shared = document.pages.annotation_owners.get(present.objgen, 0) > 1
        if present.is_indirect and not shared:
            objgen = present.objgen
            update.put(objgen, writer.with_element(present, annotation, objgen))
            return
    elif present is not None:
        raise damaged("the annotations of a page (/Annots) are no array")
    owner = page if location.owner is None else _indirect(location.owner)
    objgen = owner.objgen
    listed = (
        b"[ %b ]" % annotation
        if present is None
        else writer.with_element(present, annotation, objgen)
    )
    if location.owner is None:
        update.put(objgen, writer.with_entries(page, {"/Annots": listed}, objgen))
        return
    body = writer.with_entries(page, {"/Annots": listed}, objgen)
    kids = owner["/Kids"]
    target = kids.objgen if kids.is_indirect else objgen
    replaced = writer.with_replaced(kids, location.index, body, target)
    if kids.is_indirect:
        update.put(target, replaced)
    else:
        update.put(objgen, writer.with_entries(owner, {"/Kids": replaced}, objgen))


def page_annotations(location: PageLocation) -> Iterator[Object]:
    """Yield the annotations of a page that are dictionaries."""
    present = location.page.get("/Annots")
    if isinstance(present, Array):
        yield from (item for item in present if isinstance(item, Dictionary))


def occupied(
    location: PageLocation, *, without: frozenset[tuple[int, int]] = frozenset()
) -> list[Rectangle]:
    """Return the rectangles of what annotations of a page show, in the page's own units.

    Annotations that are the objects of `without` are passed over.
    """
    found = []
    for item in page_annotations(location):
        if item.objgen in without or as_text(item.get("/Subtype")) in _NOT_IN_THE_WAY:
            continue
        try:
            left, bottom, right, top = rectangle(item.get("/Rect"))
        except MalformedPdf:
            continue  # what is nowhere is in nobody's way
        if right > left and top > bottom:
            found.append((left, bottom, right, top))
    return found


def _indirect(owner: Object) -> Object:
    if not owner.is_indirect:
        raise damaged("a page and the node above it are written into one another")
    return owner
