"""A strict reader for small DER structures, exact to the byte.

`Elements` walks one constructed value and hands out its elements with their positions,
so that what is hashed or compared later is what was sent, never a re-encoding. Run
`der.check_der` first: it bounds size, depth and count. Primitive values must be in the
one form that DER allows (X.690 cl. 8.3, 8.19, 11.1); whatever is not raises MalformedDer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from idservice.crypto.der import MAX_BYTES, contents_range
from idservice.errors import MalformedDer

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
SEQUENCE = 0x30
SET = 0x31

MAX_INTEGER_BYTES = 128
MAX_OID_BYTES = 64


def context(number: int, *, constructed: bool = True) -> int:
    """Return the identifier octet of a context-specific tag."""
    return (0xA0 if constructed else 0x80) | number


class Element(NamedTuple):
    """One element: its identifier octet, its whole encoding and its contents."""

    tag: int
    encoded: bytes
    contents: bytes

    def elements(self) -> Elements:
        """Walk the elements inside a constructed one."""
        return Elements(self.contents)

    def object_identifier(self) -> str:
        """Read an OBJECT IDENTIFIER as dotted numbers."""
        return _object_identifier(self._of(OBJECT_IDENTIFIER))

    def integer(self) -> int:
        """Read an INTEGER; surplus leading octets are refused (X.690 cl. 8.3.2)."""
        return _integer(self._of(INTEGER))

    def octets(self) -> bytes:
        """Read an OCTET STRING."""
        return self._of(OCTET_STRING)

    def _of(self, tag: int) -> bytes:
        if self.tag != tag:
            raise _unexpected(tag, self.tag)
        return self.contents


class Elements:
    """A cursor over the elements of one constructed value."""

    def __init__(self, contents: bytes) -> None:
        """Start in front of the first element of `contents`."""
        self._data = contents
        self._position = 0

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self._position >= len(self._data)

    def take(self, tag: int | None = None) -> Element:
        """Return the next element, which must have this tag when one is given."""
        data, position = self._data, self._position
        if position >= len(data):
            raise _malformed("an element is missing")
        end = len(data)
        # Most elements are short and usual; all others are judged where the rules are written.
        if (
            end - position > 1
            and (size := data[position + 1]) < 0x80
            and data[position]
            and data[position] & 0x1F != 0x1F
            and (stop := position + 2 + size) <= end
        ):
            start = position + 2
        else:
            start, stop = contents_range(data, position, end)
        if tag is not None and data[position] != tag:
            raise _unexpected(tag, data[position])
        self._position = stop
        return Element(data[position], data[position:stop], data[start:stop])

    def take_if(self, tag: int) -> Element | None:
        """Return the next element if it has this tag, else None and stay."""
        if self.at_end or self._data[self._position] != tag:
            return None
        return self.take()

    def rest(self, tag: int | None = None) -> tuple[Element, ...]:
        """Return all elements that are left, each of which must have this tag when given."""
        found = []
        while not self.at_end:
            found.append(self.take(tag))
        return tuple(found)

    def finish(self) -> None:
        """Require that nothing is left."""
        if not self.at_end:
            raise _malformed("a structure has more elements than it may have")


def read(data: bytes, tag: int | None = None) -> Element:
    """Read `data` as exactly one element with this tag."""
    cursor = Elements(data)
    element = cursor.take(tag)
    cursor.finish()
    return element


def require_primitives(element: Element) -> None:
    """Require the DER form of every universal primitive inside, whatever the structure means."""
    data = element.encoded
    pending = [(0, len(data))]
    while pending:
        position, end = pending.pop()
        while position < end:
            tag = data[position]
            start, stop = contents_range(data, position, end)
            if tag & 0x20:
                pending.append((start, stop))
            elif tag <= OBJECT_IDENTIFIER:
                _require_primitive(tag, data[start:stop])
            position = stop


def _require_primitive(tag: int, contents: bytes) -> None:
    if tag == INTEGER:
        _integer(contents, MAX_BYTES)
    elif tag == OBJECT_IDENTIFIER:
        _object_identifier(contents)
    elif tag == NULL and contents:
        raise _malformed("a NULL has contents")
    elif tag == BOOLEAN and contents not in (b"\x00", b"\xff"):
        raise _malformed("a boolean is neither 00 nor FF")


def require_sorted(set_of: Element) -> None:
    """Require the elements of a SET OF in ascending order of encoding (X.690 cl. 11.6)."""
    encodings = [item.encoded for item in set_of.elements().rest()]
    if encodings != sorted(encodings):
        raise _malformed("the elements of a set are not in DER order")


def _integer(contents: bytes, max_bytes: int = MAX_INTEGER_BYTES) -> int:
    if not 0 < len(contents) <= max_bytes:
        raise _malformed("an integer is empty or too long")
    if len(contents) > 1 and (contents[0], contents[1] >> 7) in ((0x00, 0), (0xFF, 1)):
        raise _malformed("an integer is not encoded in the fewest octets")
    return int.from_bytes(contents, "big", signed=True)


# The same few identifiers are in everything; each is short.
@lru_cache(maxsize=1024)
def _object_identifier(contents: bytes) -> str:
    if not 0 < len(contents) <= MAX_OID_BYTES or contents[-1] & 0x80:
        raise _malformed("an object identifier is empty, too long or cut off")
    arcs: list[int] = []
    arc, fresh = 0, True
    for octet in contents:
        if fresh and octet == 0x80:
            raise _malformed("an object identifier is not encoded in the fewest octets")
        arc = arc << 7 | octet & 0x7F
        fresh = not octet & 0x80
        if fresh:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(item) for item in (first, arcs[0] - 40 * first, *arcs[1:]))


def _unexpected(wanted: int, found: int) -> MalformedDer:
    return _malformed(f"an element has the tag 0x{found:02x} where 0x{wanted:02x} must be")


def _malformed(reason: str) -> MalformedDer:
    return MalformedDer(
        f"The DER structure cannot be read: {reason}.",
        "Send the complete, unmodified DER encoding.",
    )
