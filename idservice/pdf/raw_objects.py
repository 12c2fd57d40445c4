"""Reading PDF objects from the bytes, with the position of every part (ISO 32000-2 cl. 7.2, 7.3).

qpdf says what a document means; this says where it is written. A signature is over
positions, so its dictionary must be read at the very place where it stands, including
what a library would tidy away: repeated keys, comments, blanks inside strings.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from idservice.errors import MalformedPdf

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData

MAX_DEPTH = 64
MAX_TOKENS = 200_000
# How often the bytes of a file may be looked at; for its signatures once is enough.
_READINGS = 4
_MAX_DIGITS = 20

_WHITE = rb"[\x00\t\n\x0c\r ]"
# Some producers point to the blanks in front of an object; every reader skips them.
_HEADER = re.compile(
    _WHITE + rb"{0,64}+(\d{1,10})" + _WHITE + rb"++(\d{1,5})" + _WHITE + rb"++obj(?![A-Za-z0-9])"
)
# Possessive: what was passed over is never looked at again, nor remembered.
_BLANKS = _WHITE + rb"*+(?:%[^\r\n]*+" + _WHITE + rb"*+)*+"
_SKIP = re.compile(_BLANKS)
_NAMED = rb"/([^\x00\t\n\x0c\r ()<>\[\]{}/%]*+)"
# One object, or the bracket that opens it; the groups are named by the numbers below.
_OBJECT = re.compile(
    _BLANKS + rb"(?:" + _NAMED + rb"|(<<)|(\[)|(\()|(<[^<>]*+>)"
    rb"|(\d{1,10})" + _WHITE + rb"++(\d{1,5})" + _WHITE + rb"++R(?![A-Za-z0-9])"
    rb"|([+-]?(?:\d++\.?\d*+|\.\d++))"
    rb"|((?:true|false|null)(?![A-Za-z0-9])))"
)
_NAME, _DICTIONARY, _ARRAY, _LITERAL, _HEX, _NUMBER, _GENERATION, _SINGLE, _WORD = range(1, 10)
_ITEM_END = re.compile(_BLANKS + rb"\]")
_KEY = re.compile(_BLANKS + rb"(?:(>>)|" + _NAMED + rb")")
_LITERAL_PART = re.compile(rb"[^()\\]*+(\\.|[()])", re.DOTALL)
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")


class Node(NamedTuple):
    """One object as written: its kind, where it begins and ends, and what is in it.

    `kind` is one of name, integer, real, reference, word, hex, literal, array and
    dictionary. `value` is the name, the integer, the reference as (number, generation) or
    the word; `items` are the elements of an array, `entries` the pairs of a dictionary
    in the order in which they stand, repeated keys included.
    """

    kind: str
    start: int
    end: int
    value: str | int | tuple[int, int] | None = None
    items: tuple[Node, ...] = ()
    entries: tuple[tuple[str, Node], ...] = ()

    def all(self, key: str) -> tuple[Node, ...]:
        """Return every value that a dictionary gives for a key."""
        return tuple(node for name, node in self.entries if name == key)

    def get(self, key: str) -> Node | None:
        """Return the last value for a key, as most readers do, or None."""
        found = self.all(key)
        return found[-1] if found else None

    def integer(self, key: str) -> int | None:
        """Return the value for a key when it is an integer written directly, else None."""
        node = self.get(key)
        return node.value if node is not None and isinstance(node.value, int) else None

    def repeated(self) -> tuple[str, ...]:
        """Return the keys that a dictionary gives more than once."""
        count = Counter(name for name, _ in self.entries)
        return tuple(sorted(name for name, number in count.items() if number > 1))


@dataclass(frozen=True, slots=True)
class IndirectObject:
    """An object with its number and generation, and what it holds."""

    number: int
    generation: int
    node: Node


def read_indirect(data: PdfData, offset: int, reader: RawReader | None = None) -> IndirectObject:
    """Read "n g obj" and the object behind it at an offset. Raises MalformedPdf.

    Who reads many objects of one file gives one reader, so that they share its budget.
    """
    header = _HEADER.match(data, offset)
    if header is None:
        raise _malformed(f"there is no object at byte {offset}")
    node = (reader or RawReader(data)).node(header.end())
    return IndirectObject(int(header[1]), int(header[2]), node)


def skip(data: PdfData, position: int) -> int:
    """Return the position of the next byte that is no blank and in no comment."""
    match = _SKIP.match(data, position)
    return position if match is None else match.end()


class RawReader:
    """Reads objects from a file within a budget of tokens and of bytes, for all of them."""

    def __init__(self, data: PdfData, max_tokens: int = MAX_TOKENS) -> None:
        """Look at a whole file."""
        self._data = data
        self._left = max_tokens
        self._bytes_left = _READINGS * len(data)

    def node(self, position: int, depth: int = 1) -> Node:
        """Read the object that begins at or behind a position. Raises MalformedPdf."""
        self._left -= 1
        if self._left < 0 or self._bytes_left < 0 or depth > MAX_DEPTH:
            raise _malformed(f"the object near byte {position} is too deep or too large")
        match = _OBJECT.match(self._data, position)
        if match is None:
            # What does not end was looked at up to the end of the file.
            self._bytes_left -= len(self._data) - position
            raise _malformed(f"what stands at byte {skip(self._data, position)} is no object")
        kind = match.lastindex
        if kind == _LITERAL:
            return self._literal(position, match.start(_LITERAL))
        self._bytes_left -= match.end() - position
        if kind == _DICTIONARY:
            return self._dictionary(match.start(_DICTIONARY), match.end(), depth)
        if kind == _ARRAY:
            return self._array(match.start(_ARRAY), match.end(), depth)
        return _scalar(match)

    def _array(self, start: int, position: int, depth: int) -> Node:
        items = []
        while (closed := _ITEM_END.match(self._data, position)) is None:
            item = self.node(position, depth + 1)
            items.append(item)
            position = item.end
        return Node("array", start, closed.end(), items=tuple(items))

    def _dictionary(self, start: int, position: int, depth: int) -> Node:
        entries = []
        while (key := _KEY.match(self._data, position)) is not None and key.lastindex != 1:
            item = self.node(key.end(), depth + 1)
            entries.append((_name(key[2]), item))
            position = item.end
        if key is None:
            place = skip(self._data, position)
            raise _malformed(f"a dictionary has something that is no key at byte {place}")
        return Node("dictionary", start, key.end(), entries=tuple(entries))

    def _literal(self, position: int, start: int) -> Node:
        end = len(self._data)
        try:
            end = self._literal_end(start)
        finally:
            self._bytes_left -= end - position
        return Node("literal", start, end)

    def _literal_end(self, start: int) -> int:
        position, open_brackets = start + 1, 1
        while open_brackets:
            self._left -= 1
            match = _LITERAL_PART.match(self._data, position)
            if match is None or self._left < 0:
                raise _malformed(f"the string at byte {start} does not end")
            open_brackets += {b"(": 1, b")": -1}.get(match[1], 0)
            position = match.end()
        return position


def _scalar(match: re.Match[bytes]) -> Node:
    """Make what the pattern for an object found, when it is no bracket."""
    kind = match.lastindex or 0
    # Blanks are passed over in front of the first group.
    start, end = match.start(_NUMBER if kind == _GENERATION else kind), match.end()
    if kind == _NAME:
        return Node("name", start - 1, end, _name(match[_NAME]))
    if kind == _GENERATION:
        return Node("reference", start, end, (int(match[_NUMBER]), int(match[_GENERATION])))
    if kind == _SINGLE:
        return _number(match[_SINGLE], start, end)
    if kind == _HEX:
        return Node("hex", start, end)
    return Node("word", start, end, match[_WORD].decode())


def _number(text: bytes, start: int, end: int) -> Node:
    if b"." in text:
        return Node("real", start, end)
    if len(text) > _MAX_DIGITS:
        raise _malformed(f"the number at byte {start} is too long")
    return Node("integer", start, end, int(text))


def _name(raw: bytes) -> str:
    if b"#" not in raw:
        return raw.decode("latin-1")
    # ISO 32000-2 cl. 7.3.5: #xx stands for a byte, so /Byte#52ange is /ByteRange.
    return _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), raw).decode("latin-1")


def _malformed(what: str) -> MalformedPdf:
    return MalformedPdf(
        f"The PDF cannot be read strictly: {what}.",
        "Get the file again from its source.",
    )
