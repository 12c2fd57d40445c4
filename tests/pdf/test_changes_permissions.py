"""What certifications and field locks leave to later revisions."""

import pytest

from idservice.pdf.changes import Permission
from support.later_revisions import (
    ANNOTATIONS,
    CATALOG,
    HONEST,
    OBJECTS,
    PAGE,
    SIGNATURE,
    SIGNED,
    STAMPED,
    WIDGET,
    append,
    changes,
    worst,
)
from support.pdf_writing import stream

PERMITTED, _, FORBIDDEN = Permission

CERTIFICATION = (
    b"/Reference [<< /Type /SigRef /TransformMethod /DocMDP "
    b"/TransformParams << /Type /TransformParams /V /1.2 %b>> >>] "
)
COMMENT = {
    3: PAGE % (b"4 0 R", ANNOTATIONS % b" 42 0 R"),
    42: b"<< /Type /Annot /Subtype /Text /Rect [9 9 99 99] /Contents (New) >>",
}
LOOKS = b"/Type /XObject /Subtype /Form /BBox [0 0 90 90] /Resources << /Font << /Helv 5 0 R >> >> "
FILLED = {
    9: WIDGET % (b"Tx", b"Sum", b"/Rect [9 9 99 99] /V (999) /AP << /N 40 0 R >> "),
    40: stream(b"/Tx BMC q BT 0 g /Helv 12 Tf 2 40 Td (999) Tj ET Q EMC", LOOKS),
}
STORED = {19: b"[17 0 R 40 0 R]", 40: stream(b"another certificate")}


@pytest.mark.parametrize(
    ("level", "update", "expected"),
    [
        (1, STORED, PERMITTED),
        (1, STAMPED, PERMITTED),
        (1, HONEST, FORBIDDEN),
        (1, FILLED, FORBIDDEN),
        (1, COMMENT, FORBIDDEN),
        (2, STORED, PERMITTED),
        (2, HONEST, PERMITTED),
        (2, FILLED, PERMITTED),
        (2, COMMENT, FORBIDDEN),
        (3, HONEST, PERMITTED),
        (3, FILLED, PERMITTED),
        (3, COMMENT, PERMITTED),
        (None, HONEST, PERMITTED),
        (None, FILLED, PERMITTED),
        (None, COMMENT, PERMITTED),
        (7, HONEST, FORBIDDEN),
        (7, STAMPED, PERMITTED),
    ],
)
def test_a_certification_says_what_may_change(
    level: int | None, update: dict[int, bytes], expected: Permission
) -> None:
    """After certification 1 only time-stamps and validation data, after 2 no comments."""
    base = SIGNED
    if level is not None:
        certified = {
            1: CATALOG % b"/Perms << /DocMDP 8 0 R >> ",
            8: SIGNATURE % (CERTIFICATION % (b"/P %d " % level)),
        }
        base = append(SIGNED, certified)
    assert worst(changes(append(base, update), signed=1 if level is None else 2)) is expected


@pytest.mark.parametrize(
    ("lock", "update", "expected"),
    [
        (b"/Action /All", HONEST, FORBIDDEN),
        (b"/Action /All", STAMPED, PERMITTED),
        (b"/Action /Include /Fields [(Sum)]", FILLED, FORBIDDEN),
        (b"/Action /Include /Fields [(Sum)]", HONEST, PERMITTED),
        (b"/Action /Include /Fields [(Su)]", FILLED, PERMITTED),
        (b"/Action /Include /Fields [(Second)]", HONEST, FORBIDDEN),
        (b"/Action /Include /Fields [(Sec)]", HONEST, PERMITTED),
        (b"/Action /Exclude /Fields [(Second)]", HONEST, PERMITTED),
        (b"/Action /Exclude /Fields [(Second)]", FILLED, FORBIDDEN),
        (b"/Action /Include /Fields [(Other)] /P 1", HONEST, FORBIDDEN),
        (b"/Action /Include /Fields [(Other)] /P 1", STAMPED, PERMITTED),
    ],
)
def test_a_lock_holds_for_its_fields(
    lock: bytes, update: dict[int, bytes], expected: Permission
) -> None:
    """A field that an earlier signature locks may not be filled or signed; others may."""
    locked = {7: OBJECTS[7][:-2] + b"/Lock << /Type /SigFieldLock %b >> >>" % lock}
    found = changes(append(append(SIGNED, locked), update), signed=2)
    assert worst(found) is expected


def test_a_lock_of_a_later_signature_holds_from_then_on() -> None:
    """A field that the second signature locks may not be filled after it."""
    lock = b"/Lock << /Type /SigFieldLock /Action /Include /Fields [(Sum)] >> "
    field = WIDGET % (b"Sig", b"Second", b"/Rect [0 0 0 0] /V 41 0 R " + lock)
    second = HONEST | {40: field}
    fill = {9: FILLED[9].replace(b"/N 40", b"/N 44"), 44: FILLED[40]}
    found = changes(append(append(SIGNED, second), fill))
    assert ("locked-field-changed", 3) in {(item.code, item.revision) for item in found}
    assert worst(changes(append(append(SIGNED, fill), second))) is PERMITTED
