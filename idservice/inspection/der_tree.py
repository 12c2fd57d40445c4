"""Any DER or BER as a tree of tags, lengths and values, for what nobody knows better."""

from __future__ import annotations

from typing import Any

from asn1crypto.core import ObjectIdentifier

from idservice.crypto.ber import definite
from idservice.inspection.plain import octets, oid_text

MAX_NODES = 5_000
"""Elements that are explained of one structure."""

_MAX_DEPTH = 32
_UNIVERSAL = {
    0x01: "BOOLEAN", 0x02: "INTEGER", 0x03: "BIT STRING", 0x04: "OCTET STRING", 0x05: "NULL",
    0x06: "OBJECT IDENTIFIER", 0x0A: "ENUMERATED", 0x0C: "UTF8String", 0x10: "SEQUENCE",
    0x11: "SET", 0x12: "NumericString", 0x13: "PrintableString", 0x14: "T61String",
    0x16: "IA5String", 0x17: "UTCTime", 0x18: "GeneralizedTime", 0x1A: "VisibleString",
    0x1C: "UniversalString", 0x1E: "BMPString",
}  # fmt: skip
_CLASSES = ("", "APPLICATION ", "", "PRIVATE ")
_TEXTS = {0x0C: "utf-8", 0x12: "ascii", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii",
          0x17: "ascii", 0x18: "ascii", 0x1A: "ascii", 0x1E: "utf-16-be"}  # fmt: skip
_CONSTRUCTED = 0x20
_MAX_INTEGER = 8


def der_tree(data: bytes) -> dict[str, Any]:
    """Return the first element of `data` as a tree. Raises MalformedDer when there is none."""
    encoded, _ = definite(data)
    return _Walk(encoded).element(0, 1)[0]


class _Walk:
    """One walk; lengths are definite and were checked."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MAX_NODES

    def element(self, start: int, depth: int) -> tuple[dict[str, Any], int]:
        """Return the element at `start`, and where it ends."""
        self._left -= 1
        data, first = self._data, self._data[start]
        size, begin = self._length(start + 1)
        end = begin + size
        node: dict[str, Any] = {"tag": _tag(first), "offset": start, "length": size}
        if first & _CONSTRUCTED and depth < _MAX_DEPTH and self._left > 0:
            children = []
            position = begin
            while position < end and self._left > 0:
                child, position = self.element(position, depth + 1)
                children.append(child)
            node["elements"] = children
            if position < end:
                node["elements"].append({"tag": "…"})
        else:
            node["value"] = _value(first & 0x1F if first >> 6 == 0 else -1, data[begin:end])
        return node, end

    def _length(self, at: int) -> tuple[int, int]:
        first = self._data[at]
        if first < 0x80:
            return first, at + 1
        count = first & 0x7F
        return int.from_bytes(self._data[at + 1 : at + 1 + count], "big"), at + 1 + count


def _tag(first: int) -> str:
    kind, number = first >> 6, first & 0x1F
    if kind == 0:
        return _UNIVERSAL.get(number, f"UNIVERSAL {number}")
    return f"[{_CLASSES[kind]}{number}]"


def _value(universal: int, contents: bytes) -> Any:
    if universal == 0x01:
        return contents != b"\x00"
    if universal in {0x02, 0x0A} and len(contents) <= _MAX_INTEGER:
        return int.from_bytes(contents, "big", signed=True)
    try:
        if universal == 0x06:
            return oid_text(ObjectIdentifier(contents=contents).dotted)
        if universal in _TEXTS:
            return contents.decode(_TEXTS[universal])
    except (ValueError, TypeError):
        pass
    return octets(contents)
