"""Operations of a content stream, with their operands as plain values (ISO 32000-2 cl. 7.8.2).

Written for judging what a page shows: whoever reads something else than is meant may be led
astray, so data that are not wholly understood are an error and are never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from idservice.pdf.object_values import Keyword, Value, read_name, read_value
from idservice.pdf.stored_objects import malformed

INLINE_IMAGE = "inline image"
"""The operation that stands for a whole inline image, from BI to EI."""

COMPATIBILITY = {"BX": 1, "EX": -1}
"""Between them readers pass over operators that they do not know (cl. 7.8.2)."""

_WHITE = rb"[\x00\t\n\x0c\r ]"
_END = rb"(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])"
_TOKEN = re.compile(
    rb"(?:" + _WHITE + rb"++|%[^\r\n]*+)*+(?:"
    rb"(?P<number>[+-]?(?:\d++\.?\d*+|\.\d++))" + _END + rb""
    rb"|(?P<word>[A-Za-z'\"][A-Za-z0-9*]*+)" + _END + rb""
    rb"|/(?P<name>[^\x00\t\n\x0c\r ()<>\[\]{}/%]*+)"
    rb"|(?P<other>[\[(<])"
    rb"|(?P<end>\Z))"
)
_WORDS: dict[bytes, Value] = {b"true": Keyword.TRUE, b"false": Keyword.FALSE, b"null": None}
_END_OF_IMAGE = re.compile(_WHITE + rb"EI(?=" + _WHITE + rb"|\Z)")
_MAX_OPERANDS = 64
_MAX_DIGITS = 40


class Operation(NamedTuple):
    """An operator, and its operands in their order; numbers are `float`."""

    operator: str
    operands: list[Operand]


Operand: TypeAlias = "float | Value"
"""One operand: numbers at the top are `float`, those inside of arrays are as in objects."""


def operations(data: bytes) -> Iterator[Operation]:
    """Yield the operations of decoded content. Raises MalformedPdf for what is not understood."""
    position, operands = 0, list[Operand]()
    while True:
        token = _TOKEN.match(data, position)
        if token is None or len(operands) > _MAX_OPERANDS:
            raise malformed(f"the content at byte {position} is not understood")
        position = token.end()
        kind = token.lastgroup
        if kind == "number":
            operands.append(_number(token["number"]))
        elif kind == "name":
            operands.append(read_name(token["name"]))
        elif kind == "other":
            value, position = read_value(data, token.start("other"))
            operands.append(value)
        elif kind == "end":
            return
        elif token["word"] in _WORDS:
            operands.append(_WORDS[token["word"]])
        elif token["word"] == b"ID":
            position = _behind_image(data, position)
            yield Operation(INLINE_IMAGE, operands)
            operands = []
        elif token["word"] != b"BI":
            yield Operation(token["word"].decode("latin-1"), operands)
            operands = []


def numbers(operands: list[Operand], count: int) -> list[float]:
    """Return the operands as that many numbers. Raises MalformedPdf for anything else."""
    found = [float(item) for item in operands if isinstance(item, (int, float, Decimal))]
    if len(found) != count or len(operands) != count:
        raise malformed("an operator of the content has the wrong operands")
    return found


def _number(text: bytes) -> float:
    if len(text) > _MAX_DIGITS:
        raise malformed("a number in the content is too long")
    return float(text)


def _behind_image(data: bytes, position: int) -> int:
    """Return where the data of an inline image end (cl. 8.9.7)."""
    end = _END_OF_IMAGE.search(data, position)
    if end is None:
        raise malformed("an inline image does not end")
    return end.end()
