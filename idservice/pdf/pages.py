"""The page tree, walked whole within budgets, so that loops and lies are found.

Where qpdf has to repair the tree before it can walk the pages, readers need not agree on
what they are, so these are damage (ISO 32000-2 cl. 7.7.3.2 and 7.7.3.3): a page that
stands in the tree twice, which qpdf copies; and a leaf without /Type, which qpdf calls a
page on a guess. Honest producers write neither.

Some do write a page into /Kids itself instead of referring to it, or leave out /MediaBox
or /Resources. There is one reading of these, so such a file is signed, and `qpdf --check`
warns about it afterwards as it did before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name

from idservice.pdf.damage import damaged
from idservice.pdf.limits import MAX_TREE_DEPTH

if TYPE_CHECKING:
    from pikepdf import Object

_PAGE = Name.Page


@dataclass(frozen=True, slots=True)
class PageTree:
    """What the page tree says: how many pages, and where the first one is.

    `first_owner` is None when the first page is an indirect object, as the standard asks;
    otherwise it is the node whose /Kids hold the page itself, at `first_index`.
    """

    count: int
    first_page: Object
    first_owner: Object | None
    first_index: int
    annotation_owners: dict[tuple[int, int], int]

    def annotations_shared(self) -> bool:
        """Tell whether the first page shares its indirect /Annots array with another page."""
        annotations = self.first_page.get("/Annots")
        return annotations is not None and self.annotation_owners.get(annotations.objgen, 0) > 1


def read_pages(catalog: Object) -> PageTree:
    """Walk the page tree of a catalog; raise MalformedPdf when it is circular, deep or wrong.

    Every node is visited once; /Count of each node must be the number of leaves below it
    (ISO 32000-2 cl. 7.7.3.2), and every page stands in one place.
    """
    root = catalog.get("/Pages")
    if not isinstance(root, Dictionary):
        raise damaged("the catalog names no page tree")
    walk = _Walk()
    count = walk.node(root, 1)
    if walk.first is None:
        raise damaged("the page tree holds no page")
    page, owner, index = walk.first
    return PageTree(count, page, owner, index, walk.annotation_owners)


class _Walk:
    """One pass over a page tree."""

    def __init__(self) -> None:
        self.first: tuple[Object, Object | None, int] | None = None
        self.annotation_owners: dict[tuple[int, int], int] = {}
        self._nodes: set[tuple[int, int]] = set()
        self._leaves: set[tuple[int, int]] = set()

    def node(self, node: Object, depth: int) -> int:
        """Count the leaves below an intermediate node, checking it."""
        if depth > MAX_TREE_DEPTH:
            raise damaged(f"the page tree is deeper than {MAX_TREE_DEPTH} levels")
        objgen = node.objgen
        if objgen != (0, 0):
            if objgen in self._nodes:
                raise damaged(f"the page tree comes back to object {objgen[0]}: it is circular")
            self._nodes.add(objgen)
        kids = node.get("/Kids")
        if not isinstance(kids, Array):
            raise damaged(f"a node of the page tree has no /Kids (object {objgen[0]})")
        count = 0
        for index, kid in enumerate(kids):
            if not isinstance(kid, Dictionary):
                raise damaged(f"a kid in the page tree is no dictionary (object {objgen[0]})")
            if "/Kids" in kid:
                count += self.node(kid, depth + 1)
            else:
                count += 1
                self._leaf(kid, node, index)
        if node.get("/Count") != count:
            raise damaged(
                f"a node of the page tree (object {objgen[0]}) says how many pages are below "
                "it, and says it wrongly"
            )
        return count

    def _leaf(self, page: Object, owner: Object, index: int) -> None:
        if page.get("/Type") != _PAGE:
            raise damaged(f"a leaf of the page tree is no page (object {page.objgen[0]})")
        if page.is_indirect:
            if page.objgen in self._leaves:
                raise damaged(f"the page tree holds one page twice (object {page.objgen[0]})")
            self._leaves.add(page.objgen)
        if self.first is None:
            self.first = (page, None if page.is_indirect else owner, index)
        annotations = page.get("/Annots")
        if isinstance(annotations, Array) and annotations.is_indirect:
            objgen = annotations.objgen
            self.annotation_owners[objgen] = self.annotation_owners.get(objgen, 0) + 1
