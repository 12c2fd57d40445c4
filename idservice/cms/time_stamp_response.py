"""Time-stamp responses (RFC 3161 cl. 2.4.2): written by our authority, read from any.

A response that was asked for is read with the request in hand: a token that is not the
answer to it is refused here. Whether the authority is to be trusted is the caller's.
"""

from __future__ import annotations

from enum import IntEnum

from idservice.cms.time_stamp_token import TimeStampToken, read_token
from idservice.cms.verification import INTACT
from idservice.crypto import der, der_reader
from idservice.crypto.algorithms import HashAlgorithm
from idservice.crypto.ber import definite
from idservice.crypto.der_reader import Elements
from idservice.errors import (
    MalformedDer,
    MalformedTimeStamp,
    TimeStampMismatch,
    TimeStampRefused,
)

MAX_BYTES = 1024 * 1024
MAX_TEXT = 300
"""Characters of the authority's own words that are repeated."""

_GRANTED = 0
_GRANTED_WITH_MODS = 1
_REJECTION = 2
_UTF8_STRING = b"\x0c"
_UTF8_TAG = 0x0C

# Faults in form that leave no doubt about what was stamped, when, and by whom.
TOLERATED = frozenset({"cms_not_der", "time_stamp_not_der", "time_stamp_name_mismatch"})


class Failure(IntEnum):
    """PKIFailureInfo: the numbers of its bits (RFC 3161 cl. 2.4.2)."""

    BAD_ALG = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    ADD_INFO_NOT_AVAILABLE = 17
    SYSTEM_FAILURE = 25


_NAMES = {
    Failure.BAD_ALG: "badAlg",
    Failure.BAD_REQUEST: "badRequest",
    Failure.BAD_DATA_FORMAT: "badDataFormat",
    Failure.TIME_NOT_AVAILABLE: "timeNotAvailable",
    Failure.UNACCEPTED_POLICY: "unacceptedPolicy",
    Failure.UNACCEPTED_EXTENSION: "unacceptedExtension",
    Failure.ADD_INFO_NOT_AVAILABLE: "addInfoNotAvailable",
    Failure.SYSTEM_FAILURE: "systemFailure",
}
_GRANTED_STATUS = der.sequence(der.integer(_GRANTED))


def granted(token_der: bytes) -> bytes:
    """Return the TimeStampResp in DER that carries a token."""
    return der.sequence(_GRANTED_STATUS, token_der)


def rejected(failure: Failure, text: str) -> bytes:
    """Return the TimeStampResp in DER that refuses, with the reason as bit and in words."""
    octets = bytearray(failure // 8 + 1)
    octets[-1] = 0x80 >> failure % 8
    # DER of a named bit list: no trailing zero bits (X.690 cl. 11.2.2).
    unused = bytes((7 - failure % 8,))
    status = der.sequence(
        der.integer(_REJECTION),
        der.sequence(der.wrap(_UTF8_STRING, text.encode())),
        der.wrap(der.BIT_STRING, unused, bytes(octets)),
    )
    return der.sequence(status)


def read_response(
    response_der: bytes,
    *,
    imprint: bytes,
    hash: HashAlgorithm,  # noqa: A002 - the name that the standard gives it
    nonce: int | None,
    policy: str | None = None,
    certificates_der: tuple[bytes, ...] = (),
) -> TimeStampToken:
    """Return the token of a response, verified to be the answer to a request.

    `certificates_der` are the authority's, for a request that did not ask for them. Raises
    MalformedTimeStamp or MalformedCms for what cannot be read, TimeStampRefused for a
    rejection, TimeStampMismatch for a token that does not hold or answers something else.
    Nothing is verified about trust in the authority's certificate or its validity.
    """
    token = read_token(_token(response_der), certificates_der)
    _require_sound(token)
    if token.hash is not hash or token.imprint != imprint:
        raise _mismatch("it is about other data than was sent")
    if token.nonce != nonce:
        raise _mismatch("its nonce is not that of the request, so it may be an old answer")
    if policy is not None and token.policy != policy:
        raise _mismatch(f"it was made under the policy {token.policy}, not {policy}")
    return token


def _token(response_der: bytes) -> bytes:
    try:
        if len(response_der) > MAX_BYTES:
            raise MalformedDer(f"it has more than {MAX_BYTES} bytes")
        encoded, end = definite(response_der)
        if end != len(response_der):
            raise MalformedDer("something follows its end")
        parts = der_reader.read(encoded, der_reader.SEQUENCE).elements()
        status = parts.take(der_reader.SEQUENCE).elements()
        number = status.take().integer()
        if number not in (_GRANTED, _GRANTED_WITH_MODS):
            raise _refusal(number, status)
        if parts.at_end:
            raise MalformedDer("it is granted, and there is no token in it")
        token = parts.take(der_reader.SEQUENCE).encoded
        parts.finish()
    except MalformedDer as exc:
        raise MalformedTimeStamp(
            f"The answer of the time-stamping authority cannot be read: {exc.detail}",
            "Check the address of the authority, or use another one.",
        ) from exc
    return token


def _refusal(number: int, status: Elements) -> TimeStampRefused:
    texts = status.take_if(der_reader.SEQUENCE)
    info = status.take_if(der_reader.BIT_STRING)
    words = [_word(item.contents) for item in texts.elements().rest(_UTF8_TAG)] if texts else []
    said = " ".join(words)[:MAX_TEXT]
    bits = ", ".join(_bits(info.contents)) if info else "no reason"
    return TimeStampRefused(
        f"The time-stamping authority refused (status {number}, {bits})"
        + (f": {said}" if said else "."),
        "Try again later or use another authority; for badAlg and unacceptedPolicy, ask for "
        "another hash or policy.",
    )


def _word(contents: bytes) -> str:
    return contents.decode("utf-8", "replace")


def _bits(contents: bytes) -> list[str]:
    numbers = [
        8 * position + bit
        for position, octet in enumerate(contents[1:5])
        for bit in range(8)
        if octet & 0x80 >> bit
    ]
    return [
        _NAMES[Failure(item)] if item in Failure.__members__.values() else f"bit {item}"
        for item in numbers
    ]


def _require_sound(token: TimeStampToken) -> None:
    faults = [item for item in token.findings if item.code not in TOLERATED]
    if faults:
        raise _mismatch(f"{faults[0].code}: {faults[0].message}")
    if token.integrity != INTACT or not token.identified:
        raise _mismatch("nothing shows who made it")


def _mismatch(reason: str) -> TimeStampMismatch:
    return TimeStampMismatch(
        f"The time-stamp cannot be used: {reason.rstrip('.')}.",
        "Ask again, or use another time-stamping authority.",
    )
