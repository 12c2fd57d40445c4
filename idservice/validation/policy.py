"""The decision about a document: a pure function of facts, paths and the time.

The steps of one signature are those of EN 319 102-1 cl. 5.3.4: (1) format check,
(2) identification of the signing certificate, (3) validation context, (4) X.509 validation,
(5) cryptographic verification, (6) acceptance. Around them stands the process for
long-term signatures, cl. 5.6.3: first the document time-stamps from the newest to the
oldest, which gives the proofs of existence; then the time-stamps over the signature and
the best-signature-time; then the certificates of the signer at that time. All steps are
judged, so that the report names every fault.

What was appended later has a verdict of its own: what is permitted is only listed, what is
forbidden makes the signature fail, and what is not judged here leaves it INDETERMINATE with
SIG_CONSTRAINTS_FAILURE, while the signed revision itself keeps its integrity.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from idservice.errors import Finding
from idservice.validation.algorithms import algorithm_findings, unnamed_findings
from idservice.validation.certificates import PathJudgement, Role, Use, judge_path
from idservice.validation.changes import JudgedChanges, judge_changes
from idservice.validation.decision import DocumentDecision, SignatureDecision
from idservice.validation.evidence import PathFacts
from idservice.validation.facts import (
    Coverage,
    DocumentFacts,
    Integrity,
    SignatureFacts,
    TrustFacts,
    TrustVerdict,
)
from idservice.validation.levels import reached_level
from idservice.validation.moments import moment
from idservice.validation.proofs import Proofs
from idservice.validation.qualification import qualify_signature
from idservice.validation.rules import Indication, Step, SubIndication, rule_for
from idservice.validation.steps import signature_steps
from idservice.validation.time_stamps import (
    JudgedTimeStamp,
    judge_document_time_stamps,
    judge_time_stamp,
    not_valid_findings,
    order_findings,
)
from idservice.validation.validation_policy import Level, Purpose, ValidationPolicy
from idservice.validation.verdict import Verdict, verdict_of

__all__ = [
    "DocumentDecision",
    "DocumentPaths",
    "SignatureDecision",
    "SignaturePaths",
    "Verdict",
    "decide",
    "decide_document",
]


@dataclass(frozen=True, slots=True)
class SignaturePaths:
    """The path of the signing certificate, and one for each time-stamp over the signature."""

    signer: PathFacts
    time_stamps: tuple[PathFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentPaths:
    """The paths for all signatures and document time-stamps, in the order of the facts.

    `findings` are about the evidence that the document carries and concern no single one.
    """

    signatures: tuple[SignaturePaths, ...]
    time_stamps: tuple[PathFacts, ...] = ()
    findings: tuple[Finding, ...] = ()


def decide_document(
    facts: DocumentFacts, paths: DocumentPaths, now: dt.datetime, policy: ValidationPolicy
) -> DocumentDecision:
    """Judge all signatures of a document at the time `now` (aware UTC), cl. 5.6.3.

    The last signature comes first: an earlier one may depend on whether it is valid.
    """
    stamps, proofs = judge_document_time_stamps(facts.time_stamps, paths.time_stamps, now, policy)
    process = _Process(policy, stamps, proofs)
    decided: dict[int, SignatureDecision] = {}
    order = range(len(facts.signatures))
    for index in sorted(order, key=lambda one: facts.signatures[one].end or 0, reverse=True):
        signature = facts.signatures[index]
        decided[index] = process.decide(signature, paths.signatures[index])
        process.know(signature.id, decided[index].verdict.indication)
    return DocumentDecision(tuple(decided[index] for index in order), stamps)


def decide(
    signature: SignatureFacts,
    trust: TrustFacts,
    policy: ValidationPolicy,
    *more: Finding,
    changes: JudgedChanges | None = None,
) -> Verdict:
    """Judge a signature by everything that is known about it.

    Without judged `changes`, no later signature counts as valid.
    """
    if changes is None:
        changes = judge_changes(
            signature.changes, policy.changes, lambda _: Indication.TOTAL_FAILED
        )
    own = _own_findings(signature, policy)
    found = (*signature.findings, *trust.findings, *more, *changes.findings, *own)
    return verdict_of(found, policy)


_WORST_LAST = (Indication.TOTAL_PASSED, Indication.INDETERMINATE, Indication.TOTAL_FAILED)


class _Process:
    """The process for the signatures of one document, once its time-stamps are judged."""

    def __init__(
        self, policy: ValidationPolicy, stamps: Sequence[JudgedTimeStamp], proofs: Proofs
    ) -> None:
        self._policy, self._stamps, self._proofs = policy, stamps, proofs
        self._worth: dict[str, Indication] = {}
        for item in stamps:
            self.know(item.facts.id, item.verdict.indication)

    def know(self, name: str, indication: Indication) -> None:
        """Remember what a later signature came to; of two with one name, the worst."""
        known = (indication, self._worth.get(name, Indication.TOTAL_PASSED))
        self._worth[name] = max(known, key=_WORST_LAST.index)

    def decide(self, signature: SignatureFacts, paths: SignaturePaths) -> SignatureDecision:
        """Judge one signature, all later ones being known."""
        policy, proofs, end = self._policy, self._proofs, signature.end
        own = tuple(
            judge_time_stamp(item, found, proofs, policy)
            for item, found in zip(signature.time_stamps, paths.time_stamps, strict=True)
        )
        later = tuple(item for item in self._stamps if _end(item) > (end or 0))
        stamps = (*own, *later)
        # Without a signed revision nothing tells what a document time-stamp covers.
        proving = stamps if end is not None else own
        # Clause 5.5.4 step 2: the earliest time that is proved.
        best = min((item.time for item in proving if item.time is not None), default=None)
        use = Use(Role.SIGNER, best or proofs.now, best or proofs.now, best is not None)
        made_after = self._made_after(end)
        judged, trust = self._judge_signer(paths.signer, use, proving, made_after)
        level = reached_level(signature.level, paths.signer.path, proving, policy.freshness)
        changes = judge_changes(
            signature.changes,
            policy.changes,
            lambda name: self._worth.get(name, Indication.TOTAL_FAILED),
        )
        more = (
            *not_valid_findings(stamps),
            *order_findings(proving),
            *algorithm_findings(
                signature.algorithms,
                Purpose.SIGNATURE,
                policy,
                use.proved_at,
                made_after=made_after,
            ),
            *_required_findings(signature, level, best, policy),
            *_qualification_findings(paths.signer, use.proved_at, policy),
        )
        verdict = decide(signature, trust, policy, *more, changes=changes)
        decision = SignatureDecision(
            trust,
            verdict,
            level,
            best,
            stamps,
            judged.reliances,
            changes.items,
            paths.signer.path,
        )
        return replace(
            decision,
            steps=signature_steps(signature, decision, policy, proofs, self._as_of_now(paths)),
        )

    def _made_after(self, end: int | None) -> dt.datetime | None:
        """The latest time-stamp that the signature covers: it was made after that (cl. 5.1.3)."""
        covered = (item.time for item in self._stamps if item.time and _end(item) < (end or 0))
        return max(covered, default=None)

    def _judge_signer(
        self,
        signer: PathFacts,
        use: Use,
        proving: Sequence[JudgedTimeStamp],
        made_after: dt.datetime | None,
    ) -> tuple[PathJudgement, TrustFacts]:
        judged = PathJudgement((), ())
        found = list(signer.findings)
        if signer.path is not None:
            judged = judge_path(signer.path, use, self._proofs, self._policy)
            found += _explained(judged.findings, proving, use)
            found += _created_too_late(signer, judged, made_after)
        return judged, _trust(signer, tuple(found), self._policy)

    def _as_of_now(self, paths: SignaturePaths) -> PathJudgement | None:
        """Judge the signer's path as if nothing were proved (cl. 5.3.4 step 4)."""
        if paths.signer.path is None:
            return None
        now = self._proofs.now
        use = Use(Role.SIGNER, now, now, proved=False)
        return judge_path(paths.signer.path, use, self._proofs, self._policy)


def _qualification_findings(
    signer: PathFacts, time: dt.datetime, policy: ValidationPolicy
) -> Iterator[Finding]:
    """Require what a signature would be qualified as if everything else about it holds."""
    if policy.qualification is None:
        return
    path = signer.path
    services = None if path is None else path.trust_services
    issued = None if path is None else path.certificates[0].not_before
    found = qualify_signature(services, Indication.TOTAL_PASSED, issued, time)
    if found.level != policy.qualification:
        yield Finding(
            "qualification_not_reached",
            f"By the trusted lists the signature would be {found.level}, and the validation "
            f"policy requires {policy.qualification}.",
            "Ask for a signature with a qualified certificate, or give the trusted list of its "
            "country.",
        )


def _required_findings(
    signature: SignatureFacts, level: str, best: dt.datetime | None, policy: ValidationPolicy
) -> Iterator[Finding]:
    """What a policy requires of every signature: a level, and a time-stamp made soon."""
    least, delay = policy.least_level, policy.time_stamp_delay
    if least is not None and Level.of(level) < least:
        yield Finding(
            "level_too_low",
            f"The signature has the level {level}, and the validation policy requires {least.name} "
            "at least, so that it can still be validated later.",
            "Have the level raised while the certificate is valid.",
        )
    claimed = signature.claimed_signing_time
    if delay is None or claimed is None or best is None or best - claimed <= delay:
        return
    yield Finding(
        "time_stamp_delay",
        f"The signature claims {moment(claimed)}, and was time-stamped on {moment(best)} only: "
        "later than the validation policy allows.",
        "Ask the signer for a signature that is time-stamped at once.",
    )


def _end(stamp: JudgedTimeStamp) -> int:
    return stamp.facts.end or 0


_ABOUT_TIME = frozenset(
    {
        "certificate_expired",
        "certificate_ca_expired",
        "certificate_revoked",
        "certificate_ca_revoked",
        "revocation_issuer_expired",
    }
)


def _explained(
    findings: Sequence[Finding], stamps: Sequence[JudgedTimeStamp], use: Use
) -> Iterator[Finding]:
    """Say why no time-stamp helps, in what an earlier proof would have prevented."""
    failed = max((item for item in stamps if item.time is None), key=_end, default=None)
    for item in findings:
        if item.code not in _ABOUT_TIME:
            yield item
            continue
        why = ""
        if use.proved:
            why = f" The earliest time that a time-stamp proves is {moment(use.proved_at)}."
        elif failed is not None:
            why = f" The time-stamp {failed.facts.id} does not prove it older: {failed.reason}"
        elif "revoked" not in item.code:
            why = " No time-stamp proves that the signature is older."
        yield replace(item, message=item.message + why)


def _created_too_late(
    signer: PathFacts, judged: PathJudgement, created_after: dt.datetime | None
) -> Iterator[Finding]:
    """Tell a signature that is proved to have been made when its certificate was no longer good.

    What is signed contains a time-stamp, so it was signed later than that (cl. 5.1.3).
    """
    if created_after is None or signer.path is None:
        return
    leaf = signer.path.certificates[0]
    if judged.revoked_at is not None and judged.revoked_at <= created_after:
        yield Finding(
            "signed_after_revocation",
            f"The certificate was revoked on {moment(judged.revoked_at)}, and the signature was "
            f"made after {moment(created_after)}: it covers a time-stamp of then.",
            "Do not rely on this signature.",
        )
    if leaf.not_after < created_after:
        yield Finding(
            "signed_after_expiry",
            f"The certificate expired on {moment(leaf.not_after)}, and the signature was made "
            f"after {moment(created_after)}: it covers a time-stamp of then.",
            "Do not rely on this signature.",
        )


_OPEN = frozenset({"revocation_data_missing", "revocation_data_stale", "revocation_issuer_expired"})


def _trust(
    signer: PathFacts, findings: tuple[Finding, ...], policy: ValidationPolicy
) -> TrustFacts:
    """Say whether the signing certificate is trusted at the time that is proved."""
    errors = {item.code for item in findings if rule_for(item.code).step is Step.X509_VALIDATION}
    errors = {code for code in errors if policy.refuses(code)}
    if signer.path is None:
        unknown = signer.undecided or not findings
        return TrustFacts(
            TrustVerdict.UNKNOWN if unknown else TrustVerdict.UNTRUSTED, None, findings
        )
    verdict = TrustVerdict.TRUSTED
    if errors:
        verdict = TrustVerdict.UNKNOWN if errors <= _OPEN else TrustVerdict.UNTRUSTED
    return TrustFacts(verdict, signer.path.anchor.name, findings)


def _own_findings(signature: SignatureFacts, policy: ValidationPolicy) -> tuple[Finding, ...]:
    """Findings that follow from facts that no reader would call a fault."""
    findings = list(unnamed_findings(signature.findings, signature.algorithms))
    refused = [item.code for item in signature.findings if policy.refuses(item.code)]
    known = {rule_for(code).sub_indication for code in refused}
    if signature.integrity is not Integrity.INTACT and not refused:
        findings.append(
            Finding(
                "integrity_unverifiable",
                "The signature could not be verified over the document.",
                "Ask the signer for the file as it was signed.",
            )
        )
    if signature.coverage is Coverage.BROKEN and SubIndication.FORMAT_FAILURE not in known:
        findings.append(
            Finding(
                "coverage_no_revision",
                "The signature does not cover the file or a revision of it.",
                "Do not rely on this file; ask the signer for the original.",
            )
        )
    return tuple(findings)
