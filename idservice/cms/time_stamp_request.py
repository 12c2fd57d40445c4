"""Time-stamp requests (RFC 3161 cl. 2.4.1): written for an authority, read by ours.

The reader is strict, and each kind of fault has its own error, because an authority
answers each with another PKIFailureInfo (`services.timestamp_authority`).
"""

from __future__ import annotations

from dataclasses import dataclass

from idservice.cms.time_stamp_info import MessageImprint, read_extensions, read_imprint
from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import digest_algorithm_der
from idservice.crypto.algorithms import HashAlgorithm, hash_by_oid
from idservice.crypto.der_reader import Elements, context
from idservice.errors import (
    MalformedDer,
    MalformedRequest,
    MalformedTimeStamp,
    UnsupportedAlgorithm,
    UnsupportedTimeStampExtension,
)

MAX_BYTES = 4096
MAX_NODES = 200

_VERSION_1 = der.integer(1)
_TRUE = b"\x01\x01\xff"
_PARAMETERS = (None, der.NULL)
_FIX = "Send a TimeStampReq as RFC 3161 cl. 2.4.1 describes it, in DER."


@dataclass(frozen=True, slots=True)
class TimeStampRequest:
    """One request: what is to be stamped and how; `policy` and `nonce` None when not given.

    `imprint_der` is the messageImprint and `nonce_der` the nonce as they were sent: the token
    repeats these bytes.
    """

    hash: HashAlgorithm
    imprint: bytes
    imprint_der: bytes
    policy: str | None
    nonce: int | None
    nonce_der: bytes
    cert_req: bool


def build_request(
    imprint: bytes,
    hash: HashAlgorithm,  # noqa: A002 - the name that the standard gives it
    *,
    nonce: int | None,
    policy: str | None = None,
    cert_req: bool = True,
) -> bytes:
    """Return a TimeStampReq in DER for a hash value of `hash`.

    `nonce` is a random number, 64 bits or more; `policy` a dotted OID. Raises ValueError when
    the imprint does not have the length of the hash.
    """
    if len(imprint) != hash.size:
        msg = f"the imprint has {len(imprint)} bytes, not {hash.size}"
        raise ValueError(msg)
    return der.sequence(
        _VERSION_1,
        der.sequence(digest_algorithm_der(hash), der.octet_string(imprint)),
        b"" if policy is None else der.object_identifier(policy),
        b"" if nonce is None else der.integer(nonce),
        # certReq DEFAULT FALSE: absent in DER when false.
        _TRUE if cert_req else b"",
    )


def parse_request(request_der: bytes) -> TimeStampRequest:
    """Read a TimeStampReq strictly.

    Raises MalformedTimeStamp for what is not DER of this form or an imprint of the wrong
    length, MalformedRequest for another version or trailing data, UnsupportedAlgorithm for a
    hash that is not allowed, UnsupportedTimeStampExtension for any extension.
    """
    try:
        parts = _open(request_der)
        version = parts.take().integer()
        if version != 1:
            raise _refused(f"it has version {version}, and only version 1 exists")
        imprint = read_imprint(parts.take(der_reader.SEQUENCE))
        policy = parts.take_if(der_reader.OBJECT_IDENTIFIER)
        nonce = parts.take_if(der_reader.INTEGER)
        cert_req = _cert_req(parts)
        _require_no_extensions(parts)
        parts.finish()
        request = TimeStampRequest(
            _hash(imprint),
            imprint.value,
            imprint.encoded,
            None if policy is None else policy.object_identifier(),
            None if nonce is None else nonce.integer(),
            b"" if nonce is None else nonce.encoded,
            cert_req,
        )
    except MalformedDer as exc:
        raise _malformed(exc.detail) from exc
    return request


def _open(request_der: bytes) -> Elements:
    if len(request_der) > MAX_BYTES:
        raise _malformed(f"it has more than {MAX_BYTES} bytes.")
    end = der.element_end(request_der, 0, len(request_der))
    if end != len(request_der):
        raise _refused("something follows its end")
    der.check_der(request_der, max_bytes=MAX_BYTES, max_nodes=MAX_NODES)
    whole = der_reader.read(request_der, der_reader.SEQUENCE)
    der_reader.require_primitives(whole)
    return whole.elements()


def _hash(imprint: MessageImprint) -> HashAlgorithm:
    algorithm = hash_by_oid(imprint.algorithm_oid)
    # RFC 5754 cl. 2: parameters are absent, and NULL is taken as well.
    if imprint.algorithm_parameters_der not in _PARAMETERS:
        raise UnsupportedAlgorithm(
            "The hash algorithm of the time-stamp request has parameters, which none of the "
            "allowed hashes has.",
            "Leave the parameters out.",
        )
    if len(imprint.value) != algorithm.size:
        raise _malformed(
            f"the imprint has {len(imprint.value)} bytes where {algorithm.name} has "
            f"{algorithm.size}."
        )
    return algorithm


def _cert_req(parts: Elements) -> bool:
    element = parts.take_if(der_reader.BOOLEAN)
    # FALSE spelt out is not DER, but what it says is beyond doubt, and clients do write it.
    return element is not None and element.contents == b"\xff"


def _require_no_extensions(parts: Elements) -> None:
    """RFC 3161 cl. 2.4.1: an extension that is not recognised is refused, critical or not."""
    element = parts.take_if(context(0))
    if element is None:
        return
    names = ", ".join(oid for oid, _ in read_extensions(element)[:5])
    raise UnsupportedTimeStampExtension(
        f"The time-stamp request has extensions ({names}), which a time-stamp made without them "
        "would not honour.",
        "Leave the extensions out.",
    )


def _refused(reason: str) -> MalformedRequest:
    return MalformedRequest(f"The time-stamp request is refused: {reason}.", _FIX)


def _malformed(reason: str) -> MalformedTimeStamp:
    return MalformedTimeStamp(f"The time-stamp request cannot be read: {reason}", _FIX)
