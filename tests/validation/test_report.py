"""The report: its JSON, its sentence, and that text from documents is harmless."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import Finding
from idservice.validation.facts import (
    Change,
    Coverage,
    Integrity,
    SignatureFacts,
    TrustFacts,
    TrustVerdict,
)
from idservice.validation.policy import decide
from idservice.validation.report import SignatureReport, ValidationReport, printable
from support.policies import STRICT

AT = dt.datetime(2026, 6, 1, 12, 0, tzinfo=dt.UTC)


def report(*codes: str, signer: str | None = "JÕEORG,JAAK-KRISTJAN,38001085718") -> SignatureReport:
    """A report about one signature with these findings."""
    findings = tuple(Finding(code, f"About {code}.", "Do this.") for code in codes)
    facts = SignatureFacts(
        "Signature1",
        "PAdES_BASELINE_B",
        Integrity.INTACT,
        Coverage.WHOLE_FILE,
        findings,
        claimed_signing_time=dt.datetime(
            2026, 6, 1, 14, 0, tzinfo=dt.timezone(dt.timedelta(hours=3))
        ),
    )
    trust = TrustFacts(TrustVerdict.TRUSTED, "CN=Root", ())
    return SignatureReport(facts, trust, decide(facts, trust, STRICT), signer, AT)


def document(*signatures: SignatureReport, errors: tuple[Finding, ...] = ()) -> ValidationReport:
    """A report about a document."""
    return ValidationReport("a.pdf", "PAdES", signatures, errors)


def test_the_json_has_exactly_the_documented_keys() -> None:
    """Programs rely on the shape of the report."""
    shown = document(report()).to_json()
    assert list(shown) == [
        "file",
        "format",
        "signaturesCount",
        "validSignaturesCount",
        "signatures",
        "errors",
        "timeStamps",
        "validationTime",
        "policy",
    ]
    assert shown["signatures"] == [
        {
            "id": "Signature1",
            "signedBy": "JÕEORG,JAAK-KRISTJAN,38001085718",
            "level": "PAdES_BASELINE_B",
            "indication": "TOTAL-PASSED",
            "subIndication": None,
            "integrity": "intact",
            "coverage": "whole-file",
            "changes": {"verdict": "none", "items": []},
            "trust": {"verdict": "trusted", "anchor": "CN=Root"},
            "claimedSigningTime": "2026-06-01T11:00:00Z",
            "bestSignatureTime": "2026-06-01T12:00:00Z",
            "errors": [],
            "warnings": [],
            "timeStamps": [],
            "revocation": [],
            "subFilter": None,
            "algorithm": None,
            "algorithms": None,
            "claims": {
                "reason": None,
                "location": None,
                "contact": None,
                "roles": [],
                "commitments": [],
                "signaturePolicy": None,
                "signaturePolicyDigest": None,
                "signaturePolicyUri": None,
                "mimeType": None,
                "contentDescription": None,
            },
            "certificates": [],
            "steps": [],
            "qualification": {
                "level": "NA",
                "anchorService": None,
                "reasons": ["No trusted list knows the service that issued the certificate."],
            },
        }
    ]
    assert json.loads(json.dumps(shown)) == shown


def test_errors_and_warnings_say_what_and_what_to_do() -> None:
    """Each is an object of code, message and fix."""
    shown = report("digest_mismatch", "cert_entry").to_json()
    assert shown["subIndication"] == "HASH_FAILURE"
    assert shown["errors"] == [
        {"code": "digest_mismatch", "message": "About digest_mismatch.", "fix": "Do this."}
    ]
    assert [item["code"] for item in shown["warnings"]] == ["cert_entry"]


def test_changes_are_listed() -> None:
    """What was appended appears with its revision."""
    facts = SignatureFacts(
        "S",
        "PAdES_BASELINE_B",
        Integrity.INTACT,
        Coverage.REVISION,
        (),
        (Change("revision-appended", 2, None, "Revision 2."),),
    )
    trust = TrustFacts(TrustVerdict.UNKNOWN, None, ())
    shown = SignatureReport(facts, trust, decide(facts, trust, STRICT), None, AT).to_json()
    assert shown["changes"] == {
        "verdict": "not-analysed",
        "items": [
            {
                "code": "revision-appended",
                "revision": 2,
                "page": None,
                "message": "Revision 2.",
                "kind": "content",
                "verdict": "not-analysed",
                "coveredBy": None,
                "foreseen": False,
            }
        ],
    }
    assert shown["claimedSigningTime"] is None


def test_counts_and_verdict_of_a_document() -> None:
    """A document passes when it has signatures and every one passes."""
    good, bad = report(), report("digest_mismatch")
    assert document(good).passed
    assert not document().passed
    assert not document(good, bad).passed
    assert document(good, bad).valid_signatures_count == 1


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (document(report()), "is validly signed by JÕEORG,JAAK-KRISTJAN,38001085718"),
        (document(report(signer=None)), "an unknown person"),
        (document(report(), report("digest_mismatch")), "must not be relied upon: about digest"),
        (
            document(report("certificate_revoked"), report("digest_mismatch")),
            "must not be relied upon: about digest_mismatch. That is said of signature 2 of 2.",
        ),
        (document(report("certificate_revoked")), "is not proved to be validly signed"),
        (document(errors=(Finding("NO_SIGNATURE_FOUND", "No."),)), "has no signature"),
        (document(errors=(Finding("FORMAT_FAILURE", "No."),)), "is damaged"),
    ],
)
def test_one_sentence_says_the_verdict(shown: ValidationReport, words: str) -> None:
    """People read one sentence first."""
    assert words in shown.sentence()
    assert "\n" not in shown.sentence()


HOSTILE = "\x1b[2J\r\n\u202egnp.exe\u2066\x07\x9b31m"


def test_hostile_names_cannot_move_the_cursor() -> None:
    """Escape sequences, line ends and direction marks are written out."""
    shown = printable(HOSTILE)
    assert shown.isprintable()
    assert "\\u001b" in shown
    assert "\\u202e" in shown
    assert document(report(signer=HOSTILE)).sentence().isprintable()


@given(st.text())
def test_anything_becomes_printable(text: str) -> None:
    """No text of any document reaches a terminal with control characters."""
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) <= 400 * 8 + 1
