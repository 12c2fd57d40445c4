"""Signed files whose first revision has a fault: somebody wrote it badly, and somebody signed it.

The signature stands in an update of its own, which is right in every byte, so whatever is
found is about the fault.
"""

import hashlib

from support.cms_forgery import Forgery
from support.pdfs import CATALOG, append_table, plain_objects, table_pdf
from support.signed_pdfs import GOOD_ENTRIES, ROOM

_RANGE = b"[0 0000000000 0000000000 0000000000]"
_FORM = CATALOG[:-2] + b"/AcroForm << /Fields [16 0 R] /SigFlags 3 >> >>"
_FIELD = b"<< /FT /Sig /T (Signature1) /V 17 0 R /Type /Annot /Subtype /Widget /Rect [0 0 0 0] >>"


def base(**objects: bytes) -> bytes:
    """A file without any fault and without a form, to put one in."""
    return table_pdf(plain_objects(**objects))


def signed_over(data: bytes) -> bytes:
    """Append a signature, by hand: nothing of the file below is read."""
    entries = b" ".join(b"/%b %b" % (key.encode(), value) for key, value in GOOD_ENTRIES.items())
    dictionary = b"<< %b /ByteRange %b /Contents <%b> >>" % (entries, _RANGE, b"0" * ROOM)
    update = bytearray(append_table(data, {1: _FORM, 16: _FIELD, 17: dictionary}, size=18))
    gap = update.index(b"<" + b"0" * ROOM + b">")
    stop = gap + ROOM + 2
    written = b"[0 %d %d %d]" % (gap, stop, len(update) - stop)
    place = update.index(_RANGE)
    update[place : place + len(_RANGE)] = written.ljust(len(_RANGE))
    covered = hashlib.sha256(update[:gap] + update[stop:]).digest()
    value = Forgery().encode(covered).hex().encode()
    update[gap + 1 : stop - 1] = value.ljust(ROOM, b"0")
    return bytes(update)
