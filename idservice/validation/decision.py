"""What was decided about a document, as values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from idservice.validation.certificates import Reliance
from idservice.validation.evidence import CertificatePath
from idservice.validation.facts import Change, TrustFacts
from idservice.validation.process import StepResult
from idservice.validation.time_stamps import JudgedTimeStamp
from idservice.validation.verdict import Verdict


@dataclass(frozen=True, slots=True)
class SignatureDecision:
    """Everything that was decided about one signature.

    `best_signature_time` is proved by a time-stamp; None when nothing proves any. The
    `time_stamps` are those over the signature and the later ones over the document. `changes`
    are those of the facts with the verdicts that count under the policy, `path` that of the
    signing certificate, `steps` what each step of the process came to.
    """

    trust: TrustFacts
    verdict: Verdict
    level: str
    best_signature_time: dt.datetime | None
    time_stamps: tuple[JudgedTimeStamp, ...]
    reliances: tuple[Reliance, ...]
    changes: tuple[Change, ...] = ()
    path: CertificatePath | None = None
    steps: tuple[StepResult, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentDecision:
    """What was decided about each signature and each document time-stamp."""

    signatures: tuple[SignatureDecision, ...]
    time_stamps: tuple[JudgedTimeStamp, ...]
