"""Pages, layers, structure, metadata, validation data and encryption, changed afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from support.attack_documents import (
    AGREE,
    AMOUNT,
    CATALOG,
    CHOICE,
    CONTENT,
    ELEMENT,
    FILE,
    FILE_SPEC,
    FORM,
    INFORMATION,
    LAYER,
    METADATA,
    NAME,
    PAGE,
    PAGE_2,
    PAGES,
    STRUCTURE,
)
from support.attacks import Recipes, Variant, over_bases
from support.attacks_saving import EVIL
from support.pdf_writing import stream

_PAGES_CODES = (
    "pages-changed page-content-changed page-box-changed pages-added pages-removed "
    "pages-reordered page-entry-changed xobject-changed font-changed"
)
_PAGES: Recipes = {
    "page-removed": (
        _PAGES_CODES,
        lambda r: r.put(PAGES, {"Kids": b"[3 0 R 22 0 R]", "Count": b"2"}),
    ),
    "pages-reordered": (
        _PAGES_CODES,
        lambda r: r.put(PAGES, {"Kids": b"[22 0 R 3 0 R 23 0 R]"}),
    ),
    "page-added": (
        _PAGES_CODES,
        lambda r: r.put(
            PAGES,
            {
                "Kids": b"[3 0 R 22 0 R 23 0 R %d 0 R]"
                % r.add(
                    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents %d 0 R >>"
                    % r.add(EVIL)
                ),
                "Count": b"4",
            },
        ),
    ),
    "page-repeated": (
        _PAGES_CODES + " pdf_damaged",
        lambda r: r.put(PAGES, {"Kids": b"[3 0 R 22 0 R 22 0 R 23 0 R]", "Count": b"4"}),
    ),
    "count-lies": (
        _PAGES_CODES + " pdf_damaged",
        lambda r: r.put(PAGES, {"Count": b"2"}),
    ),
    "pages-nested": (
        _PAGES_CODES,
        lambda r: r.put(
            PAGES,
            {
                "Kids": b"[%d 0 R]"
                % r.add(b"<< /Type /Pages /Parent 2 0 R /Kids [3 0 R 22 0 R 23 0 R] /Count 3 >>")
            },
        ),
    ),
    "rotated": (_PAGES_CODES, lambda r: r.put(PAGE, {"Rotate": b"180"})),
    "rotated-above": (_PAGES_CODES, lambda r: r.put(PAGES, {"Rotate": b"90"})),
    "cropped": (_PAGES_CODES, lambda r: r.put(PAGE, {"CropBox": b"[0 0 595 700]"})),
    "media-box-by-little": (_PAGES_CODES, lambda r: r.put(PAGE, {"MediaBox": b"[0 0 595 841.99]"})),
    "media-box": (_PAGES_CODES, lambda r: r.put(PAGE, {"MediaBox": b"[0 0 595 700]"})),
    "media-box-above": (_PAGES_CODES, lambda r: r.put(PAGES, {"CropBox": b"[0 0 9 9]"})),
    "trim-box": (_PAGES_CODES, lambda r: r.put(PAGE, {"TrimBox": b"[0 0 9 9]"})),
    "user-unit": (_PAGES_CODES, lambda r: r.put(PAGE, {"UserUnit": b"0.1"})),
    "duration": (_PAGES_CODES, lambda r: r.put(PAGE, {"Dur": b"1"})),
    "thumbnail": (_PAGES_CODES, lambda r: r.put(PAGE, {"Thumb": b"20 0 R"})),
    "beads": (_PAGES_CODES, lambda r: r.put(PAGE, {"B": b"[]"})),
    "contents-gone": (_PAGES_CODES, lambda r: r.put(PAGE, {"Contents": None})),
    "contents-swapped": (
        _PAGES_CODES,
        lambda r: r.put(PAGE, {"Contents": b"24 0 R"}).put(PAGE_2, {"Contents": b"4 0 R"}),
    ),
    "annotations-gone": (
        _PAGES_CODES + " annotation-removed field-removed signed-annotation-removed",
        lambda r: r.put(PAGE, {"Annots": None}),
    ),
    "metadata-of-page": (_PAGES_CODES, lambda r: r.put(PAGE, {"Metadata": b"33 0 R"})),
    "kind-gone": (_PAGES_CODES + " pdf_damaged", lambda r: r.put(PAGE_2, {"Type": None})),
    "content-filter": (
        _PAGES_CODES,
        lambda r: r.put(CONTENT, {"Filter": b"/ASCIIHexDecode"}),
    ),
    "content-external": (
        _PAGES_CODES,
        lambda r: r.put(CONTENT, {"F": b"(https://evil.example/content)"}),
    ),
}
_CATALOG_CODES = (
    "catalog-changed optional-content-changed structure-changed metadata-changed object-changed "
    "page-content-changed action-changed embedded-file-changed version-changed extensions-changed "
    "form-changed viewer-settings-changed page-labels-changed language-changed "
    "embedded-file-added names-changed outlines-changed destinations-changed"
)
_OFF = b"<< /OCGs [35 0 R] /D << /OFF [35 0 R] /Order [35 0 R] >> >>"
_AUTOMATIC = (
    b"<< /OCGs [35 0 R] /D << /ON [35 0 R] /AS [<< /Event /Print /OCGs [35 0 R] "
    b"/Category [/Print] >>] >> >>"
)
_CATALOG: Recipes = {
    "layer-off": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"OCProperties": _OFF})),
    "layer-gone": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"OCProperties": None})),
    "layer-automatic": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"OCProperties": _AUTOMATIC})),
    "layer-usage": (
        _CATALOG_CODES,
        lambda r: r.put(LAYER, {"Usage": b"<< /Print << /PrintState /OFF >> >>"}),
    ),
    "layer-other": (_CATALOG_CODES, lambda r: r.put(LAYER, {"Intent": b"/Design"})),
    "structure-text": (_CATALOG_CODES, lambda r: r.put(ELEMENT, {"ActualText": b"(9999)"})),
    "structure-alternative": (_CATALOG_CODES, lambda r: r.put(ELEMENT, {"Alt": b"(9999)"})),
    "structure-kind": (_CATALOG_CODES, lambda r: r.put(ELEMENT, {"S": b"/Artifact"})),
    "structure-gone": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"StructTreeRoot": None})),
    "structure-emptied": (_CATALOG_CODES, lambda r: r.put(STRUCTURE, {"K": b"[]"})),
    "role-map": (_CATALOG_CODES, lambda r: r.put(STRUCTURE, {"RoleMap": b"<< /P /Artifact >>"})),
    "metadata-title": (
        _CATALOG_CODES,
        lambda r: r.write(
            METADATA,
            stream(
                b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/'
                b'02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/'
                b'elements/1.1/" dc:title="Contract over 9999 euros"/></rdf:RDF></x:xmpmeta>',
                b"/Type /Metadata /Subtype /XML ",
            ),
        ),
    ),
    "metadata-no-xml": (_CATALOG_CODES, lambda r: r.write(METADATA, stream(b"\0\1\2"))),
    "metadata-gone": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"Metadata": None})),
    "title": (
        _CATALOG_CODES,
        lambda r: r.put(INFORMATION, {"Title": b"(Contract over 9999 euros)"}),
    ),
    "author": (_CATALOG_CODES, lambda r: r.put(INFORMATION, {"Author": b"(Mallory)"})),
    "attachment-changed": (_CATALOG_CODES, lambda r: r.write(FILE, stream(b"Other terms."))),
    "attachment-named": (_CATALOG_CODES, lambda r: r.put(FILE_SPEC, {"F": b"(other.exe)"})),
    "language": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"Lang": b"(xx)"})),
    "page-labels": (
        _CATALOG_CODES,
        lambda r: r.put(CATALOG, {"PageLabels": b"<< /Nums [0 << /P (Annex ) >>] >>"}),
    ),
    "page-mode": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"PageMode": b"/UseOC"})),
    "viewer": (
        _CATALOG_CODES,
        lambda r: r.put(CATALOG, {"ViewerPreferences": b"<< /ViewArea /TrimBox >>"}),
    ),
    "output-intent": (
        _CATALOG_CODES,
        lambda r: r.put(CATALOG, {"OutputIntents": b"[<< /S /GTS_PDFX >>]"}),
    ),
    "version-odd": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"Version": b"/9"})),
    "extensions-lower": (
        _CATALOG_CODES,
        lambda r: r.put(
            CATALOG, {"Extensions": b"<< /ESIC << /BaseVersion /1.7 /ExtensionLevel 1 >> >>"}
        ),
    ),
    "private-data": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"PieceInfo": b"<< /X << >> >>"})),
    "threads": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"Threads": b"[]"})),
    "marked": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"MarkInfo": b"<< /Suspects true >>"})),
    "unknown-entry": (_CATALOG_CODES, lambda r: r.put(CATALOG, {"Foo": b"4 0 R"})),
}
_FORM_CODES = (
    "field-changed field-added field-removed form-changed form-value-changed appearance-changed "
    "appearance-changed-without-value locked-field-changed form-resources-added"
)
_FORM: Recipes = {
    "field-renamed": (_FORM_CODES, lambda r: r.put(AMOUNT, {"T": b"(Discount)"})),
    "field-label": (_FORM_CODES, lambda r: r.put(AMOUNT, {"TU": b"(Discount)"})),
    "field-kind": (_FORM_CODES, lambda r: r.put(AMOUNT, {"FT": b"/Ch"})),
    "field-flags": (_FORM_CODES, lambda r: r.put(AMOUNT, {"Ff": b"8192"})),
    "field-moved": (_FORM_CODES, lambda r: r.put(AMOUNT, {"Rect": b"[72 735 272 755]"})),
    "field-hidden": (_FORM_CODES, lambda r: r.put(AMOUNT, {"F": b"2"})),
    "field-style": (_FORM_CODES, lambda r: r.put(AMOUNT, {"DA": b"(/Helv 0.1 Tf 1 g)"})),
    "field-background": (_FORM_CODES, lambda r: r.put(AMOUNT, {"MK": b"<< /BG [0 0 0] >>"})),
    "field-default": (_FORM_CODES, lambda r: r.put(AMOUNT, {"DV": b"(9999)"})),
    "field-length": (_FORM_CODES, lambda r: r.put(AMOUNT, {"MaxLen": b"1"})),
    "choice-options": (
        _FORM_CODES,
        lambda r: r.put(CHOICE, {"Opt": b"[[(EE) (Estonia)] [(FI) (Estonia)]]"}),
    ),
    "box-looks": (
        _FORM_CODES,
        lambda r: r.put(AGREE, {"AP": b"<< /N << /Yes 40 0 R /Off 39 0 R >> >>"}),
    ),
    "box-state-only": (_FORM_CODES, lambda r: r.put(AGREE, {"AS": b"/Yes"})),
    "field-gone": (
        _FORM_CODES,
        lambda r: r.put(FORM, {"Fields": r.entries(FORM)["Fields"].replace(b"8 0 R", b"")}),
    ),
    "field-added": (
        _FORM_CODES,
        lambda r: r.extend(FORM, "Fields", b"%d 0 R" % r.add(b"<< /FT /Tx /T (X) /V (9999) >>")),
    ),
    "default-style": (_FORM_CODES, lambda r: r.put(FORM, {"DA": b"(/Helv 0.1 Tf 1 g)"})),
}
_LOCKED: Recipes = {
    "filled": ("locked-field-changed", lambda r: r.put(AMOUNT, {"V": b"(200)"})),
}
_P1: Recipes = {
    "filled": (
        "form-value-changed locked-field-changed form-filling-not-permitted changes-not-permitted",
        lambda r: r.put(NAME, {"V": b"(Ann)"}),
    ),
}
_STORE_CODES = (
    "dss-malformed catalog-changed page-content-changed object-changed revision-without-effect "
    "dss-entry-replaced dss-added field-changed object-freed"
)
_STORE: Recipes = {
    "is-number": (_STORE_CODES, lambda r: r.put(CATALOG, {"DSS": b"42"})),
    "certificates-number": (
        _STORE_CODES,
        lambda r: r.put(CATALOG, {"DSS": b"<< /Type /DSS /Certs 42 >>"}),
    ),
    "entry-is-content": (
        _STORE_CODES,
        lambda r: r.put(CATALOG, {"DSS": b"<< /Type /DSS /Certs [4 0 R] >>"}).write(CONTENT, EVIL),
    ),
    "with-action": (
        _STORE_CODES + " javascript-added",
        lambda r: r.put(
            CATALOG, {"DSS": b"<< /Type /DSS /AA << /O << /S /JavaScript /JS (x) >> >> >>"}
        ),
    ),
    "is-form": (_STORE_CODES, lambda r: r.put(CATALOG, {"DSS": b"6 0 R"})),
}


def variants() -> Iterator[Variant]:
    """Every change to what a document is made of."""
    yield from over_bases("pages", _PAGES, ("table", "stream", "p3"))
    yield from over_bases("catalog", _CATALOG, ("table", "p1", "p3"))
    yield from over_bases("form", _FORM, ("table", "p2", "p3-objects"))
    yield from over_bases("form", _LOCKED, ("locked",))
    yield from over_bases("form", _P1, ("p1", "p1-unnamed"))
    yield from over_bases("store", _STORE, ("table", "p2", "stream"))
