"""Making certificate revocation lists: complete ones, version 2 (RFC 5280 cl. 5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from idservice.crypto import der
from idservice.crypto.algorithm_identifiers import signature_algorithm_der
from idservice.crypto.der_times import generalized_time, time
from idservice.crypto.keys import Signer, load_public_key, verify_signature
from idservice.pki.revocation_reasons import REASON_CODES

AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
CRL_NUMBER = "2.5.29.20"
EXPIRED_CERTS_ON_CRL = "2.5.29.60"
REASON_CODE = "2.5.29.21"

_VERSION_2 = der.integer(1)
_ENUMERATED = b"\x0a"


@dataclass(frozen=True, slots=True)
class RevokedEntry:
    """One certificate on a list: serial number, since when, and a CRLReason name or None."""

    serial: int
    revoked_at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class CrlContents:
    """What a list says: whose it is, its number, its times, and the certificates on it.

    `issuer_name_der` and `key_identifier` are those of the authority's certificate.
    Certificates that expired at `expired_since` or later stay on the list.
    """

    issuer_name_der: bytes
    key_identifier: bytes
    number: int
    this_update: datetime
    next_update: datetime
    entries: Sequence[RevokedEntry]
    expired_since: datetime


def build_crl(contents: CrlContents, signer: Signer) -> bytes:
    """Return the signed list in DER; the value is verified before it gets out.

    Raises SignatureInvalid when the signer makes wrong values, and what the signer raises.
    """
    algorithm_der = signature_algorithm_der(signer.algorithm)
    parts = [
        _VERSION_2,
        algorithm_der,
        contents.issuer_name_der,
        time(contents.this_update),
        time(contents.next_update),
    ]
    if contents.entries:  # RFC 5280 cl. 5.1.2.6: absent rather than empty
        parts.append(der.sequence(*_entries(contents.entries)))
    parts.append(der.context(0, der.sequence(*_extensions(contents))))
    tbs_der = der.sequence(*parts)
    value = signer.sign(tbs_der)
    verify_signature(load_public_key(signer.public_key_der), signer.algorithm, value, tbs_der)
    return der.sequence(tbs_der, algorithm_der, der.bit_string(value))


def _entries(entries: Iterable[RevokedEntry]) -> list[bytes]:
    reasons = {
        name: der.sequence(_extension(REASON_CODE, der.wrap(_ENUMERATED, bytes((code,)))))
        for name, code in REASON_CODES.items()
    }
    # RFC 5280 cl. 5.3.1: no reason at all rather than "unspecified".
    reasons["unspecified"] = b""
    return [
        der.sequence(
            der.integer(entry.serial),
            time(entry.revoked_at),
            reasons[entry.reason or "unspecified"],
        )
        for entry in entries
    ]


def _extensions(contents: CrlContents) -> list[bytes]:
    """None is critical; the list is the complete one, so it needs no distribution point."""
    key = der.sequence(der.context(0, contents.key_identifier, constructed=False))
    return [
        _extension(AUTHORITY_KEY_IDENTIFIER, key),
        _extension(CRL_NUMBER, der.integer(contents.number)),
        _extension(EXPIRED_CERTS_ON_CRL, generalized_time(contents.expired_since)),
    ]


def _extension(oid: str, value: bytes) -> bytes:
    return der.sequence(der.object_identifier(oid), der.octet_string(value))
