"""Structurally different PDFs, generated: what a signer meets in the wild, one trait at a time.

`ALL` names every case; `build(name)` makes it. Most are written byte by byte here, so that
line ends, cross-references and odd but legal structures are exactly as intended; encrypted
and linearised ones are saved by qpdf.
"""

import io
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pikepdf

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
    b"/Resources << /Font << /F1 5 0 R >> >> >>"
)
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
TEXT = b"BT /F1 18 Tf 72 720 Td (Hello World) Tj ET"
USER_PASSWORD = "user-žõä"
IDENTIFIER = b"/ID [<000102030405060708090a0b0c0d0e0f> <000102030405060708090a0b0c0d0e0f>]"


@dataclass(frozen=True, slots=True)
class PdfCase:
    """A generated file and what is needed to open it."""

    name: str
    data: bytes
    password: str | None = None


def stream(data: bytes, entries: bytes = b"", eol: bytes = b"\n") -> bytes:
    """Write a stream object."""
    head = b"<< /Length %d %b>>" % (len(data), entries)
    return eol.join((head, b"stream", data, b"endstream"))


def plain_objects(**changed: bytes) -> dict[int, bytes]:
    """The five objects of a one-page document; `o3=…` replaces object 3, `o9=…` adds one."""
    objects = {1: CATALOG, 2: PAGES, 3: PAGE, 4: stream(TEXT), 5: FONT}
    return objects | {int(key[1:]): value for key, value in changed.items()}


def table_pdf(
    objects: Mapping[int, bytes],
    *,
    version: bytes = b"1.7",
    eol: bytes = b"\n",
    junk: bytes = b"",
    end: bytes | None = None,
    trailer: bytes = IDENTIFIER,
    generations: Mapping[int, int] | None = None,
) -> bytes:
    """Write a file with one classic cross-reference table; numbers left out are free."""
    generations = generations or {}
    out = bytearray(b"%PDF-" + version + eol + b"%\xe2\xe3\xcf\xd3" + eol)
    offsets: dict[int, int] = {}
    for number, body in objects.items():
        offsets[number] = len(out)
        head = b"%d %d obj" % (number, generations.get(number, 0))
        out += eol.join((head, body, b"endobj", b""))
    size = max(objects) + 1
    startxref = len(out)
    out += b"xref" + eol + b"0 %d" % size + eol
    line_end = eol if len(eol) == 2 else b" " + eol
    for number in range(size):
        if number in offsets:
            out += b"%010d %05d n" % (offsets[number], generations.get(number, 0)) + line_end
        else:
            out += b"0000000000 %05d f" % (65535 if number == 0 else 1) + line_end
    out += eol.join(
        (
            b"trailer",
            b"<< /Size %d /Root 1 %d R %b >>" % (size, generations.get(1, 0), trailer),
            b"startxref",
            b"%d" % startxref,
            b"%%EOF",
        )
    )
    return junk + bytes(out) + (eol if end is None else end)


def append_table(data: bytes, objects: Mapping[int, bytes], *, size: int) -> bytes:
    """Append an incremental update with a classic table."""
    previous = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    out = bytearray(data)
    rows = []
    for number, body in sorted(objects.items()):
        rows.append((number, len(out)))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    startxref = len(out)
    out += b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % row for row in rows)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Prev %d %b >>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        previous,
        IDENTIFIER,
        startxref,
    )
    return bytes(out)


def stream_pdf(
    objects: Mapping[int, bytes],
    *,
    compressed: tuple[int, ...] = (),
    version: bytes = b"1.5",
    deflate: bool = True,
    own_entry: bool = True,
) -> bytes:
    """Write a file with a cross-reference stream; `compressed` objects go into an object stream."""
    out = bytearray(b"%PDF-" + version + b"\n%\xe2\xe3\xcf\xd3\n")
    rows: dict[int, tuple[int, int, int]] = {0: (0, 0, 65535)}
    for number, body in objects.items():
        if number not in compressed:
            rows[number] = (1, len(out), 0)
            out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    number = max(objects)
    if compressed:
        number += 1
        head, body = b"", b""
        for index, member in enumerate(compressed):
            rows[member] = (2, number, index)
            head += b"%d %d " % (member, len(body))
            body += objects[member] + b"\n"
        data, entries = (
            head + body,
            b"/Type /ObjStm /N %d /First %d " % (len(compressed), len(head)),
        )
        if deflate:
            data, entries = zlib.compress(data), entries + b"/Filter /FlateDecode "
        rows[number] = (1, len(out), 0)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, stream(data, entries))
    number += 1
    startxref = len(out)
    if own_entry:
        rows[number] = (1, startxref, 0)
    table = b"".join(
        bytes((rows.get(item, (0, 0, 0))[0],))
        + rows.get(item, (0, 0, 0))[1].to_bytes(4, "big")
        + rows.get(item, (0, 0, 0))[2].to_bytes(2, "big")
        for item in range(number + own_entry)
    )
    entries = b"/Type /XRef /W [1 4 2] /Size %d /Root 1 0 R %b " % (number + 1, IDENTIFIER)
    if not own_entry:
        entries += b"/Index [0 %d] " % number
    if deflate:
        table, entries = zlib.compress(table), entries + b"/Filter /FlateDecode "
    out += b"%d 0 obj\n%b\nendobj\n" % (number, stream(table, entries))
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % startxref


def hybrid_pdf(*, same_section: bool = False) -> bytes:
    """Write a hybrid file: a table, and objects that only /XRefStm makes visible.

    The stream is named by a section of its own, as office programs do, or by the section
    that lists its objects as free.
    """
    out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    offsets = {}
    objects = plain_objects(o1=b"<< /Type /Catalog /Pages 2 0 R /Hidden 6 0 R >>")
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    holder = len(out)
    hidden = b"6 0 << /Hello (World) >>"
    out += b"7 0 obj\n%b\nendobj\n" % stream(hidden, b"/Type /ObjStm /N 1 /First 4 ")
    section = len(out)
    rows = b"\x02\x00\x00\x07\x00" + b"\x01" + holder.to_bytes(3, "big") + b"\x00"
    entries = b"/Type /XRef /W [1 3 1] /Index [6 2] /Size 9 /Root 1 0 R "
    out += b"8 0 obj\n%b\nendobj\n" % stream(rows, entries)
    startxref = len(out)
    out += b"xref\n0 9\n0000000000 65535 f \n"
    out += b"".join(b"%010d 00000 n \n" % offsets[number] for number in range(1, 6))
    out += b"0000000000 65535 f \n0000000000 65535 f \n%010d 00000 n \n" % section
    trailer = b"/Size 9 /Root 1 0 R " + IDENTIFIER
    pointer = b"/XRefStm %d " % section
    out += b"trailer\n<< %b%b >>\n" % (pointer if same_section else b"", trailer)
    out += b"startxref\n%d\n%%%%EOF\n" % startxref
    if not same_section:
        newest = len(out)
        out += b"xref\n0 0\ntrailer\n<< %b/Prev %d %b >>\n" % (pointer, startxref, trailer)
        out += b"startxref\n%d\n%%%%EOF\n" % newest
    return bytes(out)


def saved(data: bytes, **options: object) -> bytes:
    """Let qpdf write a file again, with the given options of `Pdf.save`."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(out, **options)  # type: ignore[arg-type]
    return out.getvalue()


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
