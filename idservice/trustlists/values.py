"""What a trusted list says, as values (ETSI TS 119 612 cl. 5)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from idservice.trustlists.criteria import Criterion

CA_QC = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"
TSA_QTST = "http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST"

_TYPES = "http://uri.etsi.org/TrstSvc/Svctype"
ISSUING_TYPES = frozenset({CA_QC, f"{_TYPES}/CA/PKC"})
"""Services that issue certificates (cl. 5.5.1.1 and 5.5.1.2)."""

TIME_STAMPING_TYPES = frozenset(
    {TSA_QTST, f"{_TYPES}/TSA", f"{_TYPES}/TSA/TSS-QC", f"{_TYPES}/TSA/TSS-AdESQCandQES"}
)
STATUS_TYPES = frozenset(
    {
        f"{_TYPES}/Certstatus/OCSP",
        f"{_TYPES}/Certstatus/OCSP/QC",
        f"{_TYPES}/Certstatus/CRL",
        f"{_TYPES}/Certstatus/CRL/QC",
    }
)

_STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
GOOD_STATUSES = frozenset(
    f"{_STATUS}{name}"
    for name in (
        "granted",
        "recognisedatnationallevel",
        "undersupervision",
        "supervisionincessation",
        "accredited",
        "setbynationallaw",
    )
)
"""Statuses under which a service may be relied upon (cl. 5.5.4, and annex J for those before)."""


@dataclass(frozen=True, slots=True)
class Qualification:
    """Qualifiers (URIs) that hold for the certificates that meet a criterion (cl. 5.5.9.2)."""

    qualifiers: tuple[str, ...]
    criterion: Criterion


@dataclass(frozen=True, slots=True)
class ServicePeriod:
    """What a service was from a time on, until the next period begins (cl. 5.5 and 5.6).

    `additional` are the URIs of what it is for in more detail (cl. 5.5.9.4). `processed`
    tells that no critical extension was left unprocessed; otherwise nothing may rest on it.
    """

    type: str
    name: str
    status: str
    since: dt.datetime
    additional: tuple[str, ...] = ()
    qualifications: tuple[Qualification, ...] = ()
    expired_certificates_since: dt.datetime | None = None
    taken_over_by: str | None = None
    processed: bool = True


@dataclass(frozen=True, slots=True)
class TrustService:
    """One service with its identities and all its periods, the newest first.

    Only a certificate (DER) can be a trust anchor; key identifiers and subject names, as
    histories have them, are only told.
    """

    provider: str
    certificates: tuple[bytes, ...]
    key_identifiers: tuple[bytes, ...]
    subject_names: tuple[str, ...]
    periods: tuple[ServicePeriod, ...]

    @property
    def types(self) -> frozenset[str]:
        """Every type that the service has or had."""
        return frozenset(item.type for item in self.periods)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where another list is published, and the certificates (DER) that may sign it (cl. 5.3.13)."""

    location: str
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TrustedList:
    """A whole list. `next_update` is None for one that was closed and will not be renewed."""

    scheme: str
    operator: str
    territory: str
    type: str
    sequence: int
    issued: dt.datetime
    next_update: dt.datetime | None
    pointers: tuple[Pointer, ...]
    services: tuple[TrustService, ...]
