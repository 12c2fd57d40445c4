"""What is told about a person as JSON: nothing that is wrapped, hashed or secret."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.services.persons import PersonView
from idservice.store.certificates import CertificateRecord


def person_facts(view: PersonView) -> dict[str, Any]:
    """Return a person as JSON values: names, status, custody, tries left, certificates."""
    person = view.person
    return {
        "personal_code": person.code,
        "given_name": person.given_name,
        "surname": person.surname,
        "status": view.status,
        "custody": list(view.custody),
        "created_at": _time(person.created_at),
        "suspended_at": _time(person.suspended_at),
        "revoked_at": _time(person.revoked_at),
        "revocation_reason": person.revocation_reason,
        "tries_left": dict(view.tries_left),
        "certificates": [
            certificate_facts(record, view.status_of(record)) for record in view.certificates
        ],
    }


def certificate_facts(record: CertificateRecord, status: str) -> dict[str, Any]:
    """Return an issued certificate and its state now as JSON values, with its PEM."""
    return {
        "purpose": record.purpose,
        "custody": record.custody,
        "issuer": record.issuer,
        "serial": record.serial,
        "subject": record.subject,
        "profile": record.profile,
        "profile_version": record.profile_version,
        "status": status,
        "not_before": _time(record.not_before),
        "not_after": _time(record.not_after),
        "sha256": record.certificate_sha256,
        "certificate_pem": certificate_pem(record.certificate_der or b""),
    }


def certificate_pem(certificate_der: bytes) -> str:
    """Return a DER certificate of ours as PEM text."""
    certificate = x509.load_der_x509_certificate(certificate_der)
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat().replace("+00:00", "Z")
