"""The trust services that a path leads to, as trusted lists know them (ETSI TS 119 612, 119 615).

A list names services with the status that each had at each time. A path whose anchor is
trusted by a list alone holds only while the service behind it was in good standing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from idservice.errors import Finding
from idservice.validation.moments import moment


@dataclass(frozen=True, slots=True)
class ServiceStanding:
    """What a service was from a time on; `good` when it could be relied upon then.

    `type`, `status`, the `qualifiers` that hold for the certificate in question, and what the
    service is for in `additional` are the last parts of their URIs. `determined` tells that
    every criterion of a qualifier was understood.
    """

    type: str
    status: str
    good: bool
    since: dt.datetime
    qualifiers: frozenset[str] = frozenset()
    additional: frozenset[str] = frozenset()
    determined: bool = True


@dataclass(frozen=True, slots=True)
class PathService:
    """One service that a path leads to, in which list, its standings newest first.

    `test` marks a scheme that nobody outside of a test may rely upon.
    """

    scheme: str
    provider: str
    name: str
    standings: tuple[ServiceStanding, ...]
    test: bool = False

    def at(self, time: dt.datetime) -> ServiceStanding | None:
        """Return the standing at a time; None before the first."""
        return next((item for item in self.standings if item.since <= time), None)


@dataclass(frozen=True, slots=True)
class QualifiedClaims:
    """What a certificate says of itself (EN 319 412-5): qualified, for what, and on a device.

    `types` and `policies` are OIDs.
    """

    compliance: bool = False
    types: frozenset[str] = frozenset()
    device: bool = False
    policies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TrustServices:
    """The services of a path, and what its first certificate claims.

    `required` tells that the anchor is trusted because of them and for no other reason.
    """

    services: tuple[PathService, ...]
    claims: QualifiedClaims
    required: bool


def service_findings(
    found: TrustServices | None, at: dt.datetime, issued: dt.datetime | None
) -> Iterator[Finding]:
    """Say when no service was in good standing at a time, or not when the certificate was issued.

    `issued` is None where only `at` counts. A service that was listed later than a
    certificate was issued may be relied upon; it only makes nothing qualified.
    """
    if found is None or not found.required:
        return
    if not any(_good(item.at(at)) for item in found.services):
        yield _not_granted(found, at)
    elif issued is not None and not any(
        (standing := item.at(issued)) is None or standing.good for item in found.services
    ):
        yield _not_granted(found, issued)


def _good(standing: ServiceStanding | None) -> bool:
    return standing is not None and standing.good


def _not_granted(found: TrustServices, time: dt.datetime) -> Finding:
    service = found.services[0]
    standing = service.at(time)
    was = "was not listed yet" if standing is None else f"had the status {standing.status!r}"
    return Finding(
        "trust_service_not_granted",
        f"The service {service.name!r} of {service.provider!r} {was} on {moment(time)} in the "
        f"trusted list {service.scheme!r}, so what it vouched for then is not trusted.",
        "Ask for a signature with a certificate of a service that was granted its status.",
    )
