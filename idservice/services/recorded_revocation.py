"""Whether a certificate of our own authorities is still good, as our database records it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.services.revocation import RevocationState, RevocationStatus
from idservice.store import certificates
from idservice.store.certificates import CertificateRecord
from idservice.store.database import Database


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
