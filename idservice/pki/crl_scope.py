"""For which certificates and reasons a revocation list speaks (RFC 5280 cl. 6.3.3 (b) to (d))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509

from idservice.errors import StatusAnswerMismatch
from idservice.pki.crl import CrlFacts
from idservice.pki.path_certificate import PathCertificate, comparable_name, read_certificate

Reasons = frozenset[x509.ReasonFlags]

ALL_REASONS: Reasons = frozenset(x509.ReasonFlags) - {
    x509.ReasonFlags.unspecified,
    x509.ReasonFlags.remove_from_crl,
}
"""The reasons that the bits of ReasonFlags stand for (cl. 4.2.1.13)."""

_FIX = "Fetch the list again from the address in the certificate."

_Names = frozenset[object]


@dataclass(frozen=True, slots=True)
class _Point:
    """One place at which a certificate says that its revocation is told.

    `issuers` are who may make the list there, `names` the names of the place in a form that
    can be compared; `delegated` tells that somebody else than the certificate's issuer does.
    """

    issuers: _Names
    names: _Names
    reasons: Reasons
    delegated: bool


def covered_reasons(crl: CrlFacts, certificate: x509.Certificate) -> Reasons:
    """Return the reasons for which a list tells whether the certificate was revoked.

    Raises StatusAnswerMismatch when it is about other certificates, MalformedCertificate.
    """
    read = read_certificate(certificate)
    _require_kind(crl.distribution_point, read)
    named = [item for item in _points(read) if crl.issuer in item.issuers]
    if not named:
        raise StatusAnswerMismatch(
            "The revocation list is that of another authority than the certificate's.", _FIX
        )
    found = [item.reasons for item in named if _is_at(crl, item)]
    if not found:
        raise StatusAnswerMismatch(
            "The revocation list is not the one that the certificate points to.", _FIX
        )
    point = crl.distribution_point
    limited = ALL_REASONS if point is None else (point.only_some_reasons or ALL_REASONS)
    return frozenset[x509.ReasonFlags]().union(*found) & limited


@lru_cache(maxsize=256)
def list_makers(certificate: x509.Certificate) -> frozenset[object]:
    """Return the names, in comparable form, of who may make lists about a certificate.

    Raises MalformedCertificate.
    """
    return frozenset(
        name for item in _points(read_certificate(certificate)) for name in item.issuers
    )


def _require_kind(point: x509.IssuingDistributionPoint | None, read: PathCertificate) -> None:
    """Cl. 6.3.3 (b) (2) (ii) to (iv)."""
    if point is None:
        return
    constraints = read.extension(x509.BasicConstraints)
    is_authority = constraints is not None and constraints.ca
    if (
        point.only_contains_attribute_certs
        or (point.only_contains_user_certs and is_authority)
        or (point.only_contains_ca_certs and not is_authority)
    ):
        raise StatusAnswerMismatch("The revocation list is for certificates of another kind.", _FIX)


def _is_at(crl: CrlFacts, point: _Point) -> bool:
    """Cl. 6.3.3 (b) (1) and (2) (i)."""
    scope = crl.distribution_point
    if scope is None:
        return not point.delegated
    if point.delegated and not scope.indirect_crl:
        return False
    names = frozenset(_place(scope.full_name, scope.relative_name, [crl.parsed.issuer]))
    return not names or not names.isdisjoint(point.names)


def _points(read: PathCertificate) -> Iterator[_Point]:
    """The distribution points of a certificate, and the one that its issuer's name stands for."""
    own = read.certificate.issuer
    for item in read.extension(x509.CRLDistributionPoints) or ():
        issuers = [
            name.value for name in item.crl_issuer or () if isinstance(name, x509.DirectoryName)
        ]
        names = frozenset(_place(item.full_name, item.relative_name, issuers or [own]))
        yield _Point(
            frozenset(map(comparable_name, issuers or [own])),
            names or frozenset(map(comparable_name, issuers)),
            item.reasons or ALL_REASONS,
            bool(item.crl_issuer),
        )
    implied: _Names = frozenset((comparable_name(own),))
    yield _Point(implied, implied, ALL_REASONS, delegated=False)


def _place(
    full: Iterable[x509.GeneralName] | None,
    relative: x509.RelativeDistinguishedName | None,
    bases: Iterable[x509.Name],
) -> Iterator[object]:
    """The names of a place; a relative one continues the name of who makes the list."""
    for name in full or ():
        yield comparable_name(name.value) if isinstance(name, x509.DirectoryName) else name
    if relative is not None:
        for base in bases:
            yield comparable_name(x509.Name([*base.rdns, relative]))
