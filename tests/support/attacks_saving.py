"""Incremental saving: whatever an attacker appends, with or without the form of an update.

Some variants leave out a part of the update, so that only a forgiving reader follows it;
others differ in how two readers find their way through the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from support.attack_documents import (
    CATALOG,
    CONTENT,
    CONTENT_2,
    FORM,
    METADATA,
    NAME,
    PAGE,
    PAGES,
    unsigned,
)
from support.attacks import Recipes, Variant, over_bases, variant
from support.pdf_writing import stream
from support.revision_writing import OBJECTS, STREAM, TABLE, Revision, start_of_xref

EVIL = stream(b"BT /F1 12 Tf 72 740 Td (The buyer pays 9999 euros) Tj ET")
_EVIL_OBJECT = b"4 0 obj\n" + EVIL + b"\nendobj\n"
Edit = Callable[[bytes], bytes]

_SHOWN = "page-content-changed font-changed xobject-changed optional-content-changed"

# A proper update, that any reader follows.
_UPDATES: Recipes = {
    "content": (_SHOWN, lambda r: r.write(CONTENT, EVIL)),
    "content-of-page-2": (_SHOWN, lambda r: r.write(CONTENT_2, EVIL)),
    "content-null": (_SHOWN, lambda r: r.write(CONTENT, b"null")),
    "content-another": (_SHOWN, lambda r: r.put(PAGE, {"Contents": b"%d 0 R" % r.add(EVIL)})),
    "content-array": (
        _SHOWN,
        lambda r: r.put(PAGE, {"Contents": b"[4 0 R %d 0 R]" % r.add(EVIL)}),
    ),
    "resources": (
        _SHOWN,
        lambda r: r.put(PAGE, {"Resources": b"<< /Font << /F1 48 0 R >> >>"}),
    ),
    "resources-above": (
        "font-changed",
        lambda r: r.put(PAGES, {"Resources": b"<< /Font << /F1 48 0 R >> >>"}),
    ),
    "catalog": (
        "viewer-settings-changed",
        lambda r: r.put(CATALOG, {"ViewerPreferences": b"<< >>"}),
    ),
    "form-gone": (
        "catalog-changed form-changed field-removed FORMAT_FAILURE signature_not_in_field",
        lambda r: r.put(CATALOG, {"AcroForm": None}),
    ),
    "fields-gone": (
        "field-removed form-changed signature_not_in_field",
        lambda r: r.put(FORM, {"Fields": b"[]"}),
    ),
}


def _appended(*parts: bytes) -> Edit:
    return lambda data: data + b"".join(parts)


def _table(place: int, *, previous: int | None) -> bytes:
    prev = b"" if previous is None else b"/Prev %d " % previous
    return b"xref\n4 1\n%010d 00000 n \ntrailer\n<< /Size 52 /Root 1 0 R %b>>\n" % (place, prev)


def _update(
    *, table: bool = True, end: bytes = b"startxref\n%d\n%%%%EOF\n", previous: str = "newest"
) -> Edit:
    """Append the content again, with parts of the update left out."""

    def edit(data: bytes) -> bytes:
        newest = start_of_xref(data)
        first = int(re.search(rb"startxref\s+(\d+)", data)[1])  # type: ignore[index]
        prev = {"newest": newest, "first": first, "none": None, "zero": 0, "far": 10**9}[previous]
        start = len(data) + len(_EVIL_OBJECT)
        written = _table(len(data), previous=prev) if table else b""
        return data + _EVIL_OBJECT + written + (end % start if b"%d" in end else end)

    return edit


def _several(count: int) -> Edit:
    """Append many updates, of which one in the middle changes a page and the next undoes it."""

    def edit(data: bytes) -> bytes:
        for number in range(count):
            revision = Revision(data)
            if number == count // 2:
                revision.write(CONTENT, EVIL)
            if number == count // 2 + 1:
                revision.write(CONTENT, _honest_content())
            data = revision.build()
        return data

    return edit


def _honest_content() -> bytes:
    revision = Revision(unsigned())
    revision.put(CONTENT, {})
    return revision.objects[CONTENT]


def _copied_signature(data: bytes) -> bytes:
    """Show other content, and add a field with a copy of the signature."""
    revision = Revision(data)
    _, value = revision.signatures()[0]
    revision.put(value, {})
    copy = revision.add(revision.objects.pop(value))
    field = revision.add(b"<< /FT /Sig /T (Copy) /V %d 0 R >>" % copy)
    revision.extend(FORM, "Fields", b"%d 0 R" % field).write(CONTENT, EVIL)
    return revision.build()


def _same_value_twice(data: bytes) -> bytes:
    """Show other content, and add a field that holds the very same signature."""
    revision = Revision(data)
    _, value = revision.signatures()[0]
    field = revision.add(b"<< /FT /Sig /T (Again) /V %d 0 R >>" % value)
    return revision.extend(FORM, "Fields", b"%d 0 R" % field).write(CONTENT, EVIL).build()


_LOOSE = "bytes-appended changes_forbidden coverage_no_revision FORMAT_FAILURE pdf_damaged"
_BROKEN = _LOOSE + " revision-unreadable revision-appended page-content-changed xref_not_covered"
_BYTES: dict[str, tuple[str, Edit]] = {
    "junk": (_LOOSE, _appended(b"something else\n")),
    "object": (_LOOSE, _appended(_EVIL_OBJECT)),
    "second-end": (_LOOSE, _appended(b"%%EOF\n")),
    "object-and-end": (_LOOSE, _appended(_EVIL_OBJECT, b"%%EOF\n")),
    "comment": (_LOOSE, _appended(b"% nothing\n")),
    "control-bytes": (_LOOSE, _appended(b"\1" * 40)),
    "start-of-old": (
        _BROKEN,
        lambda data: data + _EVIL_OBJECT + b"startxref\n%d\n%%%%EOF\n" % start_of_xref(data),
    ),
    "start-of-first": (
        _BROKEN + " NO_SIGNATURE_FOUND",
        lambda data: (
            data + b"startxref\n%b\n%%%%EOF\n" % re.findall(rb"startxref\s+(\d+)", data)[0]
        ),
    ),
    "no-table": (_BROKEN, _update(table=False)),
    "no-start": (_BROKEN, _update(end=b"%%EOF\n")),
    "no-end": (_BROKEN, _update(end=b"")),
    "start-only": (_BROKEN, _update(end=b"startxref\n%d\n")),
    "no-previous": (_BROKEN + " signature_not_in_field", _update(previous="none")),
    "previous-zero": (_BROKEN + " signature_not_in_field", _update(previous="zero")),
    "previous-first": (
        _BROKEN + " signature_not_in_field signed_revision_differs",
        _update(previous="first"),
    ),
    "previous-far": (_BROKEN, _update(previous="far")),
    "whole-document": (_BROKEN + " NO_SIGNATURE_FOUND", lambda d: d + unsigned()),
    "bare-update": (_BROKEN, _update()),
    "undone": (_SHOWN, _several(6)),
    "signature-copied": ("page-content-changed added-signature-invalid", _copied_signature),
    "signature-shared": (
        "page-content-changed added-signature-invalid byte_range_collision",
        _same_value_twice,
    ),
    "in-front": (_BROKEN, lambda data: b"%PDF-1.7\n" + _EVIL_OBJECT + data),
    "cut": (_BROKEN + " byte_range_outside", lambda data: data[:-20]),
}


def variants() -> Iterator[Variant]:
    """Every appended update, proper or not."""
    yield from over_bases(
        "isa", _UPDATES, ("table", "stream", "objects", "p1", "p3-objects", "b-lta")
    )
    for base in ("table", "p2", "b-lt"):
        for name, (codes, edit) in _BYTES.items():
            yield variant("isa", name, base, codes.split(), edit)
    for base, style in (("table", STREAM), ("stream", OBJECTS), ("objects", TABLE)):

        def other(data: bytes, style: str = style) -> bytes:
            return Revision(data).write(CONTENT, EVIL).write(NAME, b"null").build(style)

        yield variant("isa", f"content-by-{style}", base, tuple(_SHOWN.split()), other)
        yield variant(
            "isa",
            f"metadata-by-{style}",
            base,
            ("metadata-changed", "catalog-changed"),
            lambda data, style=style: Revision(data).write(METADATA, EVIL).build(style),  # type: ignore[misc]
        )
