"""The OCSP responder: a request in, an answer out (RFC 6960, 9654; caching as RFC 5019).

*Good* is said only of what was issued here and is neither suspended nor revoked; expired
certificates keep their status for ever, which the archive cutoff tells. What was never
issued, or not to its end, is *unknown*, and so is any other issuer's. A suspension is a
revocation with the reason certificateHold.

Without a nonce an answer is kept and given again, for a minute at most. Its place in the
cache is bound to the epoch of the issuer, which is read with every request: a revocation
on any machine ends all answers of before. *Unknown* is never kept, so that a certificate
is good as soon as it is issued. With a nonce every answer is made anew.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from idservice.crypto.certificates import load_certificate, subject_name, subject_public_key
from idservice.errors import Dependency, IdServiceError
from idservice.pki.ocsp_building import (
    GOOD,
    REVOKED,
    UNKNOWN,
    Period,
    Responder,
    Status,
    build_answer,
    error_answer,
)
from idservice.pki.ocsp_cert_id import CertId
from idservice.pki.ocsp_request import MAX_REQUEST_BYTES, OcspRequest, parse_request
from idservice.pki.revocation_reasons import CERTIFICATE_HOLD
from idservice.services.service_certificates import ServiceCertificates
from idservice.settings import OcspSettings
from idservice.store import certificates, status_epochs
from idservice.store.certificates import CertificateState
from idservice.store.database import Database

__all__ = ["MAX_REQUEST_BYTES", "Answerable", "OcspAnswer", "OcspResponder"]

OCSP_KEY = "ocsp"


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """An OCSPResponse in DER, and what HTTP is told about it.

    `max_age` are the seconds for which it may be given again; None means never. `etag` is
    the SHA-256 of the DER in hexadecimal. An error answer has no `this_update`; `failure`
    is why there is one, for logs.
    """

    der: bytes
    max_age: int | None
    etag: str
    this_update: datetime | None
    failure: IdServiceError | None = None


@dataclass(frozen=True, slots=True)
class Answerable:
    """An issuer whose certificates are answered for: its name in records, and certificate."""

    name: str
    certificate_der: bytes


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: OcspAnswer
    epoch: int


class OcspResponder:
    """Answers for the certificates of one issuer, with a certificate that the issuer gave it."""

    def __init__(
        self,
        database: Database,
        issuer: Answerable,
        service: ServiceCertificates,
        settings: OcspSettings,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        """Take the collaborators; `service` holds the responder's key and certificate."""
        self._database = database
        self._issuer = issuer.name
        self._name_der = subject_name(issuer.certificate_der)
        self._key = subject_public_key(issuer.certificate_der)
        self._cutoff = load_certificate(issuer.certificate_der).not_valid_before_utc
        self._service = service
        self._settings = settings
        self._clock = clock
        self._kept = _AnswerCache(settings.cached_answers)

    def respond(self, request_der: bytes) -> OcspAnswer:
        """Return the answer to an OCSPRequest in DER; what is wrong is an answer, too."""
        try:
            request = parse_request(request_der)
        except IdServiceError as exc:
            return _error("malformedRequest", exc)
        try:
            return self._answer(request) if request.nonce else self._kept_or_new(request)
        except Dependency as exc:
            return _error("tryLater", exc)
        except IdServiceError as exc:
            return _error("internalError", exc)

    def _kept_or_new(self, request: OcspRequest) -> OcspAnswer:
        at = self._clock()
        with self._database.read() as connection:
            epoch = status_epochs.current(connection, self._issuer)
        key = tuple(item.encoded for item in request.cert_ids)
        kept = self._kept.find(key)
        if kept is not None and kept.epoch == epoch:
            left = self._seconds_left(kept.answer, at)
            if left > 0:
                answer = kept.answer
                return OcspAnswer(answer.der, left, answer.etag, answer.this_update)
        answer = self._answer(request)
        # The epoch was read before the status: at worst this is kept as older than it is.
        if answer.max_age:
            self._kept.keep(key, _Kept(answer, epoch))
        return answer

    def _answer(self, request: OcspRequest) -> OcspAnswer:
        # The clock is read before the state: what was acknowledged before is in the answer.
        at = self._clock()
        statuses = self._statuses(request.cert_ids)
        this_update = at.replace(microsecond=0)
        valid_for = timedelta(seconds=self._settings.valid_seconds)
        used = self._service.current(OCSP_KEY)
        answer_der = build_answer(
            Responder(used.signer, used.certificate_der),
            list(zip(request.cert_ids, statuses, strict=True)),
            Period(this_update, this_update + valid_for, self._cutoff),
            produced_at=this_update,
            nonce=request.nonce,
        )
        answer = OcspAnswer(answer_der, None, _digest(answer_der), this_update)
        if request.nonce or any(item.state == UNKNOWN for item in statuses):
            return answer
        left = self._seconds_left(answer, at)
        return OcspAnswer(answer_der, left, answer.etag, this_update)

    def _statuses(self, cert_ids: Sequence[CertId]) -> list[Status]:
        serials = {
            index: certificates.serial_text(item.serial)
            for index, item in enumerate(cert_ids)
            if item.serial > 0 and item.names_issuer(self._name_der, self._key)
        }
        with self._database.read() as connection:
            found = certificates.states_of(connection, self._issuer, list(serials.values()))
        return [_status(found.get(serials.get(index, ""))) for index in range(len(cert_ids))]

    def _seconds_left(self, answer: OcspAnswer, at: datetime) -> int:
        """Return for how many whole seconds an answer may still be given; none is 0."""
        if answer.this_update is None or at < answer.this_update:
            return 0  # from the future: the clock was set back
        age = (at - answer.this_update).total_seconds()
        return max(0, int(self._settings.cache_seconds - age))


class _AnswerCache:
    """Answers that may be given again; those used longest ago go first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[bytes, ...], _Kept] = OrderedDict()

    def find(self, key: tuple[bytes, ...]) -> _Kept | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: tuple[bytes, ...], kept: _Kept) -> None:
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


def _status(state: CertificateState | None) -> Status:
    if state is None:
        return Status(UNKNOWN)
    if state.status == certificates.VALID:
        return Status(GOOD)
    if state.status == certificates.SUSPENDED:
        return Status(REVOKED, state.suspended_at, CERTIFICATE_HOLD)
    if state.status == certificates.REVOKED:
        return Status(REVOKED, state.revoked_at, state.revocation_reason)
    return Status(UNKNOWN)


def _error(status: str, failure: IdServiceError) -> OcspAnswer:
    answer_der = error_answer(status)
    return OcspAnswer(answer_der, None, _digest(answer_der), None, failure)


def _digest(answer_der: bytes) -> str:
    return hashlib.sha256(answer_der).hexdigest()
