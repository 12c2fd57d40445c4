"""Documents that are small to send and large to read, or large in one way only.

Each is signed first where what is large comes after the signature, so that the analysis of
later changes has to look at it.
"""

import zlib
from collections.abc import Callable, Mapping
from functools import partial

from support import pdfs
from support.cms_forgery import Forgery, algorithm, attribute
from support.pdfs import (
    IDENTIFIER,
    PAGE,
    append_table,
    many_pages,
    plain_objects,
    stream,
    table_pdf,
)
from support.signed_pdfs import SignedPdf
from support.signing import signed

MEGABYTE = 1 << 20


def _zeros(size: int, times: int = 1) -> bytes:
    """Zeros that were deflated, again and again."""
    packer = zlib.compressobj(9)
    block = bytes(MEGABYTE)
    packed = b"".join(packer.compress(block) for _ in range(size // MEGABYTE)) + packer.flush()
    for _ in range(times - 1):
        packed = zlib.compress(packed, 9)
    return packed


def _packed(data: bytes, times: int = 1, more: bytes = b"") -> bytes:
    return stream(data, b"/Filter [%b] %b " % (b" /FlateDecode" * times, more))


def _plain(**objects: bytes) -> bytes:
    """A signed document with these objects, and the first in reach of the page."""
    return signed(table_pdf(plain_objects(**objects)))


def _nested(opening: bytes, closing: bytes, depth: int) -> bytes:
    return table_pdf(plain_objects(o6=opening * depth + closing * depth))


def _later(**objects: bytes) -> bytes:
    """A signed document and a revision after it with these objects."""
    numbered = {int(name[1:]): body for name, body in objects.items()}
    return append_table(signed(pdfs.baseline()), numbered, size=max(numbered) + 1)


def _looping_tables() -> bytes:
    """A cross-reference table that says it comes after itself."""
    data = signed(pdfs.baseline())
    place = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    start = data.rindex(b"trailer")
    looping = data[start:].replace(b"<<", b"<< /Prev %010d " % place, 1)
    return data[:start] + looping


def _tables_in_a_ring() -> bytes:
    """Two tables of which each says that the other came before."""
    data = _later(o20=b"(a)")
    first = data.index(b"trailer")
    last = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    return data[:first] + data[first:].replace(b"<<", b"<< /Prev %010d" % last, 1)


def _million_objects() -> bytes:
    return table_pdf(plain_objects() | dict.fromkeys(range(10, 10 + 10**6), b"0"))


def _deep_pages(depth: int) -> bytes:
    return table_pdf(many_pages(1, depth=depth))


def _ring_of_pages() -> bytes:
    node = b"<< /Type /Pages /Parent %d 0 R /Kids [%d 0 R] /Count 1 >>"
    return table_pdf(plain_objects(o2=node % (6, 6), o6=node % (2, 2)))


def _flat_names(count: int) -> bytes:
    entries = b"".join(b"(n%06d) [3 0 R /Fit] " % number for number in range(count))
    catalog = b"<< /Type /Catalog /Pages 2 0 R /Names << /Dests 6 0 R >> >>"
    return _plain(o1=catalog, o6=b"<< /Names [%b] >>" % entries)


def _deep_names(depth: int) -> bytes:
    catalog = b"<< /Type /Catalog /Pages 2 0 R /Names << /Dests 6 0 R >> >>"
    chain = {f"o{6 + at}": b"<< /Kids [%d 0 R] >>" % (7 + at) for at in range(depth)}
    return _plain(o1=catalog, **chain, **{f"o{6 + depth}": b"<< /Names [(a) 3 0 R] >>"})


def _annotations(count: int) -> dict[str, bytes]:
    note = b"<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (note) >>"
    numbers = range(30, 30 + count)
    page = PAGE[:-2] + b"/Annots [%b] >>" % b" ".join(b"%d 0 R" % item for item in numbers)
    return {"o3": page, **{f"o{item}": note for item in numbers}}


def _fields(count: int) -> bytes:
    """Signature fields that all have the one signature."""
    field = b"<< /FT /Sig /T (S%d) /V 7 0 R /Type /Annot /Subtype /Widget /Rect [0 0 0 0] >>"
    numbers = range(30, 30 + count)
    listed = b" ".join(b"%d 0 R" % item for item in (6, *numbers))
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%b] /SigFlags 3 >> >>"
    fields = {f"o{item}": field % item for item in numbers}
    return SignedPdf(objects={"o1": catalog % listed, **fields}).build()


def _own_values(count: int) -> bytes:
    """Signature fields of which each has a value of its own that covers nothing."""
    field = b"<< /FT /Sig /T (S%d) /V %d 0 R /Type /Annot /Subtype /Widget /Rect [0 0 0 0] >>"
    value = (
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached "
        b"/ByteRange [0 10 20 30] /Contents <%b> >>" % Forgery().encode(bytes(32)).hex().encode()
    )
    numbers = range(30, 30 + 2 * count, 2)
    listed = b" ".join(b"%d 0 R" % item for item in numbers)
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%b] /SigFlags 3 >> >>"
    objects = {f"o{item}": field % (item, item + 1) for item in numbers}
    objects |= {f"o{item + 1}": value for item in numbers}
    return table_pdf(plain_objects(o1=catalog % listed, **objects))


def _revisions(count: int) -> bytes:
    data = signed(pdfs.baseline())
    for number in range(count):
        data = append_table(data, {20: b"(%d)" % number}, size=21)
    return data


def _cms(certificates: int = 0, attributes: int = 0) -> bytes:
    """A signature whose structure carries so much, so that /Contents needs more room."""
    forgery = Forgery(certificates=(b"\x30\x03\x02\x01\x00",) * certificates or None)
    if attributes:
        one = attribute("2.999.8", [algorithm("2.999.9")])
        forgery = forgery.with_(unsigned=_implicit(one * attributes))
    encoded = forgery.encode(bytes(32)).hex().encode()
    value = SignedPdf().build()
    start = value.index(b"/Contents <") + 11
    return value[:start] + encoded + value[value.index(b">", start) :]


def _implicit(contents: bytes) -> bytes:
    size = len(contents)
    return b"\xa1\x84" + size.to_bytes(4, "big") + contents


def _ring_of_fields() -> bytes:
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /SigFlags 3 >> >>"
    node = b"<< /T (a) /Parent %d 0 R /Kids [%d 0 R] >>"
    return table_pdf(plain_objects(o1=catalog, o6=node % (7, 7), o7=node % (6, 6)))


def _object_stream() -> bytes:
    """An object stream that inflates to much more than it holds."""
    packed = _packed(_zeros(512 * MEGABYTE), more=b"/Type /ObjStm /N 1 /First 10")
    return table_pdf(plain_objects(o6=packed), trailer=IDENTIFIER)


BOMBS: Mapping[str, Callable[[], bytes]] = {
    "arrays in arrays": partial(_nested, b"[", b"]", 500_000),
    "dictionaries in dictionaries": partial(_nested, b"<< /A ", b" >>", 200_000),
    "strings in strings": partial(_nested, b"(", b")", 1_000_000),
    "a table before itself": _looping_tables,
    "tables in a ring": _tables_in_a_ring,
    "a page that inflates to 1 GB": lambda: _plain(o4=_packed(_zeros(1024 * MEGABYTE))),
    "a page that inflates twice": lambda: _plain(o4=_packed(_zeros(1024 * MEGABYTE, 2), 2)),
    "a later page that inflates": lambda: _later(o4=_packed(_zeros(1024 * MEGABYTE))),
    "an object stream that inflates": _object_stream,
    "a million objects": _million_objects,
    "a hundred thousand pages": lambda: table_pdf(many_pages(100_000)),
    "pages in a hundred levels": partial(_deep_pages, 100),
    "pages in ten thousand levels": partial(_deep_pages, 10_000),
    "pages in a ring": _ring_of_pages,
    "a hundred thousand names": partial(_flat_names, 100_000),
    "names in ten thousand levels": partial(_deep_names, 10_000),
    "a hundred thousand annotations": lambda: _plain(**_annotations(100_000)),
    "as many annotations later": lambda: _later(**_annotations(100_000)),
    "fields in a ring": _ring_of_fields,
    "a thousand fields, one signature": partial(_fields, 1000),
    "a thousand signatures": partial(_own_values, 1000),
    "a thousand revisions": partial(_revisions, 1000),
    "a hundred thousand certificates": partial(_cms, certificates=100_000),
    "a hundred thousand attributes": partial(_cms, attributes=100_000),
}
"""Each bomb by what is much in it; making one may take a second."""
