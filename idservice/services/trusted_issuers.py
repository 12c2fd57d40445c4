"""The issuing CAs that logins trust, and a memory of paths that were found to hold.

A path depends on its certificates and the time alone, so one that held once holds
wherever the validity periods of all its certificates overlap; people log in again and
again with the same certificate. Status is never remembered: the store knows it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from idservice.errors import CertificateNotTrusted, SignatureInvalid
from idservice.pki.path import build_path

PATHS_REMEMBERED = 4096


class TrustedIssuers:
    """Requires that certificates come from one of a few issuers."""

    def __init__(self, issuers: Sequence[x509.Certificate]) -> None:
        """Take the issuers, each an anchor of its own: a root above them is not asked."""
        self._issuers = tuple(issuers)
        self._held: dict[bytes, tuple[datetime, datetime]] = {}

    def require_path(
        self, certificate_der: bytes, certificate: x509.Certificate, at: datetime
    ) -> None:
        """Require a valid path to an issuer at this time; see `pki.path.build_path`.

        Raises CertificateNotTrusted, CertificateExpired, CertificateNotYetValid or
        CertificateConstraintsViolated.
        """
        fingerprint = hashlib.sha256(certificate_der).digest()
        begins, ends = self._held.get(fingerprint, (None, None))
        if begins is not None and ends is not None and begins <= at <= ends:
            return
        try:
            path = build_path(certificate, (), self._issuers, at)
        except SignatureInvalid as exc:
            raise CertificateNotTrusted(
                "The certificate names our issuer, but another key signed it.",
                "Use a certificate that this service issued.",
            ) from exc
        if len(self._held) >= PATHS_REMEMBERED:
            self._held.clear()
        self._held[fingerprint] = (
            max(item.not_valid_before_utc for item in path.certificates),
            min(item.not_valid_after_utc for item in path.certificates),
        )
