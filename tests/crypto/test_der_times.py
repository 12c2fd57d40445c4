"""Times in DER: one form for each, and no other is read."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.crypto import der, der_reader
from idservice.crypto.der_times import (
    generalized_time,
    read_generalized_time,
    read_time,
    time,
)
from idservice.errors import MalformedDer

ZONE = dt.timezone(dt.timedelta(hours=3))


@given(
    st.datetimes(
        dt.datetime(1950, 1, 1),  # noqa: DTZ001 - the time zone is added below
        dt.datetime(9999, 12, 31),  # noqa: DTZ001 - as above
        timezones=st.just(dt.UTC),
    )
)
def test_what_is_written_is_read_back(at: dt.datetime) -> None:
    """Both forms keep a time to the second."""
    second = at.replace(microsecond=0)
    assert read_time(der_reader.read(time(at))) == second
    assert read_generalized_time(der_reader.read(generalized_time(at))) == second


def test_the_form_depends_on_the_year() -> None:
    """UTCTime until 2049, GeneralizedTime after; always in UTC."""
    assert time(dt.datetime(2049, 12, 31, 23, 59, 59, tzinfo=dt.UTC)) == b"\x17\r491231235959Z"
    assert time(dt.datetime(2050, 1, 1, tzinfo=dt.UTC)) == b"\x18\x0f20500101000000Z"
    assert time(dt.datetime(2050, 1, 1, 2, tzinfo=ZONE)) == b"\x17\r491231230000Z"
    assert generalized_time(dt.datetime(2026, 1, 1, 3, tzinfo=ZONE)) == b"\x18\x0f20260101000000Z"


def test_two_digits_mean_1950_to_2049() -> None:
    """RFC 5280 cl. 4.1.2.5.1: 50 is 1950 and 49 is 2049."""
    years = [
        read_time(der_reader.read(_utc(text))).year for text in ("500101000000Z", "490101000000Z")
    ]
    assert years == [1950, 2049]


@pytest.mark.parametrize(
    "text",
    ["", "2601010000Z", "260101000000", "260101000000+0000", "261301000000Z", "26010100000xZ"],
)
def test_other_utc_times_are_refused(text: str) -> None:
    """Without seconds or Zulu, or with a month that does not exist, it is no time."""
    with pytest.raises(MalformedDer):
        read_time(der_reader.read(_utc(text)))


@pytest.mark.parametrize(
    "text", ["20260101000000", "20260101000000.5Z", "202601010000Z", "20260230000000Z"]
)
def test_other_generalized_times_are_refused(text: str) -> None:
    """Fractions, missing parts and days that do not exist are refused."""
    for read in (read_time, read_generalized_time):
        with pytest.raises(MalformedDer):
            read(der_reader.read(der.wrap(b"\x18", text.encode())))


def test_another_type_is_no_time() -> None:
    """An INTEGER is no time, and a UTCTime is no GeneralizedTime."""
    for element in (der.integer(1), _utc("260101000000Z")):
        with pytest.raises(MalformedDer):
            read_generalized_time(der_reader.read(element))


def _utc(text: str) -> bytes:
    return der.wrap(b"\x17", text.encode())
