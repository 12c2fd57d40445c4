"""Times as people read them in findings and reports."""

from __future__ import annotations

import datetime as dt


def moment(time: dt.datetime) -> str:
    """Write a time (aware) for people, to the second and in UTC."""
    return f"{time.astimezone(dt.UTC).replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"


def day(time: dt.datetime) -> str:
    """Write the day (UTC) of a time (aware) for people."""
    return time.astimezone(dt.UTC).date().isoformat()
