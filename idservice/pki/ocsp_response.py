"""Relying on an OCSP answer: who gave it, about what, and when (RFC 6960 cl. 3.2 and 4.2.2.2).

(1) it is a successful answer with exactly one status for the certificate, under the hashes
    of its issuer's name and key;
(2) it is signed by the issuer itself, or by a certificate that the same issuer key issued
    for OCSP signing, that was valid when the answer was produced, and that the answer
    names as its responder;
(3) it bears the nonce that was sent;
(4) its times include the time asked about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from idservice.crypto import der_reader
from idservice.crypto.algorithm_identifiers import parse_algorithm
from idservice.crypto.algorithms import hash_by_oid
from idservice.crypto.certificates import load_certificate, subject_name, subject_public_key
from idservice.errors import (
    IdServiceError,
    MalformedDer,
    MalformedOcsp,
    OcspRefused,
    SignatureInvalid,
    StatusAnswerInvalid,
    StatusAnswerMismatch,
    StatusAnswerStale,
)
from idservice.pki.ocsp_answer import (
    CERT_HASH,
    BasicAnswer,
    OcspAnswerFacts,
    SingleAnswer,
    read_answer,
    read_basic_answer,
)
from idservice.pki.path_certificate import read_certificate
from idservice.pki.path_rules import verify_issued
from idservice.pki.signed_values import verify_value

__all__ = [
    "OcspAnswerFacts",
    "OcspStatus",
    "read_answer",
    "read_basic_answer",
    "require_status",
    "responder_ids",
]

_FIX = "Ask again; if it stays so, ask whoever runs the responder."


@dataclass(frozen=True, slots=True)
class OcspStatus:
    """What a verified answer says about one certificate; all times aware, in UTC.

    `state` is good, revoked or unknown. `reason` is a CRLReason name; certificateHold is a
    suspension. `responder_certificate` is the issuer's own when the issuer answered itself;
    `responder_exempt` tells whether that certificate needs no revocation check of its own,
    being the issuer's or marked with id-pkix-ocsp-nocheck (RFC 6960 cl. 4.2.2.2.1).
    `archive_cutoff` says since when the responder keeps track of expired certificates.
    """

    state: str
    revoked_at: datetime | None
    reason: str | None
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime
    archive_cutoff: datetime | None
    responder_certificate: x509.Certificate
    responder_exempt: bool


def require_status(
    facts: OcspAnswerFacts,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    *,
    at: datetime | None,
    nonce: bytes | None = None,
    max_age: timedelta | None = None,
    tolerance: timedelta = timedelta(0),
    legacy: bool = False,
    responders: Sequence[x509.Certificate] = (),
) -> OcspStatus:
    """Verify an answer about a certificate of this issuer and return the status in it.

    `at` is the time at which the answer must be current: not from the future, not past its
    nextUpdate, its thisUpdate not older than `max_age`; `tolerance` is by how much clocks
    may disagree. None leaves that to the caller, for answers kept with an old signature.
    With `nonce` the answer must bear it. The issuer itself is taken as trusted.
    `responders` are certificates from elsewhere: an answer may leave out that of who signed it
    (RFC 6960 cl. 4.2.1).
    With `legacy`, old algorithms are verified as well; the caller judges them by their dates.

    Raises OcspRefused for an answer that is an error, StatusAnswerMismatch (about something
    else, or another nonce), StatusAnswerInvalid (signature or authority of the responder),
    StatusAnswerStale, and what reading keys and certificates raises.
    """
    basic = _successful(facts)
    single = _matching(basic, certificate, issuer)
    responder = _verified_responder(basic, issuer, responders, legacy=legacy)
    if nonce is not None and basic.nonce != nonce:
        raise StatusAnswerMismatch(
            "The OCSP answer does not bear the nonce that was sent, so it may be an old one "
            "that somebody replays.",
            "Ask again with a fresh nonce, of a responder that returns it.",
        )
    _require_consistent_times(basic, single, tolerance)
    if at is not None:
        _require_current(basic, single, at, max_age, tolerance)
    exempt = responder == issuer or _has(responder, x509.OCSPNoCheck)
    return OcspStatus(
        single.state,
        single.revoked_at,
        single.reason,
        single.this_update,
        single.next_update,
        basic.produced_at,
        single.archive_cutoff,
        responder,
        exempt,
    )


def _successful(facts: OcspAnswerFacts) -> BasicAnswer:
    if facts.basic is None:
        raise OcspRefused(
            f"The OCSP responder answered {facts.status} instead of a status.",
            "Try again later, or ask whoever runs the responder.",
        )
    return facts.basic


def _matching(
    basic: BasicAnswer, certificate: x509.Certificate, issuer: x509.Certificate
) -> SingleAnswer:
    """Rule 1: RFC 6960 cl. 3.2 (1); two statuses for one certificate would leave a choice."""
    found = [item for item in basic.singles if item.cert_id.names(certificate, issuer)]
    if len(found) != 1:
        raise StatusAnswerMismatch(
            "The OCSP answer is not about this certificate."
            if not found
            else "The OCSP answer has more than one status for the certificate.",
            "Ask again about exactly this certificate.",
        )
    [single] = found
    _require_cert_hash(single, certificate)
    return single


def _require_cert_hash(single: SingleAnswer, certificate: x509.Certificate) -> None:
    """The hash of the certificate, when the responder gives it, must be that of ours."""
    extension = single.extension(CERT_HASH)
    if extension is None:
        return
    try:
        parts = der_reader.read(extension.value, der_reader.SEQUENCE).elements()
        hashed = hash_by_oid(parse_algorithm(parts.take()).oid)
        digest = parts.take().octets()
        parts.finish()
    except MalformedDer as exc:
        raise MalformedOcsp(exc.detail, exc.fix) from exc
    if digest != hashed.digest(certificate.public_bytes(Encoding.DER)):
        raise StatusAnswerMismatch(
            "The OCSP answer is about another certificate with the same serial number.",
            "Do not rely on this certificate; its issuer knows another one.",
        )


def _verified_responder(
    basic: BasicAnswer,
    issuer: x509.Certificate,
    responders: Sequence[x509.Certificate],
    *,
    legacy: bool,
) -> x509.Certificate:
    """Rule 2: return the certificate whose key signed, once it is shown that it may."""
    refused: IdServiceError | None = None
    for candidate in _candidates(basic, issuer, responders):
        try:
            _require_signature(basic, candidate, legacy=legacy)
            if candidate != issuer:
                _require_delegated(candidate, issuer, basic.produced_at, legacy=legacy)
        except IdServiceError as exc:
            refused = refused or exc
        else:
            return candidate
    raise refused or StatusAnswerInvalid(
        "The OCSP answer names a responder whose certificate is neither in it nor known here.",
        _FIX,
    )


def _candidates(
    basic: BasicAnswer, issuer: x509.Certificate, responders: Sequence[x509.Certificate]
) -> Iterator[x509.Certificate]:
    """The issuer, the certificates in the answer, and others, if the responder ID names them."""
    if _is_named(basic, issuer.public_bytes(Encoding.DER)):
        yield issuer
    others = (item.public_bytes(Encoding.DER) for item in responders)
    for certificate_der in chain(basic.certificates_der, others):
        try:
            certificate = load_certificate(certificate_der)
            named = _is_named(basic, certificate_der)
        except IdServiceError:
            continue  # what merely came along is left out when it cannot be read
        if named and certificate != issuer:
            yield certificate


def responder_ids(certificate_der: bytes) -> tuple[bytes, bytes]:
    """Return the name (DER) and the key hash by which an answer may name this certificate."""
    return subject_name(certificate_der), _key_hash(certificate_der)


def _is_named(basic: BasicAnswer, certificate_der: bytes) -> bool:
    if basic.responder_name_der is not None:
        return subject_name(certificate_der) == basic.responder_name_der
    return _key_hash(certificate_der) == basic.responder_key_hash


def _key_hash(certificate_der: bytes) -> bytes:
    key = subject_public_key(certificate_der)
    return hashlib.sha1(key, usedforsecurity=False).digest()


def _require_signature(basic: BasicAnswer, responder: x509.Certificate, *, legacy: bool) -> None:
    try:
        verify_value(responder, basic.algorithm, basic.signature, basic.tbs_der, legacy=legacy)
    except (SignatureInvalid, MalformedDer) as exc:
        raise StatusAnswerInvalid(
            "The signature of the OCSP answer does not verify: it was changed, or somebody "
            "else signed it.",
            _FIX,
        ) from exc


def _require_delegated(
    responder: x509.Certificate, issuer: x509.Certificate, produced_at: datetime, *, legacy: bool
) -> None:
    """RFC 6960 cl. 4.2.2.2: issued by the very key whose certificates it answers for."""
    child, parent = read_certificate(responder), read_certificate(issuer)
    if not child.names_issuer(parent):
        raise _not_authorised("another authority issued its certificate")
    _verify_issued(responder, issuer, legacy=legacy)
    purposes = child.extension(x509.ExtendedKeyUsage)
    if purposes is None or ExtendedKeyUsageOID.OCSP_SIGNING not in purposes:
        raise _not_authorised("its certificate is not one for OCSP signing")
    usage = child.extension(x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise _not_authorised("its key may not be used for signatures")
    child.require_processed()
    if not child.not_before <= produced_at <= child.not_after:
        raise _not_authorised("its certificate was not valid when the answer was produced")


@lru_cache(maxsize=64)
def _verify_issued(responder: x509.Certificate, issuer: x509.Certificate, *, legacy: bool) -> None:
    """Verify once what stays true: a responder's certificate serves for many answers."""
    verify_issued(read_certificate(responder), read_certificate(issuer), legacy=legacy)


def _require_consistent_times(
    basic: BasicAnswer, single: SingleAnswer, tolerance: timedelta
) -> None:
    if single.this_update > basic.produced_at + tolerance:
        raise StatusAnswerStale(
            "The OCSP answer tells of a time after it was produced.", "Check the clocks."
        )


def _require_current(
    basic: BasicAnswer,
    single: SingleAnswer,
    at: datetime,
    max_age: timedelta | None,
    tolerance: timedelta,
) -> None:
    """Rule 4: RFC 6960 cl. 3.2 (5), (6) and 4.2.2.1."""
    if max(basic.produced_at, single.this_update) > at + tolerance:
        raise _stale("is from the future")
    if single.next_update is not None and single.next_update < at - tolerance:
        raise _stale("is past the time at which a newer one was promised")
    if max_age is not None and single.this_update < at - max_age - tolerance:
        raise _stale(f"is older than {max_age.total_seconds():.0f} seconds")


def _has(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> bool:
    return read_certificate(certificate).extension(kind) is not None


def _not_authorised(reason: str) -> StatusAnswerInvalid:
    return StatusAnswerInvalid(
        f"The OCSP answer comes from a responder that may not give it: {reason}.", _FIX
    )


def _stale(reason: str) -> StatusAnswerStale:
    return StatusAnswerStale(
        f"The OCSP answer {reason}, so it does not tell how things stand.",
        "Ask again; if it stays so, check the clocks of both machines.",
    )
