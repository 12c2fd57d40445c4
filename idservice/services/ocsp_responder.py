"""The OCSP responder: a request in, an answer out (RFC 6960, 9654; caching as RFC 5019).

*Good* is said only of what was issued here and is neither suspended nor revoked; expired
certificates keep their status for ever, which the archive cutoff tells. What was never
issued, or not to its end, is *unknown*, and so is any other issuer's. A suspension is a
revocation with the reason certificateHold.

Without a nonce an answer is kept and given again, for a minute at most. Its thisUpdate is the
same whichever process makes it, a multiple of half that minute or what happened since, and so
is its ETag: caches may ask any worker whether theirs is still the newest. Its place in the
cache is bound to the epoch of the issuer, which is read with every request: a revocation
on any machine ends all answers of before. *Unknown* is never kept, so that a certificate
is good as soon as it is issued. With a nonce every answer is made anew.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from idservice.crypto.certificates import load_certificate, subject_name, subject_public_key
from idservice.crypto.der import check_der
from idservice.crypto.keys import repeating
from idservice.errors import Dependency, IdServiceError, MalformedDer
from idservice.pki.ocsp_building import (
    GOOD,
    REVOKED,
    UNKNOWN,
    Period,
    Responder,
    Status,
    error_answer,
    response_data,
    sign_answer,
)
from idservice.pki.ocsp_cert_id import CertId
from idservice.pki.ocsp_request import MAX_REQUEST_BYTES, OcspRequest, parse_request
from idservice.pki.revocation_reasons import CERTIFICATE_HOLD
from idservice.services.service_certificates import ServiceCertificates
from idservice.settings import OcspSettings
from idservice.store import certificates, status_epochs
from idservice.store.certificates import CertificateState
from idservice.store.database import Database

__all__ = ["MAX_REQUEST_BYTES", "Answerable", "OcspAnswer", "OcspResponder", "is_whole"]

OCSP_KEY = "ocsp"


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """An OCSPResponse in DER, and what HTTP is told about it.

    `max_age` are the seconds for which it may be given again; None means never. `etag` is
    the SHA-256 of the DER in hexadecimal; when signatures differ each time, `weak`, it is that
    of what was signed, so that the same answer has the same everywhere. An error answer has no
    `this_update`; `failure` is why there is one, for logs.
    """

    der: bytes
    max_age: int | None
    etag: str
    this_update: datetime | None
    failure: IdServiceError | None = None
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Answerable:
    """An issuer whose certificates are answered for: its name in records, and certificate."""

    name: str
    certificate_der: bytes


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: OcspAnswer
    epoch: int
    period: datetime


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
        period = self._period(at)
        with self._database.read() as connection:
            epoch, since = status_epochs.current_since(connection, self._issuer)
        key = tuple(item.encoded for item in request.cert_ids)
        kept = self._kept.find(key)
        if kept is not None and (kept.epoch, kept.period) == (epoch, period):
            left = self._seconds_left(kept.answer, at)
            if left > 0:
                return replace(kept.answer, max_age=left)
        answer = self._shared_answer(request, at, since or period)
        # The epoch was read before the status: at worst this is kept as older than it is.
        if answer.max_age:
            self._kept.keep(key, _Kept(answer, epoch, period))
        return answer

    def _answer(self, request: OcspRequest) -> OcspAnswer:
        """Answer live."""
        # First of all: a certificate that is renewed now must be valid when the answer is made.
        used = self._service.current(OCSP_KEY)
        # The clock is read before the state: what was acknowledged before is in the answer.
        this_update = self._clock().replace(microsecond=0)
        states = self._states(request.cert_ids)
        said = self._said(request, states, used.certificate_der, this_update)
        answer_der = sign_answer(Responder(used.signer, used.certificate_der), said)
        return OcspAnswer(answer_der, None, _digest(answer_der), this_update)

    def _shared_answer(self, request: OcspRequest, at: datetime, since: datetime) -> OcspAnswer:
        """Answer as every other process does that has seen no more than this one."""
        states = self._states(request.cert_ids)
        if any(_status(item).state == UNKNOWN for item in states):
            return self._answer(request)
        used = self._service.current(OCSP_KEY)
        events = [since, used.not_before, *(time for item in states for time in _events(item))]
        # The certificate may have been renewed since the clock was read.
        latest = max(at, used.not_before)
        this_update = min(latest, max(self._period(at), *events)).replace(microsecond=0)
        said = self._said(request, states, used.certificate_der, this_update)
        signer = repeating(used.signer)
        answer_der = sign_answer(Responder(signer or used.signer, used.certificate_der), said)
        etag = _digest(answer_der if signer else said + used.certificate_der)
        answer = OcspAnswer(answer_der, None, etag, this_update, weak=signer is None)
        return replace(answer, max_age=self._seconds_left(answer, at))

    def _period(self, at: datetime) -> datetime:
        """Return when the current half of the time began for which answers are kept."""
        length = max(1, self._settings.cache_seconds // 2)
        return datetime.fromtimestamp(int(at.timestamp()) // length * length, at.tzinfo)

    def _said(
        self,
        request: OcspRequest,
        states: Sequence[CertificateState | None],
        certificate_der: bytes,
        this_update: datetime,
    ) -> bytes:
        valid_for = timedelta(seconds=self._settings.valid_seconds)
        return response_data(
            certificate_der,
            [(item, _status(state)) for item, state in zip(request.cert_ids, states, strict=True)],
            Period(this_update, this_update + valid_for, self._cutoff),
            produced_at=this_update,
            nonce=request.nonce,
        )

    def _states(self, cert_ids: Sequence[CertId]) -> list[CertificateState | None]:
        serials = {
            index: certificates.serial_text(item.serial)
            for index, item in enumerate(cert_ids)
            if item.serial > 0 and item.names_issuer(self._name_der, self._key)
        }
        with self._database.read() as connection:
            found = certificates.states_of(connection, self._issuer, list(serials.values()))
        return [found.get(serials.get(index, "")) for index in range(len(cert_ids))]

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


def is_whole(request_der: bytes) -> bool:
    """Tell whether bytes are one DER element and nothing else, as far as their form goes."""
    try:
        check_der(request_der, max_bytes=MAX_REQUEST_BYTES)
    except MalformedDer:
        return False
    return True


def _events(state: CertificateState | None) -> list[datetime]:
    """Return when what is said of a certificate became true."""
    if state is None:
        return []
    times = (state.not_before, state.suspended_at, state.revoked_at)
    return [item for item in times if item is not None]


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
