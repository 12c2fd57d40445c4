"""Validation offline, by the standing root of `support.long_term` and the document alone."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from idservice.services.validation import Validation, ValidationReport
from idservice.validation.validation_policy import ValidationPolicy
from support.limits import limits
from support.long_term import HOUR, authorities
from support.pki import AT, CertificatePair

LIMITS = limits(max_document_bytes=10_000_000)
NOW = AT + HOUR
PASSED = ("TOTAL-PASSED", None)
OUT_OF_BOUNDS = ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")


def validate(
    document: bytes,
    at: dt.datetime = NOW,
    anchors: Sequence[CertificatePair] | None = None,
    policy: ValidationPolicy | None = None,
) -> ValidationReport:
    """Validate offline, by default strictly and trusting the standing root."""
    trusted = [authorities().root] if anchors is None else anchors
    validation = Validation(
        LIMITS, clock=lambda: at, anchors=[item.certificate for item in trusted]
    )
    return validation.validate(document, "a.pdf", policy=policy)


def shown(document: bytes, at: dt.datetime = NOW) -> dict[str, Any]:
    """The report about the one signature."""
    (signature,) = validate(document, at).to_json()["signatures"]
    assert isinstance(signature, dict)
    return signature


def outcome(document: bytes, at: dt.datetime = NOW) -> tuple[str, str | None]:
    """Indication and sub-indication of the one signature."""
    found = shown(document, at)
    return found["indication"], found["subIndication"]


def codes(signature: dict[str, Any], kind: str = "errors") -> list[str]:
    """The codes of errors or warnings."""
    return [item["code"] for item in signature[kind]]
