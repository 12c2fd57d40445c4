"""Making OCSP answers (RFC 6960 cl. 4.2, profiled as RFC 5019 asks).

Answers are written in DER by hand because CertIDs must come back byte for byte as they
were sent, several of them in one answer, signed by whatever holds the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from idservice.crypto import der
from idservice.crypto.algorithm_identifiers import signature_algorithm_der
from idservice.crypto.certificates import subject_public_key
from idservice.crypto.der_times import generalized_time
from idservice.crypto.keys import Signer
from idservice.pki.ocsp_answer import ARCHIVE_CUTOFF, STATUSES, wrap_basic
from idservice.pki.ocsp_cert_id import CertId
from idservice.pki.ocsp_request import nonce_extension
from idservice.pki.revocation_reasons import REASON_CODES

GOOD = "good"
REVOKED = "revoked"
UNKNOWN = "unknown"

_ENUMERATED = b"\x0a"
_STATUS_CODES = {name: code for code, name in STATUSES.items()}


@dataclass(frozen=True, slots=True)
class Status:
    """What is said about one certificate; `reason` is a CRLReason name, for "revoked" alone."""

    state: str
    revoked_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when an answer tells the truth, and since when nothing was forgotten."""

    this_update: datetime
    next_update: datetime
    archive_cutoff: datetime


@dataclass(frozen=True, slots=True)
class Responder:
    """Who answers: the signer, and its certificate, which every answer brings along."""

    signer: Signer
    certificate_der: bytes


def build_answer(
    responder: Responder,
    statuses: Sequence[tuple[CertId, Status]],
    period: Period,
    *,
    produced_at: datetime,
    nonce: bytes | None,
) -> bytes:
    """Return a signed OCSPResponse with one SingleResponse for each CertID, in their order.

    Raises what the signer raises.
    """
    said = response_data(
        responder.certificate_der, statuses, period, produced_at=produced_at, nonce=nonce
    )
    return sign_answer(responder, said)


def response_data(
    certificate_der: bytes,
    statuses: Sequence[tuple[CertId, Status]],
    period: Period,
    *,
    produced_at: datetime,
    nonce: bytes | None,
) -> bytes:
    """Return the ResponseData in DER that a responder with this certificate is to sign."""
    parts = [
        _responder_id(certificate_der),
        generalized_time(produced_at),
        der.sequence(*(_single(cert_id, status, period) for cert_id, status in statuses)),
    ]
    if nonce is not None:
        parts.append(der.context(1, der.sequence(nonce_extension(nonce))))
    return der.sequence(*parts)


def sign_answer(responder: Responder, response_data_der: bytes) -> bytes:
    """Return the OCSPResponse over a ResponseData. Raises what the signer raises."""
    return wrap_basic(
        der.sequence(
            response_data_der,
            signature_algorithm_der(responder.signer.algorithm),
            der.bit_string(responder.signer.sign(response_data_der)),
            der.context(0, der.sequence(responder.certificate_der)),
        )
    )


def error_answer(status: str) -> bytes:
    """Return the OCSPResponse of an error, which is never signed: a name from STATUSES."""
    return der.sequence(der.wrap(_ENUMERATED, bytes((_STATUS_CODES[status],))))


@lru_cache(maxsize=16)
def _responder_id(certificate_der: bytes) -> bytes:
    """Name the responder by the SHA-1 of its key, as RFC 5019 cl. 2.2.1 prefers."""
    key = subject_public_key(certificate_der)
    digest = hashlib.sha1(key, usedforsecurity=False).digest()
    return der.context(2, der.octet_string(digest))


@lru_cache(maxsize=16)
def _single_extensions(archive_cutoff: datetime) -> bytes:
    cutoff = der.sequence(
        der.object_identifier(ARCHIVE_CUTOFF), der.octet_string(generalized_time(archive_cutoff))
    )
    return der.context(1, der.sequence(cutoff))


def _single(cert_id: CertId, status: Status, period: Period) -> bytes:
    return der.sequence(
        cert_id.encoded,
        _cert_status(status),
        generalized_time(period.this_update),
        der.context(0, generalized_time(period.next_update)),
        _single_extensions(period.archive_cutoff),
    )


def _cert_status(status: Status) -> bytes:
    if status.revoked_at is None:
        return der.context({GOOD: 0, UNKNOWN: 2}[status.state], constructed=False)
    parts = [generalized_time(status.revoked_at)]
    # RFC 5280 cl. 5.3.1: no reason at all rather than "unspecified".
    if status.reason not in (None, "unspecified"):
        code = REASON_CODES[status.reason]
        parts.append(der.context(0, der.wrap(_ENUMERATED, bytes((code,)))))
    return der.context(1, *parts)
