"""Certificate revocation lists as they are, before anybody relies on them (RFC 5280 cl. 5).

Nothing here verifies anything; `pki.crl_status` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from idservice.crypto import der_reader
from idservice.crypto.algorithm_identifiers import AlgorithmIdentifier, parse_algorithm
from idservice.crypto.certificates import LIBRARY_ERRORS
from idservice.crypto.der_times import read_generalized_time
from idservice.errors import MalformedCrl, MalformedDer
from idservice.pki.path_certificate import Name, comparable_name

EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
"""X.509 cl. 9.5.2.8: since when certificates that expired stay on the list."""

MAX_CRL_BYTES = 32 * 1024 * 1024

MAX_INDIRECT_ENTRIES = 100_000
"""Entries of an indirect list, each of which must be looked at."""

_PROCESSED = frozenset(
    {
        ExtensionOID.CRL_NUMBER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.ISSUING_DISTRIBUTION_POINT,
        ExtensionOID.DELTA_CRL_INDICATOR,
        ExtensionOID.FRESHEST_CRL,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        EXPIRED_CERTS_ON_CRL,
    }
)
_ENTRY_PROCESSED = frozenset(
    {CRLEntryExtensionOID.CRL_REASON, CRLEntryExtensionOID.INVALIDITY_DATE}
)
_INDIRECT_PROCESSED = _ENTRY_PROCESSED | {CRLEntryExtensionOID.CERTIFICATE_ISSUER}
_BOOLEAN_TRUE = b"\x01\x01\xff"
_FIX = "Fetch the list again from the address in the certificate."

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class CrlFacts:
    """A revocation list, read and not verified; times aware, in UTC.

    `number` and `expired_since` are None when the list does not tell them: without the
    second, certificates that expired before the list may have been dropped from it.
    `base_number` makes it a delta list: what changed since the list with this number.
    """

    crl_der: bytes
    parsed: x509.CertificateRevocationList
    algorithm: AlgorithmIdentifier
    this_update: datetime
    next_update: datetime | None
    number: int | None
    base_number: int | None
    authority_key: bytes | None
    distribution_point: x509.IssuingDistributionPoint | None
    expired_since: datetime | None

    @property
    def is_indirect(self) -> bool:
        """Whether the list has certificates of other issuers too (cl. 5.2.5)."""
        return self.distribution_point is not None and self.distribution_point.indirect_crl

    def entry(self, serial: int, issuer: x509.Name) -> x509.RevokedCertificate | None:
        """Return the entry of an issuer's serial number, or None. Raises MalformedCrl."""
        try:
            if self.is_indirect:
                return self._entry_of(serial, comparable_name(issuer))
            return self.parsed.get_revoked_certificate_by_serial_number(serial)
        except (ValueError, TypeError, *LIBRARY_ERRORS) as exc:
            raise _malformed("one of its entries cannot be read") from exc

    def _entry_of(self, serial: int, issuer: Name) -> x509.RevokedCertificate | None:
        """RFC 5280 cl. 5.3.3: an entry without an issuer has that of the entry before it."""
        current = comparable_name(self.parsed.issuer)
        for count, entry in enumerate(self.parsed):
            if count >= MAX_INDIRECT_ENTRIES:
                raise _malformed(f"it is indirect and has more than {MAX_INDIRECT_ENTRIES} entries")
            named = _value(entry.extensions, x509.CertificateIssuer)
            if named is not None:
                names = named.get_values_for_type(x509.DirectoryName)
                current = comparable_name(names[0]) if names else ()
            if entry.serial_number == serial and current == issuer:
                return entry
        return None


def read_crl(crl_der: bytes) -> CrlFacts:
    """Read a list of at most MAX_CRL_BYTES. Raises MalformedCrl.

    A critical extension that is not processed here is refused: what it says about the
    entries would be missed (RFC 5280 cl. 5.2, 5.3).
    """
    if len(crl_der) > MAX_CRL_BYTES:
        raise _malformed(f"it has more than {MAX_CRL_BYTES} bytes")
    try:
        revoked_der, algorithm = _outline(crl_der)
        parsed = x509.load_der_x509_crl(crl_der)
        _require_processed(parsed, revoked_der, _distribution_point(parsed.extensions))
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
            _base_number(extensions),
            _authority_key(extensions),
            _distribution_point(extensions),
            _expired_since(extensions),
        )
    except (MalformedDer, ValueError, TypeError, *LIBRARY_ERRORS) as exc:
        raise _malformed("it is damaged, or not as X.509 requires") from exc
    if next_update is not None and next_update < facts.this_update:
        raise _malformed("it ends before it begins")
    return facts


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


def _require_processed(
    crl: x509.CertificateRevocationList,
    revoked_der: bytes,
    point: x509.IssuingDistributionPoint | None,
) -> None:
    for item in crl.extensions:
        if item.critical and item.oid not in _PROCESSED:
            raise _malformed(f"it depends on the extension {item.oid.dotted_string}")
    # Where the bytes of a BOOLEAN TRUE are nowhere, nothing is critical: a list of 100,000
    # entries is then not walked here.
    if _BOOLEAN_TRUE in revoked_der:
        indirect = point is not None and point.indirect_crl
        _require_processed_entries(crl, _INDIRECT_PROCESSED if indirect else _ENTRY_PROCESSED)


def _require_processed_entries(
    entries: Iterable[x509.RevokedCertificate], processed: frozenset[x509.ObjectIdentifier]
) -> None:
    for entry in entries:
        for item in entry.extensions:
            if item.critical and item.oid not in processed:
                raise _malformed(f"an entry depends on the extension {item.oid.dotted_string}")


def _value(extensions: x509.Extensions, kind: type[_Kind]) -> _Kind | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _number(extensions: x509.Extensions) -> int | None:
    value = _value(extensions, x509.CRLNumber)
    return None if value is None else value.crl_number


def _base_number(extensions: x509.Extensions) -> int | None:
    value = _value(extensions, x509.DeltaCRLIndicator)
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


def _malformed(reason: str) -> MalformedCrl:
    return MalformedCrl(f"The revocation list cannot be used: {reason}.", _FIX)
