"""Whether a certificate is still good: asked of whoever knows, here our own database.

What is asked about was already verified to be issued by the issuer given with it, so
that nobody can ask about a certificate that only claims an issuer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.store import certificates
from idservice.store.certificates import CertificateRecord
from idservice.store.database import Database
from idservice.validation.evidence import RevocationState

__all__ = [
    "DatabaseRevocation",
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


class DatabaseRevocation:
    """Certificates of our own authorities, from the database in which they were recorded."""

    def __init__(self, database: Database, authorities: Sequence[x509.Certificate]) -> None:
        """Answer for certificates that one of `authorities` issued; those themselves are good."""
        self._database = database
        self._authorities = frozenset(item.public_bytes(Encoding.DER) for item in authorities)

    def status(self, certificate: x509.Certificate, issuer: x509.Certificate) -> RevocationStatus:
        """Return the recorded state. Raises DatabaseUnavailable."""
        certificate_der = certificate.public_bytes(Encoding.DER)
        if issuer.public_bytes(Encoding.DER) not in self._authorities:
            return RevocationStatus(RevocationState.NOT_COVERED)
        if certificate_der in self._authorities:
            return RevocationStatus(RevocationState.VALID)
        with self._database.read() as connection:
            return _recorded(certificates.find_by_certificate(connection, certificate_der))


def _recorded(record: CertificateRecord | None) -> RevocationStatus:
    if record is None or record.status in (certificates.PENDING, certificates.ABANDONED):
        return RevocationStatus(RevocationState.UNKNOWN)
    if record.status == certificates.REVOKED:
        return RevocationStatus(
            RevocationState.REVOKED, _whole(record.revoked_at), record.revocation_reason
        )
    if record.status == certificates.SUSPENDED:
        return RevocationStatus(RevocationState.SUSPENDED, _whole(record.suspended_at))
    return RevocationStatus(RevocationState.VALID)


def _whole(at: dt.datetime | None) -> dt.datetime | None:
    """Cut to seconds: who is stamped later in the same second is not older than that."""
    return None if at is None else at.replace(microsecond=0)
