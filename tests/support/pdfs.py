"""Structurally different PDFs, generated: what a signer meets in the wild, one trait at a time.

`ALL` names every case; `build(name)` makes it. Most are written byte by byte here, so that
line ends, cross-references and odd but legal structures are exactly as intended; encrypted
and linearised ones are saved by qpdf.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pikepdf

from support.pdf_writing import (
    CATALOG,
    FONT,
    IDENTIFIER,
    PAGE,
    PAGES,
    TEXT,
    append_table,
    hybrid_pdf,
    plain_objects,
    saved,
    stream,
    stream_pdf,
    table_pdf,
)

__all__ = [
    "ALL",
    "CATALOG",
    "EMPTY_FIELD",
    "FONT",
    "IDENTIFIER",
    "PAGE",
    "PAGES",
    "TEXT",
    "USER_PASSWORD",
    "PdfCase",
    "append_table",
    "baseline",
    "build",
    "encrypted",
    "hybrid_pdf",
    "many_pages",
    "multi_megabyte",
    "plain_objects",
    "saved",
    "stream",
    "stream_pdf",
    "table_pdf",
    "with_empty_field",
    "with_form_and_text",
]

USER_PASSWORD = "user-žõä"


@dataclass(frozen=True, slots=True)
class PdfCase:
    """A generated file and what is needed to open it."""

    name: str
    data: bytes
    password: str | None = None


def encrypted(revision: int, *, aes: bool = False, owner: str = "owner", user: str = "") -> bytes:
    """Encrypt the plain document with a handler of this revision."""
    level: Any = revision
    options = pikepdf.Encryption(owner=owner, user=user, R=level, aes=aes, metadata=aes)
    return saved(table_pdf(with_form_and_text()), encryption=options)


def with_form_and_text() -> dict[int, bytes]:
    """A document with strings in many places: what encryption must treat rightly."""
    return plain_objects(
        o1=CATALOG[:-2] + b"/Lang (et-EE) /AcroForm << /Fields [6 0 R] /DA (/F1 0 Tf) >> >>",
        o3=PAGE[:-2]
        + b"/Annots [6 0 R << /Type /Annot /Subtype /Text /Rect [1 1 2 2] /Contents (hi) >>] >>",
        o6=b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (Name) /V (value) /Rect [10 10 90 30] >>",
    )


EMPTY_FIELD = (
    b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Approval) /F 4 /Rect [0 0 0 0] /P 3 0 R >>"
)


def with_empty_field(**changed: bytes) -> dict[int, bytes]:
    """A document with an empty signature field named Approval."""
    base = plain_objects(
        o1=b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /SigFlags 1 >> >>",
        o3=PAGE[:-2] + b"/Annots [6 0 R] >>",
        o6=EMPTY_FIELD,
    )
    return base | plain_objects(**changed) if changed else base


def many_pages(count: int, *, depth: int = 1) -> dict[int, bytes]:
    """A document with `count` pages, each below a chain of `depth` further nodes."""
    objects = {1: CATALOG, 4: stream(TEXT), 5: FONT}
    number = 6
    kids = []
    for _ in range(count):
        parent = 2
        kids.append(number)
        for _ in range(depth - 1):
            objects[number] = b"<< /Type /Pages /Parent %d 0 R /Kids [%d 0 R] /Count 1 >>" % (
                parent,
                number + 1,
            )
            parent, number = number, number + 1
        objects[number] = b"<< /Type /Page /Parent %d 0 R /Contents 4 0 R >>" % parent
        number += 1
    objects[2] = b"<< /Type /Pages /MediaBox [0 0 200 200] /Kids [%b] /Count %d >>" % (
        b" ".join(b"%d 0 R" % kid for kid in kids),
        count,
    )
    return objects


def _shared_annotations() -> dict[int, bytes]:
    objects = many_pages(2)
    pages = [number for number, body in objects.items() if b"/Type /Page " in body]
    for number in pages:
        objects[number] = objects[number][:-2] + b"/Annots 30 0 R >>"
    return objects | {30: b"[ ]"}


def _direct_page() -> dict[int, bytes]:
    page = PAGE.replace(b"/Contents 4 0 R", b"/Contents 4 0 R /Tabs /S")
    objects = plain_objects(o2=b"<< /Type /Pages /Kids [ %b ] /Count 1 >>" % page)
    del objects[3]
    return objects


_XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" '
    b'pdfaid:part="2" pdfaid:conformance="B"/></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="w"?>'
)


def baseline() -> bytes:
    """The file of about three kilobytes that benchmarks sign: a page of text and its fonts."""
    lines = b"".join(
        b"BT /F1 11 Tf 72 %d Td (Line %d: the parties agree on what is written here.) Tj ET\n"
        % (760 - 14 * line, line)
        for line in range(26)
    )
    catalog = b"<< /Type /Catalog /Pages 2 0 R /Lang (en) /Metadata 7 0 R >>"
    return table_pdf(
        plain_objects(
            o1=catalog,
            o4=stream(lines),
            o6=b"<< /Title (Agreement) /Producer (idservice tests) >>",
            o7=stream(_XMP, b"/Type /Metadata /Subtype /XML "),
        ),
        trailer=b"/Info 6 0 R " + IDENTIFIER,
    )


def multi_megabyte(megabytes: int = 3) -> bytes:
    """A file whose bulk is one incompressible-looking stream."""
    block = bytes(range(256)) * 4096
    return table_pdf(plain_objects(o6=stream(block * megabytes)))


def _large_numbers() -> dict[int, bytes]:
    return plain_objects(
        o1=b"<< /Type /Catalog /Pages 2 0 R /Far 8000 0 R >>", o8000=b"<< /Far /Away >>"
    )


def _form(catalog_form: bytes, **more: bytes) -> dict[int, bytes]:
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm %b >>" % catalog_form
    return plain_objects(o1=catalog, **more)


_TEXT_FIELD = b"<< /FT /Tx /T (Name) /V (value) >>"
_UNICODE_FIELD = b"<< /FT /Tx /T <FEFF0056014D0074> /TU (\xfe\xff\x00a) /V <FEFF00C400D6> >>"

_CASES: dict[str, Callable[[], bytes]] = {
    "baseline": baseline,
    "multi-megabyte": multi_megabyte,
    "version-1.0": lambda: table_pdf(plain_objects(), version=b"1.0", trailer=b""),
    "version-1.4": lambda: table_pdf(plain_objects(), version=b"1.4"),
    "version-2.0": lambda: table_pdf(plain_objects(), version=b"2.0"),
    "version-in-catalog": lambda: table_pdf(
        plain_objects(o1=CATALOG[:-2] + b"/Version /1.7 >>"), version=b"1.3"
    ),
    "line-ends-cr": lambda: table_pdf(plain_objects(), eol=b"\r", version=b"1.3"),
    "line-ends-crlf": lambda: table_pdf(plain_objects(), eol=b"\r\n", version=b"1.3"),
    "junk-before-header": lambda: table_pdf(plain_objects(), junk=b"MIME: nonsense\r\n\r\n"),
    "no-final-newline": lambda: table_pdf(plain_objects(), end=b""),
    "white-space-at-end": lambda: table_pdf(plain_objects(), end=b"\r\n \t\n\n\n   "),
    "no-identifier": lambda: table_pdf(plain_objects(), trailer=b""),
    "extra-trailer-entries": lambda: table_pdf(
        plain_objects(), trailer=IDENTIFIER + b" /DocChecksum /ABCDEF /Custom [1 2 (three)]"
    ),
    "free-entries": lambda: table_pdf(plain_objects(o9=b"[ 1 2 3 ]")),
    "generations": lambda: table_pdf(
        plain_objects(
            o1=b"<< /Type /Catalog /Pages 2 3 R >>",
            o2=b"<< /Type /Pages /Kids [3 7 R] /Count 1 >>",
            o3=PAGE.replace(b"2 0 R", b"2 3 R"),
        ),
        generations={1: 2, 2: 3, 3: 7},
    ),
    "large-object-numbers": lambda: table_pdf(_large_numbers()),
    "dangling-reference": lambda: table_pdf(
        plain_objects(o1=CATALOG[:-2] + b"/Nothing 77 0 R /Next 6 0 R >>")
    ),
    "xref-stream": lambda: stream_pdf(plain_objects()),
    "xref-stream-plain": lambda: stream_pdf(plain_objects(), deflate=False),
    "xref-stream-without-own-entry": lambda: stream_pdf(plain_objects(), own_entry=False),
    "object-streams": lambda: stream_pdf(plain_objects(), compressed=(2, 3, 5)),
    "catalog-in-object-stream": lambda: stream_pdf(plain_objects(), compressed=(1, 2, 3, 5)),
    "form-in-object-stream": lambda: stream_pdf(with_empty_field(), compressed=(1, 2, 3, 5, 6)),
    "hybrid": hybrid_pdf,
    "linearised": lambda: saved(table_pdf(many_pages(3)), linearize=True),
    "linearised-object-streams": lambda: saved(
        table_pdf(many_pages(3)),
        linearize=True,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
    ),
    "incremental-update": lambda: append_table(
        table_pdf(plain_objects()), {3: PAGE[:-2] + b"/Rotate 90 >>", 6: b"(new)"}, size=7
    ),
    "two-incremental-updates": lambda: append_table(
        append_table(table_pdf(plain_objects()), {6: b"(one)"}, size=7), {6: b"(two)"}, size=7
    ),
    "form-direct": lambda: table_pdf(_form(b"<< /Fields [ ] >>")),
    "form-direct-fields-indirect": lambda: table_pdf(
        _form(b"<< /Fields 6 0 R /DA (/F1 0 Tf) >>", o6=b"[ 7 0 R ]", o7=_TEXT_FIELD)
    ),
    "form-indirect-fields-direct": lambda: table_pdf(
        _form(b"6 0 R", o6=b"<< /Fields [7 0 R] /NeedAppearances false >>", o7=_TEXT_FIELD)
    ),
    "form-indirect-fields-indirect": lambda: table_pdf(
        _form(b"6 0 R", o6=b"<< /Fields 8 0 R >>", o7=_TEXT_FIELD, o8=b"[7 0 R]")
    ),
    "form-without-fields": lambda: table_pdf(_form(b"<< /DA (/F1 0 Tf) >>")),
    "form-unicode-names": lambda: table_pdf(_form(b"<< /Fields [6 0 R] >>", o6=_UNICODE_FIELD)),
    "form-field-group": lambda: table_pdf(
        _form(
            b"<< /Fields [6 0 R] >>",
            o6=b"<< /T (group) /FT /Tx /Kids [7 0 R 8 0 R] >>",
            o7=b"<< /Parent 6 0 R /T (a) >>",
            o8=b"<< /Parent 6 0 R /T (b) /Kids [9 0 R] >>",
            o9=b"<< /Parent 8 0 R /Type /Annot /Subtype /Widget /Rect [0 0 1 1] >>",
        )
    ),
    "name-already-taken": lambda: table_pdf(
        _form(b"<< /Fields [6 0 R] >>", o6=b"<< /FT /Tx /T (Signature1) >>")
    ),
    "empty-signature-field": lambda: table_pdf(with_empty_field()),
    "annotations-direct": lambda: table_pdf(with_form_and_text()),
    "annotations-indirect": lambda: table_pdf(
        plain_objects(o3=PAGE[:-2] + b"/Annots 6 0 R >>", o6=b"[ ]")
    ),
    "annotations-shared": lambda: table_pdf(_shared_annotations()),
    "deep-page-tree": lambda: table_pdf(many_pages(2, depth=30)),
    "two-hundred-pages": lambda: table_pdf(many_pages(200)),
    "direct-page": lambda: table_pdf(_direct_page()),
    "direct-page-kids-indirect": lambda: table_pdf(
        _direct_page()
        | {
            2: b"<< /Type /Pages /Kids 6 0 R /Count 1 >>",
            6: b"[ %b ]" % PAGE,
        }
    ),
    "page-without-resources": lambda: table_pdf(
        plain_objects(o3=b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>")
    ),
    "extensions-present": lambda: table_pdf(
        plain_objects(
            o1=CATALOG[:-2]
            + b"/Extensions << /ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >> >> >>"
        )
    ),
    "extensions-indirect-low": lambda: table_pdf(
        plain_objects(
            o1=CATALOG[:-2] + b"/Extensions 6 0 R >>",
            o6=b"<< /ESIC << /BaseVersion /1.7 /ExtensionLevel 1 >> >>",
        )
    ),
    "extensions-high": lambda: table_pdf(
        plain_objects(
            o1=CATALOG[:-2]
            + b"/Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 5 >> >> >>"
        )
    ),
    "archival-with-metadata": lambda: table_pdf(
        plain_objects(
            o1=CATALOG[:-2] + b"/Metadata 6 0 R /MarkInfo << /Marked true >> >>",
            o6=stream(_XMP, b"/Type /Metadata /Subtype /XML "),
        ),
        version=b"1.4",
    ),
    "encrypted-rc4-40": lambda: encrypted(2),
    "encrypted-rc4-128": lambda: encrypted(3),
    "encrypted-aes-128": lambda: encrypted(4, aes=True),
    "encrypted-aes-256": lambda: encrypted(6, aes=True),
    "encrypted-aes-256-streams": lambda: saved(
        table_pdf(with_form_and_text()),
        encryption=pikepdf.Encryption(owner="owner", user="", R=6),
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
    ),
}
_WITH_PASSWORD: dict[str, tuple[Callable[[], bytes], str]] = {
    "password-rc4-40": (lambda: encrypted(2, user="user"), "user"),
    "password-rc4-128-owner": (lambda: encrypted(3, user="user"), "owner"),
    "password-aes-128": (lambda: encrypted(4, aes=True, user="user"), "user"),
    "password-aes-256": (lambda: encrypted(6, aes=True, user=USER_PASSWORD), USER_PASSWORD),
    "password-aes-256-revision-5": (lambda: encrypted(5, aes=True, user="user"), "user"),
    "password-aes-256-owner": (lambda: encrypted(6, aes=True, user="user"), "owner"),
}

ALL = (*_CASES, *_WITH_PASSWORD)
"""The name of every case."""


@cache
def build(name: str) -> PdfCase:
    """Make the case of this name (once)."""
    if name in _WITH_PASSWORD:
        make, password = _WITH_PASSWORD[name]
        return PdfCase(name, make(), password)
    return PdfCase(name, _CASES[name]())
