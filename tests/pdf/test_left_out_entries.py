"""What programs leave out or pass over when they save, and what it means to a signature."""

from __future__ import annotations

import pytest

from idservice.pades.facts import read_facts
from idservice.validation.facts import ChangeVerdict, SignatureFacts
from support import pdfs
from support.pdf_writing import stream, table_pdf
from support.revision_writing import Revision
from support.signing import signed

ODD = b" /AdditionalStreams [/application#2Fvnd.oasis.opendocument.text 9 0 R]"


def first(data: bytes) -> SignatureFacts:
    """The one signature of a document."""
    (found,) = read_facts(data).signatures
    return found


def test_an_entry_that_no_standard_knows_may_be_left_out_of_the_trailer() -> None:
    """Programs write only those entries of a trailer that they know; that is told."""
    data = signed(table_pdf(pdfs.plain_objects(), trailer=ODD))
    assert b"/AdditionalStreams" in data[data.rindex(b"trailer") :]
    (found,) = first(Revision(data).build()).changes
    assert (found.code, found.verdict) == ("trailer-entry-left-out", ChangeVerdict.PERMITTED)


def test_such_an_entry_may_not_be_brought_or_changed() -> None:
    """What a trailer says anew may be known to some program."""
    for trailer in (b"", ODD):
        change = Revision(signed(table_pdf(pdfs.plain_objects(), trailer=trailer)))
        change.trailer["AdditionalStreams"] = b"[/application#2Fpdf 4 0 R]"
        codes = {item.code for item in first(change.build()).changes}
        assert "trailer-changed" in codes


@pytest.mark.parametrize(
    ("content", "known"),
    [
        (b"BX /F1 newoperator EX", True),
        (b"BX BX EX /F1 newoperator EX", True),
        (b"/F1 newoperator", False),
        (b"BX EX /F1 newoperator", False),
        (b"EX BX EX EX /F1 newoperator", False),
    ],
)
def test_operators_of_the_future_are_passed_over_where_the_page_says_so(
    content: bytes, *, known: bool
) -> None:
    """Beside a section of compatibility a comment in the margin is permitted, else not."""
    page = stream(b"BT /F1 12 Tf 72 700 Td (Text) Tj ET " + content)
    change = Revision(signed(table_pdf(pdfs.plain_objects(o4=page))))
    look = stream(
        b"BT /F1 9 Tf 402 302 Td (ok?) Tj ET",
        b"/Type /XObject /Subtype /Form /BBox [400 300 500 320] "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Courier >> >> >> ",
    )
    note = change.add(
        b"<< /Type /Annot /Subtype /FreeText /Rect [400 300 500 320] /Contents (ok?) "
        b"/DA (/F1 9 Tf 0 g) /AP << /N %d 0 R >> >>" % change.add(look)
    )
    data = change.extend(3, "Annots", b"%d 0 R" % note).build()
    verdicts = {item.verdict for item in first(data).changes}
    assert (ChangeVerdict.FORBIDDEN in verdicts) is not known


def test_tabs_may_follow_where_annotations_are_in_a_list_of_their_own() -> None:
    """The list is an object, so the page names the same one; its elements are others."""
    objects = pdfs.plain_objects()
    objects |= {
        3: objects[3].strip().removesuffix(b">>") + b" /Annots 30 0 R >>",
        30: b"[31 0 R]",
        31: b"<< /Type /Annot /Subtype /Text /Rect [500 700 520 720] /Contents (Old) >>",
    }
    data = signed(table_pdf(objects))
    change = Revision(data)
    note = change.add(b"<< /Type /Annot /Subtype /Text /Rect [540 700 560 720] /Contents (New) >>")
    listed = change.read(3)["/Annots"]
    numbers = [*(item.objgen[0] for item in listed), note]
    change.write(30, b"[%b]" % b" ".join(b"%d 0 R" % number for number in numbers))
    data = change.put(3, {"Tabs": b"/S"}).build()
    codes = {(item.code, item.verdict) for item in first(data).changes}
    assert ("page-entry-changed", ChangeVerdict.PERMITTED) in codes
    assert ChangeVerdict.FORBIDDEN not in {verdict for _, verdict in codes}
