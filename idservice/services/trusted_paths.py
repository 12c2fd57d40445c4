"""Certification paths to the anchors that are trusted here, remembered while they are valid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from idservice.crypto.certificates import load_certificate
from idservice.errors import MalformedInput
from idservice.pki.path import build_path
from idservice.pki.path_rules import Purpose

PATHS_REMEMBERED = 256

Path = tuple[x509.Certificate, ...]
"""The certificate first, the anchor last."""


class TrustedPaths:
    """Finds the path of a certificate, for one purpose or for any."""

    def __init__(
        self,
        anchors: Sequence[x509.Certificate],
        intermediates: Sequence[x509.Certificate],
        *,
        purpose: Purpose | None = None,
    ) -> None:
        """Take the trust anchors, and other authorities that are known."""
        self._anchors = tuple(anchors)
        self._intermediates = tuple(intermediates)
        self._purpose = purpose
        self._known: dict[bytes, Path] = {}

    def require(self, certificate_der: bytes, came_along: Sequence[bytes], at: datetime) -> Path:
        """Return a path that is valid at a time; `came_along` may help to find it.

        Raises what `pki.path.build_path` raises, and MalformedCertificate.
        """
        known = self._known.get(certificate_der)
        if known is not None and all(_valid(item, at) for item in known):
            return known
        path = build_path(
            load_certificate(certificate_der),
            (*self._intermediates, *_readable(came_along)),
            self._anchors,
            at,
            purpose=self._purpose,
        ).certificates
        if len(self._known) >= PATHS_REMEMBERED:
            self._known.clear()
        self._known[certificate_der] = path
        return path


def _readable(certificates_der: Sequence[bytes]) -> list[x509.Certificate]:
    found = []
    for item in certificates_der:
        try:
            found.append(load_certificate(item))
        except MalformedInput:
            continue  # what merely came along and cannot be read helps nobody
    return found


def _valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
