"""What signers claim is shown in every form of the report, for documents and for files."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from idservice.cms.claims import Commitment, SignaturePolicy, SignerClaims
from idservice.crypto import der
from idservice.pades.signing import SignatureOptions
from idservice.presentation.etsi_report import etsi_report
from idservice.presentation.siva import POLICIES, siva_report
from idservice.services.html_report import html_report
from idservice.services.validation import Validation
from idservice.validation.report import ValidationReport
from support import cms_forgery as forge
from support import pdfs
from support.detached import CONTENT, encode, fixed
from support.offline import LIMITS, NOW
from support.pki import chain
from support.programs import require_program
from support.report_schema import read_report
from support.signing import signed

DIGEST = bytes(range(32))
POLICY = SignaturePolicy("1.3.6.1.4.1.10015.1000.3.2.1", DIGEST, "https://example.org/p.pdf")
CLAIMS = SignerClaims(Commitment.APPROVAL, ("Juhatuse liige",), POLICY)
PDF = signed(pdfs.baseline(), options=SignatureOptions(claims=CLAIMS))
MIME = ("0.4.0.1733.2.1", [der.wrap(der.UTF8_STRING, b"text/plain")])
HINTS = (
    "1.2.840.113549.1.9.16.2.4",
    [der.sequence(der.wrap(der.UTF8_STRING, b"<b>"), der.object_identifier(forge.ID_DATA))],
)
BAG = (chain().leaf.der, chain().intermediate.der)
FILE = encode(fixed(add=(*fixed().add, MIME, HINTS), certificates=BAG))


def validated(data: bytes, content: bytes | None = None) -> ValidationReport:
    """The report about a document, or about a signature with its file."""
    validation = Validation(LIMITS, clock=lambda: NOW, anchors=[chain().root.certificate])
    return validation.validate(data, "a.p7s" if content else "a.pdf", content=content)


OF_PDF = validated(PDF)
OF_FILE = validated(FILE, CONTENT)


def only(report: ValidationReport) -> dict[str, Any]:
    """The one signature as JSON."""
    (found,) = report.to_json()["signatures"]
    assert isinstance(found, dict)
    return found


def test_json_has_every_claim_of_a_document() -> None:
    """Roles, commitment and policy are there, and that the policy is not applied is a warning."""
    found = only(OF_PDF)
    assert found["claims"] == {
        "reason": None,
        "location": None,
        "contact": None,
        "roles": ["Juhatuse liige"],
        "commitments": [Commitment.APPROVAL.oid],
        "signaturePolicy": POLICY.oid,
        "signaturePolicyDigest": f"sha256:{DIGEST.hex()}",
        "signaturePolicyUri": POLICY.uri,
        "mimeType": None,
        "contentDescription": None,
    }
    assert found["indication"] == "TOTAL-PASSED"
    told = [item["code"] for item in found["warnings"]]
    assert told == ["revocation_not_available", "signature_policy_not_applied"]


def test_json_has_the_claims_about_a_file() -> None:
    """What kind of file was signed is in its attributes, and no fault."""
    found = only(OF_FILE)
    claims = found["claims"]
    assert (claims["mimeType"], claims["contentDescription"]) == ("text/plain", "<b>")
    told = [item["code"] for item in found["warnings"]]
    assert (found["indication"], told) == ("TOTAL-PASSED", ["revocation_not_available"])


def test_siva_names_the_roles() -> None:
    """SiVa's clients find them where SiVa puts them."""
    report = siva_report(OF_PDF, POLICIES["POLv3"], "Simple")
    (found,) = report["validationReport"]["validationConclusion"]["signatures"]
    assert found["info"]["signerRole"] == [{"claimedRole": "Juhatuse liige"}]


def test_the_xml_report_names_them() -> None:
    """The schema of ETSI has a place for each."""
    (found,) = read_report(etsi_report(OF_PDF)).signature_validation_report
    said = found.signature_attributes
    assert said is not None
    (role,) = said.signer_role[0].role_details
    assert role.role == "Juhatuse liige"
    (commitment,) = said.commitment_type_indication
    assert commitment.commitment_type_identifier == f"urn:oid:{Commitment.APPROVAL.oid}"
    assert said.sig_policy_identifier[0].sig_policy_id == f"urn:oid:{POLICY.oid}"


def test_the_xml_report_names_the_kind_of_file() -> None:
    """A detached signature may say what it is over; its report fits the schema as well."""
    (found,) = read_report(etsi_report(OF_FILE)).signature_validation_report
    assert found.signature_attributes is not None
    assert found.signature_attributes.data_object_format[0].mime_type == "text/plain"


def test_the_report_to_read_names_them() -> None:
    """A commitment has its name; what the signer wrote is text and no markup."""
    page = html_report(OF_PDF, PDF, LIMITS)
    for text in ("Juhatuse liige", "proof of approval", POLICY.oid, POLICY.uri):
        assert str(text) in page
    about_file = html_report(OF_FILE, FILE, LIMITS)
    assert "text/plain, &lt;b&gt;" in about_file
    assert "Why no pages are shown" in about_file
    assert "Why no pages are shown" not in page


@pytest.mark.slow
def test_the_report_about_a_file_is_shown(tmp_path: Path) -> None:
    """A browser draws the report about a detached signature, and it says why it has no pages."""
    require_program("chromium")
    (tmp_path / "report.html").write_text(html_report(OF_FILE, FILE, LIMITS), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    shown = subprocess.run(
        [*command, (tmp_path / "report.html").as_uri()], check=True, capture_output=True, text=True
    )
    assert "The signature stands beside the file" in shown.stdout
    assert "<img" not in shown.stdout
