"""Reading single objects of any revision of a file, at the places that its entries name.

qpdf reads a file as its newest revision says. To compare revisions, the older objects are
needed as well, and these are read here from the bytes, strictly: what is not exactly at
its place is an error and is never looked for elsewhere.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pikepdf import Array, Dictionary, Name, Object, Pdf, PdfError, Stream, String

from idservice.errors import InputTooLarge, MalformedPdf
from idservice.pdf.harmless_faults import stream_end
from idservice.pdf.object_values import Keyword, Reference, Value, read_value

if TYPE_CHECKING:
    from idservice.pdf.decryption import Decryptor
    from idservice.pdf.frame import PdfData

Key = TypeVar("Key")
Item = TypeVar("Item")

_WHITE = rb"[\x00\t\n\x0c\r ]"
_HEADER = re.compile(
    _WHITE + rb"{0,64}+(\d{1,10})" + _WHITE + rb"++(\d{1,5})" + _WHITE + rb"++obj(?![A-Za-z0-9])"
)
_STREAM = re.compile(rb"(?:" + _WHITE + rb"++|%[^\r\n]*+)*+stream(?:\r\n|\n|\r)")
_END_OF_STREAM = re.compile(_WHITE + rb"{0,4}endstream(?![A-Za-z0-9])")
# How often the bytes of a file may be read for comparing its revisions, and at least.
_READINGS = 8
_LEAST_BYTES = 16 * 1024 * 1024
# What is kept for reading again, in bytes as written; as values it is about ten times as much.
_KEPT_BYTES = 4 * 1024 * 1024
_KEPT_STREAMS = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object: its value, for a stream its dictionary, and where the data stand.

    `digest` is over the data, decrypted but not decompressed: another compression makes
    another stream. Both are None for what is no stream.
    """

    value: Value
    span: tuple[int, int] | None = None
    digest: bytes | None = None

    def same(self, other: StoredObject | None) -> bool:
        """Whether two objects are equal for every reader."""
        return other is not None and self.value == other.value and self.digest == other.digest

    @property
    def entries(self) -> dict[str, Value]:
        """The entries of a dictionary or stream; nothing for another object."""
        return self.value if isinstance(self.value, dict) else {}


LengthOf = Callable[[Value], int]
"""Tells the length of a stream from the value of its /Length, which may be a reference."""


class ObjectFile:
    """Objects of one file by place, read within a budget for the file."""

    def __init__(self, data: PdfData, base: int, decryptor: Decryptor | None) -> None:
        """Look at a whole file whose offsets count from `base`."""
        self._data = data
        self._base = base
        self._decryptor = decryptor
        self._left = max(_LEAST_BYTES, _READINGS * len(data))
        self._objects = _Kept[tuple[int, int, int, int], StoredObject](_KEPT_BYTES)
        self._streams = _Kept[int, _ObjectStream](_KEPT_STREAMS)
        self._scratch = Pdf.new()
        self.needed_to_read: set[int] = set()

    def at_offset(
        self,
        number: int,
        generation: int,
        offset: int,
        length_of: LengthOf,
        *,
        is_section: bool = False,
    ) -> StoredObject:
        """Read the object that an entry places at an offset. Raises MalformedPdf, InputTooLarge.

        The strings of a cross-reference section are not encrypted (cl. 7.5.8.2).
        """
        key = offset, 0, number, generation
        found = self._objects.get(key)
        if found is not None:
            return found
        start = offset + self._base
        header = _HEADER.match(self._data, start)
        if header is None or (int(header[1]), int(header[2])) != (number, generation):
            raise malformed(f"object {number} {generation} does not stand at byte {start}")
        objgen = (number, generation)
        decrypt = None if is_section else self._decrypting(objgen)
        value, end = read_value(self._data, header.end(), decrypt)
        self._spend(end - start)
        span = self._span(value, end, number, length_of)
        digest = None if span is None else self._digest(value, span, objgen)
        return self._objects.put(key, StoredObject(value, span, digest), end - start)

    def in_stream(
        self, number: int, index: int, container: tuple[int, int], length_of: LengthOf
    ) -> StoredObject:
        """Read an object of an object stream, given as its number and offset."""
        holder, offset = container
        key = offset, index + 1, number, 0
        found = self._objects.get(key)
        if found is None:
            value, size = self.object_stream(holder, offset, length_of).member(number, index)
            self._spend(size)
            found = self._objects.put(key, StoredObject(value), size)
        return found

    def object_stream(self, number: int, offset: int, length_of: LengthOf) -> _ObjectStream:
        """Decode an object stream. Raises MalformedPdf."""
        found = self._streams.get(offset)
        if found is None:
            stored = self.at_offset(number, 0, offset, length_of)
            if stored.span is None or stored.entries.get("Type") != "ObjStm":
                raise malformed(f"object {number} is used as an object stream and is none")
            length = stored.entries.get("Length")
            if isinstance(length, Reference):
                self.needed_to_read.add(length.number)
            decoded = self.decoded(stored, (number, 0))
            self._spend(len(decoded))
            found = _ObjectStream(stored.entries, decoded, number)
            self._streams.put(offset, found, len(decoded))
        return found

    def section(self, start: int) -> tuple[StoredObject, bytes]:
        """Read the cross-reference stream at a byte, and its decoded data. Raises MalformedPdf."""
        header = _HEADER.match(self._data, start)
        if header is None:
            raise malformed(f"there is no cross-reference section at byte {start}")
        objgen = int(header[1]), int(header[2])
        stored = self.at_offset(*objgen, start - self._base, _direct, is_section=True)
        return stored, self.decoded(stored, objgen)

    def decoded(self, stored: StoredObject, objgen: tuple[int, int]) -> bytes:
        """Undo the filters of the stream `objgen`. Raises MalformedPdf."""
        start, stop = stored.span or (0, 0)
        stream = Stream(self._scratch, bytes(self._plain(stored.value, start, stop, objgen)))
        try:
            for key in ("Filter", "DecodeParms"):
                if key in stored.entries:
                    stream[f"/{key}"] = _to_library(stored.entries[key])
            return stream.read_bytes()
        except (PdfError, RuntimeError, ValueError, TypeError) as exc:
            raise malformed("a stream that other objects depend on cannot be decoded") from exc

    def _decrypting(self, objgen: tuple[int, int]) -> Callable[[bytes], bytes] | None:
        decryptor = self._decryptor
        return None if decryptor is None else lambda text: decryptor.string(text, objgen)

    def _span(
        self, value: Value, end: int, number: int, length_of: LengthOf
    ) -> tuple[int, int] | None:
        """Where the data of a stream stand; None for what is no stream."""
        head = _STREAM.match(self._data, end) if isinstance(value, dict) else None
        if head is None or not isinstance(value, dict):
            return None
        length = length_of(value.get("Length"))
        stop = head.end() + length
        if length < 0 or _END_OF_STREAM.match(self._data, stop) is None:
            deflated = self._decryptor is None and _is_deflated(value)
            end_found = stream_end(self._data, head.end(), length, deflated=deflated)
            if end_found is None:
                raise malformed(f"the stream {number} does not end where it says")
            stop = end_found
        self._spend(stop - head.end())
        return head.end(), stop

    def _digest(self, value: Value, span: tuple[int, int], objgen: tuple[int, int]) -> bytes:
        return hashlib.sha256(self._plain(value, *span, objgen)).digest()

    def _plain(
        self, value: Value, start: int, stop: int, objgen: tuple[int, int]
    ) -> bytes | memoryview:
        """The data of a stream without encryption, of which cross-references have none."""
        data = memoryview(self._data)[start:stop]
        is_section = isinstance(value, dict) and value.get("Type") == "XRef"
        if self._decryptor is None or is_section:
            return data
        return self._decryptor.stream(bytes(data), objgen)

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise InputTooLarge(
                "The revisions of the PDF change so much again and again that comparing them "
                "would take too long.",
                "Validate the document with fewer revisions.",
            )


class _ObjectStream:
    """The objects in one object stream (cl. 7.5.7)."""

    def __init__(self, entries: dict[str, Value], data: bytes, number: int) -> None:
        count, first = entries.get("N"), entries.get("First")
        if not isinstance(count, int) or not isinstance(first, int):
            raise malformed(f"the object stream {number} does not say what is in it")
        try:
            words = [int(word) for word in data[:first].split()[: 2 * count]]
        except ValueError as exc:
            raise malformed(f"the list of objects in object stream {number} is wrong") from exc
        if len(words) != 2 * count:
            raise malformed(f"the list of objects in object stream {number} is wrong")
        self.data = data
        self.numbers = words[0::2]
        self.starts = [first + offset for offset in words[1::2]]
        self._number = number

    def member(self, number: int, index: int) -> tuple[Value, int]:
        """Return the object at an index, and how many bytes it takes."""
        if not 0 <= index < len(self.numbers) or self.numbers[index] != number:
            raise malformed(f"object {number} is not in object stream {self._number}")
        value, end = read_value(self.data, self.starts[index])
        return value, end - self.starts[index]


class _Kept(Generic[Key, Item]):
    """What was read last, up to a number of bytes."""

    def __init__(self, limit: int) -> None:
        self._items: OrderedDict[Key, tuple[Item, int]] = OrderedDict()
        self._left = limit

    def get(self, key: Key) -> Item | None:
        found = self._items.get(key)
        if found is None:
            return None
        self._items.move_to_end(key)
        return found[0]

    def put(self, key: Key, item: Item, size: int) -> Item:
        self._items[key] = item, size
        self._left -= size
        while self._left < 0 and len(self._items) > 1:
            _, (_, freed) = self._items.popitem(last=False)
            self._left += freed
        return item


def _is_deflated(entries: dict[str, Value]) -> bool:
    filters = entries.get("Filter")
    first = filters[0] if isinstance(filters, list) and filters else filters
    return first in ("FlateDecode", "Fl")


def _direct(value: Value) -> int:
    """The length of a stream that is read before any object can be found."""
    if not isinstance(value, int):
        raise malformed("a cross-reference stream does not say how long it is")
    return value


def _to_library(value: Value) -> Object | int | bool | None:
    """Turn parameters of filters into objects of the library; nothing in them is a reference."""
    if isinstance(value, str):
        return Name(f"/{value}")
    if isinstance(value, bytes):
        return String(value)
    if isinstance(value, list):
        return Array([_to_library(item) for item in value])
    if isinstance(value, dict):
        return Dictionary({f"/{key}": _to_library(item) for key, item in value.items()})
    if isinstance(value, Keyword):
        return value is Keyword.TRUE
    if isinstance(value, Reference) or not (value is None or isinstance(value, int)):
        raise malformed("the parameters of a filter are unusual")
    return value


def malformed(what: str) -> MalformedPdf:
    """Make the error for what cannot be read strictly."""
    return MalformedPdf(
        f"The revisions of the PDF cannot be compared: {what}.",
        "Get the file again from its source.",
    )
