"""Dates as PDF writes them (ISO 32000-2 cl. 7.9.4), read without guessing."""

from __future__ import annotations

import datetime as dt
import re

_DATE = re.compile(
    r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)(?:00'?(?:00'?)?)?|([+-])(\d\d)'?(?:(\d\d)'?)?)?",
    re.ASCII,
)


def parse_date(text: str) -> dt.datetime | None:
    """Return the aware UTC datetime that a date string names, or None when it names none.

    A date without a zone is taken as UTC, as ISO 32000-2 leaves its relation unknown.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, *rest = match.group(1, 2, 3, 4, 5, 6)
    month, day, hour, minute, second = (int(part) if part else None for part in rest)
    hours, minutes = int(match[9] or 0), int(match[10] or 0)
    offset = dt.timedelta(hours=hours, minutes=minutes)
    try:
        local = dt.datetime(
            int(year), month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=dt.UTC
        )
        return local + offset if match[8] == "-" else local - offset
    except (ValueError, OverflowError):
        return None
