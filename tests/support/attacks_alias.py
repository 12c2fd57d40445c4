"""Resource aliases: an object that may change under one name, and is shown under another.

The signer was given a document in which one object has two roles, or the attacker's update
gives it a second one. An update that would be harmless for the one role changes the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from support.attack_documents import (
    AGREE,
    AMOUNT,
    AMOUNT_LOOK,
    APPROVAL,
    CATALOG,
    CONTENT,
    CONTENT_2,
    FONT,
    FORM,
    FREE_TEXT,
    IMAGE,
    INFORMATION,
    METADATA,
    NAME,
    PAGE,
    PICTURE,
    XOBJECT,
    contract,
    options,
)
from support.attacks import OWN, Change, Variant, over_bases, variant
from support.attacks_saving import EVIL
from support.pdf_writing import IDENTIFIER, stream, table_pdf
from support.revision_writing import Revision
from support.signing import signed

_LOOK = stream(b"1 g 0 0 200 20 re f BT /Helv 12 Tf 2 4 Td (200) Tj ET", XOBJECT)
_SHOWN = "page-content-changed font-changed xobject-changed optional-content-changed"
_CODES = (
    _SHOWN + " appearance-changed appearance-changed-without-value object-changed resource-alias "
    "annotation-appearance-changed dss-entry-replaced form-changed metadata-changed "
    "catalog-changed font-changed form-resources-changed dss-malformed annotation-added "
    "field-changed structure-changed"
)


def _with(number: int, old: bytes, new: bytes) -> dict[int, bytes]:
    body = contract()[number]
    if old not in body:
        raise AssertionError(old)
    return {number: body.replace(old, new, 1)}


@cache
def _prepared(name: str, permission: int | None) -> bytes:
    """Sign a document in which one object has two roles."""
    objects = {**contract(), **_TWO_ROLES[name][0]()}
    data = table_pdf(objects, trailer=IDENTIFIER + b" /Info 29 0 R")
    return signed(data, options=options(permission))


_LISTED = b"[7 0 R 8 0 R 9 0 R 11 0 R 12 0 R 13 0 R 14 0 R 16 0 R 17 0 R 18 0 R 19 0 R 15 0 R]"
_STORE = b"/DSS << /Type /DSS /Certs [%d 0 R] >> /Type /Catalog"
_FILLED: dict[str, bytes | None] = {"V": b"(200)"}

# What the signed document shares, and the update that uses it.
_TWO_ROLES: dict[str, tuple[Callable[[], Mapping[int, bytes]], Change]] = {
    "look-is-page-picture": (
        lambda: _with(AMOUNT, b"38 0 R", b"21 0 R"),
        lambda r: r.put(AMOUNT, _FILLED).write(PICTURE, _LOOK),
    ),
    "look-uses-page-font": (
        lambda: _with(FORM, b"/Helv 48 0 R", b"/Helv 5 0 R"),
        lambda r: r.put(AMOUNT, _FILLED).put(FONT, {"BaseFont": b"/ZapfDingbats"}),
    ),
    "look-uses-page-image": (
        lambda: {
            AMOUNT_LOOK: stream(b"/Im Do", XOBJECT + b"/Resources << /XObject << /Im 20 0 R >> >> ")
        },
        lambda r: r.put(AMOUNT, _FILLED).write(IMAGE, _LOOK),
    ),
    "look-of-two-fields": (
        lambda: _with(AGREE, b"/Yes 39 0 R", b"/Yes 38 0 R"),
        lambda r: r.put(AMOUNT, _FILLED).write(AMOUNT_LOOK, _LOOK),
    ),
    "look-of-field-and-comment": (
        lambda: _with(FREE_TEXT, b"42 0 R", b"38 0 R"),
        lambda r: r.put(AMOUNT, _FILLED).write(AMOUNT_LOOK, _LOOK),
    ),
    "look-of-field-and-signature": (
        lambda: _with(APPROVAL, b"41 0 R", b"38 0 R"),
        lambda r: r.put(AMOUNT, _FILLED).write(AMOUNT_LOOK, _LOOK),
    ),
    "look-is-content": (
        lambda: _with(AMOUNT, b"38 0 R", b"4 0 R"),
        lambda r: r.put(AMOUNT, _FILLED).write(CONTENT, EVIL),
    ),
    "store-is-content": (
        lambda: _with(CATALOG, b"/Type /Catalog", _STORE % CONTENT),
        lambda r: r.write(CONTENT, EVIL),
    ),
    "store-is-font": (
        lambda: _with(CATALOG, b"/Type /Catalog", _STORE % 27),
        lambda r: r.write(27, stream(b"other glyphs")),
    ),
    "store-is-look": (
        lambda: _with(CATALOG, b"/Type /Catalog", _STORE % AMOUNT_LOOK),
        lambda r: r.write(AMOUNT_LOOK, _LOOK),
    ),
    "metadata-is-content": (
        lambda: _with(CATALOG, b"/Metadata 33 0 R", b"/Metadata 4 0 R"),
        lambda r: r.write(CONTENT, EVIL),
    ),
    "metadata-of-page": (
        lambda: _with(PAGE, b"/Type /Page ", b"/Type /Page /Foo 33 0 R "),
        lambda r: r.write(METADATA, EVIL),
    ),
    "information-is-resources": (
        lambda: _with(PAGE, b"/Type /Page ", b"/Type /Page /PieceInfo 29 0 R "),
        lambda r: r.put(INFORMATION, {"ModDate": b"(D:20260701120000Z)", "F1": b"48 0 R"}),
    ),
    "value-is-content": (
        lambda: _with(NAME, b"/T (Name)", b"/T (Name) /V 24 0 R"),
        lambda r: r.write(CONTENT_2, EVIL),
    ),
    "comment-list-is-fields": (
        lambda: (
            _with(FORM, b"[7 0 R 8 0 R 9 0 R 10 0 R 13 0 R 14 0 R]", b"59 0 R")
            | _with(PAGE, _LISTED, b"59 0 R")
            | {59: b"[7 0 R 8 0 R 9 0 R 10 0 R 13 0 R 14 0 R]"}
        ),
        lambda r: r.write(59, b"[7 0 R 9 0 R 10 0 R 13 0 R 14 0 R]"),
    ),
}


def _fill_with(look: int) -> Change:
    """Fill a field with an old object as its appearance, and write that object again."""
    return lambda r: r.put(AMOUNT, {"V": b"(200)", "AP": b"<< /N %d 0 R >>" % look}).write(
        look, _LOOK
    )


def _sign_with_look(revision: Revision) -> None:
    """Add a signature field whose appearance is an old object, written again."""
    field = revision.add(
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (S) /Rect [9 9 99 99] /P 3 0 R "
        b"/AP << /N %d 0 R >> >>" % PICTURE
    )
    revision.extend(FORM, "Fields", b"%d 0 R" % field).extend(PAGE, "Annots", b"%d 0 R" % field)
    revision.write(PICTURE, _LOOK)


def _comment_with_look(revision: Revision) -> None:
    body = b"<< /Type /Annot /Subtype /Text /Rect [500 60 520 80] /AP << /N %d 0 R >> >>"
    note = revision.add(body % IMAGE)
    revision.extend(PAGE, "Annots", b"%d 0 R" % note).write(IMAGE, _LOOK)


# An update that makes the alias itself.
_MADE: dict[str, tuple[str, Change]] = {
    "filled-with-page-picture": (_CODES, _fill_with(PICTURE)),
    "filled-with-image": (_CODES, _fill_with(IMAGE)),
    "filled-with-content": (_CODES, _fill_with(CONTENT)),
    "filled-with-font": (_CODES, _fill_with(27)),
    "signed-with-page-picture": (_CODES, _sign_with_look),
    "comment-with-image": (_CODES, _comment_with_look),
    "store-of-content": (
        _CODES,
        lambda r: r.put(CATALOG, {"DSS": b"<< /Type /DSS /Certs [4 0 R] >>"}).write(CONTENT, EVIL),
    ),
    "store-of-picture": (
        _CODES,
        lambda r: r.put(CATALOG, {"DSS": b"<< /Type /DSS /CRLs [21 0 R] >>"}).write(PICTURE, EVIL),
    ),
    "form-font-is-page-font": (
        _CODES,
        lambda r: r.put(FORM, {"DR": b"<< /Font << /Helv 48 0 R /F1 5 0 R >> >>"}).put(
            FONT, {"BaseFont": b"/Symbol"}
        ),
    ),
    "metadata-of-content": (
        _CODES,
        lambda r: r.put(CATALOG, {"Metadata": b"24 0 R"}).write(CONTENT_2, EVIL),
    ),
}


def variants() -> Iterator[Variant]:
    """Every alias, prepared or made."""
    for key in _TWO_ROLES:
        for permission in (None, 2, 3):

            def make(_: bytes, key: str = key, allowed: int | None = permission) -> bytes:
                revision = Revision(_prepared(key, allowed))
                _TWO_ROLES[key][1](revision)
                return revision.build()

            name = f"{key}-p{permission}" if permission else key
            yield variant("alias", name, OWN, _CODES.split(), make)
    yield from over_bases("alias", _MADE, ("table", "stream", "p2", "p3"))
