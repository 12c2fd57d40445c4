"""Whether a text that is drawn reads as a value, as far as its font has the characters.

Programs that fill in forms draw with fonts that lack characters, and leave those out or put a
question mark or a plain letter. Digits, signs and everything that all fonts have must be there
(ISO 32000-2 cl. 12.7.4.3).
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum

from idservice.pdf.text_codes import UNKNOWN

_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\u00ad", "-"))
_OVERRIDES = frozenset("\u202d\u202e")
_FROM_RIGHT = frozenset({"R", "AL", "AN"})
_UNDRAWN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_RUN = re.compile(r"[!-~]+")
_LAST_ASCII = "\x7f"
# What is drawn for a character that a font lacks.
_INSTEAD = frozenset({UNKNOWN, "?"})
# Of a text this part may be missing before nobody can say any more that it was shown.
_MOST_LEFT_OUT = 1 / 3


class Reading(IntEnum):
    """How a text that is drawn reads when a value is expected."""

    OTHER = 0
    """Something else."""
    BEGINNING = 1
    """The value up to the end of one of its words."""
    PARTLY = 2
    """The value, but for so many characters that the font lacks that it may be another."""
    WHOLE = 3
    """The value."""


def reading(value: str, shown: str) -> Reading:
    """Compare what is drawn with a value; blanks and the way of writing dashes do not count."""
    expected, drawn = _characters(value), _characters(shown)
    place = left_out = 0
    for seen in drawn:
        while place < len(expected) and not _stands_for(seen, expected[place]):
            if not _may_be_left_out(expected[place]):
                return Reading.OTHER
            left_out += 1
            place += 1
        if place == len(expected):
            return Reading.OTHER
        left_out += seen != expected[place] and seen in _INSTEAD
        place += 1
    rest = expected[place:]
    if not all(map(_may_be_left_out, rest)):
        return Reading.BEGINNING if drawn and _ends_word(value, place) else Reading.OTHER
    left_out += len(rest)
    few = left_out <= _MOST_LEFT_OUT * len(expected)
    return Reading.WHOLE if few else Reading.PARTLY


def reading_from_right(value: str, parts: list[str]) -> Reading:
    """Compare what is drawn with a value in a script from right to left (UAX 9).

    Its characters may be drawn in any order, but every run of digits or Latin letters has to be
    drawn as it is, each in one of the `parts`.
    """
    runs = sorted(_runs(value))
    drawn = sorted(run for part in parts for run in _runs(part))
    if runs == drawn:
        return Reading.WHOLE
    same = sorted("".join(runs)) == sorted("".join(drawn))
    return Reading.PARTLY if same and len(runs) < len(drawn) else Reading.OTHER


def is_from_right(value: str) -> bool:
    """Whether a text has letters or digits of a script that is written from right to left."""
    return any(unicodedata.bidirectional(item) in _FROM_RIGHT for item in value)


def overrides_order(value: str) -> bool:
    """Whether a text turns its characters around by force, which no value of a form needs."""
    return not _OVERRIDES.isdisjoint(value)


def same_words(value: str, other: str) -> bool:
    """Whether two texts have the same characters, in order, blanks apart."""
    return _characters(value) == _characters(other)


def _runs(value: str) -> list[str]:
    """The runs of digits, of any script, and of Latin letters and signs."""
    digits = (str(unicodedata.decimal(item, item)) for item in _plain(value))
    return _RUN.findall("".join(digits))


def _plain(value: str) -> str:
    return unicodedata.normalize("NFKC", value).translate(_DASHES)


def _characters(value: str) -> str:
    """The characters of a text that are drawn, in one way of writing each."""
    return "".join(item for item in _plain(value) if unicodedata.category(item) not in _UNDRAWN)


def _stands_for(seen: str, expected: str) -> bool:
    """Whether a character is drawn as itself, or in place of one that the font lacks."""
    if seen == expected:
        return True
    if expected <= _LAST_ASCII:
        return False
    return seen in _INSTEAD or seen == unicodedata.normalize("NFKD", expected)[0]


def _may_be_left_out(expected: str) -> bool:
    """Whether a font may lack a character without changing what is said: no digit or sign."""
    return expected > _LAST_ASCII and unicodedata.category(expected)[0] not in {"N", "P"}


def _ends_word(value: str, place: int) -> bool:
    """Whether a word of a value ends behind so many of its characters."""
    plain = _plain(value)
    for item in plain:
        if unicodedata.category(item) in _UNDRAWN:
            if place == 0:
                return True
        elif place == 0:
            return False
        else:
            place -= 1
    return place == 0 and bool(plain)
