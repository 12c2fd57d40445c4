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
from idservice.validation.certificates import PathJudgement, Reliance, Role, Use, judge_path, moment
from idservice.validation.evidence import PathFacts
from idservice.validation.facts import (
    ChangeVerdict,
    Coverage,
    DocumentFacts,
    Integrity,
    SignatureFacts,
    TrustFacts,
    TrustVerdict,
    worst_change,
)
from idservice.validation.levels import reached_level
from idservice.validation.proofs import Proofs
from idservice.validation.rules import Step, SubIndication, rule_for
from idservice.validation.time_stamps import (
    JudgedTimeStamp,
    judge_document_time_stamps,
    judge_time_stamp,
    not_valid_findings,
    order_findings,
)
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


@dataclass(frozen=True, slots=True)
class SignatureDecision:
    """Everything that was decided about one signature.

    `best_signature_time` is proved by a time-stamp; None when nothing proves any. The
    `time_stamps` are those over the signature and the later ones over the document.
    """

    trust: TrustFacts
    verdict: Verdict
    level: str
    best_signature_time: dt.datetime | None
    time_stamps: tuple[JudgedTimeStamp, ...]
    reliances: tuple[Reliance, ...]


@dataclass(frozen=True, slots=True)
class DocumentDecision:
    """What was decided about each signature and each document time-stamp."""

    signatures: tuple[SignatureDecision, ...]
    time_stamps: tuple[JudgedTimeStamp, ...]


def decide_document(
    facts: DocumentFacts, paths: DocumentPaths, now: dt.datetime
) -> DocumentDecision:
    """Judge all signatures of a document at the time `now` (aware UTC), cl. 5.6.3."""
    stamps, proofs = judge_document_time_stamps(facts.time_stamps, paths.time_stamps, now)
    return DocumentDecision(
        tuple(
            _decide_signature(signature, found, stamps, proofs)
            for signature, found in zip(facts.signatures, paths.signatures, strict=True)
        ),
        stamps,
    )


def decide(signature: SignatureFacts, trust: TrustFacts, *more: Finding) -> Verdict:
    """Judge a signature by everything that is known about it."""
    return verdict_of((*signature.findings, *trust.findings, *more, *_own_findings(signature)))


def _decide_signature(
    signature: SignatureFacts,
    paths: SignaturePaths,
    document_stamps: Sequence[JudgedTimeStamp],
    proofs: Proofs,
) -> SignatureDecision:
    own = tuple(
        judge_time_stamp(item, found, proofs)
        for item, found in zip(signature.time_stamps, paths.time_stamps, strict=True)
    )
    end = signature.end
    later = tuple(item for item in document_stamps if _end(item) > (end or 0))
    stamps = (*own, *later)
    # Without a signed revision nothing tells what a document time-stamp covers.
    proving = stamps if end is not None else own
    # Clause 5.5.4 step 2: the earliest time that is proved.
    best = min((item.time for item in proving if item.time is not None), default=None)
    time = best or proofs.now
    use = Use(Role.SIGNER, time, time, best is not None)
    judged = PathJudgement((), ())
    found = list(paths.signer.findings)
    if paths.signer.path is not None:
        judged = judge_path(paths.signer.path, use, proofs)
        created_after = max(
            (item.time for item in document_stamps if item.time and _end(item) < (end or 0)),
            default=None,
        )
        found += _explained(judged.findings, proving, use)
        found += _created_too_late(paths.signer, judged, created_after)
    trust = _trust(paths.signer, tuple(found))
    verdict = decide(signature, trust, *not_valid_findings(stamps), *order_findings(proving))
    level = reached_level(signature.level, paths.signer.path, proving)
    return SignatureDecision(trust, verdict, level, best, stamps, judged.reliances)


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


def _trust(signer: PathFacts, findings: tuple[Finding, ...]) -> TrustFacts:
    """Say whether the signing certificate is trusted at the time that is proved."""
    errors = {item.code for item in findings if rule_for(item.code).step is Step.X509_VALIDATION}
    errors = {code for code in errors if rule_for(code).sub_indication is not None}
    if signer.path is None:
        unknown = signer.undecided or not findings
        return TrustFacts(
            TrustVerdict.UNKNOWN if unknown else TrustVerdict.UNTRUSTED, None, findings
        )
    verdict = TrustVerdict.TRUSTED
    if errors:
        verdict = TrustVerdict.UNKNOWN if errors <= _OPEN else TrustVerdict.UNTRUSTED
    return TrustFacts(verdict, signer.path.anchor.name, findings)


def _change_findings(signature: SignatureFacts) -> Iterator[Finding]:
    """What the changes after a signed revision are worth, whoever signed it."""
    verdict = worst_change(signature.changes)
    told = [item.message for item in signature.changes if item.verdict is verdict]
    if verdict is ChangeVerdict.FORBIDDEN:
        yield Finding(
            "changes_forbidden",
            f"The document was changed after this signature in a way that is not permitted. "
            f"{told[0]}",
            "Do not rely on what the document shows now; ask for the file as it was signed.",
        )
    elif verdict is ChangeVerdict.NOT_ANALYSED:
        yield Finding(
            "changes_not_analysed",
            f"The document was changed after this signature in a way that is not judged here. "
            f"{told[0]} The signed revision itself is judged separately.",
            "Look at the signed revision alone, or ask for the file as it was signed.",
        )


def _own_findings(signature: SignatureFacts) -> tuple[Finding, ...]:
    """Findings that follow from facts that no reader would call a fault."""
    findings = list(_change_findings(signature))
    known = {rule_for(item.code).sub_indication for item in signature.findings}
    if signature.integrity is not Integrity.INTACT and known <= {None}:
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
