"""What was collected about a path so far, and the rule by which a certificate counts as good."""

from __future__ import annotations

from datetime import datetime

from idservice.errors import CertificateRevoked, CertificateSuspended, CertificateUnknown
from idservice.pades.dss import StoreItems
from idservice.pki.revocation_reasons import CERTIFICATE_HOLD


class CollectedStatus:
    """What was collected so far, and the rule by which a certificate counts as good."""

    def __init__(self, *, after: datetime, revoked_later: bool) -> None:
        """Collect what supports a time-stamp of the time `after`."""
        self.after = after
        self.certs: list[bytes] = []
        self.ocsps: list[bytes] = []
        self.crls: list[bytes] = []
        self._revoked_later = revoked_later

    def items(self) -> StoreItems:
        """Return everything once, in the order in which it came."""
        return StoreItems(*(tuple(dict.fromkeys(x)) for x in (self.certs, self.ocsps, self.crls)))

    def require_good(self, state: str, revoked_at: datetime | None, reason: str | None) -> None:
        """Raise unless a certificate is good, or was revoked only later and that may be."""
        if state == "good":
            return
        if state != "revoked":
            raise CertificateUnknown(
                "A certificate had expired before the revocation list was made, and the list "
                "does not keep such, so nothing proves that it was good.",
                "Name a responder of the authority that issued it with --ocsp.",
            )
        if self._revoked_later and revoked_at is not None and revoked_at > self.after:
            return
        since = "" if revoked_at is None else f" since {revoked_at:%Y-%m-%d %H:%M:%S} UTC"
        if reason == CERTIFICATE_HOLD:
            raise CertificateSuspended(
                f"A certificate is suspended{since}, so the level cannot be reached.",
                "Have the certificate resumed by whoever issued it, and try again.",
            )
        raise CertificateRevoked(
            f"A certificate is revoked{since}, so the level cannot be reached.",
            "Use a certificate that is not revoked; a signature that was time-stamped before "
            "stays valid as it is.",
        )
