"""Relying on revocation lists (RFC 5280 cl. 6.3).

A list counts when the certificate's issuer made it, or whoever the certificate names for
that, with a key that may sign lists; whether the certificate of that key is itself good is
for the caller to find out. Lists for some reasons count together, once they are for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509

from idservice.crypto.certificates import LIBRARY_ERRORS
from idservice.errors import (
    IdServiceError,
    MalformedCrl,
    MalformedDer,
    SignatureInvalid,
    StatusAnswerInvalid,
    StatusAnswerMismatch,
    StatusAnswerStale,
)
from idservice.pki.crl import CrlFacts
from idservice.pki.crl_scope import ALL_REASONS, Reasons, covered_reasons
from idservice.pki.path_certificate import comparable_name, read_certificate

MAX_SIGNERS = 8
"""Certificates of one name that are tried as the signer of one list."""

_FIX = "Fetch the list again from the address in the certificate."
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class CrlStatus:
    """What a verified list says about one certificate; all times aware, in UTC.

    `state` is good, revoked, or unknown: for a certificate that had expired before the
    list was made, when the list does not keep such. `reason` is a CRLReason name or None;
    certificateHold is a suspension.
    """

    state: str
    revoked_at: datetime | None
    reason: str | None
    invalid_since: datetime | None
    this_update: datetime
    next_update: datetime | None
    number: int | None


@dataclass(frozen=True, slots=True)
class ListStatus:
    """What one list, or lists together, say; for which reasons, and whose key signed them."""

    status: CrlStatus
    reasons: Reasons
    signer: x509.Certificate

    @property
    def is_complete(self) -> bool:
        """Whether it says enough: a revocation, or that there is none for any reason."""
        return self.status.state == "revoked" or self.reasons >= ALL_REASONS


def require_status_from_crl(
    crl: CrlFacts,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    *,
    at: datetime | None,
    tolerance: timedelta = timedelta(0),
) -> CrlStatus:
    """Verify a list of the issuer itself and return what it says about a certificate.

    `at` is the time at which the list must be current; None leaves that to the caller, for
    lists kept with an old signature. `tolerance` is by how much clocks may disagree. The
    issuer is taken as trusted, and as the issuer of the certificate.

    Raises StatusAnswerInvalid when the issuer did not sign the list or may not,
    StatusAnswerMismatch when the list alone does not tell enough about the certificate,
    StatusAnswerStale, MalformedCrl, and what reading keys and certificates raises.
    """
    found = status_from_list(crl, certificate, issuer)
    if found.signer != issuer or not found.is_complete:
        raise StatusAnswerMismatch(
            "The revocation list is not for all reasons, so it does not tell enough.",
            "Ask for the complete list of the authority.",
        )
    if at is not None:
        _require_current(crl, at, tolerance)
    return found.status


def status_from_list(
    crl: CrlFacts,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    *,
    signers: Sequence[x509.Certificate] = (),
    deltas: Sequence[CrlFacts] = (),
    legacy: bool = False,
) -> ListStatus:
    """Verify a complete list, with the newest delta list that continues it, if there is one.

    `signers` are certificates of which one may have signed the list, besides the issuer. With
    `legacy`, old algorithms are verified as well, but for delta lists; the caller judges them by
    their dates.
    Raises as `require_status_from_crl`, StatusAnswerStale excepted.
    """
    if crl.base_number is not None:
        raise StatusAnswerMismatch(
            "The revocation list is a delta list, which tells changes only.",
            "Add the complete list that it continues.",
        )
    reasons = covered_reasons(crl, certificate)
    signer = _require_signer(crl, issuer, signers, legacy=legacy)
    delta = next(_continuing(crl, deltas, signer), None)
    entry = None if delta is None else delta.entry(certificate.serial_number, certificate.issuer)
    if entry is not None and _reason(entry) is x509.ReasonFlags.remove_from_crl:
        entry = None
    elif entry is None:
        entry = crl.entry(certificate.serial_number, certificate.issuer)
    status = _status(crl, entry, certificate)
    if delta is not None:
        # The complete list stays current by its own word, whether a delta list comes or not.
        ends = [item.next_update for item in (crl, delta) if item.next_update is not None]
        status = replace(
            status,
            this_update=delta.this_update,
            next_update=max(ends, default=None),
            number=delta.number,
        )
    return ListStatus(status, reasons, signer)


def together(found: Iterable[ListStatus]) -> Iterator[ListStatus]:
    """Yield what tells enough, and lists for some reasons joined when they are for all.

    Only lists of one signer are joined. What they say together was true when the first of
    them was made, and stays current as long as all do (cl. 6.3.3 (l)).
    """
    partial: dict[x509.Certificate, list[ListStatus]] = {}
    for item in found:
        if item.is_complete:
            yield item
        else:
            partial.setdefault(item.signer, []).append(item)
    for signer, items in partial.items():
        reasons = frozenset[x509.ReasonFlags]().union(*(item.reasons for item in items))
        if reasons >= ALL_REASONS:
            yield ListStatus(_joined([item.status for item in items]), reasons, signer)


def _joined(items: Sequence[CrlStatus]) -> CrlStatus:
    first = min(items, key=lambda item: item.this_update)
    ends = [item.next_update for item in items]
    known = [item for item in ends if item is not None]
    state = "good" if all(item.state == "good" for item in items) else "unknown"
    until = min(known) if len(known) == len(ends) else None
    return replace(first, state=state, next_update=until)


def _require_signer(
    crl: CrlFacts, issuer: x509.Certificate, others: Sequence[x509.Certificate], *, legacy: bool
) -> x509.Certificate:
    """Cl. 6.3.3 (f), (g): find the certificate whose key signed, and require that it may."""
    failure: IdServiceError | None = None
    for candidate in _signers(crl, issuer, others):
        try:
            _verify(crl, candidate, legacy=legacy)
        except IdServiceError as exc:
            failure = failure or exc
        else:
            return candidate
    raise failure or StatusAnswerMismatch(
        "The revocation list is made with another key than the certificate's issuer has, and "
        "no certificate for that key is here.",
        _FIX,
    )


def _signers(
    crl: CrlFacts, issuer: x509.Certificate, others: Sequence[x509.Certificate]
) -> Iterator[x509.Certificate]:
    left = MAX_SIGNERS
    for item in dict.fromkeys((issuer, *others)):
        if comparable_name(item.subject) != crl.issuer:
            continue
        try:
            key = read_certificate(item).key_identifier()
        except IdServiceError:
            continue  # what merely came along is left out when it cannot be read
        if crl.authority_key is not None and key is not None and crl.authority_key != key:
            continue
        if not left:
            return
        left -= 1
        yield item


def _verify(crl: CrlFacts, signer: x509.Certificate, *, legacy: bool) -> None:
    usage = read_certificate(signer).extension(x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        raise StatusAnswerInvalid(
            "The authority that made the revocation list may not make any.", _FIX
        )
    try:
        crl.signed.verify(signer, legacy=legacy)
    except (SignatureInvalid, MalformedDer) as exc:
        raise StatusAnswerInvalid(
            "The signature of the revocation list does not verify: it was changed, or somebody "
            "else signed it.",
            _FIX,
        ) from exc


def _continuing(
    crl: CrlFacts, deltas: Sequence[CrlFacts], signer: x509.Certificate
) -> Iterator[CrlFacts]:
    """Cl. 6.3.3 (c) and 5.2.4: the delta lists that continue this complete one, newest first."""
    for item in sorted(deltas, key=lambda one: one.number or 0, reverse=True):
        if not _continues(item, crl):
            continue
        try:
            _verify(item, signer, legacy=False)
        except IdServiceError:
            continue
        yield item


def _continues(delta: CrlFacts, crl: CrlFacts) -> bool:
    if delta.base_number is None or delta.number is None or crl.number is None:
        return False
    return (
        delta.issuer == crl.issuer
        and delta.authority_key == crl.authority_key
        and delta.distribution_point == crl.distribution_point
        and delta.base_number <= crl.number < delta.number
    )


def _status(
    crl: CrlFacts, entry: x509.RevokedCertificate | None, certificate: x509.Certificate
) -> CrlStatus:
    if entry is not None:
        return _revoked(crl, entry)
    state = "good" if _keeps(crl, certificate) else "unknown"
    return CrlStatus(state, None, None, None, crl.this_update, crl.next_update, crl.number)


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        found = _value(entry.extensions, x509.CRLReason)
    except (ValueError, TypeError, *LIBRARY_ERRORS) as exc:
        raise _malformed("the entry of the certificate cannot be read") from exc
    return None if found is None else found.reason


def _require_current(crl: CrlFacts, at: datetime, tolerance: timedelta) -> None:
    if crl.this_update > at + tolerance:
        raise _stale("is from the future")
    if crl.next_update is None or crl.next_update < at - tolerance:
        raise _stale("is past the time at which a newer one was promised")


def _revoked(crl: CrlFacts, entry: x509.RevokedCertificate) -> CrlStatus:
    try:
        extensions = entry.extensions
        reason = _value(extensions, x509.CRLReason)
        invalid = _value(extensions, x509.InvalidityDate)
    except (ValueError, TypeError, *LIBRARY_ERRORS) as exc:
        raise _malformed("the entry of the certificate cannot be read") from exc
    if reason is not None and reason.reason is x509.ReasonFlags.remove_from_crl:
        raise _malformed("it takes an entry back, which only a delta list does")
    return CrlStatus(
        "revoked",
        entry.revocation_date_utc,
        None if reason is None else reason.reason.value,
        None if invalid is None else invalid.invalidity_date_utc,
        crl.this_update,
        crl.next_update,
        crl.number,
    )


def _keeps(crl: CrlFacts, certificate: x509.Certificate) -> bool:
    """Whether the list would still tell of the certificate, had it been revoked."""
    ended = certificate.not_valid_after_utc
    if ended >= crl.this_update:
        return True
    return crl.expired_since is not None and crl.expired_since <= ended


def _value(extensions: x509.Extensions, kind: type[_Kind]) -> _Kind | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _stale(reason: str) -> StatusAnswerStale:
    return StatusAnswerStale(
        f"The revocation list {reason}, so it does not tell how things stand.",
        "Fetch a new one; if it stays so, check the clocks of both machines.",
    )


def _malformed(reason: str) -> MalformedCrl:
    return MalformedCrl(f"The revocation list cannot be used: {reason}.", _FIX)
