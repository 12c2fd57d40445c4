"""Turning BER with indefinite lengths into definite lengths, for reading only.

Some producers wrap honest signatures in BER (X.690 cl. 8.1.3.6). To say whether such a
signature is intact it must be read; that it is not DER is reported all the same.
Elements that are definite already keep their octets, so signed parts stay as sent.
"""

from __future__ import annotations

from idservice.crypto.der import MAX_DEPTH, check_der, element_end, wrap
from idservice.errors import MalformedDer

_INDEFINITE = 0x80
_CONSTRUCTED = 0x20
_MAX_NODES = 60_000


def definite(data: bytes, *, max_nodes: int = _MAX_NODES) -> tuple[bytes, int]:
    """Return the first element of `data` with definite lengths only, and where it ended.

    Raises MalformedDer when the element is cut off, too deep or has too many parts.
    """
    if (end := _end_of_der(data, max_nodes)) is not None:
        return data[:end], end
    walker = _Walker(data, max_nodes)
    encoded = walker.element(0, 1)
    return encoded, walker.position


def _end_of_der(data: bytes, max_nodes: int) -> int | None:
    """Where the first element ends if it is DER, so that nothing in it has to be written anew."""
    try:
        end = element_end(data, 0, len(data))
        check_der(data[:end], max_bytes=end, max_nodes=max_nodes)
    except MalformedDer:
        return None
    return end


class _Walker:
    def __init__(self, data: bytes, max_nodes: int) -> None:
        self._data = data
        self._left = max_nodes
        self.position = 0

    def element(self, start: int, depth: int) -> bytes:
        """Re-encode the element at `start`; `position` is then behind it."""
        data = self._data
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise _malformed("it is nested too deep or has too many elements")
        if len(data) - start < 2:
            raise _malformed("it ends in the middle of an element")
        if data[start + 1] != _INDEFINITE:
            return self._definite(start, depth)
        if not data[start] & _CONSTRUCTED:
            raise _malformed("a primitive element has no definite length")
        parts = []
        position = start + 2
        while data[position : position + 2] != b"\x00\x00":
            parts.append(self.element(position, depth + 1))
            position = self.position
        self.position = position + 2
        return wrap(data[start : start + 1], *parts)

    def _definite(self, start: int, depth: int) -> bytes:
        data = self._data
        end = element_end(data, start, len(data))
        if not data[start] & _CONSTRUCTED:
            self.position = end
            return data[start:end]
        head = start + 2 + (data[start + 1] & 0x7F if data[start + 1] & 0x80 else 0)
        parts = []
        position = head
        while position < end:
            parts.append(self.element(position, depth + 1))
            position = self.position
        if position != end:
            raise _malformed("an element is longer than what holds it")
        self.position = end
        return wrap(data[start : start + 1], *parts)


def _malformed(reason: str) -> MalformedDer:
    return MalformedDer(
        f"The BER structure cannot be read: {reason}.",
        "Send the complete, unmodified encoding.",
    )
