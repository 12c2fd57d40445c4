"""Entries that may be declared or added to, written as objects of their own or in place."""

import pytest

from idservice.pdf.changes import Permission
from support.later_revisions import (
    ANNOTATIONS,
    CATALOG,
    FORM,
    OBJECTS,
    PAGE,
    SIGNED,
    append,
    changes,
    worst,
)
from support.pdf_writing import stream

PERMITTED, UNJUDGED, FORBIDDEN = Permission

ESIC = b"<< /BaseVersion /1.7 /ExtensionLevel %d >>"
ISO = b"<< /BaseVersion /2.0 /ExtensionLevel %d /ExtensionRevision (:2022) >>"

DECLARED: dict[str, tuple[bytes, bytes, Permission | None]] = {
    "a higher level": (b"<< /ESIC %b >>" % (ESIC % 1), b"<< /ESIC %b >>" % (ESIC % 2), PERMITTED),
    "a lower level": (b"<< /ESIC %b >>" % (ESIC % 2), b"<< /ESIC %b >>" % (ESIC % 1), FORBIDDEN),
    "no level": (b"<< /ESIC %b >>" % (ESIC % 2), b"<< /ESIC << /BaseVersion /1.7 >> >>", FORBIDDEN),
    "an extension taken away": (b"<< /ESIC %b >>" % (ESIC % 2), b"<< >>", FORBIDDEN),
    "the first of a list": (b"<< >>", b"<< /ISO_ [%b] >>" % (ISO % 32001), PERMITTED),
    "one more of a list": (
        b"<< /ISO_ [%b] >>" % (ISO % 32001),
        b"<< /ISO_ [%b %b] >>" % (ISO % 32001, ISO % 32002),
        PERMITTED,
    ),
    "one less of a list": (
        b"<< /ISO_ [%b %b] >>" % (ISO % 32001, ISO % 32002),
        b"<< /ISO_ [%b] >>" % (ISO % 32001),
        FORBIDDEN,
    ),
}


@pytest.mark.parametrize("indirect", [False, True], ids=["in place", "as an object"])
@pytest.mark.parametrize("name", list(DECLARED))
def test_extensions_are_never_lowered(name: str, indirect: bool) -> None:  # noqa: FBT001
    """Levels rise and lists grow, wherever they stand; nothing is taken back."""
    before, after, expected = DECLARED[name]
    if indirect:
        catalog = {1: CATALOG % b"/Extensions 34 0 R "}
        base, update = append(SIGNED, catalog | {34: before}), {34: after}
    else:
        base = append(SIGNED, {1: CATALOG % (b"/Extensions %b " % before)})
        update = {1: CATALOG % (b"/Extensions %b " % after)}
    assert worst(changes(append(base, update), signed=2)) is expected


@pytest.mark.parametrize(
    ("permissions", "update"),
    [
        (b"34 0 R", {34: b"<< /DocMDP 8 0 R >>"}),
        (b"<< /UR3 34 0 R >>", {1: CATALOG % b""}),
    ],
)
def test_permissions_stay_as_they_are(permissions: bytes, update: dict[int, bytes]) -> None:
    """What signatures permit is neither given nor taken later."""
    base = append(SIGNED, {1: CATALOG % (b"/Perms %b " % permissions), 34: b"<< >>"})
    assert worst(changes(append(base, update), signed=2)) is FORBIDDEN


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ({16: b"<< /Type /DSS /Certs 19 0 R /VRI << /AA << /Cert [17 0 R] >> >> >>"}, PERMITTED),
        ({16: b"<< /Type /DSS /VRI << /AA << /JS (1) >> >> >>"}, FORBIDDEN),
        ({16: b"<< /Type /DSS /VRI [] >>"}, FORBIDDEN),
        ({16: b"<< /Type /DSS /Certs [(text)] >>"}, FORBIDDEN),
        ({16: b"<< /Type /Catalog /Certs 19 0 R >>"}, FORBIDDEN),
        ({17: b"<< /Plain true >>"}, FORBIDDEN),
        ({19: b"[]"}, PERMITTED),
        ({1: CATALOG.replace(b"/DSS 16 0 R", b"") % b""}, PERMITTED),
    ],
)
def test_the_store_holds_data_and_nothing_else(
    update: dict[int, bytes], expected: Permission
) -> None:
    """Lists of streams, in a dictionary of known entries; what is dropped is told."""
    assert worst(changes(append(SIGNED, update))) is expected


def test_entries_by_signature_may_be_objects() -> None:
    """A list by signature grows by new entries, and entries by new data."""
    base = append(
        SIGNED,
        {
            16: b"<< /Type /DSS /Certs 19 0 R /VRI 34 0 R >>",
            34: b"<< /AA 35 0 R >>",
            35: b"<< /Cert [17 0 R] >>",
        },
    )
    grown = {34: b"<< /AA 35 0 R /BB 40 0 R >>", 40: b"<< /OCSP [18 0 R] >>"}
    assert worst(changes(append(base, grown), signed=2)) is PERMITTED
    entry = {35: b"<< /Cert [17 0 R] /OCSP [18 0 R] >>"}
    assert worst(changes(append(base, entry), signed=2)) is PERMITTED
    active = {35: b"<< /Cert [17 0 R << /JS (1) >>] >>"}
    assert worst(changes(append(base, active), signed=2)) is FORBIDDEN


@pytest.mark.parametrize(
    ("written", "expected"),
    [(b"/Rotate 90 ", None), (b"/Rotate 0 ", FORBIDDEN), (b"/CropBox [0 0 595 842] ", FORBIDDEN)],
)
def test_what_a_page_inherits_may_be_written_on_it(
    written: bytes, expected: Permission | None
) -> None:
    """The page is turned as before, whether its node in the tree says so or the page itself."""
    base = append(SIGNED, {2: OBJECTS[2][:-2] + b"/Rotate 90 /CropBox [0 0 500 500] >>"})
    update = {3: OBJECTS[3].replace(b"/MediaBox", written + b"/MediaBox")}
    assert worst(changes(append(base, update), signed=2)) is expected


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ({3: OBJECTS[3].replace(b"/MediaBox", b"/Rotate 90 /MediaBox")}, FORBIDDEN),
        ({3: OBJECTS[3].replace(b"/MediaBox", b"/Rotate 0 /MediaBox")}, None),
        ({3: OBJECTS[3].replace(b"/Font", b"/ProcSet [/PDF] /Font")}, None),
        (
            {
                3: OBJECTS[3].replace(b"/F1 5 0 R", b"/F1 40 0 R"),
                40: OBJECTS[5],
            },
            None,
        ),
        ({3: PAGE % (b"4 0 R", b"[7 0 R 9 0 R 10 0 R]")}, FORBIDDEN),
        ({11: OBJECTS[11].replace(b"(Note)", b"(Other)")}, FORBIDDEN),
        ({3: PAGE % (b"4 0 R", b"[9 0 R 7 0 R 10 0 R 11 0 R]")}, FORBIDDEN),
        ({3: PAGE % (b"4 0 R", ANNOTATIONS % b" << /Subtype /Text /Rect [0 0 9 9] >>")}, PERMITTED),
        ({6: FORM % (b"", b"/DA (/Helv 0 Tf) ")}, PERMITTED),
        ({6: FORM.replace(b"/Helv 5 0 R", b"/Helv 5 0 R /New 40 0 R") % (b"", b"")}, PERMITTED),
        ({32: b"<< /Type /StructTreeRoot /K [40 0 R] >>", 40: stream(b"")}, FORBIDDEN),
    ],
)
def test_what_is_equal_is_told_from_what_is_not_judged(
    update: dict[int, bytes], expected: Permission | None
) -> None:
    """Equal resources are no change; comments and structure are left to whoever judges them."""
    data = append(SIGNED, {40: OBJECTS[5]} | update)
    assert worst(changes(data)) is expected
