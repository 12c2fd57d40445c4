"""The services of trusted lists as trust anchors, each for its own purpose only.

A certificate of an issuing service (CA/QC, CA/PKC) is an anchor for signers; one of a
time-stamping service for time-stamps; statements about revocation may end in any of them,
because they must end in the anchor of what they speak about. What the list says about a
service's status is attached to the path, and judged at the time that counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from idservice.crypto.certificates import load_certificate
from idservice.errors import Finding, MalformedInput, Unsupported, Verification
from idservice.pki.certificate_claims import CertificateClaims, read_claims
from idservice.pki.path_certificate import PathCertificate, read_certificate
from idservice.trustlists.values import (
    GOOD_STATUSES,
    ISSUING_TYPES,
    TIME_STAMPING_TYPES,
    Qualification,
    ServicePeriod,
    TrustedList,
    TrustService,
)
from idservice.validation.trust_services import (
    PathService,
    QualifiedClaims,
    ServiceStanding,
    TrustServices,
)

_TYPE_PREFIX = "http://uri.etsi.org/TrstSvc/Svctype/"
ANY_TYPES = ISSUING_TYPES | TIME_STAMPING_TYPES
"""The services whose certificates may end a path at all."""


@dataclass(frozen=True, slots=True)
class ListedService:
    """A service, and the name of the list that has it; `test` marks a scheme for tests."""

    scheme: str
    service: TrustService
    test: bool = False


@dataclass(frozen=True, slots=True)
class _Anchor:
    certificate: x509.Certificate
    read: PathCertificate
    listed: ListedService


class ListedServices:
    """Services of one or more lists, found by the certificates that identify them."""

    def __init__(self, listed: Sequence[ListedService] = ()) -> None:
        """Take the services; identities that cannot be read are left out."""
        self._anchors = tuple(anchor for item in listed for anchor in _anchors(item))

    @classmethod
    def of_lists(cls, lists: Sequence[TrustedList]) -> ListedServices:
        """Take all services of trusted lists."""
        return cls([ListedService(one.scheme, item) for one in lists for item in one.services])

    def with_others(self, others: ListedServices) -> ListedServices:
        """Return these services and others together."""
        both = ListedServices()
        both._anchors = (*self._anchors, *others._anchors)
        return both

    def __bool__(self) -> bool:
        """Whether there is any service."""
        return bool(self._anchors)

    def anchors(
        self, types: frozenset[str], certificates: Sequence[x509.Certificate]
    ) -> tuple[x509.Certificate, ...]:
        """Return the anchors of some types of service that `certificates` can lead to."""
        if not self._anchors:
            return ()
        names = set()
        for item in _readable(certificates):
            names |= {item.subject, item.issuer}
        return tuple(
            dict.fromkeys(
                item.certificate
                for item in self._anchors
                if item.listed.service.types & types and item.read.subject in names
            )
        )

    def of_path(
        self, path: Sequence[x509.Certificate], types: frozenset[str], *, required: bool
    ) -> TrustServices | None:
        """Return the services of some types behind a path, its first certificate's included.

        An identity stands for its key and name (TS 119 612 cl. 5.5.3), so other certificates
        for both lead to the same service. None when no list is known at all.
        """
        if not self._anchors:
            return None
        claims = read_claims(path[0])
        keys = {(item.subject, item.spki_der) for item in _readable(path)}
        found = dict.fromkeys(
            item.listed
            for item in self._anchors
            if (item.read.subject, item.read.spki_der) in keys and item.listed.service.types & types
        )
        return TrustServices(
            tuple(_path_service(item, types, claims) for item in found),
            QualifiedClaims(claims.compliance, claims.types, claims.device, claims.policies),
            required,
        )


@dataclass(frozen=True, slots=True)
class UsableLists:
    """The services of all lists that can be used now, and what is wrong with the others."""

    services: ListedServices
    findings: tuple[Finding, ...] = ()


class TrustServiceSource(Protocol):
    """Knows which trust services count now."""

    def current(self) -> UsableLists:
        """Return them. Raises nothing for lists that cannot be used."""


def _anchors(listed: ListedService) -> Iterator[_Anchor]:
    if not listed.service.types & ANY_TYPES:
        return
    for der in listed.service.certificates:
        try:
            certificate = load_certificate(der)
            yield _Anchor(certificate, read_certificate(certificate), listed)
        except (MalformedInput, Unsupported, Verification):
            continue


def _readable(certificates: Sequence[x509.Certificate]) -> Iterator[PathCertificate]:
    for item in certificates:
        try:
            yield read_certificate(item)
        except (MalformedInput, Unsupported, Verification):
            continue


def _path_service(
    listed: ListedService, types: frozenset[str], claims: CertificateClaims
) -> PathService:
    service = listed.service
    name = service.periods[0].name if service.periods else ""
    standings = tuple(_standing(item, types, claims) for item in service.periods)
    return PathService(listed.scheme, service.provider, name, standings, listed.test)


def _standing(
    period: ServicePeriod, types: frozenset[str], claims: CertificateClaims
) -> ServiceStanding:
    """Say what a period means for one certificate: which qualifiers hold for it."""
    decided = [(item, item.criterion.holds(claims)) for item in period.qualifications]
    return ServiceStanding(
        period.type.removeprefix(_TYPE_PREFIX),
        _last(period.status),
        period.processed and period.status in GOOD_STATUSES and period.type in types,
        period.since,
        frozenset(_last(uri) for item, holds in decided if holds for uri in item.qualifiers),
        frozenset(_last(uri) for uri in period.additional),
        all(holds is not None or _harmless(item) for item, holds in decided),
    )


def _harmless(qualification: Qualification) -> bool:
    """Whether qualifiers that may or may not hold could change nothing: there are none."""
    return not qualification.qualifiers


def _last(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2]
