"""Dates of PDF files, read without guessing."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.pdf.dates import parse_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("D:20260601120000Z", "2026-06-01T12:00:00+00:00"),
        ("D:20260601120000Z00'00'", "2026-06-01T12:00:00+00:00"),
        ("D:20260601120000+03'00'", "2026-06-01T09:00:00+00:00"),
        ("D:20260601120000-05'30", "2026-06-01T17:30:00+00:00"),
        ("D:20260601120000", "2026-06-01T12:00:00+00:00"),
        ("D:2026", "2026-01-01T00:00:00+00:00"),
        ("D:202606", "2026-06-01T00:00:00+00:00"),
    ],
)
def test_dates_become_utc(text: str, expected: str) -> None:
    """Every form that the standard allows is understood."""
    found = parse_date(text)
    assert found is not None
    assert found.isoformat() == expected


@pytest.mark.parametrize(
    "text",
    ["", "D:", "2026-06-01", "D:20261301000000Z", "D:20260601250000Z", "D:20260601120000X",
     "D:00010101000000+14'00'", "D:\u0662\u0660\u0662\u06660601120000Z", "D:0000"],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    """An impossible or malformed date names no time."""
    assert parse_date(text) is None


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_what_is_written_is_read(moment: dt.datetime) -> None:
    """Any second survives being written as a PDF date."""
    text = f"D:{moment.year:04}{moment:%m%d%H%M%S}Z"
    assert parse_date(text) == moment.replace(microsecond=0)
