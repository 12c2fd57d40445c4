"""What may show with an added signature field, and with the field of a time-stamp."""

import pytest

from idservice.pdf.changes import Permission
from support.later_revisions import (
    ANNOTATIONS,
    CATALOG,
    FORM,
    HONEST,
    PAGE,
    SIGNATURE,
    SIGNED,
    STAMPED,
    TIME_STAMP,
    WIDGET,
    XOBJECT,
    append,
    changes,
    codes,
    worst,
)
from support.pdf_writing import stream

PERMITTED, _, FORBIDDEN = Permission
AREA = b"/Rect [0 0 595 842] "
LOOKS = b"/AP << /N 43 0 R >> "
CERTIFIED = {
    1: CATALOG % b"/Perms << /DocMDP 8 0 R >> ",
    8: SIGNATURE % b"/Reference [<< /Type /SigRef /TransformMethod /DocMDP "
    b"/TransformParams << /Type /TransformParams /V /1.2 /P 1 >> >>] ",
}


def _widget(flags: int, more: bytes) -> bytes:
    return (WIDGET % (b"Sig", b"Second", b"/V 41 0 R " + more)).replace(b"/F 132", b"/F %d" % flags)


def _shown(flags: int, more: bytes, value: bytes = TIME_STAMP) -> dict[int, bytes]:
    page = stream(b"1 1 1 rg 0 0 595 842 re f", XOBJECT)
    return HONEST | {40: _widget(flags, more), 41: value, 43: page}


@pytest.mark.parametrize("base", [SIGNED, append(SIGNED, CERTIFIED)], ids=["plain", "certified"])
@pytest.mark.parametrize(
    ("flags", "more", "expected"),
    [
        (132, AREA + LOOKS, FORBIDDEN),
        (128, AREA + LOOKS, FORBIDDEN),
        (36, AREA + LOOKS, FORBIDDEN),
        (32 | 256, AREA + LOOKS, FORBIDDEN),
        (132, AREA + b"/AP << /N 21 0 R >> ", FORBIDDEN),
        (132, AREA + b"/MK << /BG [1 1 1] /CA (Pay 999) >> ", FORBIDDEN),
        (132, b"/Rect [0 0 0 0] " + LOOKS, PERMITTED),
        (2, AREA + LOOKS, PERMITTED),
        (32, AREA + LOOKS, PERMITTED),
    ],
    ids=[
        "shown and printed",
        "shown",
        "printed only",
        "shown when pointed at",
        "looks of the page",
        "a background",
        "no area",
        "hidden",
        "neither shown nor printed",
    ],
)
def test_a_time_stamp_shows_nothing(
    base: bytes, flags: int, more: bytes, expected: Permission
) -> None:
    """The field of a document time-stamp may have no area that shows anywhere."""
    found = changes(append(base, _shown(flags, more)), signed=1 if base is SIGNED else 2)
    assert worst(found) is expected
    assert ("time-stamp-visible" in codes(found)) == (expected is FORBIDDEN)


@pytest.mark.parametrize("again", [b"", LOOKS], ids=["as it was", "with other looks"])
def test_a_time_stamp_in_an_empty_field_leaves_its_looks(again: bytes) -> None:
    """A field that shows already may be time-stamped, but then shows what it showed."""
    field = WIDGET % (b"Sig", b"Empty", b"/Rect [9 9 99 99] /V 41 0 R %b")
    looks = again or b"/AP << /N 14 0 R >> "
    update = {10: field % looks, 41: TIME_STAMP, 43: stream(b"% other", XOBJECT)}
    found = changes(append(SIGNED, update))
    assert worst(found) is (FORBIDDEN if again else PERMITTED)
    painted = update | {14: stream(b"% painted over", XOBJECT)}
    assert worst(changes(append(SIGNED, painted))) is FORBIDDEN


@pytest.mark.parametrize(
    ("value", "second", "expected"),
    [
        (SIGNATURE % b"", b"", PERMITTED),
        (SIGNATURE % b"", b" 45 0 R", FORBIDDEN),
        (TIME_STAMP, b"", FORBIDDEN),
        (TIME_STAMP, b" 45 0 R", FORBIDDEN),
    ],
    ids=["a signature once", "a signature twice", "a time-stamp once", "a time-stamp twice"],
)
def test_an_added_field_shows_once(value: bytes, second: bytes, expected: Permission) -> None:
    """A signature is seen in one place; a time-stamp in none, however its widgets hang."""
    widget = b"<< /Type /Annot /Subtype /Widget /Parent 40 0 R /F 132 /P 3 0 R "
    update = {
        40: b"<< /FT /Sig /T (Second) /V 41 0 R /Kids [44 0 R%b] >>" % second,
        41: value,
        43: stream(b"% seen", XOBJECT),
        44: widget + AREA + LOOKS + b">>",
        6: FORM % (b" 40 0 R", b""),
        3: PAGE % (b"4 0 R", ANNOTATIONS % (b" 44 0 R" + second)),
    }
    if second:
        update[45] = widget + AREA + LOOKS + b">>"
    assert worst(changes(append(SIGNED, update))) is expected


@pytest.mark.parametrize(
    ("more", "expected"), [(b"", PERMITTED), (AREA + LOOKS, FORBIDDEN)], ids=["bare", "seen"]
)
def test_a_field_above_the_signature_shows_nothing(more: bytes, expected: Permission) -> None:
    """A field that only groups another one is no signature, so it may not be seen."""
    update = STAMPED | {
        40: b"<< /FT /Sig /T (Group) /Kids [44 0 R] %b>>" % more,
        43: stream(b"% seen", XOBJECT),
        44: WIDGET % (b"Sig", b"Second", b"/Parent 40 0 R /V 41 0 R /Rect [0 0 0 0] "),
        3: PAGE % (b"4 0 R", ANNOTATIONS % (b" 40 0 R 44 0 R" if more else b" 44 0 R")),
    }
    assert worst(changes(append(SIGNED, update))) is expected


def test_an_unsigned_time_stamp_field_is_told_apart() -> None:
    """An added signature says in which field it is and which object holds it."""
    (change,) = changes(append(SIGNED, STAMPED))
    assert change.signature is not None
    assert change.signature.field_name == "Second"
    assert (change.signature.holder, change.signature.is_time_stamp) == (41, True)
    assert TIME_STAMP in append(SIGNED, STAMPED)
