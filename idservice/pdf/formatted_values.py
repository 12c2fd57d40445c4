"""Whether a text is another way of writing a value, as formats of form fields make them.

Scripts of the signed document may write 1234.5 as "1 234,50 €", or a date with the name of its
month (ISO 32000-2 cl. 12.6.4.17). They are not run here: what the digits tell has to agree.
"""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_DATE_SCRIPT = re.compile(r"Date|printd|mmm", re.IGNORECASE)
_SEPARATORS = re.compile(r"[.,]")
_MAX_LENGTH, _MAX_SCRIPT = 60, 20_000
_CENTURY, _PERCENT, _GROUP = 100, 2, 3


def is_formatted(value: str, shown: str, script: str = "") -> bool:
    """Whether `shown` has the digits of `value`: of its number, or of its date.

    `script` is the one that writes the value, as it was signed: words that are shown and are not
    in the value have to be in it, such as a currency; names of months, where it writes dates.
    False for texts without digits, and for those whose digits differ; a number may be rounded
    to the digits that are shown, or be one hundred times as large where it is a percentage.
    """
    if max(len(value), len(shown)) > _MAX_LENGTH:
        return False
    digits, other = "".join(_NUMBER.findall(value)), "".join(_NUMBER.findall(shown))
    if not digits or not other:
        return False
    script = script[:_MAX_SCRIPT]
    if _DATE_SCRIPT.search(script) and _same_date(value, shown):
        return True
    words = set(_WORD.findall(shown)) - set(_WORD.findall(value))
    if not all(word in script for word in words):
        return False
    plain = digits == other and not _SEPARATORS.search(value + shown) and _same_sign(value, shown)
    return plain or _same_date(value, shown) or _same_number(value, shown)


def _same_date(value: str, shown: str) -> bool:
    """All numbers of the text are of the value, which may name its month as well."""
    known = [int(item) % _CENTURY for item in _NUMBER.findall(value)]
    told = [int(item) % _CENTURY for item in _NUMBER.findall(shown)]
    words = len([word for word in _WORD.findall(shown) if len(word) >= _GROUP])
    if len(known) != 3 or len(told) != 3 - words:
        return False
    for item in told:
        if item not in known:
            return False
        known.remove(item)
    return True


def _same_number(value: str, shown: str) -> bool:
    return _same_sign(value, shown) and any(
        _rounds_to(one, other, percent="%" in shown)
        for one in _readings(value, broken=True)
        for other in _readings(shown, broken=_SEPARATORS.search(value) is not None)
    )


def _same_sign(value: str, shown: str) -> bool:
    """A negative number has a sign, or stands in brackets that nothing else does."""
    bracketed = shown.strip().startswith("(") and shown.strip().endswith(")")
    dashes = len(re.findall(r"\d-\d", value)), len(re.findall(r"\d-\d", shown))
    negative = value.count("-") > dashes[0], shown.count("-") > dashes[1] or bracketed
    return negative[0] == negative[1]


def _readings(text: str, *, broken: bool) -> list[Decimal]:
    """The numbers that a text may mean: its last point or comma may begin the fraction.

    Where points or commas are for thousands, groups of three digits follow each of them; what
    could be that is a fraction only when the number is known to be `broken`.
    """
    parts = re.findall(r"\d+|[.,]", text)
    marks = [place for place, item in enumerate(parts) if not item.isdigit()]
    whole = "".join(item for item in parts if item.isdigit())
    behind = ["".join(parts[place + 1 : place + 2]) for place in marks]
    found = [Decimal(whole)] if all(len(item) == _GROUP for item in behind) else []
    if marks and behind[-1].isdigit() and (broken or not found):
        before = "".join(item for item in parts[: marks[-1]] if item.isdigit())
        after = "".join(item for item in parts[marks[-1] + 1 :] if item.isdigit())
        found.append(Decimal(f"{before or '0'}.{after}"))
    return found


def _rounds_to(value: Decimal, shown: Decimal, *, percent: bool) -> bool:
    exponent = shown.as_tuple().exponent
    half = Decimal(5).scaleb(int(exponent) - 1)
    meant = value.scaleb(_PERCENT) if percent else value
    return abs(meant - shown) <= half
