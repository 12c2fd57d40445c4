"""Whether a text is another way of writing a value, as formats of form fields make them.

Scripts of the signed document may write 1234.5 as "1 234,50 €", or a date with the name of its
month (ISO 32000-2 cl. 12.6.4.17). They are not run here: what the digits tell has to agree.
"""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"\d+")
_MAX_LENGTH = 60
_CENTURY, _PERCENT = 100, 2


def is_formatted(value: str, shown: str) -> bool:
    """Whether `shown` has the digits of `value`: of its number, or of its date.

    False for texts without digits, and for those whose digits differ; a number may be rounded
    to the digits that are shown, or be one hundred times as large, as percentages are.
    """
    if max(len(value), len(shown)) > _MAX_LENGTH:
        return False
    digits, other = "".join(_NUMBER.findall(value)), "".join(_NUMBER.findall(shown))
    if not digits or not other:
        return False
    return digits == other or _same_date(value, shown) or _same_number(value, shown)


def _same_date(value: str, shown: str) -> bool:
    """All numbers of the text are of the value, which may name its month as well."""
    known = [int(item) % _CENTURY for item in _NUMBER.findall(value)]
    told = [int(item) % _CENTURY for item in _NUMBER.findall(shown)]
    words = len(re.findall(r"[^\W\d_]{3,}", shown))
    if len(known) != 3 or len(told) != 3 - words:
        return False
    for item in told:
        if item not in known:
            return False
        known.remove(item)
    return True


def _same_number(value: str, shown: str) -> bool:
    signs = ("-" in value) == ("-" in shown or "(" in shown)
    return signs and any(
        _rounds_to(one, other) for one in _readings(value) for other in _readings(shown)
    )


def _readings(text: str) -> list[Decimal]:
    """The numbers that a text may mean: its last point or comma may begin the fraction."""
    parts = re.findall(r"\d+|[.,]", text)
    whole = "".join(item for item in parts if item.isdigit())
    found = [Decimal(whole)]
    marks = [place for place, item in enumerate(parts) if not item.isdigit()]
    if marks and parts[marks[-1] + 1 :]:
        before = "".join(item for item in parts[: marks[-1]] if item.isdigit())
        after = "".join(item for item in parts[marks[-1] + 1 :] if item.isdigit())
        found.append(Decimal(f"{before or '0'}.{after}"))
    return found


def _rounds_to(value: Decimal, shown: Decimal) -> bool:
    exponent = shown.as_tuple().exponent
    half = Decimal(5).scaleb(int(exponent) - 1)
    return any(abs(one - shown) <= half for one in (value, value.scaleb(_PERCENT)))
