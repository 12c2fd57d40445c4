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
from idservice.validation.algorithms import algorithm_findings
from idservice.validation.evidence import (
    CertificatePath,
    PathCertificateFacts,
    Statement,
    StatementSource,
)
from idservice.validation.moments import moment
from idservice.validation.proofs import Proofs
from idservice.validation.revocation_findings import (
    disputed_finding,
    held_finding,
    later_finding,
    revoked_finding,
    unknown_finding,
)
from idservice.validation.trust_services import service_findings
from idservice.validation.validation_policy import Freshness, Purpose, ValidationPolicy
from idservice.validation.weighed_statements import since, weigh

# RFC 3161 cl. 4: with these reasons, time-stamps made before the revocation stay valid.
_HARMLESS_REASONS = frozenset(
    {"unspecified", "affiliationchanged", "superseded", "cessationofoperation"}
)
_ASK = "Ask the authority that issued the certificate whether it is still valid."


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

    `revoked_at` is when the first certificate was revoked, if it was. `holds` tells that
    nothing but warnings was found.
    """

    findings: tuple[Finding, ...]
    reliances: tuple[Reliance, ...]
    holds: bool = True
    revoked_at: dt.datetime | None = None


def judge_path(
    path: CertificatePath, use: Use, proofs: Proofs, policy: ValidationPolicy
) -> PathJudgement:
    """Judge every certificate of a path for one use of the first one, by a policy."""
    findings = list(_period_findings(path, use))
    in_period = not findings
    findings += _algorithm_findings(path, use, policy)
    findings += _service_findings(path, use)
    reliances = []
    revoked_at = None
    known_above = False
    # From the authorities down: who relies on a bad one need not be told of twice.
    for depth, certificate in reversed(list(enumerate(path.certificates[:-1]))):
        if certificate.no_check:
            continue
        judged = _Revocation(certificate, depth, use, proofs, policy)
        # Outside of the period nothing needs to be known, but what is known is told.
        found = judged.findings() if in_period else judged.known_withdrawn()
        if known_above and certificate.statements:
            found = tuple(item for item in found if item.code not in _FOLLOWING)
        known_above = known_above or any(policy.refuses(item.code) for item in found)
        findings += found
        reliances.append(Reliance(certificate, judged.relied_on))
        if depth == 0 and judged.revoked is not None:
            revoked_at = judged.revoked.revoked_at
    holds = not any(policy.refuses(item.code) for item in findings)
    return PathJudgement(tuple(findings), tuple(reversed(reliances)), holds, revoked_at)


def _algorithm_findings(
    path: CertificatePath, use: Use, policy: ValidationPolicy
) -> Iterator[Finding]:
    """Judge with what each certificate was signed; an anchor is trusted whatever that was."""
    for item in path.certificates[:-1]:
        yield from algorithm_findings(
            item.algorithms, Purpose.CERTIFICATE, policy, use.proved_at, label=item.label
        )


def _service_findings(path: CertificatePath, use: Use) -> Iterator[Finding]:
    """Judge the standing of the trust services that the path rests on (TS 119 615 cl. 4.3)."""
    signer = use.role is Role.SIGNER
    time = use.proved_at if signer else use.at
    issued = path.certificates[0].not_before if signer else None
    yield from service_findings(path.trust_services, time, issued)


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
        self,
        certificate: PathCertificateFacts,
        depth: int,
        use: Use,
        proofs: Proofs,
        policy: ValidationPolicy,
    ) -> None:
        self._certificate, self._depth, self._use = certificate, depth, use
        self._policy = policy
        self._unproved: list[Finding] = []
        usable = [item for item in certificate.statements if self._holds(item, proofs)]
        self._weighed = weigh(usable, use.proved_at)
        self.revoked = self._weighed.revoked
        self.relied_on = tuple(
            item
            for item in self._weighed.known
            if speaks(item, certificate, depth, use, policy.freshness)
        )

    def known_withdrawn(self) -> tuple[Finding, ...]:
        """Return that the certificate was no longer good, when something says so (rule 2)."""
        withdrawn = self._withdrawn()
        return () if withdrawn is None else (withdrawn,)

    def findings(self) -> tuple[Finding, ...]:
        """Return what the statements lead to."""
        if withdrawn := self.known_withdrawn():
            return withdrawn
        weighed = self._weighed
        if weighed.disowned or (weighed.unknown and not self.relied_on):
            return (unknown_finding(),)
        later = tuple(later_finding(item) for item in (weighed.revoked, weighed.suspended) if item)
        if self.relied_on:
            disputed = (disputed_finding(self._certificate.label),) if weighed.unknown else ()
            return (*later, *disputed, *self._older(), *self._refused())
        return (*later, self._missing(), *self._refused())

    def _holds(self, statement: Statement, proofs: Proofs) -> bool:
        """Rule (4): the statement was made by somebody who could be believed then."""
        if statement.path is None or statement.this_update is None:
            return True
        if statement.this_update > proofs.now + self._policy.freshness.clock:
            # As of an earlier time it had not been said yet.
            return False
        use = Use(
            Role.STATUS,
            statement.this_update,
            # What says of itself when it was true cannot have been signed before.
            max(proofs.time_of(statement.end), statement.this_update),
            proofs.covers(statement.end),
        )
        judged = judge_path(statement.path, use, proofs, self._policy)
        weak = tuple(
            algorithm_findings(
                statement.algorithms,
                Purpose.REVOCATION,
                self._policy,
                use.proved_at,
                label=self._certificate.label,
            )
        )
        self._unproved += [
            item for item in (*judged.findings, *weak) if self._policy.refuses(item.code)
        ]
        return judged.holds and not weak

    def _withdrawn(self) -> Finding | None:
        """Rule (2)."""
        revoked, suspended = self._weighed.revoked, self._weighed.suspended
        if revoked is not None and not self._remains(revoked):
            return revoked_finding(revoked, self._depth, self._certificate.label)
        if suspended is not None and since(suspended) <= self._use.proved_at:
            return held_finding(suspended)
        return None

    def _remains(self, statement: Statement) -> bool:
        """Whether what was signed stays valid although the certificate was revoked."""
        withdrawn = since(statement)
        if self._use.proved_at < withdrawn:
            return True
        time_stamp = self._depth == 0 and self._use.role is Role.TIME_STAMP
        reason = (statement.reason or "").replace("_", "").lower()
        return time_stamp and reason in _HARMLESS_REASONS and self._use.at < withdrawn

    def _older(self) -> tuple[Finding, ...]:
        """Tell of a signer's certificate of which only a list from before the use is known."""
        signer = self._depth == 0 and self._use.role is Role.SIGNER and self._use.proved
        times = [item.this_update for item in self.relied_on]
        known = [time for time in times if time is not None]
        if not signer or len(known) < len(times) or self._covers(max(known)):
            return ()
        return (
            Finding(
                "revocation_list_older",
                f"The revocation list is of {moment(max(known))}, before the signature existed; it "
                "was current then, and a revocation in between would not show.",
                "Add a list that was made after the signature, or an OCSP answer.",
            ),
        )

    def _covers(self, time: dt.datetime) -> bool:
        return time + self._policy.freshness.signer >= self._use.at

    def _missing(self) -> Finding:
        if self._weighed.known:
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
        for item in self._unproved:
            if item.code in _WEAK:
                return item
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


def speaks(
    statement: Statement,
    certificate: PathCertificateFacts,
    depth: int,
    use: Use,
    freshness: Freshness,
) -> bool:
    """Whether a statement about the certificate at `depth` says something for a use (rule 3)."""
    since = statement.this_update
    if statement.source is StatementSource.AUTHORITY or since is None:
        return True
    proved_signer = depth == 0 and use.role is Role.SIGNER and use.proved
    # Whoever chooses what to embed must not choose an answer from before a revocation.
    tolerance = freshness.signer if proved_signer else freshness.clock
    if since + tolerance >= use.at:
        return True
    until = statement.next_update
    young = freshness.largest_age is None or use.at - since <= freshness.largest_age
    current = until is not None and use.at <= until + freshness.clock and young
    if proved_signer:
        # An answer can be had at any time, so whoever brings something older may hide what came
        # in between. Where there are only lists, the next one comes when it comes.
        listed = statement.source is StatementSource.CRL and not certificate.names_responder
        return current and listed
    if current:
        return True
    service = depth > 0 or use.role is not Role.SIGNER
    return service and use.at - since <= freshness.service


# What follows for a certificate when something is wrong with its authority.
_FOLLOWING = frozenset({"revocation_data_missing", "revocation_issuer_expired"})
_OUT_OF_BOUNDS = frozenset({"certificate_expired", "certificate_ca_expired"})
_WEAK = frozenset({"revocation_algorithm_expired", "revocation_algorithm_not_allowed"})
