"""The CA certificates that everybody may fetch, under the names that certificates point to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509.oid import NameOID

from idservice.crypto.certificates import load_certificate
from idservice.errors import NotFound


@dataclass(frozen=True, slots=True)
class PublishedCertificate:
    """One CA certificate: DER, common name, SHA-256 of the DER in hexadecimal, end of validity."""

    name: str
    der: bytes
    common_name: str
    sha256: str
    not_after: datetime


class Publication:
    """CA certificates by name, root first."""

    def __init__(self, certificates_der: Mapping[str, bytes]) -> None:
        """Take the DER of each certificate under its name, such as "esteid2025"."""
        self._published = {
            name: _published(name, certificate_der)
            for name, certificate_der in certificates_der.items()
        }

    def list(self) -> tuple[PublishedCertificate, ...]:
        """Return all certificates in their order."""
        return tuple(self._published.values())

    def certificate(self, name: str) -> PublishedCertificate:
        """Return the certificate of this name. Raises NotFound."""
        found = self._published.get(name)
        if found is None:
            raise NotFound(
                "No CA certificate of this name is published here.",
                f"Choose one of {', '.join(self._published)}.",
            )
        return found


def _published(name: str, certificate_der: bytes) -> PublishedCertificate:
    certificate = load_certificate(certificate_der)
    common_names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return PublishedCertificate(
        name,
        certificate_der,
        str(common_names[0].value) if common_names else name,
        hashlib.sha256(certificate_der).hexdigest(),
        certificate.not_valid_after_utc,
    )
