"""Objects that are reached in two ways, of which one would be harmless."""

import re

import pytest

from idservice.pdf.changes import Permission
from support.later_revisions import (
    ANNOTATIONS,
    CATALOG,
    FORM,
    HONEST,
    OBJECTS,
    PAGE,
    SIGNATURE,
    SIGNED,
    STORE,
    WIDGET,
    XOBJECT,
    append,
    changes,
    worst,
)
from support.pdf_writing import stream

PERMITTED, UNJUDGED, FORBIDDEN = Permission

ALIASES: dict[str, tuple[dict[int, bytes], dict[int, bytes]]] = {
    "extensions that the catalog names twice": (
        {1: CATALOG % b"/Extensions 34 0 R /Odd 34 0 R ", 34: b"<< >>"},
        {34: b"<< /ESIC << /BaseVersion /1.7 /ExtensionLevel 2 >> >>"},
    ),
    "a list of the store that is page content": (
        {3: PAGE % (b"19 0 R", ANNOTATIONS % b"")},
        {19: b"[17 0 R 40 0 R]", 40: stream(b"BT (Pay 999 euros) Tj ET")},
    ),
    "a store that is the resources of a page": (
        {3: (PAGE % (b"4 0 R", b"[]")).replace(b"/XObject <<", b"/ExtGState 16 0 R /XObject <<")},
        {16: STORE[:-2] + b"/CRLs [40 0 R] >>", 40: stream(b"list")},
    ),
    "a store below the resources of a page": (
        {3: (PAGE % (b"4 0 R", b"[]")).replace(b"/XObject <<", b"/ExtGState 16 0 R /XObject <<")},
        {19: b"[17 0 R 40 0 R]", 40: stream(b"another certificate")},
    ),
    "a list of fields that is page content": (
        {
            6: b"<< /Fields 34 0 R /SigFlags 3 >>",
            34: b"[7 0 R 9 0 R 10 0 R]",
            31: b"<< /Type /Outlines /Odd 34 0 R >>",
        },
        {34: b"[7 0 R 9 0 R 10 0 R 40 0 R]", 40: HONEST[40], 41: HONEST[41], 3: HONEST[3]},
    ),
    "looks of the empty field that are on the page": (
        {3: (PAGE % (b"4 0 R", ANNOTATIONS % b"")).replace(b"/X1 21", b"/X1 14")},
        {
            10: WIDGET % (b"Sig", b"Empty", b"/Rect [9 9 99 99] /V 41 0 R /AP << /N 14 0 R >> "),
            41: SIGNATURE % b"",
            14: stream(b"% anything", XOBJECT),
        },
    ),
    "looks of two fields": (
        {7: OBJECTS[7].replace(b"/N 12", b"/N 14")},
        {
            10: WIDGET % (b"Sig", b"Empty", b"/Rect [9 9 99 99] /V 41 0 R /AP << /N 14 0 R >> "),
            41: SIGNATURE % b"",
            14: stream(b"% anything", XOBJECT),
        },
    ),
    "annotations of one page that another one has too": (
        {
            3: PAGE % (b"4 0 R", b"34 0 R"),
            22: PAGE % (b"[4 0 R 23 0 R]", b"[]"),
            34: ANNOTATIONS % b"",
            31: b"<< /Type /Outlines /Odd 34 0 R >>",
        },
        HONEST | {3: PAGE % (b"4 0 R", b"34 0 R"), 34: ANNOTATIONS % b" 40 0 R"},
    ),
    "extensions that are an outline": (
        {1: CATALOG % b"/Extensions 34 0 R ", 31: b"<< /Odd 34 0 R >>", 34: b"<< >>"},
        {34: b"<< /ESIC << /BaseVersion /1.7 /ExtensionLevel 2 >> >>"},
    ),
    "a reference to nothing, and then something": (
        {3: (PAGE % (b"[4 0 R 40 0 R]", ANNOTATIONS % b""))},
        {40: stream(b"BT (Pay 999 euros) Tj ET")},
    ),
    "a reference to nothing that becomes data of the store": (
        {3: (PAGE % (b"[4 0 R 40 0 R]", ANNOTATIONS % b""))},
        {40: stream(b"BT (Pay 999 euros) Tj ET"), 19: b"[17 0 R 40 0 R]"},
    ),
}


ADOPTED: dict[str, tuple[dict[int, bytes], dict[int, bytes]]] = {
    "as a field": ({6: FORM % (b" 20 0 R", b"")}, {20: b"<< /Unused false >>"}),
    "as a list of fields": (
        {9: OBJECTS[9][:-2] + b"/Kids 20 0 R >>", 20: b"[]"},
        {20: b"[ 40 0 R ]", 40: WIDGET % (b"Sig", b"New", b"/V 41 0 R "), 41: SIGNATURE % b""},
    ),
    "as an annotation": (
        {3: PAGE % (b"4 0 R", ANNOTATIONS % b" 20 0 R")},
        {20: b"<< /Unused false >>"},
    ),
    "as a part of the page tree": (
        {2: b"<< /Type /Pages /Kids 20 0 R /Count 2 >>", 20: b"[3 0 R 22 0 R]"},
        {20: b"[22 0 R 3 0 R]"},
    ),
    "as extensions": (
        {1: CATALOG % b"/Extensions 20 0 R "},
        {20: b"<< /ESIC << /BaseVersion /1.7 /ExtensionLevel 2 >> >>"},
    ),
}


@pytest.mark.parametrize("name", list(ADOPTED))
def test_an_old_object_that_is_adopted_may_not_change(name: str) -> None:
    """What lay in the file before it got a role may have another one, so it stays as it is."""
    adopted, changed = ADOPTED[name]
    found = changes(append(append(SIGNED, adopted), changed))
    assert worst(item for item in found if item.revision == 3) in (FORBIDDEN, UNJUDGED)


@pytest.mark.parametrize("name", list(ALIASES))
def test_an_object_with_two_roles_may_not_change(name: str) -> None:
    """A change that is harmless on one way to an object is judged on every other way as well."""
    before, objects = ALIASES[name]
    base = append(SIGNED, before)
    found = changes(append(base, objects), signed=2)
    assert worst(found) is FORBIDDEN


@pytest.mark.parametrize("name", [name for name in ALIASES if "nothing" not in name])
def test_without_the_second_role_the_same_update_is_permitted(name: str) -> None:
    """What makes such an update fail is the second role alone."""
    before, objects = ALIASES[name]
    innocent = {
        number: re.sub(rb"/Odd 34 0 R|/ExtGState 16 0 R", b"", body)
        for number, body in before.items()
    }
    for number, honest in ((3, OBJECTS[3]), (7, OBJECTS[7])):
        if number in innocent and b"34 0 R" not in innocent[number]:
            innocent[number] = honest
    found = changes(append(append(SIGNED, innocent), objects), signed=2)
    assert worst(found) is PERMITTED
