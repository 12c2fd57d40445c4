"""Which time-stamps hold, and what they prove (EN 319 102-1 cl. 5.4, 5.5.4 and 5.6.3).

Document time-stamps are judged from the newest to the oldest: each one that holds proves
that everything that it covers existed at its time, the older time-stamps included. So an
old one whose certificate expired still counts when a newer one was added before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from idservice.errors import Finding
from idservice.validation.algorithms import (
    algorithm_findings,
    digest_shown,
    imprint_findings,
    shown,
    unnamed_findings,
)
from idservice.validation.certificates import PathJudgement, Reliance, Role, Use, judge_path
from idservice.validation.evidence import CertificatePath, PathFacts
from idservice.validation.facts import Integrity, TimeStampFacts, TimeStampKind
from idservice.validation.moments import moment
from idservice.validation.process import ProcessStep, StepResult, skipped_step, step_result
from idservice.validation.proofs import Proofs
from idservice.validation.rules import Indication, Step, rule_for
from idservice.validation.validation_policy import Purpose, ValidationPolicy
from idservice.validation.verdict import Verdict, verdict_of

_LEAST_ACCURACY = 1.0
"""Seconds: many authorities give whole seconds, whatever their accuracy."""

_TOLD_AS = {
    "certificate_expired": "time_stamp_expired",
    "certificate_ca_expired": "time_stamp_expired",
    "certificate_revoked": "time_stamp_revoked",
    "certificate_ca_revoked": "time_stamp_revoked",
    "certificate_not_trusted": "time_stamp_not_trusted",
}
"""What a signature is told about the certificates of its time-stamps."""

_BY_TIME = frozenset({"time_stamp_algorithm_expired"})
"""What befalls a genuine token merely because time passes."""


@dataclass(frozen=True, slots=True)
class JudgedTimeStamp:
    """One time-stamp and what was decided about it, with the path of its authority.

    `reliances` are the statements about the certificates of that path which hold.
    `proved_at` is the earliest time at which it is proved to have existed itself, `steps` what
    each step of the process came to.
    """

    facts: TimeStampFacts
    verdict: Verdict
    path: CertificatePath | None
    reliances: tuple[Reliance, ...] = ()
    proved_at: dt.datetime | None = None
    steps: tuple[StepResult, ...] = ()

    @property
    def time(self) -> dt.datetime | None:
        """The time that it proves; None when it proves nothing."""
        return self.facts.gen_time if self.verdict.passed else None

    @property
    def stands(self) -> bool:
        """Whether the token is genuine and over what it stands at, whoever may trust it."""
        errors = self.verdict.errors
        return self.facts.integrity is Integrity.INTACT and all(
            rule_for(item.code).step is Step.X509_VALIDATION or item.code in _BY_TIME
            for item in errors
        )

    @property
    def reason(self) -> str:
        """Why it proves nothing, as the second half of a sentence."""
        error = self.verdict.errors[0]
        if error.code != "certificate_expired":
            return error.message[:1].lower() + error.message[1:]
        return f"its {error.message[4:].rstrip('.')}, and no newer time-stamp was added in time."


def judge_document_time_stamps(
    stamps: Sequence[TimeStampFacts],
    paths: Sequence[PathFacts],
    now: dt.datetime,
    policy: ValidationPolicy,
) -> tuple[tuple[JudgedTimeStamp, ...], Proofs]:
    """Judge time-stamps over the document, newest first; return them in their own order.

    `paths` are those of their certificates, one for each. The proofs are of all that hold.
    """
    proofs = Proofs(now)
    judged: dict[int, JudgedTimeStamp] = {}
    order = sorted(range(len(stamps)), key=lambda index: stamps[index].end or 0, reverse=True)
    for index in order:
        item = judge_time_stamp(stamps[index], paths[index], proofs, policy)
        judged[index] = item
        if item.time is not None and item.facts.end is not None:
            proofs = proofs.add(item.facts.end, item.time)
    return tuple(judged[index] for index in range(len(stamps))), proofs


def judge_time_stamp(
    stamp: TimeStampFacts, found: PathFacts, proofs: Proofs, policy: ValidationPolicy
) -> JudgedTimeStamp:
    """Judge one time-stamp: its token, then the certificates of its authority (cl. 5.4.4)."""
    findings = [*stamp.findings, *unnamed_findings(stamp.findings, stamp.algorithms)]
    sound = not any(policy.refuses(item.code) for item in findings)
    if stamp.integrity is not Integrity.INTACT and sound:
        findings.append(
            Finding(
                "integrity_unverifiable",
                "The time-stamp could not be verified.",
                "Have the document time-stamped again.",
            )
        )
    judged, proved_at = PathJudgement((), ()), None
    if stamp.gen_time is not None:
        proved_at = max(proofs.time_of(stamp.end), stamp.gen_time)
        findings += _future(stamp.gen_time, proofs.now, policy)
        findings += algorithm_findings(stamp.algorithms, Purpose.TIME_STAMP, policy, proved_at)
        findings += imprint_findings(stamp.imprint and stamp.imprint[0], policy, proved_at)
        findings += found.findings
        if found.path is not None:
            use = Use(Role.TIME_STAMP, stamp.gen_time, proved_at, proofs.covers(stamp.end))
            judged = judge_path(found.path, use, _with_its_own(stamp, proofs), policy)
            findings += judged.findings
    verdict = verdict_of(findings, policy)
    result = JudgedTimeStamp(stamp, verdict, found.path, judged.reliances, proved_at)
    return replace(result, steps=tuple(_steps(result, policy)))


def _steps(stamp: JudgedTimeStamp, policy: ValidationPolicy) -> Iterator[StepResult]:
    """Tell the steps for a time-stamp that was judged (cl. 5.4.4, 5.6.2.1)."""
    found = (*stamp.verdict.errors, *stamp.verdict.warnings)
    for step, rules in _TOLD:
        if step is ProcessStep.PAST_CERTIFICATE and stamp.path is None:
            yield skipped_step(step, "There is no path to a certificate that is trusted here.")
            continue
        told = (item for item in found if rule_for(item.code).step in rules)
        yield step_result(step, told, _looked_at(step, stamp), policy)


_TOLD = (
    (ProcessStep.FORMAT_CHECKING, {Step.FORMAT_CHECK}),
    (ProcessStep.IDENTIFICATION, {Step.IDENTIFICATION_OF_SIGNING_CERTIFICATE}),
    (ProcessStep.CRYPTOGRAPHIC_VERIFICATION, {Step.CRYPTOGRAPHIC_VERIFICATION}),
    (ProcessStep.TIME_STAMPS, {Step.TIME_STAMPS, Step.ACCEPTANCE}),
    (ProcessStep.PAST_CERTIFICATE, {Step.X509_VALIDATION, Step.VALIDATION_CONTEXT}),
)


def _looked_at(step: ProcessStep, stamp: JudgedTimeStamp) -> str:
    """Say what a step found about a time-stamp, in a sentence."""
    facts = stamp.facts
    authority = facts.issued_by or "nobody that can be named"
    time = "no time" if facts.gen_time is None else moment(facts.gen_time)
    what = "the document" if facts.kind is TimeStampKind.DOCUMENT else "the signature value"
    digest = "" if facts.imprint is None else f" by its {digest_shown(facts.imprint[0])}"
    match step:
        case ProcessStep.FORMAT_CHECKING:
            return f"A token over {what}{digest}, of {time}."
        case ProcessStep.IDENTIFICATION if facts.certificate_der is not None:
            return f"The token was made by {authority}, and comes with that certificate."
        case ProcessStep.IDENTIFICATION:
            return "No certificate was found with which the token was made."
        case ProcessStep.CRYPTOGRAPHIC_VERIFICATION:
            made = "" if facts.algorithms is None else f", made with {shown(facts.algorithms)},"
            return f"The value of the token{made} is {facts.integrity.value}."
        case ProcessStep.TIME_STAMPS:
            return f"The token says that {what} existed on {time}."
        case _:
            proved = "no time" if stamp.proved_at is None else moment(stamp.proved_at)
            return f"The certificates of {authority} were judged as of {proved}, the proved time."


def _with_its_own(stamp: TimeStampFacts, proofs: Proofs) -> Proofs:
    """Let a document time-stamp prove the age of the statements about its own authority.

    They were put in before it, so who wants to forge one of them must forge the time-stamp
    too. Only a later statement could tell that its key was compromised, and none can be had
    from the document: it would need the time-stamp that comes after (cl. 5.6.3 step 2).
    """
    if stamp.kind is not TimeStampKind.DOCUMENT or stamp.end is None or stamp.gen_time is None:
        return proofs
    return proofs.add(stamp.end, stamp.gen_time)


def not_valid_findings(stamps: Sequence[JudgedTimeStamp]) -> Iterator[Finding]:
    """Tell of each time-stamp that proves nothing, and why.

    One that is broken stands there without any right: nobody may append what only looks like a
    time-stamp of the document, and no honest program puts such a thing into a signature.
    """
    for item in stamps:
        if item.verdict.passed:
            continue
        broken = _is_forged(item)
        if broken and item.facts.kind is TimeStampKind.SIGNATURE:
            yield Finding(
                "signature_time_stamp_broken",
                f"What stands in the signature as the time-stamp {item.facts.id} is none: "
                f"{item.reason}",
                "Ask the signer for the document as it was signed.",
            )
        elif broken:
            yield Finding(
                "document_time_stamp_broken",
                f"What was appended as the document time-stamp {item.facts.id} is none: "
                f"{item.reason}",
                "Ask for the document as it was before; this was not made by time-stamping it.",
            )
        else:
            first = item.verdict.errors[0]
            yield Finding(
                _TOLD_AS.get(first.code, "time_stamp_not_valid"),
                f"The time-stamp {item.facts.id} proves nothing: {item.reason}",
                first.fix,
            )


# With these a token names its certificate in a way that no authority does.
_FORGED = frozenset({"signing_certificate_attribute_duplicated", "signing_certificate_mismatch"})


def _is_forged(stamp: JudgedTimeStamp) -> bool:
    """Whether a token is broken, whoever may trust its authority."""
    codes = {item.code for item in stamp.verdict.errors}
    return stamp.verdict.indication is Indication.TOTAL_FAILED or not _FORGED.isdisjoint(codes)


def order_findings(stamps: Sequence[JudgedTimeStamp]) -> Iterator[Finding]:
    """Require that what covers another time-stamp is not older than it (cl. 5.5.4 step 3)."""
    valid = [item for item in stamps if item.time is not None]
    own = [item for item in valid if item.facts.kind is TimeStampKind.SIGNATURE]
    later = [item for item in valid if item.facts.kind is TimeStampKind.DOCUMENT]
    later.sort(key=lambda item: item.facts.end or 0)
    pairs = [(item, later[0]) for item in own if later] + list(pairwise(later))
    for inner, outer in pairs:
        if inner.time is None or outer.time is None:
            continue
        if inner.time > outer.time + _tolerance(inner, outer):
            yield Finding(
                "time_stamp_order",
                f"The time-stamp {outer.facts.id} of {moment(outer.time)} covers "
                f"{inner.facts.id} of {moment(inner.time)}, which is later: one of both "
                "authorities did not tell the truth.",
                "Rely on neither; ask the signer for another signature.",
            )


def _tolerance(one: JudgedTimeStamp, other: JudgedTimeStamp) -> dt.timedelta:
    accuracy = one.facts.accuracy + other.facts.accuracy
    return dt.timedelta(seconds=min(max(accuracy, _LEAST_ACCURACY), 60.0))


def _future(gen_time: dt.datetime, now: dt.datetime, policy: ValidationPolicy) -> Iterator[Finding]:
    if gen_time > now + policy.freshness.clock:
        yield Finding(
            "time_stamp_in_future",
            f"The time-stamp is of {moment(gen_time)}, after the time of this validation.",
            "Check the clock, or validate as of a later time.",
        )
