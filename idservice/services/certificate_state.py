"""Whether a certificate of ours, and the person behind it, may be relied upon now."""

from __future__ import annotations

from datetime import datetime

from idservice.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateRevoked,
    CertificateSuspended,
    CertificateUnknown,
    PersonRevoked,
    PersonSuspended,
)
from idservice.store import certificates, persons
from idservice.store.certificates import CertificateRecord
from idservice.store.database import Connection
from idservice.store.persons import Person


def require_valid_certificate(
    connection: Connection, certificate_der: bytes, at: datetime
) -> CertificateRecord:
    """Return the record of a certificate that was issued here and is valid at this time.

    Raises CertificateUnknown, CertificateRevoked, CertificateSuspended,
    CertificateNotYetValid or CertificateExpired.
    """
    record = certificates.find_by_certificate(connection, certificate_der)
    if record is None or record.status in (certificates.PENDING, certificates.ABANDONED):
        raise CertificateUnknown(
            "The certificate was never issued here, so its state cannot be known.",
            "Use a certificate that this service issued; `idservice person list` shows people.",
        )
    if record.status == certificates.REVOKED:
        raise CertificateRevoked(
            "The certificate is revoked, and that is final.", "Issue the person again."
        )
    if record.status != certificates.VALID:
        raise CertificateSuspended(
            "The certificate is suspended, so nobody acts with it now.",
            "Resume the person with `idservice person resume`.",
        )
    if at < record.not_before:
        raise CertificateNotYetValid(
            f"The certificate is valid from {record.not_before:%Y-%m-%d %H:%M} UTC.",
            "Wait until then, or check the clock of this machine.",
        )
    if at > record.not_after:
        raise CertificateExpired(
            "The validity of the certificate has ended.", "Issue the person again."
        )
    return record


def require_active_person(connection: Connection, code: str | None) -> Person:
    """Return the active person with this code, unchanged until the transaction ends.

    Raises CertificateUnknown when the certificate is nobody's, PersonSuspended, PersonRevoked.
    """
    person = None if code is None else persons.find(connection, code, lock=True)
    if person is None or person.status == persons.ISSUING:
        raise CertificateUnknown(
            "The certificate belongs to no person of this service.",
            "Use the certificate of a person that was issued here.",
        )
    if person.status == persons.REVOKED:
        raise PersonRevoked(
            "The person's certificates are revoked for good.", "Issue the person again."
        )
    if person.status != persons.ACTIVE:
        raise PersonSuspended(
            "The person is suspended, so nobody acts in this name.",
            "Resume the person with `idservice person resume`.",
        )
    return person
