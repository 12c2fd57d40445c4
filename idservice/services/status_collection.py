"""Collecting proof that the certificates of a path were good: OCSP answers and CRLs.

For a person, a time-stamping unit or a responder a live OCSP answer is asked for, with a
nonce, and it must have been made after the time-stamp that it is to support; for an
authority its issuer's revocation list, which is made on a schedule. Everything is verified
before it is kept. What is not good is an error: a file that would prove that its signer's
certificate was revoked is not made.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.errors import (
    CertificateUnknown,
    HostNotAllowed,
    MalformedInput,
    OcspRefused,
    OcspUnavailable,
    RevocationListUnavailable,
    ServiceUnavailable,
    StatusAnswerStale,
    Verification,
)
from idservice.pades.dss import StoreItems
from idservice.pki.crl import read_crl
from idservice.pki.crl_status import CrlStatus, require_status_from_crl
from idservice.pki.ocsp_request import NONCE_BYTES, build_request
from idservice.pki.ocsp_response import OcspStatus, read_answer, require_status
from idservice.services.collected_status import CollectedStatus
from idservice.services.status_sources import ListSource, Responder, StatusSources
from idservice.services.turns import ask_in_turn

CLOCK_TOLERANCE = timedelta(minutes=5)
"""By how much a responder's clock may differ from ours."""

ONE_SECOND = timedelta(seconds=1)
LISTS_REMEMBERED = 64
LIST_SECONDS = timedelta(seconds=60)
"""For how long a list that was verified is used again without asking for a newer one."""

WORTH_WAITING = timedelta(seconds=3)
"""An answer that is so little too old is asked for again when its clock has come so far."""

_MAX_RESPONDERS = 2
# Answers that say "later" and not "no" (RFC 6960 cl. 2.3).
_BUSY = frozenset({"tryLater", "internalError"})


@dataclass(frozen=True, slots=True)
class _Listed:
    crl_der: bytes
    status: CrlStatus
    until: datetime


class StatusCollection:
    """Collects the status of every certificate of a path."""

    def __init__(
        self,
        sources: StatusSources,
        *,
        deadline_seconds: float,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Ask `sources`, each certificate within the deadline."""
        self._sleep = sleep
        self._sources = sources
        self._seconds = deadline_seconds
        self._clock = clock
        self._lists: dict[bytes, _Listed] = {}

    def collect(
        self, path: Sequence[x509.Certificate], *, after: datetime, revoked_later: bool = False
    ) -> StoreItems:
        """Return what proves a path (its certificate first, the anchor last) after a time.

        `after` is the time of the time-stamp that is supported: OCSP answers are made later.
        With `revoked_later` a certificate that was revoked after that time is no obstacle.
        Raises CertificateRevoked, CertificateSuspended, CertificateUnknown, OcspUnavailable,
        RevocationListUnavailable, HostNotAllowed, and StatusAnswerMismatch, StatusAnswerInvalid,
        StatusAnswerStale, OcspRefused, MalformedOcsp and MalformedCrl for wrong answers.
        """
        collection = CollectedStatus(revoked_later=revoked_later, after=after)
        for certificate, issuer in pairwise(path):
            collection.certs.append(_der(certificate))
            self._collect(certificate, issuer, collection, depth=0)
        # Nobody trusts the anchor because it is here, but validators look for the issuer of
        # its revocation lists among these.
        collection.certs.append(_der(path[-1]))
        return collection.items()

    def require_own_good(
        self, path: Sequence[x509.Certificate], *, after: datetime, revoked_later: bool = False
    ) -> None:
        """Ask our own authority about a certificate that it issued, whatever a document says.

        Does nothing about certificates of others. Raises as `collect`; with `revoked_later` a
        revocation after the time is no obstacle.
        """
        if len(path) == 1:
            return
        certificate, issuer = path[:2]
        own = self._sources.own_responders(issuer)
        if own and not _has(certificate, x509.OCSPNoCheck):
            _, status = self._ask_in_turn(certificate, issuer, own)
            known = CollectedStatus(revoked_later=revoked_later, after=after)
            known.require_good(status.state, status.revoked_at, status.reason)

    def _collect(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        collection: CollectedStatus,
        depth: int,
    ) -> None:
        if _has(certificate, x509.OCSPNoCheck):
            return
        responders = self._sources.responders(certificate, issuer)
        lists = self._sources.lists(certificate, issuer)
        if _is_authority(certificate) and lists:
            self._from_list(certificate, issuer, lists, collection)
        elif responders or self._sources.named_responders():
            self._from_responder(certificate, issuer, responders, collection, depth)
        elif lists:
            self._from_list(certificate, issuer, lists, collection)
        elif depth == 0:
            raise OcspUnavailable(
                "A certificate names no place that tells whether it was revoked, so nothing can "
                "prove that it was good.",
                "Name a responder that knows it with --ocsp.",
            )

    def _from_responder(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        responders: Sequence[Responder],
        collection: CollectedStatus,
        depth: int,
    ) -> None:
        not_before = _next_second(collection.after)
        early = not_before - self._clock()
        if timedelta() < early <= ONE_SECOND:
            # OCSP tells whole seconds, rounded down (RFC 6960 cl. 4.2.2.1): that of the
            # time-stamp must be over.
            self._sleep(early.total_seconds())
        answer_der, status = self._ask_all(certificate, issuer, responders)
        behind = not_before - _made_at(status)
        if timedelta() < behind <= WORTH_WAITING:
            # Clocks differ a little; soon the responder's is past the time-stamp, too.
            self._sleep(behind.total_seconds())
            answer_der, status = self._ask_all(certificate, issuer, responders)
        if _made_at(status) < collection.after:
            raise StatusAnswerStale(
                "The OCSP answer was made before the time-stamp, so it does not prove that the "
                "certificate was still good then.",
                "Ask a responder that answers live.",
            )
        collection.require_good(status.state, status.revoked_at, status.reason)
        collection.ocsps.append(answer_der)
        responder = status.responder_certificate
        if responder != issuer:
            collection.certs.append(_der(responder))
        if not status.responder_exempt and depth < _MAX_RESPONDERS:
            self._collect(responder, issuer, collection, depth + 1)

    def _ask_all(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        responders: Sequence[Responder],
    ) -> tuple[bytes, OcspStatus]:
        """Ask the named responders; only if none of them knows the certificate, the others."""
        named = self._sources.named_responders()
        if named:
            try:
                return self._ask_in_turn(certificate, issuer, named)
            except (OcspRefused, CertificateUnknown):
                if not responders:
                    raise
        return self._ask_in_turn(certificate, issuer, responders)

    def _ask_in_turn(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        responders: Sequence[Responder],
    ) -> tuple[bytes, OcspStatus]:
        try:
            return ask_in_turn(
                responders,
                lambda responder, seconds: self._ask(certificate, issuer, responder, seconds),
                seconds=self._seconds,
                wrong=(Verification, MalformedInput, HostNotAllowed),
            )
        except ServiceUnavailable as exc:
            raise OcspUnavailable(
                "Whether a certificate was revoked could not be learnt in time, so the level "
                f"cannot be reached: {exc.detail}",
                "Try again later, or name another responder with --ocsp. Nothing was written.",
            ) from exc

    def _ask(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        responder: Responder,
        seconds: float,
    ) -> tuple[bytes, OcspStatus]:
        nonce = secrets.token_bytes(NONCE_BYTES)
        # SHA-1 names the issuer only; it is what every responder understands (RFC 5019).
        request = build_request(certificate, issuer, nonce=nonce, hash_name="sha1")
        answer_der = responder.ask(request, seconds)
        facts = read_answer(answer_der)
        if facts.status in _BUSY:
            raise ServiceUnavailable(f"the responder answers {facts.status}.", "Try again later.")
        status = require_status(
            facts,
            certificate,
            issuer,
            at=self._clock(),
            nonce=nonce,
            tolerance=CLOCK_TOLERANCE,
        )
        if status.state == "unknown":
            raise CertificateUnknown(
                "The OCSP responder does not know a certificate, so nothing proves that it was "
                "good.",
                "Name a responder of the authority that issued it with --ocsp.",
            )
        return answer_der, status

    def _from_list(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        lists: Sequence[ListSource],
        collection: CollectedStatus,
    ) -> None:
        key = _der(certificate)
        now = self._clock()
        listed = self._lists.get(key)
        if listed is None or not now <= listed.until:
            listed = self._fetch_list(certificate, issuer, lists, now)
            if len(self._lists) >= LISTS_REMEMBERED:
                self._lists.clear()
            self._lists[key] = listed
        collection.require_good(listed.status.state, listed.status.revoked_at, listed.status.reason)
        collection.crls.append(listed.crl_der)

    def _fetch_list(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        lists: Sequence[ListSource],
        now: datetime,
    ) -> _Listed:
        def fetch(source: ListSource, seconds: float) -> _Listed:
            crl_der = source.fetch(seconds)
            status = require_status_from_crl(
                read_crl(crl_der), certificate, issuer, at=now, tolerance=CLOCK_TOLERANCE
            )
            until = min(now + LIST_SECONDS, status.next_update or now)
            return _Listed(crl_der, status, until)

        try:
            return ask_in_turn(
                lists,
                fetch,
                seconds=self._seconds,
                wrong=(Verification, MalformedInput, HostNotAllowed),
            )
        except ServiceUnavailable as exc:
            raise RevocationListUnavailable(
                "A revocation list could not be had in time, so the level cannot be reached: "
                + exc.detail,
                "Try again later. Nothing was written.",
            ) from exc


def _made_at(status: OcspStatus) -> datetime:
    """Return the time for which an answer certainly speaks."""
    return min(status.this_update, status.produced_at)


def _next_second(at: datetime) -> datetime:
    """Return the first whole second that is not before a time."""
    whole = at.replace(microsecond=0)
    return whole if whole == at else whole + ONE_SECOND


def _has(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> bool:
    try:
        certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return found.value.ca


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
