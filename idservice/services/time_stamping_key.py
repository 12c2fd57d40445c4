"""The key of a time-stamping unit with its certificate of the day.

The key is opened once. The certificate is looked at again every second, so that a renewed
one is used by every process without a restart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from idservice.cms.time_stamp_template import TokenTemplate, token_template
from idservice.crypto.keys import Signer
from idservice.errors import CertificateExpired, CertificateNotYetValid

LOOK_AGAIN_SECONDS = 1.0


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
        if at >= self.template.not_after:
            raise CertificateExpired(
                "The certificate of the time-stamping unit has expired, so a time-stamp would "
                "count for nothing.",
                "Renew the certificates of the services.",
            )


class TimeStampingKey:
    """Opens a unit's key, and follows its certificate."""

    def __init__(
        self,
        load_signer: Callable[[], Signer],
        load_certificate: Callable[[], bytes],
        chain_der: tuple[bytes, ...],
        *,
        accuracy: timedelta,
        monotonic: Callable[[], float],
    ) -> None:
        """Take how to open key and certificate (DER) and the certificates above, issuer first."""
        self._load_signer = load_signer
        self._load_certificate = load_certificate
        self._chain_der = chain_der
        self._accuracy = accuracy
        self._monotonic = monotonic
        self._current: UnitKey | None = None
        self._looked = 0.0

    def current(self) -> UnitKey:
        """Return the key with the certificate that it has now.

        Raises KeyStoreInvalid or KeyStoreUnavailable when it does not open.
        """
        current, now = self._current, self._monotonic()
        if current is None:
            current = self._opened(self._load_signer(), self._load_certificate(), now)
        elif now - self._looked >= LOOK_AGAIN_SECONDS:
            certificate_der = self._load_certificate()
            self._looked = now
            if certificate_der != current.template.certificate_der:
                current = self._opened(self._load_signer(), certificate_der, now)
        return current

    def _opened(self, signer: Signer, certificate_der: bytes, now: float) -> UnitKey:
        template = token_template(
            certificate_der, self._chain_der, signer.algorithm, accuracy=self._accuracy
        )
        self._current, self._looked = UnitKey(signer, template), now
        return self._current
