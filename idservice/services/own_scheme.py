"""A home's own authorities as trust services: a scheme for tests, which nobody else knows.

So that signatures of test people come out as those of real ones do (QESIG), the issuing
authority counts as CA/QC and as TSA/QTST since its certificate became valid.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.crypto.certificates import readable_name
from idservice.services.listed_services import (
    ListedService,
    ListedServices,
    TrustServiceSource,
    UsableLists,
)
from idservice.trustlists.values import CA_QC, TSA_QTST, ServicePeriod, TrustService

SCHEME = "idservice test scheme"
_GRANTED = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted"
_EXTENSION = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt"


def own_services(authorities: Sequence[x509.Certificate]) -> ListedServices:
    """Return the services of a home's issuing authorities, marked as those of a test scheme."""
    return ListedServices(
        [
            ListedService(SCHEME, _service(item, kind), test=True)
            for item in authorities
            for kind in (CA_QC, TSA_QTST)
        ]
    )


def _service(authority: x509.Certificate, kind: str) -> TrustService:
    name = readable_name(authority.subject)
    types = ("ForeSignatures", "ForeSeals") if kind == CA_QC else ()
    period = ServicePeriod(
        kind,
        name,
        _GRANTED,
        authority.not_valid_before_utc,
        tuple(f"{_EXTENSION}/{item}" for item in types),
    )
    return TrustService(name, (authority.public_bytes(Encoding.DER),), (), (), (period,))


class OwnScheme:
    """The services of a home's own authorities, and those of the trusted lists beside them."""

    def __init__(self, own: ListedServices, lists: TrustServiceSource) -> None:
        """Take both."""
        self._own, self._lists = own, lists

    def current(self) -> UsableLists:
        """Return the services that count now."""
        usable = self._lists.current()
        return UsableLists(self._own.with_others(usable.services), usable.findings)
