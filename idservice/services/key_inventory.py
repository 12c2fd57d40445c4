"""Every key of authorities and services: where it lives, and how long its certificate is valid."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from idservice.crypto.certificates import load_certificate
from idservice.keystore.authority_keys import AuthorityKeys
from idservice.services.certificate_authority import ISSUING_KEY, ROOT_KEY
from idservice.services.service_certificates import ServiceCertificates


@dataclass(frozen=True, slots=True)
class InventoryEntry:
    """A key with its newest certificate, whose SHA-256 is in hexadecimal.

    `place` is "file" or "hsm"; `renew_at` is None for authorities, which are not renewed.
    """

    name: str
    place: str
    not_before: datetime
    not_after: datetime
    renew_at: datetime | None
    sha256: str


def key_inventory(keys: AuthorityKeys, services: ServiceCertificates) -> Iterator[InventoryEntry]:
    """Yield the authorities, root first, and the services whose keys were made.

    Raises KeyStoreInvalid or KeyStoreUnavailable for a key that does not open.
    """
    for name in (ROOT_KEY, ISSUING_KEY):
        certificate_der = keys.load_certificate(name)
        certificate = load_certificate(certificate_der)
        period = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        yield InventoryEntry(name, keys.place(name), *period, None, _sha256(certificate_der))
    for held in services.inventory():
        yield InventoryEntry(
            held.name,
            keys.place(held.name),
            held.not_before,
            held.not_after,
            held.renew_at,
            _sha256(held.certificate_der),
        )


def _sha256(certificate_der: bytes) -> str:
    return hashlib.sha256(certificate_der).hexdigest()
