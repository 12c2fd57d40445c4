"""The structure of a tagged document, written again by programs that add a comment (as iText)."""

from __future__ import annotations

import pytest

from idservice.pades.facts import read_facts
from support import pdfs
from support.pdf_writing import table_pdf
from support.revision_writing import Revision
from support.signing import signed

ROOT, TREE, PART, TEXT, OUTLINES, OUTLINE = 20, 21, 22, 23, 24, 25


def document(kids: bytes = b"23 0 R") -> bytes:
    """Sign a tagged document with an outline that points to an element of its structure."""
    objects = pdfs.plain_objects() | {
        1: b"<< /Type /Catalog /Pages 2 0 R /StructTreeRoot 20 0 R /Outlines 24 0 R "
        b"/MarkInfo << /Marked true >> >>",
        ROOT: b"<< /Type /StructTreeRoot /K 22 0 R /ParentTree 21 0 R /ParentTreeNextKey 1 >>",
        TREE: b"<< /Nums [0 [23 0 R]] >>",
        PART: b"<< /S /Document /P 20 0 R /K " + kids + b" >>",
        TEXT: b"<< /S /P /P 22 0 R /Pg 3 0 R /K 0 >>",
        OUTLINES: b"<< /Type /Outlines /First 25 0 R /Last 25 0 R /Count 1 >>",
        OUTLINE: b"<< /Title (One) /Parent 24 0 R /Dest [3 0 R /Fit] /SE 22 0 R >>",
    }
    return signed(table_pdf(objects))


def verdicts(change: Revision) -> set[tuple[str, str]]:
    """What is said of a revision."""
    (signature,) = read_facts(change.build()).signatures
    return {(item.code, item.verdict.value) for item in signature.changes}


def commented(data: bytes, part: bytes) -> Revision:
    """A comment, and the element that was signed with it as another kid."""
    change = Revision(data)
    note = change.add(
        b"<< /Type /Annot /Subtype /Text /Rect [540 760 558 778] /Contents (x) /StructParent 1 >>"
    )
    change.extend(3, "Annots", b"%d 0 R" % note)
    change.write(PART, part % note)
    listed = change.add(b"[23 0 R]")
    tree = change.add(b"<< /Nums [0 %d 0 R 1 22 0 R] >>" % listed)
    return change.put(ROOT, {"ParentTree": b"%d 0 R" % tree, "ParentTreeNextKey": b"2"})


def test_an_element_may_name_the_page_of_its_new_kid() -> None:
    """Where all kids are elements, the page of the element was of no use before."""
    part = b"<< /S /Document /P 20 0 R /Pg 3 0 R /K [23 0 R << /Type /OBJR /Obj %d 0 R >>] >>"
    found = verdicts(commented(document(), part))
    assert {verdict for _, verdict in found} == {"permitted"}
    assert ("structure-extended", "permitted") in found


def test_the_page_of_content_may_not_change() -> None:
    """A number among the kids is content of that page, so another page is other content."""
    part = b"<< /S /Document /P 20 0 R /Pg 3 0 R /K [23 0 R 0 << /Type /OBJR /Obj %d 0 R >>] >>"
    found = verdicts(commented(document(b"[23 0 R 0]"), part))
    assert ("structure-changed", "forbidden") in found


def test_a_tree_of_parents_in_new_objects_and_an_empty_map_mean_nothing() -> None:
    """The same entries in other objects, and a map of no roles, leave the structure as it was."""
    change = Revision(document())
    listed = change.add(b"[23 0 R]")
    tree = change.add(b"<< /Nums [0 %d 0 R] >>" % listed)
    change.put(ROOT, {"ParentTree": b"%d 0 R" % tree, "RoleMap": b"<< >>"})
    assert {verdict for _, verdict in verdicts(change)} <= {"permitted"}


@pytest.mark.parametrize(
    "entries", [{"RoleMap": b"<< /P /H1 >>"}, {"ParentTree": b"<< /Nums [0 [22 0 R]] >>"}]
)
def test_a_map_with_roles_or_other_parents_do(entries: dict[str, bytes]) -> None:
    """What is read aloud of the signed content must stay."""
    found = verdicts(Revision(document()).put(ROOT, entries))
    assert "forbidden" in {verdict for _, verdict in found}
