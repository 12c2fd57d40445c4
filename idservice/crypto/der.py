"""A tiny DER writer for the hot path, and the strict pre-scan before any foreign DER is parsed.

The writer concatenates; callers keep constant parts pre-encoded. The pre-scan walks
the tags and lengths once within budgets (X.690 cl. 8 and 10), so that the recursive
parsers behind it never meet input that is deep, huge or not DER.
"""

from __future__ import annotations

from functools import lru_cache

from idservice.errors import MalformedDer

MAX_DEPTH = 32
MAX_NODES = 20_000
MAX_BYTES = 4 * 1024 * 1024

SEQUENCE = b"\x30"
SET = b"\x31"
OCTET_STRING = b"\x04"
BIT_STRING = b"\x03"
INTEGER = b"\x02"
OBJECT_IDENTIFIER = b"\x06"
UTF8_STRING = b"\x0c"
IA5_STRING = b"\x16"
NULL = b"\x05\x00"


def length(size: int) -> bytes:
    """Encode a definite length in the fewest octets (X.690 cl. 10.1)."""
    if size < 0x80:
        return bytes((size,))
    if size < 0x100:
        return bytes((0x81, size))
    if size < 0x10000:
        return bytes((0x82, size >> 8, size & 0xFF))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def wrap(tag: bytes, *parts: bytes) -> bytes:
    """Encode one element: tag, length, and the parts as its contents."""
    contents = parts[0] if len(parts) == 1 else b"".join(parts)
    return tag + length(len(contents)) + contents


def sequence(*parts: bytes) -> bytes:
    """Encode a SEQUENCE of already encoded elements."""
    return wrap(SEQUENCE, *parts)


def set_of(*elements: bytes) -> bytes:
    """Encode a SET OF, sorted as DER requires (X.690 cl. 11.6)."""
    return wrap(SET, *sorted(elements))


def octet_string(data: bytes) -> bytes:
    """Encode an OCTET STRING."""
    return wrap(OCTET_STRING, data)


def bit_string(data: bytes) -> bytes:
    """Encode a BIT STRING of whole octets."""
    return wrap(BIT_STRING, b"\x00", data)


def integer(value: int) -> bytes:
    """Encode an INTEGER in two's complement with the fewest octets."""
    size = (value + (value < 0)).bit_length() // 8 + 1
    return wrap(INTEGER, value.to_bytes(size, "big", signed=True))


def object_identifier(dotted: str) -> bytes:
    """Encode a dotted OBJECT IDENTIFIER; arcs of any size."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return wrap(OBJECT_IDENTIFIER, b"".join(_base128(arc) for arc in (40 * first + second, *rest)))


def context(number: int, *parts: bytes, constructed: bool = True) -> bytes:
    """Encode a context-specific element with a tag number below 31."""
    return wrap(bytes(((0xA0 if constructed else 0x80) | number,)), *parts)


# Larger structures are not kept in memory for being looked at again.
_REMEMBERED_BYTES = 32 * 1024


def check_der(
    data: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_nodes: int = MAX_NODES,
) -> None:
    """Require `data` to be exactly one DER element within the budgets.

    Checks tags, minimal definite lengths, nesting and that every constructed
    element is filled exactly; says nothing about the meaning of the contents.
    Raises MalformedDer.
    """
    if len(data) > max_bytes:
        raise _malformed(f"it has {len(data)} bytes where at most {max_bytes} are read")
    if len(data) <= _REMEMBERED_BYTES:
        _remembered(data, max_depth, max_nodes)
    else:
        _check(data, max_depth, max_nodes)


def _check(data: bytes, max_depth: int, max_nodes: int) -> None:
    if element_end(data, 0, len(data)) != len(data):
        raise _malformed("something follows the end of the structure")
    pending = [(0, len(data), 1)]
    nodes = 0
    while pending:
        position, end, depth = pending.pop()
        while position < end:
            nodes += 1
            if nodes > max_nodes:
                raise _malformed(f"it has more than {max_nodes} elements")
            tag = data[position]
            # Most elements are short and usual; this is the heart of reading a certificate.
            if end - position > 1 and data[position + 1] < 0x80 and tag and tag & 0x1F != 0x1F:
                start = position + 2
                stop = start + data[position + 1]
            else:
                start, stop = contents_range(data, position, end)
            if stop > end:
                raise _malformed("an element is longer than what holds it")
            if tag & 0x20:
                if depth >= max_depth:
                    raise _malformed(f"it is nested deeper than {max_depth} levels")
                pending.append((start, stop, depth + 1))
            position = stop


# Certificates and tokens pass several readers, each of which checks what it is given.
_remembered = lru_cache(maxsize=128)(_check)


def element_end(data: bytes, position: int, end: int) -> int:
    """Return the position behind the element that starts at `position`."""
    return contents_range(data, position, end)[1]


def contents_range(data: bytes, position: int, end: int) -> tuple[int, int]:
    """Return (start, stop) of the contents of the element at `position`, below `end`.

    Raises MalformedDer for high tag numbers, indefinite or non-minimal lengths and
    elements that do not fit.
    """
    if end - position < 2:
        raise _malformed("it ends in the middle of an element")
    if data[position] & 0x1F == 0x1F or data[position] == 0:
        raise _malformed("it has a tag that no supported structure uses")
    first = data[position + 1]
    start = position + 2
    size = first
    if first >= 0x80:
        count = first & 0x7F
        start += count
        if not 1 <= count <= 4 or start > end:
            raise _malformed("a length is indefinite, cut off or too long")
        size = int.from_bytes(data[position + 2 : start], "big")
        if size < 0x80 or size >> (8 * (count - 1)) == 0:
            raise _malformed("a length is not encoded in the fewest octets")
    if start + size > end:
        raise _malformed("an element is longer than what holds it")
    return start, start + size


def _base128(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(0x80 | arc & 0x7F)
    return bytes(reversed(octets))


def _malformed(reason: str) -> MalformedDer:
    return MalformedDer(
        f"The data is not DER that can be read safely: {reason}.",
        "Send the complete, unmodified DER encoding.",
    )
