"""Certificate revocation lists as they are, before anybody relies on them (RFC 5280 cl. 5).

Nothing here verifies anything; `pki.crl_status` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import AlgorithmIdentifier, parse_algorithm
from idservice.crypto.certificates import LIBRARY_ERRORS
from idservice.crypto.der_times import read_generalized_time
from idservice.errors import MalformedCrl, MalformedDer
from idservice.pki.crl_entries import CrlEntries
from idservice.pki.path_certificate import Name, comparable_name
from idservice.pki.signed_values import SignedBytes

EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
"""X.509 cl. 9.5.2.8: since when certificates that expired stay on the list."""

MAX_CRL_BYTES = 32 * 1024 * 1024

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
_FIX = "Fetch the list again from the address in the certificate."

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class CrlFacts:
    """A revocation list, read and not verified; times aware, in UTC.

    `number` and `expired_since` are None when the list does not tell them: without the
    second, certificates that expired before the list may have been dropped from it.
    `base_number` makes it a delta list: what changed since the list with this number. `issuer`
    is who made it, in comparable form; `entries` and `signed` remember what was found out.
    """

    crl_der: bytes
    parsed: x509.CertificateRevocationList
    algorithm: AlgorithmIdentifier
    issuer: Name
    this_update: datetime
    next_update: datetime | None
    number: int | None
    base_number: int | None
    authority_key: bytes | None
    distribution_point: x509.IssuingDistributionPoint | None
    expired_since: datetime | None
    entries: CrlEntries = field(compare=False, repr=False)
    signed: SignedBytes = field(compare=False, repr=False)

    @property
    def is_indirect(self) -> bool:
        """Whether the list has certificates of other issuers too (cl. 5.2.5)."""
        return self.distribution_point is not None and self.distribution_point.indirect_crl

    def entry(self, serial: int, issuer: x509.Name) -> x509.RevokedCertificate | None:
        """Return the entry of an issuer's serial number, or None. Raises MalformedCrl."""
        try:
            return self.entries.find(serial, issuer)
        except (MalformedDer, ValueError, TypeError, *LIBRARY_ERRORS) as exc:
            raise _malformed("one of its entries cannot be read") from exc


def read_crl(crl_der: bytes) -> CrlFacts:
    """Read a list of at most MAX_CRL_BYTES. Raises MalformedCrl.

    A critical extension that is not processed here is refused: what it says about the
    entries would be missed (RFC 5280 cl. 5.2, 5.3).
    """
    if len(crl_der) > MAX_CRL_BYTES:
        raise _malformed(f"it has more than {MAX_CRL_BYTES} bytes")
    try:
        outline = _outline(crl_der)
        parsed = x509.load_der_x509_crl(crl_der)
        facts = _facts(crl_der, parsed, outline)
        facts.entries.require_processed()
    except (MalformedDer, ValueError, TypeError, *LIBRARY_ERRORS) as exc:
        raise _malformed("it is damaged, or not as X.509 requires") from exc
    if facts.next_update is not None and facts.next_update < facts.this_update:
        raise _malformed("it ends before it begins")
    return facts


def _facts(crl_der: bytes, parsed: x509.CertificateRevocationList, outline: _Outline) -> CrlFacts:
    extensions = parsed.extensions
    for item in extensions:
        if item.critical and item.oid not in _PROCESSED:
            raise _malformed(f"it depends on the extension {item.oid.dotted_string}")
    point = _value(extensions, x509.IssuingDistributionPoint)
    issuer = comparable_name(parsed.issuer)
    indirect = point is not None and point.indirect_crl
    return CrlFacts(
        crl_der,
        parsed,
        outline.algorithm,
        issuer,
        parsed.last_update_utc,
        parsed.next_update_utc,
        _number(extensions),
        _base_number(extensions),
        _authority_key(extensions),
        point,
        _expired_since(extensions),
        CrlEntries(crl_der, outline.entries, issuer, indirect=indirect),
        SignedBytes(crl_der, outline.signed, outline.algorithm, parsed.signature),
    )


class _Outline(NamedTuple):
    """Where what is signed and the entries stand in a list, and the algorithm."""

    signed: slice
    entries: slice
    algorithm: AlgorithmIdentifier


def _outline(crl_der: bytes) -> _Outline:
    """Find the parts of a list. Nothing inside an entry is walked, for there may be many."""
    outer = der_reader.read(crl_der, der_reader.SEQUENCE).elements()
    whole = outer.take(der_reader.SEQUENCE)
    signed = whole.elements()
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
    start, _ = der.contents_range(crl_der, 0, len(crl_der))
    end = start + len(whole.encoded)
    return _Outline(slice(start, end), _entries(signed.rest(), end), algorithm)


def _entries(following: Sequence[der_reader.Element], end: int) -> slice:
    """Where the contents of revokedCertificates stand, which what follows ends at `end`."""
    for index, item in enumerate(following):
        if item.tag == der_reader.SEQUENCE:
            stop = end - sum(len(later.encoded) for later in following[index + 1 :])
            return slice(stop - len(item.contents), stop)
    return slice(end, end)


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


def _expired_since(extensions: x509.Extensions) -> datetime | None:
    for item in extensions:
        if item.oid == EXPIRED_CERTS_ON_CRL and isinstance(item.value, x509.UnrecognizedExtension):
            return read_generalized_time(der_reader.read(item.value.value))
    return None


def _malformed(reason: str) -> MalformedCrl:
    return MalformedCrl(f"The revocation list cannot be used: {reason}.", _FIX)
