"""An OCSP answer as it is, before anybody relies on it (RFC 6960 cl. 4.2).

Nothing here verifies anything; `pki.ocsp_response.require_status` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import AlgorithmIdentifier, parse_algorithm
from idservice.crypto.der_reader import Element, context
from idservice.crypto.der_times import read_generalized_time
from idservice.errors import MalformedDer, MalformedOcsp
from idservice.pki.ocsp_cert_id import CertId, read_cert_id
from idservice.pki.ocsp_request import (
    NONCE,
    Extension,
    nonce_of,
    read_extensions,
    require_version_1,
)
from idservice.pki.revocation_reasons import REASON_NAMES

ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.6"
BASIC = "1.3.6.1.5.5.7.48.1.1"
CERT_HASH = "1.3.36.8.3.13"
"""ISIS-MTT: the hash of the certificate itself, proof that the responder knows it."""

EXTENDED_REVOKE = "1.3.6.1.5.5.7.48.1.9"
CRL_REFERENCE = "1.3.6.1.5.5.7.48.1.3"

STATUSES = {
    0: "successful",
    1: "malformedRequest",
    2: "internalError",
    3: "tryLater",
    5: "sigRequired",
    6: "unauthorized",
}
MAX_ANSWER_BYTES = 256 * 1024
MAX_CERTIFICATES = 20
_MAX_SINGLES = 1000
_ENUMERATED = 0x0A

_KNOWN = frozenset({NONCE, ARCHIVE_CUTOFF, CERT_HASH, EXTENDED_REVOKE, CRL_REFERENCE})


@dataclass(frozen=True, slots=True)
class SingleAnswer:
    """What an answer says about one certificate; times aware, in UTC.

    `state` is good, revoked or unknown; `reason` a CRLReason name or None.
    """

    cert_id: CertId
    state: str
    revoked_at: datetime | None
    reason: str | None
    this_update: datetime
    next_update: datetime | None
    extensions: tuple[Extension, ...]
    archive_cutoff: datetime | None

    def extension(self, oid: str) -> Extension | None:
        """Return the single extension with this OID, or None."""
        return next((item for item in self.extensions if item.oid == oid), None)


@dataclass(frozen=True, slots=True)
class BasicAnswer:
    """A BasicOCSPResponse, read and not verified.

    Exactly one of `responder_name_der` and `responder_key_hash` is given; the second is
    the SHA-1 of the responder's public key. `tbs_der` are the signed bytes.
    """

    responder_name_der: bytes | None
    responder_key_hash: bytes | None
    produced_at: datetime
    singles: tuple[SingleAnswer, ...]
    extensions: tuple[Extension, ...]
    nonce: bytes | None
    tbs_der: bytes
    algorithm: AlgorithmIdentifier
    signature: bytes
    certificates_der: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class OcspAnswerFacts:
    """An OCSPResponse: `status` is one of STATUSES; `basic` comes with "successful" alone."""

    response_der: bytes
    status: str
    basic: BasicAnswer | None


def read_answer(response_der: bytes) -> OcspAnswerFacts:
    """Read an OCSPResponse of at most MAX_ANSWER_BYTES. Raises MalformedOcsp."""
    try:
        der.check_der(response_der, max_bytes=MAX_ANSWER_BYTES)
        outer = der_reader.read(response_der, der_reader.SEQUENCE).elements()
        status = _status(outer.take(_ENUMERATED))
        wrapped = outer.take_if(context(0))
        outer.finish()
        if (status == "successful") != (wrapped is not None):
            raise _malformed("its status and its contents do not belong together")
        basic = None if wrapped is None else _basic_inside(wrapped)
    except MalformedDer as exc:
        raise MalformedOcsp(exc.detail, exc.fix) from exc
    return OcspAnswerFacts(response_der, status, basic)


def read_basic_answer(basic_der: bytes) -> OcspAnswerFacts:
    """Read a BasicOCSPResponse, as CMS carries it; it is wrapped as OCSP sends it.

    Raises MalformedOcsp.
    """
    return read_answer(wrap_basic(basic_der))


def wrap_basic(basic_der: bytes) -> bytes:
    """Wrap a BasicOCSPResponse into a successful OCSPResponse (RFC 6960 cl. 4.2.1)."""
    contents = der.sequence(der.object_identifier(BASIC), der.octet_string(basic_der))
    return der.sequence(der.wrap(bytes((_ENUMERATED,)), b"\x00"), der.context(0, contents))


def _status(element: Element) -> str:
    if len(element.contents) != 1 or element.contents[0] not in STATUSES:
        raise _malformed("it has a status that does not exist")
    return STATUSES[element.contents[0]]


def _basic_inside(wrapped: Element) -> BasicAnswer:
    parts = der_reader.read(wrapped.contents, der_reader.SEQUENCE).elements()
    kind = parts.take().object_identifier()
    octets = parts.take().octets()
    parts.finish()
    if kind != BASIC:
        raise _malformed(f"its contents are of the unknown type {kind}")
    der.check_der(octets, max_bytes=MAX_ANSWER_BYTES)
    return _basic(der_reader.read(octets, der_reader.SEQUENCE))


def _basic(element: Element) -> BasicAnswer:
    outer = element.elements()
    tbs = outer.take(der_reader.SEQUENCE)
    algorithm = parse_algorithm(outer.take())
    signature = _whole_octets(outer.take(der_reader.BIT_STRING))
    wrapped = outer.take_if(context(0))
    outer.finish()
    certificates = () if wrapped is None else _certificates(wrapped)
    parts = tbs.elements()
    require_version_1(parts.take_if(context(0)))
    name, key_hash = _responder(parts.take())
    produced_at = read_generalized_time(parts.take())
    singles = parts.take(der_reader.SEQUENCE).elements().rest(der_reader.SEQUENCE)
    extensions = _extensions(parts.take_if(context(1)))
    parts.finish()
    if not 1 <= len(singles) <= _MAX_SINGLES:
        raise _malformed("it is about no certificate, or about too many")
    return BasicAnswer(
        name,
        key_hash,
        produced_at,
        tuple(_single(item) for item in singles),
        extensions,
        nonce_of(extensions),
        tbs.encoded,
        algorithm,
        signature,
        certificates,
    )


def _responder(element: Element) -> tuple[bytes | None, bytes | None]:
    if element.tag == context(1):
        return der_reader.read(element.contents, der_reader.SEQUENCE).encoded, None
    if element.tag == context(2):
        return None, der_reader.read(element.contents).octets()
    raise _malformed("it names its responder in no known way")


def _single(element: Element) -> SingleAnswer:
    parts = element.elements()
    cert_id = read_cert_id(parts.take())
    state, revoked_at, reason = _state(parts.take())
    this_update = read_generalized_time(parts.take())
    wrapped = parts.take_if(context(0))
    next_update = None
    if wrapped is not None:
        next_update = read_generalized_time(der_reader.read(wrapped.contents))
    extensions = _extensions(parts.take_if(context(1)))
    parts.finish()
    if next_update is not None and next_update < this_update:
        raise _malformed("it ends before it begins")
    cutoff = next((item.value for item in extensions if item.oid == ARCHIVE_CUTOFF), None)
    return SingleAnswer(
        cert_id,
        state,
        revoked_at,
        reason,
        this_update,
        next_update,
        extensions,
        None if cutoff is None else read_generalized_time(der_reader.read(cutoff)),
    )


def _state(element: Element) -> tuple[str, datetime | None, str | None]:
    """CertStatus (RFC 6960 cl. 4.2.1): good and unknown are NULL, implicitly tagged."""
    for number, state in ((0, "good"), (2, "unknown")):
        if element.tag == context(number, constructed=False) and not element.contents:
            return state, None, None
    if element.tag != context(1):
        raise _malformed("it has a certificate status that does not exist")
    parts = element.elements()
    revoked_at = read_generalized_time(parts.take())
    wrapped = parts.take_if(context(0))
    parts.finish()
    return "revoked", revoked_at, None if wrapped is None else _reason(wrapped)


def _reason(wrapped: Element) -> str:
    contents = der_reader.read(wrapped.contents, _ENUMERATED).contents
    if len(contents) != 1 or contents[0] not in REASON_NAMES:
        raise _malformed("it has a reason for the revocation that does not exist")
    return REASON_NAMES[contents[0]]


def _extensions(wrapped: Element | None) -> tuple[Extension, ...]:
    """Read extensions; RFC 6960 cl. 4.4: unknown ones are passed over unless critical."""
    if wrapped is None:
        return ()
    found = read_extensions(der_reader.read(wrapped.contents, der_reader.SEQUENCE))
    for item in found:
        if item.critical and item.oid not in _KNOWN:
            raise _malformed(f"it depends on the extension {item.oid}, which is not known here")
    return found


def _certificates(wrapped: Element) -> tuple[bytes, ...]:
    certificates = der_reader.read(wrapped.contents, der_reader.SEQUENCE).elements()
    found = tuple(item.encoded for item in certificates.rest(der_reader.SEQUENCE))
    if len(found) > MAX_CERTIFICATES:
        raise _malformed(f"it brings more than {MAX_CERTIFICATES} certificates")
    return found


def _whole_octets(element: Element) -> bytes:
    if element.contents[:1] != b"\x00":
        raise _malformed("its signature value is no number of whole octets")
    return element.contents[1:]


def _malformed(reason: str) -> MalformedOcsp:
    return MalformedOcsp(
        f"The OCSP answer cannot be used: {reason}.",
        "Ask again; if it stays so, ask whoever runs the responder.",
    )
