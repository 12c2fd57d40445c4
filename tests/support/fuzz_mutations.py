"""Mutations that a parser has to survive: of bytes, of DER elements, of PDF tokens, of XML."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Mutation = Callable[[bytearray, random.Random, Sequence[bytes]], None]

_NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"255",
    b"65536",
    b"2147483648",
    b"4294967295",
    b"9999999999",
    b"1e9",
)
_DIGITS = re.compile(rb"\d+")
_NAMES = re.compile(rb"/[A-Za-z]+")
_OBJECTS = re.compile(rb"\d+ 0 obj.*?endobj", re.DOTALL)
_ELEMENTS = re.compile(rb"<(\w+:)?\w+[^<>]*>")
_PDF_BITS = (
    b"[[[[[[[[", b"<<<<<<<<", b"(((((((", b"1 0 R", b"/Length 99999999", b"/Filter [/Fl /Fl]",
    b"/Prev 0", b"/Kids [1 0 R]", b"/Type /Sig", b"/ByteRange [0 1 2 3]", b"%%EOF\n",
    b"endobj\n1 0 obj\n", b"stream\n", b"\x00", b"null", b"/XRefStm 15 ", b"/Encrypt << >> ",
)  # fmt: skip
_XML_BITS = (
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"<a/>", b"<!--", b"]]>", b"<![CDATA[", b"&#0;",
    b" Id='x'", b"\xff",
)  # fmt: skip
_TEXT_BITS = (b'"', b"{", b"[" * 50, b"\\u0000", b".", b"=", b"-", b"null", b"1e999", b"\xc3\x28")
_MAX_SPLICE = 4096


def mutate(data: bytes, kind: str, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """Change a copy of `data` one to four times, in ways that fit its kind."""
    changed = bytearray(data)
    special = _SPECIAL[kind]
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        choice = chance.choice(special if chance.random() < 0.6 else _PLAIN)
        if changed:
            choice(changed, chance, others)
    return bytes(changed)


def _place(data: bytearray, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.choice((1, 1, 2, 4, 16, 256)))


def _set(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    data[chance.randrange(len(data))] = chance.choice(
        (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256))
    )


def _flip(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _delete(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    start, end = _place(data, chance)
    del data[start:end]


def _repeat(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    start, end = _place(data, chance)
    data[end:end] = data[start:end] * chance.choice((1, 2, 20))


def _cut(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    del data[chance.randrange(len(data)) :]


def _splice(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    other = chance.choice(others)
    if not other:
        return
    start = chance.randrange(len(other))
    piece = other[start : start + chance.randrange(1, _MAX_SPLICE)]
    place, end = _place(data, chance)
    data[place:end] = piece


def _element(data: bytearray, chance: random.Random) -> tuple[int, int, int] | None:
    """Walk down from the outermost DER element and stop at any; give start, contents and end."""
    position, end = 0, len(data)
    for _ in range(chance.randrange(1, 24)):
        if end - position < 2:
            return None
        first, begin = data[position + 1], position + 2
        if first >= 0x80:
            count = first & 0x7F
            if not 0 < count <= 4:
                return None
            first, begin = int.from_bytes(data[begin : begin + count], "big"), begin + count
        stop = begin + first
        if stop > end:
            return None
        if data[position] & 0x20 and stop > begin and chance.random() < 0.75:
            position, end = begin, stop
        elif stop < end and chance.random() < 0.6:
            position = stop
        else:
            return position, begin, stop
    return None


def _retag(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if (found := _element(data, chance)) is not None:
        data[found[0]] = chance.choice(
            (0x02, 0x04, 0x05, 0x06, 0x30, 0x31, 0xA0, 0xA1, 0x80, 0x24, 0x1F)
        )


def _relength(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if (found := _element(data, chance)) is not None:
        data[found[0] + 1] = chance.choice((0, 1, 0x7F, 0x80, 0x81, 0x84, 0x88, 0xFF))


def _recontent(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    """Change what is inside of an element, and keep all lengths."""
    if (found := _element(data, chance)) is not None and found[2] > found[1]:
        size = found[2] - found[1]
        fill = chance.choice(
            (b"\x00", b"\xff", b"\x7f", b"\x30\x80", bytes([chance.randrange(256)]))
        )
        data[found[1] : found[2]] = (fill * size)[:size]


def _swap_elements(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    one, other = _element(data, chance), _element(data, chance)
    if one is not None and other is not None:
        data[one[0] : one[2]] = data[other[0] : other[2]]


def _nest(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    place = chance.randrange(len(data))
    data[place:place] = b"\x30\x80" * chance.choice((2, 40, 2000))


def _renumber(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    start = chance.randrange(len(data))
    if (found := _DIGITS.search(data, start)) is not None:
        number = chance.choice(
            (*_NUMBERS, b"%d" % (int(found.group()[:12]) + chance.choice((-1, 1))))
        )
        if chance.random() < 0.5:
            number = number[: found.end() - found.start()].rjust(found.end() - found.start(), b"0")
        data[found.start() : found.end()] = number


def _rename(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    names = [item.group() for item in _NAMES.finditer(data[:20_000])]
    found = _NAMES.search(data, chance.randrange(len(data)))
    if names and found is not None:
        data[found.start() : found.end()] = chance.choice(names)


def _insert(bits: tuple[bytes, ...]) -> Mutation:
    def insert(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
        place = chance.randrange(len(data) + 1)
        data[place:place] = chance.choice(bits)

    return insert


def _move_object(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    found = _OBJECTS.search(data, chance.randrange(len(data)))
    if found is not None:
        place = chance.randrange(len(data))
        data[place:place] = found.group()


def _wrap_xml(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    found = _ELEMENTS.search(data, chance.randrange(len(data)))
    if found is not None:
        data[found.start() : found.start()] = found.group() * chance.choice((1, 3, 300))


_PLAIN: tuple[Mutation, ...] = (_set, _flip, _delete, _repeat, _cut, _splice)
_SPECIAL: dict[str, tuple[Mutation, ...]] = {
    "der": (_retag, _relength, _recontent, _swap_elements, _nest),
    "pdf": (_renumber, _renumber, _rename, _insert(_PDF_BITS), _move_object),
    "xml": (_insert(_XML_BITS), _wrap_xml, _renumber),
    "text": (_insert(_TEXT_BITS), _renumber),
}
