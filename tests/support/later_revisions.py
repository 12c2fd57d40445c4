"""A signed document with a form, comments and a security store, and revisions appended to it.

`SIGNED` is the first revision; its signatures are no real ones, because what is compared
here are objects. `append` adds any revision: objects changed, added or freed, and any trailer.
"""

import re
from collections.abc import Iterable, Mapping

from idservice.pdf.changes import ObjectChange, Permission, analyse_changes
from idservice.pdf.document import open_document
from idservice.pdf.frame import read_frame
from idservice.pdf.revisions import read_history
from support.pdf_writing import FONT, IDENTIFIER, stream, table_pdf

SIGNATURE = (
    b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached "
    b"/ByteRange [0 1 2 3] /Contents <00> %b>>"
)
TIME_STAMP = (
    b"<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 "
    b"/ByteRange [0 1 2 3] /Contents <00> >>"
)
CATALOG = (
    b"<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R /DSS 16 0 R /Names 30 0 R "
    b"/Outlines 31 0 R /StructTreeRoot 32 0 R /Metadata 33 0 R %b>>"
)
PAGES = b"<< /Type /Pages /Kids [3 0 R 22 0 R] /Count 2 >>"
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %b /Annots %b "
    b"/Resources << /Font << /F1 5 0 R >> /XObject << /X1 21 0 R >> >> >>"
)
ANNOTATIONS = b"[7 0 R 9 0 R 10 0 R 11 0 R%b]"
FORM = b"<< /Fields [7 0 R 9 0 R 10 0 R%b] /SigFlags 3 /DR << /Font << /Helv 5 0 R >> >> %b>>"
WIDGET = b"<< /Type /Annot /Subtype /Widget /FT /%b /T (%b) /F 132 /P 3 0 R %b>>"
XOBJECT = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] "
STORE = b"<< /Type /DSS /Certs 19 0 R /OCSPs [18 0 R] >>"

OBJECTS: dict[int, bytes] = {
    1: CATALOG % b"",
    2: PAGES,
    3: PAGE % (b"4 0 R", ANNOTATIONS % b""),
    4: stream(b"BT /F1 18 Tf 72 720 Td (Pay 100 euros) Tj ET /X1 Do"),
    5: FONT,
    6: FORM % (b"", b""),
    7: WIDGET % (b"Sig", b"First", b"/Rect [9 9 99 99] /V 8 0 R /AP << /N 12 0 R >> "),
    8: SIGNATURE % b"/Reason (I agree) ",
    9: WIDGET % (b"Tx", b"Sum", b"/Rect [9 9 99 99] /V (100) /AP << /N 13 0 R >> "),
    10: WIDGET % (b"Sig", b"Empty", b"/Rect [9 9 99 99] /AP << /N 14 0 R >> "),
    11: b"<< /Type /Annot /Subtype /Text /Rect [9 9 99 99] /Contents (Note) /AP << /N 15 0 R >> >>",
    12: stream(b"% signed by First", XOBJECT),
    13: stream(b"% 100", XOBJECT),
    14: stream(b"% sign here", XOBJECT),
    15: stream(b"% note", XOBJECT),
    16: STORE,
    17: stream(b"certificate"),
    18: stream(b"answer"),
    19: b"[17 0 R]",
    20: b"<< /Unused true >>",
    21: stream(b"% picture", XOBJECT),
    22: PAGE % (b"[4 0 R 23 0 R]", b"[]"),
    23: stream(b"BT /F1 18 Tf 72 700 Td (Second page) Tj ET"),
    24: b"<< /Title (Contract) /ModDate (D:20260601120000Z) >>",
    30: b"<< /Dests << /Names [] >> >>",
    31: b"<< /Type /Outlines /Count 0 >>",
    32: b"<< /Type /StructTreeRoot /K [] >>",
    33: stream(b"<x:xmpmeta/>", b"/Type /Metadata /Subtype /XML "),
}
TRAILER = IDENTIFIER + b" /Info 24 0 R"
SIGNED = table_pdf(OBJECTS, trailer=TRAILER)

NEW_FIELD = WIDGET % (b"Sig", b"Second", b"/Rect [0 0 0 0] /V 41 0 R ")
HONEST: dict[int, bytes] = {
    40: NEW_FIELD,
    41: SIGNATURE % b"",
    6: FORM % (b" 40 0 R", b""),
    3: PAGE % (b"4 0 R", ANNOTATIONS % b" 40 0 R"),
}
"""A further signature in a field of its own."""

STAMPED: dict[int, bytes] = HONEST | {41: TIME_STAMP}
"""A document time-stamp."""


def append(
    data: bytes,
    objects: Mapping[int, bytes],
    *,
    freed: Iterable[int] = (),
    root: bytes = b"1 0 R",
    trailer: bytes = TRAILER,
) -> bytes:
    """Append a revision with a classic table."""
    previous = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    out = bytearray(data)
    rows = [b"%d 1\n0000000000 00001 f \n" % number for number in freed]
    for number, body in sorted(objects.items()):
        rows.append(b"%d 1\n%010d 00000 n \n" % (number, len(out)))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    startxref = len(out)
    size = int(re.findall(rb"/Size (\d+)", data)[-1])
    size = max([size, *(number + 1 for number in objects)])
    out += b"xref\n" + (b"".join(rows) or b"0 0\n")
    out += b"trailer\n<< /Size %d /Root %b /Prev %d %b >>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        root,
        previous,
        trailer,
        startxref,
    )
    return bytes(out)


def changes(data: bytes, *, signed: int = 1, password: str | None = None) -> list[ObjectChange]:
    """Analyse what was changed after the revision of this number."""
    history = read_history(data, read_frame(data))
    document = open_document(data, password=password)
    return list(analyse_changes(document, history, history.revisions[signed - 1]))


def codes(found: Iterable[ObjectChange]) -> set[str]:
    """The codes of changes."""
    return {item.code for item in found}


def worst(found: Iterable[ObjectChange]) -> Permission | None:
    """The gravest permission of changes; None without any."""
    order = tuple(Permission)
    return max((item.permission for item in found), key=order.index, default=None)
