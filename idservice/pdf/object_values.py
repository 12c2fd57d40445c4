"""PDF objects as plain values that can be compared, read from the bytes (ISO 32000-2 cl. 7.3).

Two objects with equal values mean the same to every reader, however they are written:
names with escapes, strings in hexadecimal digits, blanks and the order of keys make no
difference. A name is a `str`, a string is `bytes`, an array is a list, and a reference is
none of these, so no two kinds are ever equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from idservice.errors import MalformedPdf

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData

MAX_DEPTH = 64

_WHITE = rb"[\x00\t\n\x0c\r ]"
_SKIP = rb"(?:" + _WHITE + rb"++|%[^\r\n]*+)*+"
_END = rb"(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])"
# The alternatives stand in the order of the groups that `_Reader` looks at.
_TOKEN = re.compile(
    _SKIP + rb"(?:"
    rb"/(?P<name>[^\x00\t\n\x0c\r ()<>\[\]{}/%]*+)"
    rb"|(?P<reference>\d{1,10}" + _WHITE + rb"++\d{1,5}" + _WHITE + rb"++R)" + _END + rb""
    rb"|(?P<number>[+-]?(?:\d++\.?\d*+|\.\d++))" + _END + rb""
    rb"|(?P<open><<|\[)|(?P<close>>>|\])"
    rb"|<(?P<hex>[0-9A-Fa-f\x00\t\n\x0c\r ]*+)>"
    rb"|\((?P<literal>[^()\\\r]*+)\)"
    rb"|(?P<nested>\()"
    rb"|(?P<word>true|false|null)" + _END + rb")"
)
_BLANK = rb"[\t\n\x0c\r ]"
_REFERENCE = _BLANK + rb"*+\d{1,10}" + _BLANK + rb"++\d{1,5}" + _BLANK + rb"++R(?![0-9A-Za-z])"
_REFERENCES = re.compile(rb"\[((?:" + _REFERENCE + rb")++)" + _BLANK + rb"*+\]")
_PART = re.compile(rb"[^()\\]*+(\\.|[()])", re.DOTALL)
_ESCAPED_NAME = re.compile(rb"#([0-9A-Fa-f]{2})")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|\r|\n)|(.))|(\r\n?)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_MAX_DIGITS = 40
_HEX_DIGIT_PAIRS = 2


class Keyword(Enum):
    """The two words that are values of their own; null is None."""

    TRUE = "true"
    FALSE = "false"


class Reference(NamedTuple):
    """A reference to an indirect object."""

    number: int
    generation: int


Value: TypeAlias = (
    "Keyword | int | Decimal | str | bytes | Reference | list[Value] | dict[str, Value] | None"
)
"""One object: null, word, integer, real, name, string, reference, array or dictionary."""

_WORDS: dict[bytes, Value] = {b"true": Keyword.TRUE, b"false": Keyword.FALSE, b"null": None}


def read_value(
    data: PdfData, position: int, decrypt: Callable[[bytes], bytes] | None = None
) -> tuple[Value, int]:
    """Read the object at or behind a position; return it and where it ends.

    `decrypt` is applied to every string. An entry of a dictionary whose value is null is
    left out, which is the same (cl. 7.3.7). Raises MalformedPdf for what is no object, and
    for a key that occurs twice with two values.
    """
    return _Reader(data, decrypt).read(position)


class _Reader:
    """Reads one object; containers that are open stand on a stack, not on Python's."""

    def __init__(self, data: PdfData, decrypt: Callable[[bytes], bytes] | None) -> None:
        self._data = data
        self._decrypt = decrypt
        self._open: list[tuple[bytes, list[Value]]] = []

    def read(self, position: int) -> tuple[Value, int]:
        while True:
            token = _TOKEN.match(self._data, position)
            if token is None:
                raise _malformed(f"what stands at byte {position} is no object")
            position = token.end()
            kind = token.lastgroup
            if kind == "open":
                position = self._opened(token["open"], token.start("open"), position)
                continue
            if kind == "close":
                value = self._closed(token["close"], position)
            elif kind == "nested":
                value, position = self._string(position)
            else:
                value = self._scalar(token, kind)
            if not self._open:
                return value, position
            self._open[-1][1].append(value)

    def _opened(self, bracket: bytes, start: int, position: int) -> int:
        if len(self._open) >= MAX_DEPTH:
            raise _malformed(f"the object near byte {start} is too deep")
        references = _REFERENCES.match(self._data, start) if bracket == b"[" else None
        if references is None:
            self._open.append((bracket, []))
            return position
        words = references[1].replace(b"R", b" ").split()
        numbers, generations = map(int, words[0::2]), map(int, words[1::2])
        self._open.append((bracket, list(map(Reference, numbers, generations))))
        return references.end() - 1

    def _closed(self, bracket: bytes, position: int) -> Value:
        opening, items = self._open.pop() if self._open else (b"", [])
        if (opening, bracket) == (b"[", b"]"):
            return items
        if (opening, bracket) != (b"<<", b">>"):
            raise _malformed(f"brackets do not match at byte {position}")
        return _dictionary(items, position)

    def _scalar(self, token: re.Match[bytes], kind: str | None) -> Value:
        if kind == "reference":
            number, generation = token["reference"][:-1].replace(b"\0", b" ").split()
            return Reference(int(number), int(generation))
        if kind == "name":
            return read_name(token["name"])
        if kind == "number":
            return _number(token["number"])
        if kind == "hex":
            digits = token["hex"].translate(None, b"\x00\t\n\x0c\r ")
            return self._text(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii")))
        return self._text(token["literal"]) if kind == "literal" else _WORDS[token["word"]]

    def _text(self, text: bytes) -> bytes:
        return text if self._decrypt is None else self._decrypt(text)

    def _string(self, start: int) -> tuple[bytes, int]:
        """Read a literal string with escapes or brackets in it, from behind its bracket."""
        position, brackets = start, 1
        while brackets:
            part = _PART.match(self._data, position)
            if part is None:
                raise _malformed(f"the string at byte {start} does not end")
            brackets += {b"(": 1, b")": -1}.get(part[1], 0)
            position = part.end()
        written = bytes(self._data[start : position - 1])
        return self._text(_ESCAPE.sub(_unescaped, written)), position


def read_name(raw: bytes) -> str:
    """Return a name without its slash, given as written (cl. 7.3.5: #xx stands for a byte)."""
    if b"#" in raw:
        raw = _ESCAPED_NAME.sub(lambda match: bytes((int(match[1], 16),)), raw)
    return raw.decode("latin-1")


def _dictionary(items: list[Value], position: int) -> dict[str, Value]:
    result: dict[str, Value] = {}
    if len(items) % 2:
        raise _malformed(f"a dictionary that ends at byte {position} lacks a value")
    for key, value in zip(items[0::2], items[1::2], strict=True):
        if not isinstance(key, str):
            raise _malformed(f"a dictionary that ends at byte {position} has something as a key")
        if key in result and result[key] != value:
            raise _malformed(f"a dictionary that ends at byte {position} has /{key} twice")
        result[key] = value
    return {key: value for key, value in result.items() if value is not None}


def _number(text: bytes) -> int | Decimal:
    if len(text) > _MAX_DIGITS:
        raise _malformed("a number is too long")
    return Decimal(text.decode("ascii")) if b"." in text else int(text)


def _unescaped(match: re.Match[bytes]) -> bytes:
    octal, line_end, letter, return_ = match.groups()
    if octal is not None:
        return bytes((int(octal, 8) & 0xFF,))
    if line_end is not None:
        return b""
    return b"\n" if return_ is not None else _LETTERS.get(letter, letter)


def _malformed(what: str) -> MalformedPdf:
    return MalformedPdf(
        f"The PDF cannot be read strictly: {what}.",
        "Get the file again from its source.",
    )
