"""Reading certificate revocation lists, and relying on them (RFC 5280 cl. 5 and 6.3).

Only complete lists for all reasons are relied upon: delta lists, indirect lists and lists
for some reasons, or for attribute certificates, are refused rather than half understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from idservice.crypto import der_reader
from idservice.crypto.algorithm_identifiers import (
    AlgorithmIdentifier,
    parse_algorithm,
    resolve_signature_algorithm,
)
from idservice.crypto.certificates import LIBRARY_ERRORS
from idservice.crypto.der_times import read_generalized_time
from idservice.crypto.keys import public_key_of, verify_signature
from idservice.errors import (
    MalformedCrl,
    MalformedDer,
    SignatureInvalid,
    StatusAnswerInvalid,
    StatusAnswerMismatch,
    StatusAnswerStale,
)
from idservice.pki.path_rules import PathCertificate, read_certificate

EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
"""X.509 cl. 9.5.2.8: since when certificates that expired stay on the list."""

MAX_CRL_BYTES = 32 * 1024 * 1024

_PROCESSED = frozenset(
    {
        ExtensionOID.CRL_NUMBER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.ISSUING_DISTRIBUTION_POINT,
        ExtensionOID.FRESHEST_CRL,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        EXPIRED_CERTS_ON_CRL,
    }
)
_ENTRY_PROCESSED = frozenset(
    {CRLEntryExtensionOID.CRL_REASON, CRLEntryExtensionOID.INVALIDITY_DATE}
)
_BOOLEAN_TRUE = b"\x01\x01\xff"
_FIX = "Fetch the list again from the address in the certificate."

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class CrlFacts:
    """A revocation list, read and not verified; times aware, in UTC.

    `number` and `expired_since` are None when the list does not tell them: without the
    second, certificates that expired before the list may have been dropped from it.
    """

    crl_der: bytes
    parsed: x509.CertificateRevocationList
    algorithm: AlgorithmIdentifier
    this_update: datetime
    next_update: datetime | None
    number: int | None
    authority_key: bytes | None
    distribution_point: x509.IssuingDistributionPoint | None
    expired_since: datetime | None

    def entry(self, serial: int) -> x509.RevokedCertificate | None:
        """Return the entry of a serial number, or None. Raises MalformedCrl."""
        try:
            return self.parsed.get_revoked_certificate_by_serial_number(serial)
        except ValueError as exc:
            raise _malformed("one of its entries cannot be read") from exc


@dataclass(frozen=True, slots=True)
class CrlStatus:
    """What a verified list says about one certificate; all times aware, in UTC.

    `state` is good, revoked, or unknown: for a certificate that had expired before the
    list was made, when the list does not keep such. `reason` is a CRLReason name or None;
    certificateHold is a suspension.
    """

    state: str
    revoked_at: datetime | None
    reason: str | None
    invalid_since: datetime | None
    this_update: datetime
    next_update: datetime | None
    number: int | None


def read_crl(crl_der: bytes) -> CrlFacts:
    """Read a list of at most MAX_CRL_BYTES. Raises MalformedCrl.

    A delta list, and a critical extension that is not processed here, are refused: what
    they say about other entries would be missed (RFC 5280 cl. 5.2, 5.3).
    """
    if len(crl_der) > MAX_CRL_BYTES:
        raise _malformed(f"it has more than {MAX_CRL_BYTES} bytes")
    try:
        revoked_der, algorithm = _outline(crl_der)
        parsed = x509.load_der_x509_crl(crl_der)
        _require_processed(parsed, revoked_der)
        # What the library reads late is read now: the issuer's name, for one.
        _ = parsed.issuer
        next_update, extensions = parsed.next_update_utc, parsed.extensions
        facts = CrlFacts(
            crl_der,
            parsed,
            algorithm,
            parsed.last_update_utc,
            next_update,
            _number(extensions),
            _authority_key(extensions),
            _distribution_point(extensions),
            _expired_since(extensions),
        )
    except (MalformedDer, ValueError, TypeError, *LIBRARY_ERRORS) as exc:
        raise _malformed("it is damaged, or not as X.509 requires") from exc
    if next_update is not None and next_update < facts.this_update:
        raise _malformed("it ends before it begins")
    return facts


def require_status_from_crl(
    crl: CrlFacts,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    *,
    at: datetime | None,
    tolerance: timedelta = timedelta(0),
) -> CrlStatus:
    """Verify a list and return what it says about a certificate of this issuer.

    `at` is the time at which the list must be current; None leaves that to the caller, for
    lists kept with an old signature. `tolerance` is by how much clocks may disagree. The
    issuer is taken as trusted, and as the issuer of the certificate.

    Raises StatusAnswerInvalid when the issuer did not sign the list or may not,
    StatusAnswerMismatch when the list does not cover the certificate, StatusAnswerStale,
    MalformedCrl, and what reading keys and certificates raises.
    """
    _require_issuer(crl, certificate, issuer)
    _require_scope(crl, certificate)
    if at is not None:
        _require_current(crl, at, tolerance)
    entry = crl.entry(certificate.serial_number)
    if entry is not None:
        return _revoked(crl, entry)
    state = "good" if _keeps(crl, certificate) else "unknown"
    return CrlStatus(state, None, None, None, crl.this_update, crl.next_update, crl.number)


def _outline(crl_der: bytes) -> tuple[bytes, AlgorithmIdentifier]:
    """Return the DER of the entries, empty without any, and the algorithm of the signature.

    Nothing inside an entry is walked: the library reads those, however many they are.
    """
    outer = der_reader.read(crl_der, der_reader.SEQUENCE).elements()
    signed = outer.take(der_reader.SEQUENCE).elements()
    algorithm = parse_algorithm(outer.take())
    if outer.take(der_reader.BIT_STRING).contents[:1] != b"\x00":
        raise _malformed("its signature value is no number of whole octets")
    outer.finish()
    version = signed.take_if(der_reader.INTEGER)
    if version is None or version.integer() != 1:
        raise _malformed("it is not of version 2, so it has no number and no reasons")
    if parse_algorithm(signed.take()).encoded != algorithm.encoded:
        raise _malformed("it names two algorithms for its one signature")
    signed.take(der_reader.SEQUENCE)
    signed.take()
    following = signed.rest()
    lists = [item for item in following if item.tag == der_reader.SEQUENCE]
    return (lists[0].encoded if lists else b""), algorithm


def _require_processed(crl: x509.CertificateRevocationList, revoked_der: bytes) -> None:
    for item in crl.extensions:
        if item.oid == ExtensionOID.DELTA_CRL_INDICATOR:
            raise _malformed("it is a delta list, which tells changes only")
        if item.critical and item.oid not in _PROCESSED:
            raise _malformed(f"it depends on the extension {item.oid.dotted_string}")
    # Where the bytes of a BOOLEAN TRUE are nowhere, nothing is critical: a list of 100,000
    # entries is then not walked here.
    if _BOOLEAN_TRUE in revoked_der:
        _require_processed_entries(crl)


def _require_processed_entries(entries: Iterable[x509.RevokedCertificate]) -> None:
    for entry in entries:
        for item in entry.extensions:
            if item.critical and item.oid not in _ENTRY_PROCESSED:
                raise _malformed(f"an entry depends on the extension {item.oid.dotted_string}")


def _require_issuer(crl: CrlFacts, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """RFC 5280 cl. 6.3.3 (b), (f), (g): named, allowed and verified."""
    authority = read_certificate(issuer)
    if not crl.parsed.issuer == issuer.subject == certificate.issuer:
        raise StatusAnswerMismatch(
            "The revocation list is that of another authority than the certificate's.", _FIX
        )
    key = authority.key_identifier()
    if crl.authority_key is not None and key is not None and crl.authority_key != key:
        raise StatusAnswerMismatch(
            "The revocation list is made with another key than the certificate's issuer has.",
            _FIX,
        )
    _require_crl_sign(authority)
    try:
        verify_signature(
            public_key_of(issuer),
            resolve_signature_algorithm(crl.algorithm),
            crl.parsed.signature,
            crl.parsed.tbs_certlist_bytes,
        )
    except (SignatureInvalid, MalformedDer) as exc:
        raise StatusAnswerInvalid(
            "The signature of the revocation list does not verify: it was changed, or somebody "
            "else signed it.",
            _FIX,
        ) from exc


def _require_crl_sign(authority: PathCertificate) -> None:
    usage = authority.extension(x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        raise StatusAnswerInvalid(
            "The authority that made the revocation list may not make any.", _FIX
        )


def _require_scope(crl: CrlFacts, certificate: x509.Certificate) -> None:
    """RFC 5280 cl. 6.3.3 (b) (2): the certificate must be one of those the list is for."""
    point = crl.distribution_point
    if point is None:
        return
    if point.indirect_crl or point.only_contains_attribute_certs or point.only_some_reasons:
        raise StatusAnswerMismatch(
            "The revocation list is indirect, for some reasons only, or not for certificates "
            "of keys, so it does not tell enough.",
            "Ask for the complete list of the authority.",
        )
    read = read_certificate(certificate)
    constraints = read.extension(x509.BasicConstraints)
    is_authority = constraints is not None and constraints.ca
    if (point.only_contains_user_certs and is_authority) or (
        point.only_contains_ca_certs and not is_authority
    ):
        raise StatusAnswerMismatch("The revocation list is for certificates of another kind.", _FIX)
    _require_point(point, read.extension(x509.CRLDistributionPoints))


def _require_point(
    point: x509.IssuingDistributionPoint, named: x509.CRLDistributionPoints | None
) -> None:
    if point.relative_name is not None:
        raise StatusAnswerMismatch("The revocation list has a relative name.", _FIX)
    if point.full_name is None or named is None:
        return
    addresses = {name for item in named for name in item.full_name or ()}
    if addresses.isdisjoint(point.full_name):
        raise StatusAnswerMismatch(
            "The revocation list is not the one that the certificate points to.", _FIX
        )


def _require_current(crl: CrlFacts, at: datetime, tolerance: timedelta) -> None:
    if crl.this_update > at + tolerance:
        raise _stale("is from the future")
    if crl.next_update is None or crl.next_update < at - tolerance:
        raise _stale("is past the time at which a newer one was promised")


def _revoked(crl: CrlFacts, entry: x509.RevokedCertificate) -> CrlStatus:
    try:
        extensions = entry.extensions
        reason = _value(extensions, x509.CRLReason)
        invalid = _value(extensions, x509.InvalidityDate)
    except (ValueError, TypeError, *LIBRARY_ERRORS) as exc:
        raise _malformed("the entry of the certificate cannot be read") from exc
    if reason is not None and reason.reason is x509.ReasonFlags.remove_from_crl:
        raise _malformed("it takes an entry back, which only a delta list does")
    return CrlStatus(
        "revoked",
        entry.revocation_date_utc,
        None if reason is None else reason.reason.value,
        None if invalid is None else invalid.invalidity_date_utc,
        crl.this_update,
        crl.next_update,
        crl.number,
    )


def _keeps(crl: CrlFacts, certificate: x509.Certificate) -> bool:
    """Whether the list would still tell of the certificate, had it been revoked."""
    ended = certificate.not_valid_after_utc
    if ended >= crl.this_update:
        return True
    return crl.expired_since is not None and crl.expired_since <= ended


def _value(extensions: x509.Extensions, kind: type[_Kind]) -> _Kind | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _number(extensions: x509.Extensions) -> int | None:
    value = _value(extensions, x509.CRLNumber)
    return None if value is None else value.crl_number


def _authority_key(extensions: x509.Extensions) -> bytes | None:
    value = _value(extensions, x509.AuthorityKeyIdentifier)
    return None if value is None else value.key_identifier


def _distribution_point(extensions: x509.Extensions) -> x509.IssuingDistributionPoint | None:
    return _value(extensions, x509.IssuingDistributionPoint)


def _expired_since(extensions: x509.Extensions) -> datetime | None:
    for item in extensions:
        if item.oid == EXPIRED_CERTS_ON_CRL and isinstance(item.value, x509.UnrecognizedExtension):
            return read_generalized_time(der_reader.read(item.value.value))
    return None


def _stale(reason: str) -> StatusAnswerStale:
    return StatusAnswerStale(
        f"The revocation list {reason}, so it does not tell how things stand.",
        "Fetch a new one; if it stays so, check the clocks of both machines.",
    )


def _malformed(reason: str) -> MalformedCrl:
    return MalformedCrl(f"The revocation list cannot be used: {reason}.", _FIX)
