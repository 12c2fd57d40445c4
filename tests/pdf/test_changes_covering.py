"""Whether an added signature shows over words or pictures that were there before it."""

import pytest

from idservice.pdf.changes import ObjectChange, Permission
from support.later_revisions import (
    FORM,
    HONEST,
    OBJECTS,
    SIGNATURE,
    SIGNED,
    WIDGET,
    XOBJECT,
    append,
    changes,
)
from support.pdf_writing import stream, table_pdf

STAMP = stream(
    b"0 .3 .6 RG 1 1 7 7 re S BT /F1 4 Tf 1 3 Td (Jaak) Tj ET",
    XOBJECT + (b"/Resources << /Font << /F1 5 0 R >> >> "),
)
FRAME = stream(b"0 .3 .6 RG .1 w 0 0 9 9 re S", XOBJECT)
WHITE = stream(b"1 g 0 0 9 9 re f", XOBJECT)
OVER, AROUND, BESIDE = b"[70 714 200 736]", b"[40 690 230 760]", b"[300 300 420 330]"


def _signed(rect: bytes, look: bytes | None) -> dict[int, bytes]:
    """A second signature with a stamp at a place."""
    shown = b"" if look is None else b"/AP << /N 43 0 R >> "
    widget = WIDGET % (b"Sig", b"Second", b"/Rect %b /V 41 0 R %b" % (rect, shown))
    return HONEST | {40: widget} | ({} if look is None else {43: look})


def _added(data: bytes) -> ObjectChange:
    (item,) = (item for item in changes(data) if item.code == "signature-added")
    assert item.permission is Permission.PERMITTED
    return item


@pytest.mark.parametrize(
    ("rect", "look", "expected"),
    [
        (BESIDE, STAMP, False),
        (BESIDE, WHITE, False),
        (OVER, STAMP, True),
        (OVER, WHITE, True),
        (OVER, None, True),
        (AROUND, FRAME, False),
        (b"[0 0 595 842]", WHITE, True),
        (b"[0 0 595 842]", stream(b"paint it all", XOBJECT), True),
        (b"[12 12 90 90]", WHITE, True),
        (b"[0 0 0 0]", None, False),
    ],
    ids=[
        "beside",
        "a patch beside",
        "over the text",
        "a patch over the text",
        "drawn by viewers",
        "a frame around the text",
        "the whole page",
        "nobody knows what",
        "over another field",
        "invisible",
    ],
)
def test_a_signature_that_covers_is_told_from_others(
    rect: bytes, look: bytes | None, *, expected: bool
) -> None:
    """A signature is permitted wherever it shows, and the change says what it shows over."""
    assert _added(append(SIGNED, _signed(rect, look))).covers is expected


def test_a_signature_may_show_in_its_own_field() -> None:
    """The box of the field that is signed is no content that the signature hides."""
    free = WIDGET % (b"Sig", b"Empty", b"/Rect [300 300 400 340] ")
    base = append(SIGNED, {10: free})
    update = {
        10: WIDGET % (b"Sig", b"Empty", b"/Rect [300 300 400 340] /V 41 0 R /AP << /N 43 0 R >> "),
        41: SIGNATURE % b"",
        43: STAMP,
        6: FORM % (b"", b""),
    }
    (item,) = (item for item in changes(append(base, update), signed=2) if item.signature)
    assert not item.covers


@pytest.mark.parametrize(("look", "expected"), [(STAMP, False), (WHITE, True)])
def test_a_field_that_was_there_may_write_and_not_paint(look: bytes, *, expected: bool) -> None:
    """Who signs a field over a text may write in it, but hides the text with a patch."""
    field = WIDGET % (b"Sig", b"Empty", b"/Rect %b %%b" % OVER)
    base = append(SIGNED, {10: field % b""})
    signed = {10: field % b"/V 41 0 R /AP << /N 43 0 R >> ", 41: SIGNATURE % b"", 43: look}
    (item,) = (item for item in changes(append(base, signed), signed=2) if item.signature)
    assert item.covers is expected


def test_a_page_that_nobody_understands_is_all_content() -> None:
    """Where it is not known what a page shows, every visible signature may hide something."""
    base = table_pdf(OBJECTS | {4: stream(b"what is this")})
    assert _added(append(base, _signed(BESIDE, STAMP))).covers


def test_a_later_signature_is_protected_as_well() -> None:
    """What the second signature shows is content for the third."""
    second = append(SIGNED, _signed(BESIDE, STAMP))
    third = {
        44: WIDGET % (b"Sig", b"Third", b"/Rect %b /V 45 0 R /AP << /N 46 0 R >> " % BESIDE),
        45: SIGNATURE % b"",
        46: STAMP,
        6: FORM % (b" 40 0 R 44 0 R", b""),
        3: HONEST[3].replace(b" 40 0 R", b" 40 0 R 44 0 R"),
    }
    found = [item for item in changes(append(second, third)) if item.code == "signature-added"]
    assert [item.covers for item in found] == [False, True]
