"""The certificates that came along with a signature: which belong to it, which were altered.

Nobody signed the bag of certificates, so it is held against the one path that holds:
 (1) a certificate that somebody in reach issued is genuine; so is one that signed itself;
 (2) a genuine one that issuance ties to the path, upwards or downwards, belongs to it;
 (3) one that claims an issuer in reach which did not sign it, or passes for a certificate
     of the path and is another, was altered;
 (4) any other one is unrelated: needless, and proving nothing.
In reach are the path and the bag itself. Honest producers do add unrelated certificates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from idservice.errors import IdServiceError
from idservice.pki.path import (
    MAX_CANDIDATES,
    MAX_SIGNATURE_CHECKS,
    SignatureChecks,
    ValidPath,
)
from idservice.pki.path_certificate import PathCertificate, read_certificate

__all__ = ["Strangers", "strangers"]


@dataclass(frozen=True, slots=True)
class Strangers:
    """What does not belong to a path, in the order of the bag."""

    altered: tuple[x509.Certificate, ...]
    unrelated: tuple[x509.Certificate, ...]


def strangers(
    certificates: Sequence[x509.Certificate],
    path: ValidPath,
    checks: SignatureChecks | None = None,
) -> Strangers:
    """Sort out which certificates of a bag do not belong to a path. Raises nothing.

    What was verified with the same `checks` is not verified again.
    """
    known = set(path.certificates)
    others = [item for item in dict.fromkeys(certificates) if item not in known]
    readable: dict[x509.Certificate, PathCertificate] = {}
    for item in others[:MAX_CANDIDATES]:
        try:
            readable[item] = read_certificate(item)
        except IdServiceError:
            continue
    bag = _Bag(
        [read_certificate(item) for item in path.certificates],
        list(readable.values()),
        checks or SignatureChecks(),
    )
    altered = [item for item in others if item not in readable or bag.altered(readable[item])]
    unrelated = [item for item in others if item not in altered and not bag.related(readable[item])]
    return Strangers(tuple(altered), tuple(unrelated))


class _Bag:
    """Who issued whom, among a path and the certificates that came along."""

    def __init__(
        self,
        path: Sequence[PathCertificate],
        others: Sequence[PathCertificate],
        checks: SignatureChecks,
    ) -> None:
        self._path = tuple(path)
        self._pool = (*path, *others)
        self._checks, self._checks_left = checks, MAX_SIGNATURE_CHECKS
        self._issuers: dict[bytes, tuple[PathCertificate, ...]] = {
            item.der: tuple(issuer for issuer in self._pool if self._issued(item, issuer))
            for item in others
        }
        self._tied = self._ties()

    def related(self, item: PathCertificate) -> bool:
        """Rules (1) and (2)."""
        return item.der in self._tied

    def altered(self, item: PathCertificate) -> bool:
        """Rule (3); what could not be looked at any more counts as altered."""
        if self._issuers[item.der]:
            return False
        claims = item.is_self_issued or any(item.names_issuer(other) for other in self._pool)
        return claims or self._checks_left < 0 or any(_alike(item, one) for one in self._path)

    def _issued(self, child: PathCertificate, issuer: PathCertificate) -> bool:
        if not child.names_issuer(issuer):
            return False
        if not self._checks.know(child, issuer, legacy=True):
            self._checks_left = min(self._checks_left, self._checks.left) - 1
            if self._checks_left < 0:
                return False
        return self._checks.failure(child, issuer, legacy=True) is None

    def _ties(self) -> set[bytes]:
        """Follow issuance from the path in both directions, through genuine certificates."""
        above = {
            item.der: {issuer.der for issuer in self._pool if self._issued(item, issuer)}
            for item in self._path[-1:]
        }
        above |= {der: {item.der for item in found} for der, found in self._issuers.items()}
        tied = {item.der for item in self._path}
        genuine = tied | {der for der, found in self._issuers.items() if found}
        size = 0
        while size != len(tied):
            size = len(tied)
            for der, issuers in above.items():
                if der in tied:
                    tied |= issuers & genuine
                elif der in genuine and issuers & tied - {der}:
                    tied.add(der)
        return tied


def _alike(item: PathCertificate, other: PathCertificate) -> bool:
    """Whether a certificate passes for another: by subject and key, serial or identifier."""
    return (
        (item.subject, item.spki_der) == (other.subject, other.spki_der)
        or _serial(item) == _serial(other)
        or (item.key_identifier() is not None and item.key_identifier() == other.key_identifier())
    )


def _serial(item: PathCertificate) -> tuple[object, int]:
    return item.issuer, item.certificate.serial_number
