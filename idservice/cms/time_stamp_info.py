"""TSTInfo: what a time-stamp token says (RFC 3161 cl. 2.4.2), written and read.

The writer's output is DER without choices. The reader takes what other authorities write:
whatever is readable and not DER is told, so that a token of the past is not lost for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import parse_algorithm
from idservice.crypto.der_reader import Element, Elements, context
from idservice.errors import MalformedDer, MalformedTimeStamp

ID_CT_TST_INFO = "1.2.840.113549.1.9.16.1.4"

GENERALIZED_TIME = 0x18

_TIME = re.compile(rb"(\d{14})(?:[.,](\d{1,30}))?Z")
_MAX_FRACTION = 999


@dataclass(frozen=True, slots=True)
class MessageImprint:
    """The hash that is stamped: its algorithm as dotted OID, its value, and both as sent."""

    algorithm_oid: str
    algorithm_parameters_der: bytes | None
    value: bytes
    encoded: bytes


@dataclass(frozen=True, slots=True)
class TimeStampInfo:
    """One TSTInfo as it was sent.

    `gen_time` is aware, cut to microseconds; `accuracy` is None when the token names none.
    `tsa_name_der` is the GeneralName of the authority, if it gives one. `critical_extensions`
    are the OIDs of extensions that must be understood. `is_der` is False when the encoding
    is readable but not the one that DER allows.
    """

    version: int
    policy: str
    imprint: MessageImprint
    serial: int
    gen_time: datetime
    accuracy: timedelta | None
    ordering: bool
    nonce: int | None
    tsa_name_der: bytes | None
    extensions: tuple[str, ...]
    critical_extensions: tuple[str, ...]
    is_der: bool


def read_info(info_der: bytes) -> TimeStampInfo:
    """Read a TSTInfo. Raises MalformedTimeStamp."""
    try:
        return _info(der_reader.read(info_der, der_reader.SEQUENCE).elements())
    except MalformedDer as exc:
        raise MalformedTimeStamp(
            f"What the time-stamp says cannot be read: {exc.detail}",
            "Ask the time-stamping authority for another one.",
        ) from exc


def read_imprint(element: Element) -> MessageImprint:
    """Read a MessageImprint (RFC 3161 cl. 2.4.1). Raises MalformedDer."""
    parts = element.elements()
    algorithm = parse_algorithm(parts.take(der_reader.SEQUENCE))
    value = parts.take().octets()
    parts.finish()
    return MessageImprint(algorithm.oid, algorithm.parameters_der, value, element.encoded)


def write_time(at: datetime) -> bytes:
    """Encode a GeneralizedTime in UTC, cut to milliseconds, without trailing zeros.

    RFC 3161 cl. 2.4.2 and X.690 cl. 11.7: a fraction of zero has no point either.
    """
    milliseconds = at.microsecond // 1000
    fraction = f".{milliseconds:03d}".rstrip("0") if milliseconds else ""
    text = f"{at:%Y%m%d%H%M%S}{fraction}Z"
    return der.wrap(bytes((GENERALIZED_TIME,)), text.encode())


def write_accuracy(accuracy: timedelta) -> bytes:
    """Encode an Accuracy of whole milliseconds (RFC 3161 cl. 2.4.2); zero parts are absent."""
    seconds, milliseconds = divmod(round(accuracy.total_seconds() * 1000), 1000)
    return der.sequence(
        der.integer(seconds) if seconds else b"",
        der.wrap(b"\x80", der.integer(milliseconds)[2:]) if milliseconds else b"",
    )


def _info(parts: Elements) -> TimeStampInfo:
    version = parts.take().integer()
    policy = parts.take().object_identifier()
    imprint = read_imprint(parts.take(der_reader.SEQUENCE))
    serial = parts.take().integer()
    gen_time, plain_time = _time(parts.take(GENERALIZED_TIME).contents)
    accuracy = parts.take_if(der_reader.SEQUENCE)
    ordering = parts.take_if(der_reader.BOOLEAN)
    nonce = parts.take_if(der_reader.INTEGER)
    name = parts.take_if(context(0))
    extensions = parts.take_if(context(1))
    parts.finish()
    found = () if extensions is None else read_extensions(extensions)
    return TimeStampInfo(
        version,
        policy,
        imprint,
        serial,
        gen_time,
        None if accuracy is None else _accuracy(accuracy.elements()),
        ordering is not None and ordering.contents != b"\x00",
        None if nonce is None else nonce.integer(),
        None if name is None else der_reader.read(name.contents).encoded,
        tuple(oid for oid, _ in found),
        tuple(oid for oid, critical in found if critical),
        # DER leaves out what is the default (X.690 cl. 11.5).
        plain_time and (ordering is None or ordering.contents == b"\xff"),
    )


def read_extensions(element: Element) -> tuple[tuple[str, bool], ...]:
    """Read Extensions as OIDs, each with whether it is critical. Raises MalformedDer."""
    found = []
    for item in element.elements().rest(der_reader.SEQUENCE):
        parts = item.elements()
        oid = parts.take().object_identifier()
        critical = parts.take_if(der_reader.BOOLEAN)
        parts.take().octets()
        parts.finish()
        found.append((oid, critical is not None and critical.contents != b"\x00"))
    return tuple(found)


def _time(contents: bytes) -> tuple[datetime, bool]:
    """Return the time, and whether it is written as DER asks (X.690 cl. 11.7)."""
    match = _TIME.fullmatch(contents)
    if match is None:
        raise MalformedDer("the time is no GeneralizedTime in UTC with seconds")
    fraction = match[2] or b""
    try:
        whole = datetime.strptime(match[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as exc:
        raise MalformedDer("the time names no moment that exists") from exc
    microseconds = int(fraction[:6].ljust(6, b"0"))
    return whole.replace(microsecond=microseconds), (
        b"," not in contents and not fraction.endswith(b"0")
    )


def _accuracy(parts: Elements) -> timedelta:
    seconds = parts.take_if(der_reader.INTEGER)
    milliseconds = _fraction(parts.take_if(context(0, constructed=False)))
    microseconds = _fraction(parts.take_if(context(1, constructed=False)))
    parts.finish()
    whole = 0 if seconds is None else seconds.integer()
    if not 0 <= whole <= 2**31:
        raise MalformedDer("the accuracy is negative or beyond all bounds")
    return timedelta(seconds=whole, milliseconds=milliseconds, microseconds=microseconds)


def _fraction(element: Element | None) -> int:
    if element is None:
        return 0
    value = der_reader.read(der.wrap(der.INTEGER, element.contents)).integer()
    if not 1 <= value <= _MAX_FRACTION:
        raise MalformedDer("a part of the accuracy is not between 1 and 999")
    return value
