"""Damage in a PDF: which of qpdf's warnings may be tolerated, and checks that qpdf does not make.

A file is read strictly: qpdf may not recover anything, every object is resolved, and
whatever it warns about is damage, unless `TOLERATED` names it with the reason why it
cannot change what is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pikepdf import Array, Name, Object, Pdf, PdfError, Stream

from idservice.errors import InputTooLarge, MalformedPdf
from idservice.pdf.limits import MAX_DECODED_BYTES, MAX_OBJECTS
from idservice.pdf.values import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from idservice.pdf.frame import PdfData

TOLERATED: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"xref entry for the xref stream itself is missing"),
        "nothing refers to the cross-reference stream; every other object has its entry",
    ),
    (
        re.compile(r"empty object treated as null"),
        "an object without contents can only be null, for every reader",
    ),
    (
        re.compile(r"invalid /ID in trailer dictionary"),
        "an identifier only salts the key, and the password was confirmed without one",
    ),
    (
        re.compile(r"input stream is complete but output may still be valid"),
        "a compressed stream lacks its end mark; all objects in it were read in full",
    ),
)
"""Warnings that cannot change what is read, each with its reason."""

_OBJECT_STREAM = Name.ObjStm
# qpdf names the place first: "object 5 0, offset 17: …" or "(xref table, offset 9): …".
_WHERE = re.compile(r"[ :]*\(?(?P<where>[^():]*offset -?\d+)\)?: (?P<what>.*)", re.DOTALL)
_DUPLICATED = re.compile(
    r"object (?P<number>\d+) (?P<generation>\d+), .*has duplicated key (?P<key>/[^\s;#]+);"
)
_SIZE = re.compile(
    r"reported number of objects \((\d+)\) is not one plus the highest object number \((\d+)\)"
)
_MAX_COMPARED = 1_000_000
_MAX_COMPARISONS = 32
_FILTERS = frozenset(
    {
        "/ASCIIHexDecode",
        "/ASCII85Decode",
        "/LZWDecode",
        "/FlateDecode",
        "/RunLengthDecode",
        "/CCITTFaxDecode",
        "/JBIG2Decode",
        "/DCTDecode",
        "/JPXDecode",
        "/Crypt",
        # The abbreviations of inline images, which several producers use in streams as well.
        "/AHx",
        "/A85",
        "/LZW",
        "/Fl",
        "/RL",
        "/CCF",
        "/DCT",
        "/BrotliDecode",
    }
)


def require_undamaged(pdf: Pdf, require_no_warnings: Callable[[], None]) -> None:
    """Resolve every object of a file, and check what qpdf does not.

    `require_no_warnings` judges what qpdf warned about. Raises MalformedPdf naming the first
    damage, InputTooLarge beyond a budget.
    """
    holders = False
    try:
        objects = pdf.objects
        if len(objects) > MAX_OBJECTS:
            raise InputTooLarge(
                f"The PDF has {len(objects)} objects where at most {MAX_OBJECTS} are read.",
                "Split the document.",
            )
        for item in objects:
            if isinstance(item, Stream):
                if "/Filter" in item:
                    _require_known_filters(item)
                holders = holders or item.get("/Type") == _OBJECT_STREAM
    except (PdfError, RuntimeError, ValueError) as exc:
        raise damaged(readable(str(exc))) from exc
    require_no_warnings()
    # An entry that names no object stream made qpdf warn above.
    if holders:
        _require_sound_object_streams(pdf)


def require_no_warnings(pdf: Pdf, data: PdfData, header_offset: int) -> None:
    """Raise MalformedPdf for the first of qpdf's warnings that is not tolerated."""
    compared = 0
    for warning in pdf.get_warnings():
        text = str(warning)
        if tolerated(text):
            continue
        repeated = _DUPLICATED.search(text)
        compared += 1
        if (
            repeated
            and compared <= _MAX_COMPARISONS
            and _is_same_reference(pdf, data, header_offset, repeated)
        ):
            continue
        raise damaged(readable(text))


def tolerated(text: str) -> bool:
    """Whether a warning of qpdf is one of those that cannot change what is read.

    So is a /Size that is too large: every object there is lies below it. One that is too small
    is damage, because objects from there on are missing for some readers (cl. 7.5.5).
    """
    size = _SIZE.search(text)
    if size is not None:
        return int(size[1]) > int(size[2]) + 1
    return any(pattern.search(text) for pattern, _ in TOLERATED)


def readable(message: str) -> str:
    """Put qpdf's message into order: what is wrong, then where."""
    match = _WHERE.match(message)
    if match is None:
        return message.strip(" :")
    return f"{match['what']} ({match['where'].strip()})"


def _is_same_reference(pdf: Pdf, data: PdfData, header_offset: int, found: re.Match[str]) -> bool:
    """Tell whether a key that occurs twice refers to one object each time it occurs.

    Which of two equal entries a reader takes cannot change what is read. Only plain
    references in objects that stand in the file themselves are compared.
    """
    entry = pdf.get_xref_table().get((int(found["number"]), int(found["generation"])))
    if entry is None or entry.offset is None:
        return False
    start = header_offset + entry.offset
    body = bytes(data[start : start + _MAX_COMPARED])
    body = body[: body.find(b"endobj")]
    key = re.escape(found["key"].encode()) + rb"(?![^\s()<>\[\]{}/%])"
    values = re.findall(key + rb"\s*([0-9]+\s+[0-9]+\s+R\b)?", body)
    return len(set(values)) == 1 and values[0] != b""


def damaged(what: str) -> MalformedPdf:
    """Make the error for a structural fault, described as `what`."""
    return MalformedPdf(
        f"The PDF is damaged: {what}. Programs would have to guess what the document is, "
        "so a signature would not say what was signed.",
        "Get the file again from its source, or use --repair to have it rewritten before "
        "signing (possible while nobody has signed it).",
    )


def _require_known_filters(stream: Object) -> None:
    """A stream whose filter nobody knows cannot be read (ISO 32000-2 table 6)."""
    filters = stream["/Filter"]
    for item in filters if isinstance(filters, Array) else (filters,):
        if not isinstance(item, Name) or as_text(item) not in _FILTERS:
            number, generation = stream.objgen
            raise damaged(f"the stream {number} {generation} has a filter that does not exist")


def _require_sound_object_streams(pdf: Pdf) -> None:
    """Each entry must lie at its index in its object stream (ISO 32000-2 cl. 7.5.7 and 7.5.8.3)."""
    holders: dict[int, list[tuple[int, int]]] = {}
    for (number, _), entry in pdf.get_xref_table().items():
        holder, index = entry.obj_stream_number, entry.obj_stream_index
        if holder is not None and index is not None:
            holders.setdefault(holder, []).append((index, number))
    decoded = 0
    for holder, places in holders.items():
        stream = pdf.get_object(holder, 0)
        if not isinstance(stream, Stream) or stream.get("/Type") != _OBJECT_STREAM:
            raise damaged(f"object {holder} is used as an object stream and is none")
        data = _read(stream, holder)
        decoded += len(data)
        if decoded > MAX_DECODED_BYTES:
            raise InputTooLarge(
                f"The object streams of the PDF hold more than {MAX_DECODED_BYTES} bytes.",
                "Split the document.",
            )
        _require_members(stream, data, holder, places)


def _require_members(
    stream: Object, data: bytes, holder: int, places: Iterable[tuple[int, int]]
) -> None:
    try:
        count, first = int(stream["/N"]), int(stream["/First"])
        head = [int(word) for word in data[:first].split()[: 2 * count]]
    except (KeyError, ValueError, TypeError) as exc:
        raise damaged(f"the list of objects in object stream {holder} cannot be read") from exc
    numbers, offsets = head[0::2], [first + offset for offset in head[1::2]]
    if not len(numbers) == len(offsets) == count or offsets != sorted(offsets):
        raise damaged(f"the list of objects in object stream {holder} is wrong")
    for index, number in places:
        if index >= count or numbers[index] != number:
            raise damaged(
                f"the cross-references say that object {number} is number {index} in "
                f"object stream {holder}, and it is not"
            )
    for number, start, stop in zip(numbers, offsets, [*offsets[1:], len(data)], strict=True):
        member = data[start:stop].rstrip()
        # Counting instead of matching: a pattern could be made to take quadratic time.
        if member.endswith(b"endstream") and member.count(b"stream") > 1:
            raise damaged(f"object {number} in object stream {holder} is a stream itself")


def _read(stream: Object, holder: int) -> bytes:
    try:
        return stream.read_bytes()
    except (PdfError, RuntimeError, ValueError) as exc:
        raise damaged(f"object stream {holder} cannot be decoded") from exc
