"""What may be changed in a signed document, and that everything else is refused by name."""

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
    STAMPED,
    STORE,
    TRAILER,
    WIDGET,
    XOBJECT,
    append,
    changes,
    codes,
    worst,
)
from support.pdf_writing import FONT, stream

PERMITTED, _, FORBIDDEN = Permission


def field(kind: bytes, name: bytes, more: bytes) -> dict[int, bytes]:
    """An update that adds a field of any kind."""
    return HONEST | {40: WIDGET % (kind, name, more)}


def on_page(annotation: bytes) -> dict[int, bytes]:
    """The honest update with one annotation more beside its widget."""
    return HONEST | {3: PAGE % (b"4 0 R", ANNOTATIONS % b" 40 0 R 42 0 R"), 42: annotation}


LOCK = b"<< /Type /SigFieldLock /Action /Include /Fields [(Sum)] >>"

PERMITTED_UPDATES: dict[str, tuple[dict[int, bytes], set[str]]] = {
    "a signature": (HONEST, {"signature-added"}),
    "a document time-stamp": (STAMPED, {"document-time-stamp-added"}),
    "a visible signature": (
        field(b"Sig", b"Second", b"/Rect [9 9 99 99] /V 41 0 R /AP << /N 43 0 R >> ")
        | {43: stream(b"% signed", XOBJECT)},
        {"signature-added"},
    ),
    "a signature that locks a field": (
        field(b"Sig", b"Second", b"/Rect [0 0 0 0] /V 41 0 R /Lock %b " % LOCK),
        {"signature-added"},
    ),
    "a signature in the empty field": (
        {
            10: WIDGET % (b"Sig", b"Empty", b"/Rect [9 9 99 99] /V 41 0 R /AP << /N 43 0 R >> "),
            41: SIGNATURE % b"",
            43: stream(b"% signed", XOBJECT),
        },
        {"signature-added"},
    ),
    "a signature over the looks of the empty field": (
        {
            10: WIDGET % (b"Sig", b"Empty", b"/Rect [9 9 99 99] /V 41 0 R /AP << /N 14 0 R >> "),
            41: SIGNATURE % b"",
            14: stream(b"% signed", XOBJECT),
        },
        {"signature-added"},
    ),
    "a field with a widget of its own": (
        {
            40: b"<< /FT /Sig /T (Second) /V 41 0 R /Kids [42 0 R] >>",
            41: SIGNATURE % b"",
            42: b"<< /Type /Annot /Subtype /Widget /Parent 40 0 R /Rect [0 0 0 0] /P 3 0 R >>",
            6: FORM % (b" 40 0 R", b""),
            3: PAGE % (b"4 0 R", ANNOTATIONS % b" 42 0 R"),
        },
        {"signature-added"},
    ),
    "a field below another one": (
        {
            40: b"<< /T (Group) /Kids [42 0 R] >>",
            41: SIGNATURE % b"",
            42: WIDGET % (b"Sig", b"Second", b"/Parent 40 0 R /V 41 0 R /Rect [0 0 0 0] "),
            6: FORM % (b" 40 0 R", b""),
            3: PAGE % (b"4 0 R", ANNOTATIONS % b" 42 0 R"),
        },
        {"signature-added"},
    ),
    "validation data in the list": (
        {19: b"[17 0 R 40 0 R]", 40: stream(b"another certificate")},
        {"dss-added"},
    ),
    "a store written anew": (
        {
            1: CATALOG.replace(b"16 0 R", b"40 0 R") % b"",
            40: b"<< /Type /DSS /Certs [17 0 R 41 0 R] /OCSPs [18 0 R] /VRI << /%b 42 0 R >> >>"
            % (b"A" * 40),
            41: stream(b"another certificate"),
            42: b"<< /Cert [41 0 R] /TU (D:20260601120000Z) >>",
        },
        {"dss-added"},
    ),
    "a store with less in it": (
        {16: b"<< /Type /DSS /Certs 19 0 R >>"},
        {"dss-entry-removed"},
    ),
    "an extension": (
        {1: CATALOG % b"/Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 2 >> >> "},
        {"extension-declared"},
    ),
    "a later version": ({1: CATALOG % b"/Version /2.0 "}, {"version-raised"}),
    "the date of the change": (
        {24: b"<< /Title (Contract) /ModDate (D:20260701120000Z) >>"},
        {"modification-date-changed"},
    ),
    "equal objects, written in another way": (
        {
            4: OBJECTS[4],
            24: b"<< /ModDate<443A32303236303630313132303030305A>/T#69tle (C\\157ntract) >>",
            7: OBJECTS[7].replace(b" ", b"  "),
        },
        set(),
    ),
    "an object that nothing uses": ({20: b"<< /Unused false >>", 40: b"<< /JS (no) >>"}, set()),
}


@pytest.mark.parametrize("name", list(PERMITTED_UPDATES))
def test_what_signing_and_validation_data_need_is_permitted(name: str) -> None:
    """Signatures, time-stamps, validation data and what they declare leave a document as it is."""
    objects, expected = PERMITTED_UPDATES[name]
    found = changes(append(SIGNED, objects))
    assert worst(found) in (PERMITTED, None)
    assert codes(found) == expected


NEW_PAGE = PAGE % (b"4 0 R", b"[]")
ATTACKS: dict[str, tuple[dict[int, bytes], str]] = {
    "page content replaced": ({4: stream(b"(Pay 999 euros)")}, "page-content-changed"),
    "page content pointed elsewhere": (
        {3: PAGE % (b"23 0 R", ANNOTATIONS % b"")},
        "page-content-changed",
    ),
    "a picture of the page replaced": ({21: stream(b"% other", XOBJECT)}, "xobject-changed"),
    "a font swapped": ({5: FONT.replace(b"Helvetica", b"Courier")}, "font-changed"),
    "another page tree": (
        {
            1: CATALOG.replace(b"/Pages 2", b"/Pages 44") % b"",
            44: b"<< /Type /Pages /Kids [22 0 R] /Count 1 >>",
        },
        "pages-removed",
    ),
    "a page added": (
        {2: b"<< /Type /Pages /Kids [3 0 R 22 0 R 40 0 R] /Count 3 >>", 40: NEW_PAGE},
        "pages-added",
    ),
    "a page removed": ({2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"}, "pages-removed"),
    "pages in another order": (
        {2: b"<< /Type /Pages /Kids [22 0 R 3 0 R] /Count 2 >>"},
        "pages-reordered",
    ),
    "an action when the document opens": (
        {1: CATALOG % b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> "},
        "javascript-added",
    ),
    "an action when a page is shown": (
        {3: (PAGE % (b"4 0 R", ANNOTATIONS % b""))[:-2] + b"/AA << /O << /S /Named >> >> >>"},
        "action-added",
    ),
    "a script by name": (
        {30: b"<< /JavaScript << /Names [(a) << /S /JavaScript /JS (1) >>] >> >>"},
        "javascript-added",
    ),
    "a destination by name": (
        {30: b"<< /Dests << /Names [(a) [3 0 R /Fit]] >> >>"},
        "destinations-changed",
    ),
    "an outline": ({31: b"<< /Type /Outlines /Count 1 >>"}, "outlines-changed"),
    "another entry of the catalog": (
        {1: CATALOG % b"/PageMode /FullScreen "},
        "viewer-settings-changed",
    ),
    "an entry of the earlier signature": ({8: SIGNATURE % b"/Reason (No) "}, "signature-value"),
    "another value for the earlier signature": (
        {7: OBJECTS[7].replace(b"/V 8", b"/V 40"), 40: SIGNATURE % b""},
        "signature-field-changed",
    ),
    "the looks of the earlier signature": ({12: stream(b"% forged", XOBJECT)}, "appearance"),
    "other looks for the earlier signature": (
        {7: OBJECTS[7].replace(b"/N 12", b"/N 44"), 44: stream(b"% forged", XOBJECT)},
        "signature-field-changed",
    ),
    "the place of the earlier signature": (
        {7: OBJECTS[7].replace(b"[9 9 99 99]", b"[0 0 0 0]")},
        "signature-field-changed",
    ),
    "the earlier signature removed": (
        {7: OBJECTS[7].replace(b"/V 8 0 R", b"")},
        "signature-field-changed",
    ),
    "the looks of a field": ({13: stream(b"% 999", XOBJECT)}, "appearance-changed"),
    "other looks for a field": (
        {9: OBJECTS[9].replace(b"/N 13", b"/N 44"), 44: stream(b"% 999", XOBJECT)},
        "appearance-changed",
    ),
    "the looks of a comment": ({15: stream(b"% other", XOBJECT)}, "annotation-appearance-changed"),
    "other looks for a comment": (
        {11: OBJECTS[11].replace(b"/N 15", b"/N 44"), 44: stream(b"% other", XOBJECT)},
        "annotation-appearance-changed",
    ),
    "an action in a comment": (
        {11: OBJECTS[11][:-2] + b"/A << /S /JavaScript /JS (1) >> >>"},
        "javascript-added",
    ),
    "another name for a field": ({9: OBJECTS[9].replace(b"Sum", b"Tax")}, "field-changed"),
    "another place for a field": ({9: OBJECTS[9].replace(b"[9 9", b"[0 0")}, "field-changed"),
    "an action in a field": (
        {9: OBJECTS[9][:-2] + b"/AA << /F << /S /JavaScript /JS (1) >> >> >>"},
        "javascript-added",
    ),
    "a field taken off the form": ({6: FORM.replace(b"9 0 R ", b"") % (b"", b"")}, "field-removed"),
    "fields in another order, one left out": (
        {6: FORM.replace(b"7 0 R 9 0 R", b"9 0 R") % (b" 40 0 R", b""), 40: NEW_PAGE},
        "field-removed",
    ),
    "a font of the form": (
        {6: FORM.replace(b"/Helv 5", b"/Helv 40") % (b"", b""), 40: FONT.replace(b"H", b"X")},
        "font-changed",
    ),
    "fields drawn anew": ({6: FORM % (b"", b"/NeedAppearances true ")}, "need-appearances-set"),
    "a form of another kind": ({6: FORM % (b"", b"/XFA [] ")}, "xfa-changed"),
    "an order of calculation": ({6: FORM % (b"", b"/CO [9 0 R] ")}, "form-changed"),
    "no form": ({1: CATALOG.replace(b"/AcroForm 6 0 R", b"") % b""}, "form-changed"),
    "flags taken back": ({6: FORM.replace(b"/SigFlags 3", b"") % (b"", b"")}, "form-changed"),
    "a text field": (field(b"Tx", b"Second", b"/Rect [0 0 0 0] /V 41 0 R "), "field-added"),
    "a button": (field(b"Btn", b"Second", b"/Rect [0 0 0 0] "), "field-added"),
    "an empty signature field": (
        field(b"Sig", b"Second", b"/Rect [9 9 99 99] "),
        "empty-signature-field-added",
    ),
    "a field with a text for a signature": (
        field(b"Sig", b"Second", b"/Rect [0 0 0 0] /V (signed) "),
        "field-added",
    ),
    "a field with the earlier signature": (
        field(b"Sig", b"Second", b"/Rect [0 0 0 0] /V 8 0 R "),
        "field-added",
    ),
    "a second field of one name": (
        field(b"Sig", b"Sum", b"/Rect [0 0 0 0] /V 41 0 R "),
        "field-added",
    ),
    "a signature field that acts": (
        field(b"Sig", b"Second", b"/V 41 0 R /A << /S /JavaScript /JS (1) >> /Rect [0 0 0 0] "),
        "field-added",
    ),
    "another widget of the earlier signature": (
        {
            7: OBJECTS[7][:-2] + b"/Kids [44 0 R] >>",
            44: b"<< /Type /Annot /Subtype /Widget /Parent 7 0 R /Rect [9 9 99 99] >>",
        },
        "field-added",
    ),
    "a field that calls another one its parent": (
        field(b"Sig", b"Second", b"/Rect [0 0 0 0] /V 41 0 R /Parent 9 0 R "),
        "field-added",
    ),
    "a field that was there and on no form": (
        HONEST | {6: FORM % (b" 20 0 R", b""), 3: OBJECTS[3]},
        "field-added",
    ),
    "a widget on two pages": (
        HONEST | {22: PAGE % (b"[4 0 R 23 0 R]", b"[40 0 R]")},
        "annotation-added",
    ),
    "a widget that is on no form": (
        on_page(WIDGET % (b"Tx", b"Other", b"/Rect [9 9 99 99] ")),
        "annotation-added",
    ),
    "an old object among the annotations": (
        {3: PAGE % (b"4 0 R", ANNOTATIONS % b" 20 0 R")},
        "annotation-added",
    ),
    "a link with a script": (
        on_page(b"<< /Subtype /Link /Rect [9 9 99 99] /A << /S /JavaScript /JS (1) >> >>"),
        "javascript-added",
    ),
    "a widget taken off the page": (
        {3: PAGE % (b"4 0 R", b"[7 0 R 10 0 R 11 0 R]")},
        "annotation-removed",
    ),
    "another title": ({24: b"<< /Title (Gift) /ModDate (D:20260601120000Z) >>"}, "metadata"),
    "a certification": (
        HONEST | {1: CATALOG % b"/Perms << /DocMDP 41 0 R >> "},
        "permissions-changed",
    ),
    "an extension of nobody": (
        {1: CATALOG % b"/Extensions << /EVIL << /BaseVersion /1.7 /ExtensionLevel 1 >> >> "},
        "extensions-changed",
    ),
    "an extension that holds more": (
        {
            1: CATALOG % b"/Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 1 "
            b"/More << /JS (1) >> >> >> "
        },
        "extensions-changed",
    ),
    "no version": ({1: CATALOG % b"/Version /None "}, "version-changed"),
    "a store that is none": ({16: b"<< /Type /DSS /Certs 4 0 R >>"}, "dss-malformed"),
    "a store with more in it": ({16: STORE[:-2] + b"/JS (1) >>"}, "dss-malformed"),
    "data of the store replaced": ({17: stream(b"other")}, "dss-entry-replaced"),
    "a list of the store that holds data": ({19: b"[17 0 R << /JS (1) >>]"}, "dss-malformed"),
}


@pytest.mark.parametrize("beside", ["alone", "beside a signature", "beside a time-stamp"])
@pytest.mark.parametrize("name", list(ATTACKS))
def test_every_other_change_is_refused_by_name(name: str, beside: str) -> None:
    """A change that nobody signed is never permitted, and an honest update beside hides none."""
    objects, code = ATTACKS[name]
    around = {"alone": {}, "beside a signature": HONEST, "beside a time-stamp": STAMPED}[beside]
    data = append(SIGNED, {**around, **objects})
    found = changes(data)
    assert worst(found) is FORBIDDEN
    # Where both write the same object, the attack may be named after what it leaves undone.
    if not around.keys() & objects.keys():
        assert any(item.startswith(code) for item in codes(found))


@pytest.mark.parametrize("name", list(ATTACKS))
def test_a_change_that_is_taken_back_is_refused(name: str) -> None:
    """What one revision does and the next one undoes was shown to whoever looked between."""
    objects, _ = ATTACKS[name]
    again = {number: body for number, body in OBJECTS.items() if number in objects}
    changed = append(SIGNED, objects)
    data = append(changed, again)
    assert worst(changes(data)) is FORBIDDEN
    assert next(item.revision for item in changes(data)) == 2


@pytest.mark.parametrize("number", [3, 4, 5, 7, 8, 9, 12, 13, 15, 21, 22, 23])
def test_no_object_may_be_freed(number: int) -> None:
    """An object that the document uses may not be marked as free: it would vanish."""
    page_tree = {3, 22}
    data = append(SIGNED, {}, freed=[number])
    if number in page_tree:
        data = append(data, {number: OBJECTS[number]})
    found = changes(data)
    assert worst(found) is FORBIDDEN
    assert {item.revision for item in found} <= {2, 3}


def test_another_root_is_another_document() -> None:
    """A second catalog that lay in the file all along may not be shown later."""
    hidden = OBJECTS | {34: CATALOG.replace(b"/Pages 2", b"/Pages 2") % b""}
    found = changes(append(append(SIGNED, hidden), {}, root=b"34 0 R"), signed=2)
    assert (codes(found), worst(found)) == ({"trailer-root-changed"}, FORBIDDEN)


@pytest.mark.parametrize(
    ("trailer", "code"),
    [
        (TRAILER + b" /Hidden 4 0 R", "trailer-changed"),
        (TRAILER.replace(b"/Info 24", b"/Info 20"), "metadata-changed"),
    ],
)
def test_the_trailer_names_the_same_things(trailer: bytes, code: str) -> None:
    """What the trailer leads to may not differ."""
    found = changes(append(SIGNED, HONEST, trailer=trailer))
    assert code in codes(found)
    assert worst(found) is FORBIDDEN


def test_what_only_the_trailer_leads_to_may_not_change() -> None:
    """An object that is reached from an odd entry of the trailer counts like any other."""
    odd = TRAILER + b" /Hidden 20 0 R"
    base = append(SIGNED, {}, trailer=odd)
    found = changes(append(base, {20: b"<< /Shown true >>"}, trailer=odd), signed=2)
    assert (codes(found), worst(found)) == ({"trailer-changed"}, FORBIDDEN)


def test_a_change_names_its_page_and_its_revision() -> None:
    """Whoever reads the report learns where to look."""
    stored = PERMITTED_UPDATES["validation data in the list"][0]
    found = changes(append(append(SIGNED, stored), {23: stream(b"BT (Other) Tj ET")}))
    (change,) = [item for item in found if item.permission is FORBIDDEN]
    assert (change.code, change.revision, change.page) == ("page-content-changed", 3, 2)
    assert change.message == "Revision 3 changes what a page shows (page 2)."


def test_a_visible_signature_names_its_page() -> None:
    """A signature that shows is told with the page on which it does."""
    (change,) = changes(append(SIGNED, PERMITTED_UPDATES["a visible signature"][0]))
    assert (change.page, change.signature is not None) == (1, True)
    assert "shows on page 1" in change.message
