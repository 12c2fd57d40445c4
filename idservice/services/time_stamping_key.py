"""The key of a time-stamping unit with its certificate of the day, ready to make tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from idservice.cms.time_stamp_template import TokenTemplate, token_template
from idservice.crypto.keys import Signer
from idservice.errors import CertificateExpired, CertificateNotYetValid
from idservice.services.service_certificates import ServiceCertificate


class CertificateSource(Protocol):
    """Where the services have keys and certificates from."""

    def current(self, name: str) -> ServiceCertificate:
        """Return what a service uses now, renewed if it is due."""


@dataclass(frozen=True, slots=True)
class UnitKey:
    """What makes a token: the signer and the template of its certificate."""

    signer: Signer
    template: TokenTemplate

    def require_valid(self, at: datetime) -> None:
        """Require the certificate to be valid at a time.

        Raises CertificateExpired or CertificateNotYetValid.
        """
        if at < self.template.not_before:
            raise CertificateNotYetValid(
                "The certificate of the time-stamping unit is not valid yet, so a time-stamp "
                "would count for nothing.",
                "Set the clock right.",
            )
        if at > self.template.not_after:
            raise CertificateExpired(
                "The certificate of the time-stamping unit has expired, so a time-stamp would "
                "count for nothing.",
                "Renew it with `idservice keys renew`.",
            )


class TimeStampingKey:
    """Follows key and certificate of one unit, and prepares their template once."""

    def __init__(
        self,
        name: str,
        certificates: CertificateSource,
        chain_der: tuple[bytes, ...],
        *,
        accuracy: timedelta,
    ) -> None:
        """Take the unit's name and the certificates (DER) above its own, issuer first."""
        self._name = name
        self._certificates = certificates
        self._chain_der = chain_der
        self._accuracy = accuracy
        self._prepared: UnitKey | None = None

    def current(self) -> UnitKey:
        """Return the key with the certificate that it has now.

        Raises what its source raises when the key does not open or cannot be renewed.
        """
        found = self._certificates.current(self._name)
        prepared = self._prepared
        if (
            prepared is None
            or prepared.template.certificate_der != found.certificate_der
            or prepared.signer is not found.signer
        ):
            template = token_template(
                found.certificate_der,
                self._chain_der,
                found.signer.algorithm,
                accuracy=self._accuracy,
            )
            prepared = self._prepared = UnitKey(found.signer, template)
        return prepared
