"""A report for people: the verdict in a sentence, then who, when, what changed, what to do.

Details for whoever wants to know more come last. Programs read the JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.validation.printing import printable
from idservice.validation.report_parts import time_json
from idservice.validation.rules import Indication
from idservice.validation.wording import (
    CHANGES,
    COVERAGE,
    SIGNED_BYTES,
    TRUST,
    legal_value,
    short_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idservice.errors import Finding
    from idservice.validation.facts import Change
    from idservice.validation.report import SignatureReport, ValidationReport
    from idservice.validation.time_stamps import JudgedTimeStamp
    from idservice.validation.verdict import Verdict

GOOD, BAD, OPEN, STRONG, PLAIN = "good", "bad", "open", "strong", ""
"""How a line is meant, for whoever gives it a colour."""

_TONES = {
    Indication.TOTAL_PASSED: GOOD,
    Indication.TOTAL_FAILED: BAD,
    Indication.INDETERMINATE: OPEN,
}
_CHANGE_TONES = {"forbidden": BAD, "not-analysed": OPEN}
_MAX_NAME = 200
_NOBODY = "nobody that can be named"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, what it means (a tone such as GOOD), and the lines below it."""

    text: str
    tone: str = PLAIN
    below: tuple[Line, ...] = ()


def headline(report: ValidationReport) -> Line:
    """Return the sentence that says the verdict."""
    indications = {item.verdict.indication for item in report.signatures}
    doubtful = indications and Indication.TOTAL_FAILED not in indications
    return Line(report.sentence(), GOOD if report.passed else OPEN if doubtful else BAD)


def report_tree(report: ValidationReport, *, as_of: bool) -> Line:
    """Return the whole report; with `as_of` it says as of which time it holds."""
    policy = "" if report.policy is None else f", policy {report.policy}"
    lines = []
    if report.at is not None and as_of:
        lines.append(Line(f"validated as of: {report.to_json()['validationTime']}", STRONG))
    lines += [_finding("note", item) for item in report.errors]
    lines += [_signature(item) for item in report.signatures]
    if not report.signatures:
        lines += [_time_stamp(item) for item in report.time_stamps]
    return Line(f"{report.file} ({report.format or 'unknown'}{policy})", PLAIN, tuple(lines))


def _signature(item: SignatureReport) -> Line:
    verdict = item.verdict
    lines = (
        *_who_and_when(item),
        Line(
            f"changed later: {CHANGES.get(item.changes_verdict, item.changes_verdict)}",
            _CHANGE_TONES.get(item.changes_verdict, PLAIN),
            tuple(_change(change) for change in item.changes),
        ),
        *(_finding("error", found) for found in verdict.errors),
        *(_finding("warning", found) for found in verdict.warnings),
        *_details(item),
        *(_time_stamp(stamp) for stamp in item.time_stamps),
    )
    name = _bounded(item.facts.id)
    return Line(f"{name}: {_indication(verdict)}", _TONES[verdict.indication], lines)


def _who_and_when(item: SignatureReport) -> Iterable[Line]:
    shown = item.to_json()
    # Until it passes, the name is only what the certificate beside the signature says.
    label = "signed by" if item.passed else "said to be signed by"
    yield Line(f"{label}: {_bounded(item.signed_by or _NOBODY)}")
    claimed = shown["claimedSigningTime"]
    yield Line(f"claimed time: {'none' if claimed is None else f'{claimed}, as the signer says'}")
    proved = any(stamp.time is not None for stamp in item.time_stamps)
    how = (
        "as a time-stamp proves"
        if proved
        else "the time of this validation, as no time-stamp proves that it is older"
    )
    yield Line(f"existed by: {shown['bestSignatureTime']}, {how}")


def _details(item: SignatureReport) -> Iterable[Line]:
    facts, trust, qualification = item.facts, item.trust, item.qualification
    yield Line(f"signed bytes: {SIGNED_BYTES[facts.integrity.value]}")
    yield Line(f"covers: {COVERAGE[facts.coverage.value]}")
    anchor = "" if trust.anchor is None else f", under {_bounded(short_name(trust.anchor))}"
    yield Line(f"trust: {TRUST[trust.verdict.value]}{anchor}")
    service = qualification.service
    meaning = legal_value(qualification.level, test_scheme=service is not None and service.test)
    listed = "" if service is None else f" (list {_bounded(service.scheme)!r})"
    yield Line(f"qualified status: {qualification.level}, {meaning}{listed}")
    yield Line(f"level: {item.level or facts.level}")


def _time_stamp(stamp: JudgedTimeStamp) -> Line:
    kind = stamp.facts.kind.value.replace("-", " ", 1)
    issuer = _bounded(stamp.facts.issued_by or _NOBODY)
    time = "no time" if stamp.facts.gen_time is None else time_json(stamp.facts.gen_time)
    text = f"{kind} of {time} by {issuer}: {_indication(stamp.verdict)}"
    return Line(text, _TONES[stamp.verdict.indication])


def _change(change: Change) -> Line:
    verdict = change.verdict.value
    text = f"change: {change.message}"
    return Line(
        text if verdict == "permitted" else f"{text} ({verdict})", _CHANGE_TONES.get(verdict, PLAIN)
    )


def _finding(kind: str, finding: Finding) -> Line:
    tone = {"error": BAD, "warning": OPEN}.get(kind, PLAIN)
    below = (Line(f"to do: {finding.fix}"),) if finding.fix else ()
    return Line(f"{kind} {finding.code}: {finding.message}", tone, below)


def _indication(verdict: Verdict) -> str:
    sub = verdict.sub_indication
    return verdict.indication.value + ("" if sub is None else f" / {sub.value}")


def _bounded(text: str) -> str:
    shown = text if len(text) <= _MAX_NAME else text[:_MAX_NAME] + "…"
    return printable(shown)
