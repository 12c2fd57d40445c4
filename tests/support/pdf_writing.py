"""Writing PDF files byte by byte, so that their structure is exactly as intended."""

import io
import zlib
from collections.abc import Mapping

import pikepdf

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
    b"/Resources << /Font << /F1 5 0 R >> >> >>"
)
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
TEXT = b"BT /F1 18 Tf 72 720 Td (Hello World) Tj ET"
IDENTIFIER = b"/ID [<000102030405060708090a0b0c0d0e0f> <000102030405060708090a0b0c0d0e0f>]"


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
