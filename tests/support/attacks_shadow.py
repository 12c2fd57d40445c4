"""Shadow attacks: what was signed holds more than was seen, and an update turns it up.

*Hide* takes away what lay over the content, *replace* swaps what content is drawn with, and
*hide and replace* switches to a second document that lay unused in the signed one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from support.attack_documents import (
    AMOUNT,
    AMOUNT_LOOK,
    CATALOG,
    CONTENT,
    DESCRIPTOR,
    ENCODING,
    FONT,
    FONT_FILE,
    FORM,
    FORM_FONT,
    FREE_TEXT,
    FREE_TEXT_LOOK,
    IMAGE,
    ON_LOOK,
    PAGE,
    PAGES,
    PICTURE,
    SHADOW_CATALOG,
    SHADOW_CONTENT,
    SHADOW_PAGE,
    TO_UNICODE,
)
from support.attacks import Recipes, Variant, over_bases, variant
from support.attacks_saving import EVIL
from support.pdf_writing import stream
from support.revision_writing import TABLE, Revision, start_of_xref

_SHOWN = "page-content-changed font-changed xobject-changed optional-content-changed"
_LOOKS = (
    "appearance-changed appearance-changed-without-value annotation-appearance-changed "
    "page-content-changed"
)
_COVER = stream(b"1 g 0 0 600 900 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 600 900] ")

_HIDE: Recipes = {
    "image-freed": ("object-freed page-content-changed", lambda r: r.free(IMAGE)),
    "picture-freed": ("object-freed page-content-changed", lambda r: r.free(PICTURE)),
    "content-freed": ("object-freed page-content-changed", lambda r: r.free(CONTENT)),
    "font-freed": ("object-freed page-content-changed", lambda r: r.free(FONT_FILE)),
    "look-freed": (
        "object-freed appearance-changed appearance-changed-without-value",
        lambda r: r.free(AMOUNT_LOOK),
    ),
    "comment-freed": (
        "object-freed annotation-removed appearance-changed",
        lambda r: r.free(FREE_TEXT),
    ),
    "picture-null": (_SHOWN, lambda r: r.write(PICTURE, b"null")),
    "picture-empty": (_SHOWN, lambda r: r.write(PICTURE, stream(b"", b"/Subtype /Form "))),
    "image-other": (_SHOWN, lambda r: r.put(IMAGE, {"Width": b"2"})),
    "image-mask": (_SHOWN, lambda r: r.put(IMAGE, {"SMask": b"20 0 R"})),
    "image-by-form": (_SHOWN, lambda r: r.write(IMAGE, r.objects.get(PICTURE, _COVER))),
    "picture-taken-out": (
        _SHOWN,
        lambda r: r.put(PAGE, {"Resources": b"<< /Font << /F1 5 0 R >> >>"}),
    ),
    "group-changed": (_SHOWN, lambda r: r.put(PAGE, {"Group": None})),
    "look-blank": (_LOOKS, lambda r: r.put(AMOUNT, {"AP": None})),
    "comment-look-blank": (_LOOKS, lambda r: r.write(FREE_TEXT_LOOK, stream(b"", b""))),
}
_REPLACE: Recipes = {
    "font-file": (_SHOWN, lambda r: r.write(FONT_FILE, stream(b"other glyphs"))),
    "font-file-entry": (
        _SHOWN,
        lambda r: r.put(DESCRIPTOR, {"FontFile2": b"%d 0 R" % r.add(stream(b"other glyphs"))}),
    ),
    "to-unicode": (_SHOWN, lambda r: r.write(TO_UNICODE, stream(b"<21> <0039>"))),
    "encoding": (
        _SHOWN,
        lambda r: r.write(ENCODING, b"<< /Type /Encoding /Differences [33 /nine] >>"),
    ),
    "encoding-entry": (_SHOWN, lambda r: r.put(FONT, {"Encoding": b"/MacExpertEncoding"})),
    "font-name": (_SHOWN, lambda r: r.put(FONT, {"BaseFont": b"/ZapfDingbats"})),
    "font-widths": (_SHOWN, lambda r: r.put(FONT, {"Widths": b"[0 0]"})),
    "font-type-3": (
        _SHOWN,
        lambda r: r.put(
            FONT, {"Subtype": b"/Type3", "CharProcs": b"<< /one %d 0 R >>" % r.add(EVIL)}
        ),
    ),
    "font-of-form": (
        "form-changed form-resources-changed font-changed",
        lambda r: r.put(FORM_FONT, {"BaseFont": b"/ZapfDingbats"}),
    ),
    "font-of-form-entry": (
        "form-changed form-resources-changed font-changed",
        lambda r: r.put(FORM, {"DR": b"<< /Font << /Helv 5 0 R >> >>"}),
    ),
    "look-without-value": (
        _LOOKS,
        lambda r: r.write(
            AMOUNT_LOOK, stream(b"BT /Helv 12 Tf (9999) Tj ET", b"/Subtype /Form /BBox [0 0 9 9] ")
        ),
    ),
    "look-entry-without-value": (
        _LOOKS,
        lambda r: r.put(AMOUNT, {"AP": b"<< /N %d 0 R >>" % r.add(_COVER)}),
    ),
    "look-of-box": (_LOOKS + " object-changed", lambda r: r.write(ON_LOOK, _COVER)),
    "value-with-cover": (
        "appearance-changed-without-value appearance-differs-from-value",
        lambda r: r.put(AMOUNT, {"V": b"(200)", "AP": b"<< /N %d 0 R >>" % r.add(_COVER)}),
    ),
    "value-and-place": (
        "field-changed",
        lambda r: r.put(AMOUNT, {"V": b"(200)", "Rect": b"[0 0 595 842]"}),
    ),
    "image-of-text": (
        _SHOWN,
        lambda r: r.put(PICTURE, {"Resources": b"<< /XObject << /Im 20 0 R >> >>"}),
    ),
    "picture-matrix": (_SHOWN, lambda r: r.put(PICTURE, {"Matrix": b"[9 0 0 9 0 0]"})),
}
_SWITCH: Recipes = {
    "pages": ("catalog-changed pages-changed", lambda r: r.put(CATALOG, {"Pages": b"44 0 R"})),
    "kids": ("pages-changed", lambda r: r.put(PAGES, {"Kids": b"[45 0 R]", "Count": b"1"})),
    "kids-more": (
        "pages-added",
        lambda r: r.put(
            PAGES, {"Kids": b"[3 0 R 22 0 R 23 0 R %d 0 R]" % SHADOW_PAGE, "Count": b"4"}
        ),
    ),
    "page": (
        "pages-changed page-content-changed",
        lambda r: r.write(PAGE, b"<< /Type /Page /Parent 2 0 R /Contents 46 0 R >>"),
    ),
    "content": (_SHOWN, lambda r: r.put(PAGE, {"Contents": b"%d 0 R" % SHADOW_CONTENT})),
    "catalog-copied": (
        "catalog-changed pages-changed form-changed",
        lambda r: r.write(CATALOG, b"<< /Type /Catalog /Pages 44 0 R /AcroForm 6 0 R >>"),
    ),
    "dormant-used": (
        "page-content-changed catalog-changed revision-without-effect",
        lambda r: r.write(SHADOW_CONTENT, EVIL).put(PAGE, {"Contents": b"46 0 R"}),
    ),
}


def _trailer(key: str, value: bytes) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        revision = Revision(data)
        revision.trailer[key] = value
        return revision.build()

    return edit


def _pointer(data: bytes) -> bytes:
    """Let the entry of the content point to the object of the shadow's content."""
    place = data.index(b"\n46 0 obj") + 1
    section = b"xref\n4 1\n%010d 00000 n \n" % place
    return Revision(data).build(TABLE).replace(b"xref\n0 0\n", section)


def _old_page(data: bytes) -> bytes:
    """Let the entry of the page point to the page as it was before the signature."""
    place = data.index(b"\n3 0 obj") + 1
    section = b"xref\n3 1\n%010d 00000 n \n" % place
    return Revision(data).build(TABLE).replace(b"xref\n0 0\n", section)


def _over_the_signed(data: bytes) -> bytes:
    """Continue with the revision before the signature, as if that one had never been."""
    first = data.index(b"%%EOF")
    start = start_of_xref(data[: first + 5])
    return Revision(data).write(PAGE, EVIL).build(prev=b"%d" % start)


def variants() -> Iterator[Variant]:
    """Every shadow: hide, replace, and hide and replace."""
    bases = ("table", "stream", "p2", "p3")
    yield from over_bases("shadow-hide", _HIDE, bases)
    yield from over_bases("shadow-replace", _REPLACE, bases)
    yield from over_bases("shadow-switch", _SWITCH, ("table", "objects", "p3", "b-lta"))
    for base in ("table", "stream", "p2"):
        yield variant(
            "shadow-switch",
            "root",
            base,
            ("trailer-root-changed", "signature_not_in_field", "signed_revision_differs"),
            _trailer("Root", b"%d 0 R" % SHADOW_CATALOG),
        )
        yield variant(
            "shadow-switch",
            "information",
            base,
            ("trailer-changed", "metadata-changed"),
            _trailer("Info", b"%d 0 R" % SHADOW_CATALOG),
        )
        yield variant(
            "shadow-switch", "odd-entry", base, ("trailer-changed",), _trailer("Foo", b"4 0 R")
        )
    told = "page-content-changed revision-unreadable FORMAT_FAILURE pdf_damaged pages-changed"
    for base in ("table", "p2"):
        yield variant("shadow-switch", "pointer", base, told.split(), _pointer)
        more = told + " annotation-removed field-removed signed_revision_differs"
        yield variant("shadow-switch", "old-page", base, more.split(), _old_page)
        codes = (told + " signature_not_in_field signed_revision_differs").split()
        yield variant("shadow-switch", "skipped", base, codes, _over_the_signed)
