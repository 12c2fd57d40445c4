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
        (b"/Action /Include /Fields [(Other)] /P 2", FILLED, PERMITTED),
        (b"/Action /Include /Fields [(Other)] /P 2", COMMENT, FORBIDDEN),
        (b"/Action /Include /Fields [(Other)] /P 3", COMMENT, PERMITTED),
        (b"/Action /Include /Fields [(Other)] /P 9", FILLED, FORBIDDEN),
        (b"/Action /Other", FILLED, FORBIDDEN),
        (b"", FILLED, FORBIDDEN),
    ],
)
def test_a_lock_holds_for_its_fields(
    lock: bytes, update: dict[int, bytes], expected: Permission
) -> None:
    """A field that an earlier signature locks may not be filled or signed; others may."""
    locked = {7: OBJECTS[7][:-2] + b"/Lock << /Type /SigFieldLock %b >> >>" % lock}
    found = changes(append(append(SIGNED, locked), update), signed=2)
    assert worst(found) is expected


MDP = b"/Reference [%b] "
DOC_MDP = b"<< /TransformMethod /DocMDP /TransformParams << %b>> >> "
FIELD_MDP = b"<< /TransformMethod /FieldMDP /TransformParams << %b>> >> "


@pytest.mark.parametrize(
    ("reference", "update", "expected"),
    [
        (DOC_MDP % b"/P 1 ", FILLED, FORBIDDEN),
        (DOC_MDP % b"/P 1 ", STAMPED, PERMITTED),
        (DOC_MDP % b"/P 2 ", COMMENT, FORBIDDEN),
        (DOC_MDP % b"/P 2 ", FILLED, PERMITTED),
        (DOC_MDP % b"/P 3 ", COMMENT, PERMITTED),
        (DOC_MDP % b"", COMMENT, FORBIDDEN),
        (DOC_MDP % b"", FILLED, PERMITTED),
        (DOC_MDP % b"/P 0 ", FILLED, FORBIDDEN),
        (DOC_MDP % b"/P (3) ", FILLED, FORBIDDEN),
        (DOC_MDP % b"/P 50 0 R ", COMMENT, FORBIDDEN),
        (DOC_MDP % b"/P 50 0 R ", FILLED, PERMITTED),
        (DOC_MDP % b"/P 3 " + DOC_MDP % b"/P 1 ", FILLED, FORBIDDEN),
        (FIELD_MDP % b"/Action /All ", FILLED, FORBIDDEN),
        (FIELD_MDP % b"/Action /All ", COMMENT, PERMITTED),
        (FIELD_MDP % b"/Action /Include /Fields [(Sum)] ", FILLED, FORBIDDEN),
        (FIELD_MDP % b"/Action /Include /Fields [51 0 R] ", FILLED, FORBIDDEN),
        (FIELD_MDP % b"/Action /Include /Fields [(Other)] /P 1 ", FILLED, FORBIDDEN),
        (FIELD_MDP % b"/Action /Exclude /Fields [(Sum)] ", FILLED, PERMITTED),
        (FIELD_MDP % b"/Action /Exclude /Fields [(Sum)] ", HONEST, FORBIDDEN),
    ],
)
@pytest.mark.parametrize("named", ["nobody", "another"])
def test_a_signature_restricts_also_where_the_catalog_does_not_name_it(
    reference: bytes, update: dict[int, bytes], expected: Permission, named: str
) -> None:
    """What a signature says may change holds without /Perms, or beside another certification."""
    restricted = {8: SIGNATURE % (MDP % reference), 50: b"2", 51: b"(Sum)"}
    if named == "another":
        restricted |= {
            1: CATALOG % b"/Perms << /DocMDP 52 0 R >> ",
            52: SIGNATURE % (CERTIFICATION % b"/P 3 "),
        }
    found = changes(append(append(SIGNED, restricted), update), signed=2)
    assert worst(found) is expected


def test_a_certification_of_a_later_signature_holds_from_then_on() -> None:
    """Where the second signature says that nothing may change, no field is filled after it."""
    value = HONEST[41].replace(b"/Type /Sig", b"/Type /Sig " + MDP % (DOC_MDP % b"/P 1 "), 1)
    assert b"DocMDP" in value
    fill = {9: FILLED[9].replace(b"/N 40", b"/N 44"), 44: FILLED[40]}
    assert worst(changes(append(append(SIGNED, HONEST), fill))) is PERMITTED
    certified = append(SIGNED, HONEST | {41: value})
    assert worst(changes(certified)) is PERMITTED
    assert worst(changes(append(certified, fill))) is FORBIDDEN


def test_a_lock_of_a_later_signature_holds_from_then_on() -> None:
    """A field that the second signature locks may not be filled after it."""
    lock = b"/Lock << /Type /SigFieldLock /Action /Include /Fields [(Sum)] >> "
    field = WIDGET % (b"Sig", b"Second", b"/Rect [0 0 0 0] /V 41 0 R " + lock)
    second = HONEST | {40: field}
    fill = {9: FILLED[9].replace(b"/N 40", b"/N 44"), 44: FILLED[40]}
    found = changes(append(append(SIGNED, second), fill))
    assert ("locked-field-changed", 3) in {(item.code, item.revision) for item in found}
    assert worst(changes(append(append(SIGNED, fill), second))) is PERMITTED
