"""Whether the certificates of a path were good when it mattered (EN 319 102-1 cl. 5.2.6, 5.6.2).

A path is judged for one use of its first certificate: something was signed, and the
earliest proof of its existence decides (cl. 5.6.2.4). At that time
 (1) every certificate of the path must be within its validity period;
 (2) no certificate may be revoked or suspended;
 (3) a statement must say so, and speak for that time;
 (4) and this statement must itself hold: its signer's path is judged in the same way, for
     the earliest time at which the statement is proved to have existed.
Where the standard slides a control time from now into the past, this asks directly about
the time that the proofs lead to. Both refuse the same, but for authorities, of which a list that
was current then is enough: nobody issues another one after each signature.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from idservice.errors import Finding
from idservice.validation.evidence import (
    CertificatePath,
    PathCertificateFacts,
    RevocationState,
    Statement,
    StatementSource,
)
from idservice.validation.proofs import Proofs
from idservice.validation.rules import rule_for

CLOCK_TOLERANCE = dt.timedelta(seconds=60)
"""How far the clocks of two services may be apart."""

SIGNER_TOLERANCE = dt.timedelta(seconds=2)
"""The same where a statement about a signer must be younger than the proof of its signature:
the accuracy of a time-stamp and the fraction of a second that OCSP cannot tell."""

SERVICE_FRESHNESS = dt.timedelta(days=1)
"""How old a statement about an authority or a service may be: it is made before its use."""

# RFC 3161 cl. 4: with these reasons, time-stamps made before the revocation stay valid.
_HARMLESS_REASONS = frozenset(
    {"unspecified", "affiliationchanged", "superseded", "cessationofoperation"}
)
_ASK = "Ask the authority that issued the certificate whether it is still valid."
_ASK_FOR_NEW = (
    "Ask for a new signature; only a time-stamp could have proved that this one is older."
)


class Role(Enum):
    """Whose certificate stands first in the path."""

    SIGNER = "signer"
    TIME_STAMP = "time-stamp"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a key: at which time, and since when what it signed is proved to exist.

    `at` is the time that the statements must speak for. `proved` tells that a time-stamp
    proves `proved_at`; otherwise that is the time of the validation.
    """

    role: Role
    at: dt.datetime
    proved_at: dt.datetime
    proved: bool


@dataclass(frozen=True, slots=True)
class Reliance:
    """One certificate of a path and the statements that hold for it at the time asked about."""

    certificate: PathCertificateFacts
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class PathJudgement:
    """What was found about a path, and which statements it rests on.

    `revoked_at` is when the first certificate was revoked, if it was.
    """

    findings: tuple[Finding, ...]
    reliances: tuple[Reliance, ...]
    revoked_at: dt.datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing but warnings was found."""
        return not any(_is_error(item) for item in self.findings)


def judge_path(path: CertificatePath, use: Use, proofs: Proofs) -> PathJudgement:
    """Judge every certificate of a path for one use of the first one."""
    findings = list(_period_findings(path, use))
    in_period = not findings
    reliances = []
    revoked_at = None
    known_above = False
    # From the authorities down: who relies on a bad one need not be told of twice.
    for depth, certificate in reversed(list(enumerate(path.certificates[:-1]))):
        if certificate.no_check:
            continue
        judged = _Revocation(certificate, depth, use, proofs)
        # Outside of the period nothing needs to be known, but what is known is told.
        found = judged.findings() if in_period else judged.known_withdrawn()
        if known_above and certificate.statements:
            found = tuple(item for item in found if item.code not in _FOLLOWING)
        known_above = known_above or any(_is_error(item) for item in found)
        findings += found
        reliances.append(Reliance(certificate, judged.relied_on))
        if depth == 0 and judged.revoked is not None:
            revoked_at = judged.revoked.revoked_at
    return PathJudgement(tuple(findings), tuple(reversed(reliances)), revoked_at)


def _period_findings(path: CertificatePath, use: Use) -> Iterator[Finding]:
    """Rule (1)."""
    leaf, *issuers = path.certificates
    # What a service signs names its own time, which must be within the period as well.
    times = (use.proved_at,) if use.role is Role.SIGNER else (use.proved_at, use.at)
    if max(times) > leaf.not_after:
        yield Finding(
            "certificate_expired",
            f"The certificate expired on {moment(leaf.not_after)}.",
            "Use a certificate that is valid; an old signature needs a time-stamp as proof.",
        )
        return
    if min(times) < leaf.not_before:
        yield _too_early(leaf, use)
        return
    for item in issuers:
        if use.proved_at > item.not_after:
            yield Finding(
                "certificate_ca_expired",
                f"The certificate of the authority {item.label} expired on "
                f"{moment(item.not_after)}, and nothing proves that it was relied on before.",
                "Have documents time-stamped again before certificates of their chain expire.",
            )
        elif use.proved_at < item.not_before:
            yield Finding(
                "certificate_constraints_violated",
                f"The certificate of the authority {item.label} was not yet valid at the time "
                "asked about, so nothing it issued can be relied upon then.",
                "Use certificates of another authority.",
            )


def _too_early(leaf: PathCertificateFacts, use: Use) -> Finding:
    if use.proved and use.role is Role.SIGNER:
        return Finding(
            "certificate_issued_later",
            f"The signature existed on {moment(use.proved_at)}, before its certificate became "
            f"valid on {moment(leaf.not_before)}.",
            "Do not rely on this signature; ask the signer for another one.",
        )
    return Finding(
        "certificate_not_yet_valid",
        f"The certificate is valid from {moment(leaf.not_before)} only.",
        "Check the clock, or wait.",
    )


class _Revocation:
    """What the statements about one certificate say for one use: rules (2) to (4)."""

    def __init__(
        self, certificate: PathCertificateFacts, depth: int, use: Use, proofs: Proofs
    ) -> None:
        self._certificate, self._depth, self._use = certificate, depth, use
        self._unproved: list[Finding] = []
        usable = [item for item in certificate.statements if self._holds(item, proofs)]
        self.revoked = _earliest(usable, RevocationState.REVOKED)
        self._suspended = _earliest(usable, RevocationState.SUSPENDED)
        self._unknown = any(item.state is RevocationState.UNKNOWN for item in usable)
        known = [item for item in usable if item.state is not RevocationState.UNKNOWN]
        self._usable = bool(known)
        self.relied_on = tuple(item for item in known if speaks(item, certificate, depth, use))

    def known_withdrawn(self) -> tuple[Finding, ...]:
        """Return that the certificate was no longer good, when something says so (rule 2)."""
        withdrawn = self._withdrawn()
        return () if withdrawn is None else (withdrawn,)

    def findings(self) -> tuple[Finding, ...]:
        """Return what the statements lead to."""
        if withdrawn := self.known_withdrawn():
            return withdrawn
        if self._unknown and not self.relied_on:
            return (_unknown(),)
        later = tuple(_later(item) for item in (self.revoked, self._suspended) if item)
        if self.relied_on:
            return (*later, *self._older(), *self._refused())
        return (*later, self._missing(), *self._refused())

    def _holds(self, statement: Statement, proofs: Proofs) -> bool:
        """Rule (4): the statement was made by somebody who could be believed then."""
        if statement.path is None or statement.this_update is None:
            return True
        if statement.this_update > proofs.now + CLOCK_TOLERANCE:
            # As of an earlier time it had not been said yet.
            return False
        use = Use(
            Role.STATUS,
            statement.this_update,
            # What says of itself when it was true cannot have been signed before.
            max(proofs.time_of(statement.end), statement.this_update),
            proofs.covers(statement.end),
        )
        judged = judge_path(statement.path, use, proofs)
        self._unproved += [item for item in judged.findings if _is_error(item)]
        return judged.holds

    def _withdrawn(self) -> Finding | None:
        """Rule (2)."""
        revoked, suspended = self.revoked, self._suspended
        if revoked is not None and not self._remains(revoked):
            return _revoked(revoked, self._depth, self._certificate.label)
        if suspended is not None and _since(suspended) <= self._use.proved_at:
            return _held(suspended)
        return None

    def _remains(self, statement: Statement) -> bool:
        """Whether what was signed stays valid although the certificate was revoked."""
        since = _since(statement)
        if self._use.proved_at < since:
            return True
        time_stamp = self._depth == 0 and self._use.role is Role.TIME_STAMP
        reason = (statement.reason or "").replace("_", "").lower()
        return time_stamp and reason in _HARMLESS_REASONS and self._use.at < since

    def _older(self) -> tuple[Finding, ...]:
        """Tell of a signer's certificate of which only a list from before the use is known."""
        signer = self._depth == 0 and self._use.role is Role.SIGNER and self._use.proved
        times = [item.this_update for item in self.relied_on]
        known = [time for time in times if time is not None]
        if not signer or len(known) < len(times) or max(known) + SIGNER_TOLERANCE >= self._use.at:
            return ()
        return (
            Finding(
                "revocation_list_older",
                f"The revocation list is of {moment(max(known))}, before the signature existed; it "
                "was current then, and a revocation in between would not show.",
                "Add a list that was made after the signature, or an OCSP answer.",
            ),
        )

    def _missing(self) -> Finding:
        if self._usable:
            return Finding(
                "revocation_data_stale",
                "What is known about the revocation of the certificate "
                f"{self._certificate.label} is older than the use of its key on "
                f"{moment(self._use.at)}, so a revocation in between would not show.",
                "Validate again with newer revocation data, or ask for the document with it.",
            )
        if any(item.code in _OUT_OF_BOUNDS for item in self._unproved):
            return Finding(
                "revocation_issuer_expired",
                "The certificate of whoever said that the certificate "
                f"{self._certificate.label} was not revoked has expired, and no time-stamp proves "
                "that it was said before.",
                "Have the document time-stamped again in time (PAdES-B-LTA), or ask the authority.",
            )
        if self._certificate.names_source or self._certificate.statements:
            return Finding(
                "revocation_data_missing",
                f"The certificate {self._certificate.label} names a place that knows whether it "
                "was revoked; nothing from there that can be used is in the document or known "
                "here.",
                _ASK,
            )
        return Finding(
            "revocation_not_available",
            "The certificate names no place that knows whether it was revoked.",
            _ASK,
        )

    def _refused(self) -> tuple[Finding, ...]:
        return tuple(
            Finding(
                "revocation_data_refused",
                f"The document carries a statement about the certificate "
                f"{self._certificate.label} that cannot be relied upon: {reason}",
                "",
            )
            for reason in dict.fromkeys(self._certificate.refused)
        )


def speaks(statement: Statement, certificate: PathCertificateFacts, depth: int, use: Use) -> bool:
    """Whether a statement about the certificate at `depth` says something for a use (rule 3)."""
    since = statement.this_update
    if statement.source is StatementSource.AUTHORITY or since is None:
        return True
    proved_signer = depth == 0 and use.role is Role.SIGNER and use.proved
    # Whoever chooses what to embed must not choose an answer from before a revocation.
    tolerance = SIGNER_TOLERANCE if proved_signer else CLOCK_TOLERANCE
    if since + tolerance >= use.at:
        return True
    until = statement.next_update
    current = until is not None and use.at <= until + CLOCK_TOLERANCE
    if proved_signer:
        # An answer can be had at any time, so whoever brings something older may hide what came
        # in between. Where there are only lists, the next one comes when it comes.
        listed = statement.source is StatementSource.CRL and not certificate.names_responder
        return current and listed
    if current:
        return True
    service = depth > 0 or use.role is not Role.SIGNER
    return service and use.at - since <= SERVICE_FRESHNESS


# What follows for a certificate when something is wrong with its authority.
_FOLLOWING = frozenset({"revocation_data_missing", "revocation_issuer_expired"})
_OUT_OF_BOUNDS = frozenset({"certificate_expired", "certificate_ca_expired"})


def _earliest(statements: list[Statement], state: RevocationState) -> Statement | None:
    return min((item for item in statements if item.state is state), key=_since, default=None)


def _since(statement: Statement) -> dt.datetime:
    # Without a time, a revocation holds since always.
    return statement.revoked_at or dt.datetime.min.replace(tzinfo=dt.UTC)


def _is_error(finding: Finding) -> bool:
    return rule_for(finding.code).sub_indication is not None


def moment(time: dt.datetime) -> str:
    """Write a time for people."""
    return f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def _unknown() -> Finding:
    return Finding(
        "certificate_unknown",
        "The certificate verifies under its authority, but that authority does not know it as "
        "issued.",
        "Treat it as forged, and have the authority's key examined.",
    )


def _later(statement: Statement) -> Finding:
    what = "revoked" if statement.state is RevocationState.REVOKED else "suspended"
    return Finding(
        "revoked_later",
        f"The certificate was {what} on {moment(_since(statement))}, after the time that was "
        "asked about.",
        "",
    )


def _held(statement: Statement) -> Finding:
    since = "" if statement.revoked_at is None else f" since {moment(statement.revoked_at)}"
    return Finding(
        "certificate_suspended",
        f"The certificate is suspended{since}; whether it will be valid again is not decided.",
        "Validate again later, or ask the authority that issued it.",
    )


def _revoked(statement: Statement, depth: int, label: str) -> Finding:
    since = "" if statement.revoked_at is None else f" since {moment(statement.revoked_at)}"
    reason = "" if not statement.reason else f" ({statement.reason})"
    whose = "The certificate" if depth == 0 else f"The certificate of the authority {label}"
    return Finding(
        "certificate_revoked" if depth == 0 else "certificate_ca_revoked",
        f"{whose} is revoked{since}{reason}, and nothing proves that the signature was "
        "made before.",
        _ASK_FOR_NEW,
    )
