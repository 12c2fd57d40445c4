"""Fetching, for one validation, what certificates say about where their status is.

Only hosts that are configured are asked, and all fetches of one validation share one
deadline. What comes is verified like everything else; here it is only fetched.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from functools import partial

from cryptography import x509

from idservice.crypto.certificates import load_certificate
from idservice.errors import (
    Finding,
    HostNotAllowed,
    IdServiceError,
    MalformedRequest,
    ServiceUnavailable,
)
from idservice.pki.ocsp_request import NONCE_BYTES, build_request
from idservice.pki.ocsp_response import read_answer
from idservice.services.status_sources import StatusSources
from idservice.validation.facts import EvidenceKind, StoredEvidence

MAX_ISSUERS = 4
"""Certificates of issuers that are fetched for one path, one above the other."""

MAX_CERTIFICATES = 16
"""Certificates whose status is fetched in one validation."""


class StatusFetching:
    """Fetches OCSP answers, revocation lists and certificates of issuers for one validation."""

    def __init__(
        self,
        sources: StatusSources,
        *,
        seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask `sources`; `seconds` is the deadline for everything together."""
        self._sources = sources
        self._monotonic = monotonic
        self._end = monotonic() + seconds
        self._known: dict[
            tuple[x509.Certificate, x509.Certificate], tuple[StoredEvidence, ...]
        ] = {}
        self._issuers: dict[x509.Certificate, tuple[x509.Certificate, ...]] = {}
        self._findings: dict[str, Finding] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What could not be fetched, each place once."""
        return tuple(self._findings.values())

    def statements_about(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[StoredEvidence, ...]:
        """Fetch an OCSP answer, or a list where there is no answer. What fails is a finding."""
        key = (certificate, issuer)
        if key not in self._known and len(self._known) < MAX_CERTIFICATES:
            one = next(self._statements(certificate, issuer), None)
            self._known[key] = () if one is None else (one,)
        return self._known.get(key, ())

    def issuers_of(self, certificate: x509.Certificate) -> tuple[x509.Certificate, ...]:
        """Fetch the certificates above one, as far as each says where its issuer's is.

        RFC 5280 cl. 4.2.2.1, one certificate in DER behind each address.
        """
        if certificate not in self._issuers:
            found: list[x509.Certificate] = []
            current: x509.Certificate | None = certificate
            while current is not None and len(found) < MAX_ISSUERS:
                current = next(self._issuer(current), None)
                if current is None or current in found:
                    break
                found.append(current)
            self._issuers[certificate] = tuple(found)
        return self._issuers[certificate]

    def _statements(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> Iterator[StoredEvidence]:
        for responder in self._sources.responders(certificate, issuer):
            # SHA-1 only says who is meant, and it is what every responder knows (RFC 5019).
            nonce = secrets.token_bytes(NONCE_BYTES)
            request_der = build_request(certificate, issuer, nonce=nonce, hash_name="sha1")
            answer = self._fetched(partial(responder.ask, request_der))
            if answer is not None and not _is_replayed(answer, nonce):
                yield StoredEvidence(EvidenceKind.OCSP, answer, None)
        for source in self._sources.lists(certificate, issuer):
            listed = self._fetched(source.fetch)
            if listed is not None:
                yield StoredEvidence(EvidenceKind.CRL, listed, None)

    def _issuer(self, certificate: x509.Certificate) -> Iterator[x509.Certificate]:
        for source in self._sources.issuers(certificate):
            fetched = self._fetched(source.fetch)
            if fetched is None:
                continue
            try:
                yield load_certificate(fetched)
            except IdServiceError:
                continue

    def _fetched(self, fetch: Callable[[float], bytes]) -> bytes | None:
        left = self._end - self._monotonic()
        try:
            if left <= 0:
                raise ServiceUnavailable(
                    "The time for fetching revocation data is over, so some places were not asked.",
                    "Validate again, or give the revocation data as files.",
                )
            return fetch(left)
        except (HostNotAllowed, MalformedRequest) as exc:
            self._tell("status_host_not_allowed", exc)
        except ServiceUnavailable as exc:
            self._tell("status_source_unavailable", exc)
        return None

    def _tell(self, code: str, error: IdServiceError) -> None:
        fix = error.fix
        if code == "status_host_not_allowed":
            fix = "Add it to validation.allowed_hosts in the settings, if you trust it."
        self._findings.setdefault(error.detail, Finding(code, error.detail, fix))


def _is_replayed(answer_der: bytes, nonce: bytes) -> bool:
    """Whether an answer is to another request; many responders leave the nonce out (RFC 5019)."""
    try:
        basic = read_answer(answer_der).basic
    except IdServiceError:
        return False  # it is refused, and told of, where it is verified
    return basic is not None and basic.nonce not in (None, nonce)
