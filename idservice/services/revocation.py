"""Whether a certificate is still good: asked of whoever knows.

What is asked about was already verified to be issued by the issuer given with it, so
that nobody can ask about a certificate that only claims an issuer.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from idservice.validation.evidence import RevocationState

__all__ = [
    "NoRevocationSource",
    "RevocationSource",
    "RevocationState",
    "RevocationStatus",
]


@dataclass(frozen=True, slots=True)
class RevocationStatus:
    """The state, since when it holds (suspended and revoked), and the reason.

    `since` is in whole seconds, as OCSP answers, lists and our time-stamps tell time.
    """

    state: RevocationState
    since: dt.datetime | None = None
    reason: str | None = None


class RevocationSource(Protocol):
    """Somebody who knows about certificates of some issuers."""

    def status(self, certificate: x509.Certificate, issuer: x509.Certificate) -> RevocationStatus:
        """Return what is known about a certificate that this issuer signed."""


class NoRevocationSource:
    """Knows nothing: for validation outside of any home folder."""

    def status(
        self,
        certificate: x509.Certificate,  # noqa: ARG002 - the interface
        issuer: x509.Certificate,  # noqa: ARG002 - the interface
    ) -> RevocationStatus:
        """Return NOT_COVERED."""
        return RevocationStatus(RevocationState.NOT_COVERED)
