"""Filling in a form after a signature: what shows the value passes, what lies about it does not."""

import pytest

from idservice.pdf.changes import Permission
from idservice.pdf.changes_judgement import Kind
from support.later_revisions import (
    CATALOG,
    FORM,
    HONEST,
    OBJECTS,
    SIGNATURE,
    SIGNED,
    WIDGET,
    append,
    changes,
    codes,
    worst,
)
from support.pdf_writing import stream

PERMITTED, _, FORBIDDEN = Permission

LOOK = b"/Type /XObject /Subtype /Form /BBox [0 0 90 20] /Resources << /Font << /F 5 0 R >> >> "
SHOWN = b"/Tx BMC q BT /F 12 Tf 2 2 Td (%b) Tj ET Q EMC"
BOX = b"/Rect [9 9 19 19] /AP << /N << /Yes 43 0 R /Off 44 0 R >> >> "
TOTAL = b"/Ff 1 /Rect [9 9 99 99] /AA << /C << /S /JavaScript /JS (sum) >> >> "
FIELDS = b" 45 0 R 46 0 R 47 0 R 48 0 R"
STATES = {43: stream(b"0 0 m 9 9 l S", LOOK), 44: stream(b"", LOOK)}
BASE = append(
    SIGNED,
    STATES
    | {
        45: WIDGET % (b"Btn", b"Box", BOX + b"/V /Off /AS /Off "),
        46: WIDGET % (b"Btn", b"Push", b"/Ff 65536 /Rect [9 9 19 19] "),
        47: WIDGET % (b"Tx", b"Fixed", b"/Ff 1 /Rect [9 9 99 99] /V (1) "),
        48: WIDGET % (b"Tx", b"Total", TOTAL),
        6: FORM % (FIELDS, b"/CO [48 0 R] /XFA [(template) 20 0 R (datasets) 49 0 R] "),
        13: stream(SHOWN % b"100", LOOK),
        49: stream(b"<xfa:data/>"),
    },
)


def text(value: bytes, look: bytes, more: bytes = b"") -> dict[int, bytes]:
    """An update that gives a text field a value and a look."""
    entries = b"/Rect [9 9 99 99] /V (%b) /AP << /N 50 0 R >> " % value
    return {9: WIDGET % (b"Tx", b"Sum", entries + more), 50: stream(look, LOOK)}


def box(value: bytes, state: bytes) -> dict[int, bytes]:
    """An update that ticks the box, or not."""
    return {45: WIDGET % (b"Btn", b"Box", BOX + b"/V /%b /AS /%b " % (value, state))}


FILLED: dict[str, tuple[dict[int, bytes], set[str]]] = {
    "a text": (text(b"999", SHOWN % b"999"), {"form-value-changed"}),
    "a text in pieces": (
        text(b"9 99", b"BT /F 9 Tf (9) Tj 9 0 Td [(9) -20 (9)] TJ ET"),
        {"form-value-changed"},
    ),
    "a box": (box(b"Yes", b"Yes"), {"form-value-changed"}),
    "a field that the form computes": (
        {48: WIDGET % (b"Tx", b"Total", TOTAL + b"/V (7) ")},
        {"form-value-changed"},
    ),
    "values of the XFA form": ({49: stream(b"<xfa:data>1</xfa:data>")}, {"xfa-data-changed"}),
    "the XFA form taken away": (
        {6: FORM % (FIELDS, b"/CO [48 0 R] ")},
        {"xfa-removed"},
    ),
}

LIES: dict[str, tuple[dict[int, bytes], str]] = {
    "another text": (text(b"999", SHOWN % b"100"), "appearance-differs-from-value"),
    "an empty look": (text(b"999", b""), "appearance-differs-from-value"),
    "an old look": (
        {9: OBJECTS[9].replace(b"(100)", b"(999)")},
        "appearance-differs-from-value",
    ),
    "invisible text": (
        text(b"999", b"BT /F 9 Tf 3 Tr (999) Tj ET 0 0 m 9 9 l S"),
        "appearance-differs-from-value",
    ),
    "covered text": (
        text(b"999", SHOWN % b"999" + b" 1 g 0 0 90 20 re f"),
        "appearance-differs-from-value",
    ),
    "a look without the value": (
        {
            9: WIDGET % (b"Tx", b"Sum", b"/Rect [9 9 99 99] /V (100) /AP << /N 50 0 R >> "),
            50: stream(SHOWN % b"999", LOOK),
        },
        "appearance-changed-without-value",
    ),
    "the look itself": ({13: stream(SHOWN % b"999", LOOK)}, "appearance-changed-without-value"),
    "a box that looks empty": (box(b"Yes", b"Off"), "appearance-differs-from-value"),
    "a look of a box": (
        {43: stream(b"0 0 9 9 re f", LOOK)},
        "appearance-changed-without-value",
    ),
    "a button": ({46: WIDGET % (b"Btn", b"Push", b"/Ff 65536 /V (x) ")}, "button-changed"),
    "a read-only field": (
        {47: WIDGET % (b"Tx", b"Fixed", b"/Ff 1 /Rect [9 9 99 99] /V (2) ")},
        "read-only-field-changed",
    ),
    "the XFA form": ({20: stream(b"<template/>")}, "xfa-changed"),
}


@pytest.mark.parametrize("name", list(FILLED))
def test_values_and_what_shows_them_may_change(name: str) -> None:
    """A field that is filled in, in any usual way, is listed and permitted."""
    update, expected = FILLED[name]
    found = changes(append(BASE, update), signed=2)
    assert (codes(found), worst(found)) == (expected, PERMITTED)
    assert {item.kind for item in found} == {Kind.FORM_FILLING}


@pytest.mark.parametrize("name", list(LIES))
def test_looks_that_lie_are_refused_by_name(name: str) -> None:
    """What shows something else than the value, or may not be filled in, is forbidden."""
    update, code = LIES[name]
    found = changes(append(BASE, update), signed=2)
    assert code in codes(found)
    assert worst(found) is FORBIDDEN


def test_viewers_may_draw_only_what_is_shown_already() -> None:
    """Fields are drawn anew where all show their values, and not where one shows another."""
    asked = {6: FORM % (b"", b"/NeedAppearances true ")}
    honest = append(SIGNED, {13: stream(SHOWN % b"100", LOOK)})
    lying = append(SIGNED, {13: stream(SHOWN % b"999", LOOK)})
    assert worst(changes(append(honest, asked), signed=2)) is PERMITTED
    assert worst(changes(append(lying, asked), signed=2)) is FORBIDDEN


def test_an_empty_signature_field_waits_for_its_signature() -> None:
    """A field that shows nothing is permitted when a later revision signs it, and not before."""
    empty = WIDGET % (b"Sig", b"Second", b"/Rect [0 0 0 0] ")
    prepared = append(SIGNED, HONEST | {40: empty})
    assert codes(changes(prepared)) == {"empty-signature-field-added"}
    assert worst(changes(prepared)) is FORBIDDEN
    signing = {40: HONEST[40].replace(b"41 0 R", b"51 0 R"), 51: SIGNATURE % b""}
    found = changes(append(prepared, signing))
    assert codes(found) == {"empty-signature-field-added", "signature-added"}
    assert worst(found) is PERMITTED


def test_a_version_below_the_header_is_no_raise() -> None:
    """A catalog that names a version lower than the first line of the file is refused."""
    found = changes(append(SIGNED, {1: CATALOG % b"/Version /1.0 "}))
    assert (codes(found), worst(found)) == ({"version-changed"}, FORBIDDEN)
