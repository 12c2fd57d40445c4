"""Times in DER: UTCTime and GeneralizedTime as X.509, CRLs and OCSP carry them.

RFC 5280 cl. 4.1.2.5: always with seconds, always Zulu, never with fractions.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from idservice.crypto import der
from idservice.crypto.der_reader import Element
from idservice.errors import MalformedDer

UTC_TIME = 0x17
GENERALIZED_TIME = 0x18

_FIRST_GENERALIZED_YEAR = 2050
_LAST_UTC_TIME_OF_1900S = 50
_UTC_FORM = re.compile(rb"\d{12}Z")
_GENERALIZED_FORM = re.compile(rb"\d{14}Z")


def generalized_time(at: datetime) -> bytes:
    """Encode an aware time as GeneralizedTime, its fraction of a second cut off."""
    return b"\x18\x0f" + at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()


def time(at: datetime) -> bytes:
    """Encode an aware time as Time: UTCTime until 2049, GeneralizedTime after."""
    if at.astimezone(UTC).year >= _FIRST_GENERALIZED_YEAR:
        return generalized_time(at)
    return der.wrap(bytes((UTC_TIME,)), f"{at.astimezone(UTC):%y%m%d%H%M%SZ}".encode())


def read_generalized_time(element: Element) -> datetime:
    """Read a GeneralizedTime as an aware time in UTC. Raises MalformedDer."""
    if element.tag != GENERALIZED_TIME or not _GENERALIZED_FORM.fullmatch(element.contents):
        raise _malformed()
    return _parsed(element.contents.decode())


def read_time(element: Element) -> datetime:
    """Read a Time as an aware time in UTC. Raises MalformedDer."""
    if element.tag != UTC_TIME:
        return read_generalized_time(element)
    if not _UTC_FORM.fullmatch(element.contents):
        raise _malformed()
    text = element.contents.decode()
    century = "19" if int(text[:2]) >= _LAST_UTC_TIME_OF_1900S else "20"
    return _parsed(century + text)


def _parsed(text: str) -> datetime:
    """Read year to second; the form was checked, so that each part has its digits."""
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    hour, minute, second = int(text[8:10]), int(text[10:12]), int(text[12:14])
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as exc:
        raise _malformed() from exc


def _malformed() -> MalformedDer:
    return MalformedDer(
        "A time is not in the one form that RFC 5280 allows.",
        "Send the complete, unmodified DER encoding.",
    )
