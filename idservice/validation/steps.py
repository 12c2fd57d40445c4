"""What each step of the validation process came to, told for people (EN 319 102-1 cl. 5).

The decision follows from findings; here they are laid out as the standard's process runs,
so that anybody can follow it: the basic validation as of now (cl. 5.3), the time-stamps
(cl. 5.4), the validation with time (cl. 5.5), and what proofs of existence add for the past
(cl. 5.6). A step that fails now and passes for the proved time is no contradiction: that is
what time-stamps are for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from idservice.errors import Finding
from idservice.validation.algorithms import algorithm_findings, shown
from idservice.validation.certificates import PathJudgement
from idservice.validation.decision import SignatureDecision
from idservice.validation.evidence import CertificatePath
from idservice.validation.facts import Coverage, Integrity, SignatureFacts, TimeStampKind
from idservice.validation.moments import moment
from idservice.validation.process import ProcessStep, StepResult, skipped_step, step_result
from idservice.validation.proofs import Proofs
from idservice.validation.rules import Step, rule_for
from idservice.validation.time_stamps import JudgedTimeStamp
from idservice.validation.validation_policy import Purpose, ValidationPolicy

_FRESHNESS = frozenset(
    {
        "revocation_data_missing",
        "revocation_data_refused",
        "revocation_data_stale",
        "revocation_issuer_expired",
        "revocation_list_older",
        "revocation_not_available",
    }
)
_OF_ALGORITHMS = frozenset(
    {"algorithm_expired", "algorithm_not_allowed", "algorithm_ended_before_signing"}
)
_WITH_TIME = frozenset({"time_stamp_order", "time_stamp_delay"})


@dataclass(frozen=True, slots=True)
class _Teller:
    """Makes results of findings, by a policy."""

    policy: ValidationPolicy

    def result(self, step: ProcessStep, found: Iterable[Finding], looked_at: str) -> StepResult:
        """Tell a step that was done."""
        return step_result(step, found, looked_at, self.policy)


def signature_steps(
    signature: SignatureFacts,
    decision: SignatureDecision,
    policy: ValidationPolicy,
    proofs: Proofs,
    as_of_now: PathJudgement | None,
) -> tuple[StepResult, ...]:
    """Tell the steps for one signature that was decided, in their order.

    `as_of_now` is what its path comes to when nothing is proved, None without any path.
    """
    teller = _Teller(policy)
    found = (*decision.verdict.errors, *decision.verdict.warnings)
    return (
        *_basic(teller, signature, decision, found, proofs.now, as_of_now),
        _time_stamps(teller, decision, found),
        *_past(teller, signature, decision, found, proofs),
    )


def _basic(
    teller: _Teller,
    signature: SignatureFacts,
    decision: SignatureDecision,
    found: Sequence[Finding],
    now: dt.datetime,
    as_of_now: PathJudgement | None,
) -> Iterator[StepResult]:
    """Clause 5.3.4: the basic validation, as of now."""
    yield teller.result(
        ProcessStep.FORMAT_CHECKING, _of(found, Step.FORMAT_CHECK), _format_text(signature)
    )
    yield teller.result(
        ProcessStep.IDENTIFICATION,
        _of(found, Step.IDENTIFICATION_OF_SIGNING_CERTIFICATE),
        _identification_text(signature, decision.path),
    )
    context = f"The validation policy is {teller.policy.name}, and the time is {moment(now)}."
    told = _of(found, Step.VALIDATION_CONTEXT)
    yield teller.result(ProcessStep.VALIDATION_CONTEXT, told, context)
    yield from _certificates_now(teller, decision, found, as_of_now)
    yield teller.result(
        ProcessStep.CRYPTOGRAPHIC_VERIFICATION,
        _of(found, Step.CRYPTOGRAPHIC_VERIFICATION),
        _cryptographic_text(signature),
    )
    weak = algorithm_findings(signature.algorithms, Purpose.SIGNATURE, teller.policy, now)
    other = (item for item in _of(found, Step.ACCEPTANCE) if item.code not in _LATER)
    yield teller.result(ProcessStep.ACCEPTANCE, (*weak, *other), _algorithms_text(signature))


_LATER = _OF_ALGORITHMS - {"algorithm_not_allowed"} | _WITH_TIME


def _certificates_now(
    teller: _Teller,
    decision: SignatureDecision,
    found: Sequence[Finding],
    as_of_now: PathJudgement | None,
) -> Iterator[StepResult]:
    freshness, validation = ProcessStep.REVOCATION_FRESHNESS, ProcessStep.X509_VALIDATION
    if as_of_now is None or decision.path is None:
        why = "There is no path from the signing certificate to one that is trusted here."
        yield skipped_step(freshness, why)
        yield teller.result(validation, _of(found, Step.X509_VALIDATION), why)
        return
    # What came along with the signature is told with the path, whatever the time.
    same = [item for item in decision.trust.findings if item.code == "revocation_data_refused"]
    fresh = [item for item in as_of_now.findings if item.code in _FRESHNESS]
    yield teller.result(freshness, (*fresh, *same), _statements_text(as_of_now))
    rest = [item for item in as_of_now.findings if item.code not in _FRESHNESS]
    yield teller.result(validation, rest, _path_text(decision.path))


def _time_stamps(
    teller: _Teller, decision: SignatureDecision, found: Sequence[Finding]
) -> StepResult:
    """Clause 5.4: each time-stamp over the signature or over what holds it."""
    if not decision.time_stamps:
        return skipped_step(ProcessStep.TIME_STAMPS, "There is no time-stamp over the signature.")
    texts = (_time_stamp_text(item) for item in decision.time_stamps)
    told = (item for item in _of(found, Step.TIME_STAMPS) if item.code not in _WITH_TIME)
    return teller.result(ProcessStep.TIME_STAMPS, told, " ".join(texts))


def _past(
    teller: _Teller,
    signature: SignatureFacts,
    decision: SignatureDecision,
    found: Sequence[Finding],
    proofs: Proofs,
) -> Iterator[StepResult]:
    """Clauses 5.5 and 5.6: what the proofs of existence change."""
    best = decision.best_signature_time
    timed = tuple(item for item in found if item.code in _WITH_TIME)
    if best is None:
        why = "Nothing proves an earlier time than that of this validation."
        yield skipped_step(ProcessStep.WITH_TIME, why)
        yield skipped_step(ProcessStep.PROOFS, why)
    else:
        text = f"The signature is proved to have existed on {moment(best)}."
        yield teller.result(ProcessStep.WITH_TIME, timed, text)
        yield teller.result(ProcessStep.PROOFS, (), _proofs_text(proofs))
    time = moment(best or proofs.now)
    certificates = _of(found, Step.X509_VALIDATION)
    if decision.path is None:
        why = "There is no path from the signing certificate to one that is trusted here."
        yield skipped_step(ProcessStep.PAST_CERTIFICATE, why)
    else:
        text = f"The certificates were judged as of {time}."
        yield teller.result(ProcessStep.PAST_CERTIFICATE, certificates, text)
    weak = [item for item in found if item.code in _OF_ALGORITHMS]
    text = f"The algorithms were judged as of {time}."
    yield teller.result(ProcessStep.PAST_SIGNATURE, weak, text)
    yield _archival(teller, signature, decision, found)


def _archival(
    teller: _Teller,
    signature: SignatureFacts,
    decision: SignatureDecision,
    found: Sequence[Finding],
) -> StepResult:
    low = [item for item in found if item.code == "level_too_low"]
    archives = [item for item in decision.time_stamps if item.facts.kind is TimeStampKind.DOCUMENT]
    text = f"The signature has the level {decision.level or signature.level}."
    if not archives and not low:
        return skipped_step(ProcessStep.ARCHIVAL, f"{text} No document time-stamp covers it.")
    return teller.result(ProcessStep.ARCHIVAL, low, text)


def _of(found: Iterable[Finding], step: Step) -> tuple[Finding, ...]:
    return tuple(item for item in found if rule_for(item.code).step is step)


def _format_text(signature: SignatureFacts) -> str:
    kind = (signature.format_name or signature.level).lstrip("/")
    covered = {
        Coverage.WHOLE_FILE: "covers the whole file",
        Coverage.REVISION: f"covers revision {signature.revision} of the file",
        Coverage.BROKEN: "covers neither the file nor a revision of it",
    }[signature.coverage]
    count = len(signature.changes)
    later = {0: "nothing", 1: "one thing"}.get(count, f"{count} things")
    return f"The signature is of the kind {kind} and {covered}; {later} came later."


def _identification_text(signature: SignatureFacts, path: CertificatePath | None) -> str:
    if signature.certificate_der is None:
        return "No signing certificate was found."
    name = "A certificate" if path is None else f"The certificate {path.certificates[0].label}"
    how = (
        "and the signature names it by its hash"
        if signature.identified
        else ("but the signature does not name it by its hash")
    )
    return f"{name} verifies the signature, {how}."


def _cryptographic_text(signature: SignatureFacts) -> str:
    return {
        Integrity.INTACT: "Digest and signature value are those of the covered bytes.",
        Integrity.BROKEN: "Digest or signature value are not those of the covered bytes.",
        Integrity.UNVERIFIABLE: "Digest and signature value could not be computed.",
    }[signature.integrity]


def _algorithms_text(signature: SignatureFacts) -> str:
    if signature.algorithms is None:
        return f"The algorithm is {signature.algorithm or 'not known'}."
    return f"The signature was made with {shown(signature.algorithms)}."


def _path_text(path: CertificatePath) -> str:
    return "The path is " + " → ".join(item.label for item in path.certificates) + "."


def _statements_text(judged: PathJudgement) -> str:
    texts = [
        f"{item.certificate.label}: {one.state.value} by {one.source.value}"
        + ("" if one.this_update is None else f" of {moment(one.this_update)}")
        for item in judged.reliances
        for one in item.statements
    ]
    return "; ".join(texts) + "." if texts else "No statement speaks for the time of now."


def _time_stamp_text(item: JudgedTimeStamp) -> str:
    time = item.facts.gen_time
    when = "no readable time" if time is None else moment(time)
    worth = "holds" if item.verdict.passed else "proves nothing"
    return f"{item.facts.id}, of {when}, {worth}."


def _proofs_text(proofs: Proofs) -> str:
    if not proofs.items:
        return "The time-stamps over the signature prove only the signature itself."
    texts = (f"the first {item.end} bytes on {moment(item.time)}" for item in proofs.items)
    return "These existed: " + "; ".join(texts) + "."
