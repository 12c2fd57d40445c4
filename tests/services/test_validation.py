"""Validation as a service: anchors, revocation, time and format, each changed alone."""

import datetime as dt
import time
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import given, settings
from hypothesis import strategies as st

from idservice.cms.signed_data import cms_template
from idservice.errors import (
    IdServiceError,
    MalformedCertificate,
    PdfPasswordWrong,
    UnknownFormat,
)
from idservice.keystore.card import Purpose
from idservice.pades.facts import read_facts
from idservice.pades.signing import sign
from idservice.pdf.document import open_document
from idservice.services.assembly import Services
from idservice.services.recorded_revocation import DatabaseRevocation
from idservice.services.revocation import (
    NoRevocationSource,
    RevocationState,
    RevocationStatus,
)
from idservice.services.validation import (
    Validation,
    ValidationReport,
    read_trusted,
    validation_without_home,
)
from idservice.validation.rules import Indication
from support import pdfs
from support.cms_forgery import ESS_V2, Forgery, ess_v2
from support.homes import PIN2
from support.limits import limits
from support.pki import (
    AT,
    NOT_AFTER,
    NOT_BEFORE,
    CertificatePair,
    chain,
    extension,
    intermediate_ca,
    key_usage,
    leaf,
    root_ca,
)
from support.signed_pdfs import SignedPdf
from support.signing import signed

LIMITS = limits(max_document_bytes=10_000_000)
ROOT = chain().root
ISSUING = chain().intermediate
DOCUMENT = signed(pdfs.baseline())


class Says:
    """A revocation source with one answer, or one for authorities and one for the rest."""

    def __init__(self, status: RevocationStatus, ca: RevocationStatus | None = None) -> None:
        self._status, self._ca = status, ca

    def status(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,  # noqa: ARG002 - the interface
    ) -> RevocationStatus:
        """Return the answer."""
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        return self._ca if constraints.value.ca and self._ca else self._status


GOOD = RevocationStatus(RevocationState.VALID)


def validate(
    document: bytes = DOCUMENT,
    *,
    anchors: Sequence[CertificatePair] = (ROOT,),
    status: RevocationStatus = GOOD,
    ca: RevocationStatus | None = None,
    at: dt.datetime = AT,
) -> ValidationReport:
    """Validate a document with a revocation source that gives one answer."""
    validation = Validation(
        LIMITS,
        clock=lambda: AT,
        anchors=[item.certificate for item in anchors],
        revocation=Says(status, ca),
    )
    return validation.validate(document, "a.pdf", at=at)


def outcome(report: ValidationReport) -> tuple[str, str | None, str, list[str]]:
    """Indication, sub-indication, trust and error codes of the one signature."""
    (shown,) = report.to_json()["signatures"]
    codes = [item["code"] for item in shown["errors"]]
    return shown["indication"], shown["subIndication"], shown["trust"]["verdict"], codes


def test_a_good_signature_is_total_passed() -> None:
    """Intact, whole, trusted and not revoked: TOTAL-PASSED, naming signer and anchor."""
    report = validate()
    assert outcome(report) == ("TOTAL-PASSED", None, "trusted", [])
    (shown,) = report.to_json()["signatures"]
    assert shown["signedBy"] == "JÕEORG,JAAK-KRISTJAN,38001085718"
    assert shown["trust"]["anchor"] == "CN=TEST Root,C=EE"
    assert report.passed


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            RevocationStatus(RevocationState.REVOKED, AT - dt.timedelta(days=1), "key_compromise"),
            ("INDETERMINATE", "REVOKED_NO_POE", "untrusted", ["certificate_revoked"]),
        ),
        (
            RevocationStatus(RevocationState.SUSPENDED, AT - dt.timedelta(days=1)),
            ("INDETERMINATE", "TRY_LATER", "untrusted", ["certificate_suspended"]),
        ),
        (
            RevocationStatus(RevocationState.UNKNOWN),
            (
                "INDETERMINATE",
                "CERTIFICATE_CHAIN_GENERAL_FAILURE",
                "untrusted",
                ["certificate_unknown"],
            ),
        ),
        (
            RevocationStatus(RevocationState.REVOKED, AT + dt.timedelta(days=1)),
            ("TOTAL-PASSED", None, "trusted", []),
        ),
        (RevocationStatus(RevocationState.NOT_COVERED), ("TOTAL-PASSED", None, "trusted", [])),
    ],
    ids=["revoked", "suspended", "never issued", "revoked later", "no source named"],
)
def test_revocation_decides(
    status: RevocationStatus, expected: tuple[str, str | None, str, list[str]]
) -> None:
    """Each state of the signing certificate has its sub-indication."""
    assert outcome(validate(status=status, ca=GOOD)) == expected


def test_a_certificate_without_source_is_warned_about() -> None:
    """When the certificate names no place that knows of revocation, that is told."""
    report = validate(status=RevocationStatus(RevocationState.NOT_COVERED))
    (signature,) = report.signatures
    assert {item.code for item in signature.verdict.warnings} == {"revocation_not_available"}


def test_a_revoked_authority_has_its_own_sub_indication() -> None:
    """When the issuing authority is revoked, the answer says that it is not the signer."""
    revoked = RevocationStatus(RevocationState.REVOKED, AT - dt.timedelta(days=1))
    assert outcome(validate(ca=revoked))[1] == "REVOKED_CA_NO_POE"


POINT = x509.DistributionPoint(
    [x509.UniformResourceIdentifier("http://ca.example/crl")], None, None, None
)
SOURCES = {
    "crl": x509.CRLDistributionPoints([POINT]),
    "ocsp": x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP,
                x509.UniformResourceIdentifier("http://ca.example/ocsp"),
            )
        ]
    ),
}


def forged(signer: CertificatePair, *also: CertificatePair) -> bytes:
    """A document signed by a certificate of the test's own."""
    bag = tuple(item.der for item in (signer, *also))
    return SignedPdf(cms=Forgery(signer=signer, certificates=bag).encode).build()


@pytest.mark.parametrize("source", list(SOURCES))
def test_a_source_that_is_named_and_not_known_leaves_it_open(source: str) -> None:
    """Revocation data that exist somewhere and are not here make the signature INDETERMINATE."""
    signer = leaf(ISSUING, extensions=[extension(SOURCES[source], critical=False)])
    report = validate(forged(signer, ISSUING), status=RevocationStatus(RevocationState.NOT_COVERED))
    assert outcome(report) == (
        "INDETERMINATE",
        "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        "unknown",
        ["revocation_data_missing"],
    )


@pytest.mark.parametrize(
    ("anchors", "verdict"), [([], "unknown"), ([root_ca("Other")], "untrusted")]
)
def test_without_the_right_anchor_there_is_no_trust(
    anchors: list[CertificatePair], verdict: str
) -> None:
    """Integrity and coverage are told all the same."""
    report = validate(anchors=anchors)
    assert outcome(report)[1:3] == ("NO_CERTIFICATE_CHAIN_FOUND", verdict)
    (shown,) = report.to_json()["signatures"]
    assert (shown["integrity"], shown["coverage"]) == ("intact", "whole-file")


def test_anchors_may_be_given_for_one_document() -> None:
    """What --trust names counts beside the anchors of the home."""
    validation = validation_without_home(LIMITS)
    report = validation.validate(
        DOCUMENT, "a.pdf", at=AT, extra_anchors=read_trusted(ROOT.pem + ISSUING.pem)
    )
    assert report.passed
    assert not validation.validate(DOCUMENT, "a.pdf", at=AT).passed


def test_trusted_certificates_are_pem_or_der() -> None:
    """One file may hold several in PEM or one in DER; anything else is refused."""
    assert read_trusted(ROOT.pem + ISSUING.pem) == (ROOT.certificate, ISSUING.certificate)
    assert read_trusted(ROOT.der) == (ROOT.certificate,)
    for data in (b"", b"-----BEGIN", b"-----BEGIN CERTIFICATE-----\nAAAA\n", b"\x30\x00"):
        with pytest.raises(MalformedCertificate):
            read_trusted(data)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOT_AFTER + dt.timedelta(days=1), "certificate_expired"),
        (NOT_BEFORE - dt.timedelta(days=1), "certificate_not_yet_valid"),
    ],
)
def test_the_control_time_decides(at: dt.datetime, code: str) -> None:
    """Outside the period of the certificate, without proof of existence, it stays open."""
    assert outcome(validate(at=at)) == (
        "INDETERMINATE",
        "OUT_OF_BOUNDS_NO_POE",
        "untrusted",
        [code],
    )


def test_a_certificate_for_login_does_not_sign() -> None:
    """A key that may only log in does not make document signatures."""
    signer = leaf(ISSUING, extensions=[extension(key_usage(digital_signature=True), critical=True)])
    assert outcome(validate(forged(signer, ISSUING)))[1] == "CHAIN_CONSTRAINTS_FAILURE"


def test_a_stranger_in_the_bag_is_told() -> None:
    """A certificate that nothing ties to the signer proves nothing, and is named."""
    for stranger in (root_ca("Elsewhere"), intermediate_ca(root_ca("Elsewhere"))):
        report = validate(forged(chain().leaf, ISSUING, stranger))
        assert outcome(report)[0] == "TOTAL-PASSED"
        warnings = [item.code for item in report.signatures[0].verdict.warnings]
        assert warnings == ["certificate_unrelated"]


def test_an_altered_certificate_in_the_bag_is_refused() -> None:
    """What passes for a certificate of the path, and is another, was put there to mislead."""
    name = "TEST Intermediate"
    twin = intermediate_ca(root_ca("Elsewhere"), name, key=ISSUING.key)
    assert outcome(validate(forged(chain().leaf, ISSUING, twin)))[3] == ["certificate_altered"]


def test_a_changed_document_fails_whoever_signed() -> None:
    """A changed byte of content is TOTAL-FAILED, with trust told beside it."""
    changed = DOCUMENT.replace(b"the parties agree", b"the parties argue", 1)
    assert outcome(validate(changed)) == (
        "TOTAL-FAILED",
        "HASH_FAILURE",
        "trusted",
        ["digest_mismatch"],
    )


def test_a_document_without_signature_says_so() -> None:
    """A PDF that nobody signed has NO_SIGNATURE_FOUND among the errors of the file."""
    report = validate(pdfs.baseline())
    assert [item.code for item in report.errors] == ["NO_SIGNATURE_FOUND"]
    assert not report.passed


def test_a_damaged_document_says_so() -> None:
    """A PDF that cannot be read has FORMAT_FAILURE among the errors of the file."""
    report = validate(b"%PDF-1.7\nnothing else")
    assert [item.code for item in report.errors] == ["FORMAT_FAILURE"]
    assert report.signatures == ()


@pytest.mark.parametrize("data", [b"", b"hello", bytes(2000), b"PK\x03\x04", b"\x30\x82"])
def test_what_is_no_pdf_is_of_unknown_format(data: bytes) -> None:
    """There is nothing to report about a file of no known format."""
    with pytest.raises(UnknownFormat):
        validate(data)


def test_without_the_password_there_is_no_report() -> None:
    """A wrong or missing password is no verdict about the document."""
    locked = signed(pdfs.encrypted(6, aes=True, user="secret"), password="secret")
    with pytest.raises(PdfPasswordWrong):
        validate(locked)


def test_the_signer_without_personal_names_is_the_common_name() -> None:
    """A subject without surname, given name and code is named by its common name."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TEST Seal")])
    nameless = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "EE")])
    for name, shown in ((subject, "TEST Seal"), (nameless, "C=EE")):
        signer = leaf(ISSUING, name)
        (signature,) = validate(forged(signer, ISSUING)).signatures
        assert signature.signed_by == shown


def test_an_exchanged_certificate_names_nobody_for_sure() -> None:
    """When the ESS hash is of another certificate, there is no signing certificate."""
    other = leaf(ISSUING)
    cms = Forgery(change={ESS_V2: [ess_v2(other)]})
    report = validate(SignedPdf(cms=cms.encode).build())
    assert outcome(report)[1] == "NO_SIGNING_CERTIFICATE_FOUND"


@settings(max_examples=120)
@given(st.integers(0, len(DOCUMENT) - 1), st.integers(1, 255))
def test_no_flipped_byte_is_total_passed(position: int, difference: int) -> None:
    """One changed byte anywhere in a signed document never yields TOTAL-PASSED."""
    changed = bytearray(DOCUMENT)
    changed[position] ^= difference
    try:
        report = validate(bytes(changed))
    except IdServiceError:
        return
    assert not any(item.verdict.indication is Indication.TOTAL_PASSED for item in report.signatures)
    assert not report.passed


def test_no_flipped_byte_of_the_signature_value_is_total_passed() -> None:
    """Every single byte of /Contents is tried, zero padding and hexadecimal case included."""
    (facts,) = read_facts(DOCUMENT).signatures
    assert facts.coverage.value == "whole-file"
    start = DOCUMENT.rindex(b"/Contents <") + 11
    stop = DOCUMENT.index(b">", start)
    for position in range(start, stop, 7):
        for difference in (0x01, 0x20):
            changed = bytearray(DOCUMENT)
            changed[position] ^= difference
            assert not validate(bytes(changed)).passed, position


# ------------------------------------------------------- our own home and database


def test_our_database_answers_for_our_authorities(services: Services) -> None:
    """Authorities are good, strangers are not covered, forged certificates are unknown."""
    issuing_der, root_der = services.certificate_authority.chain_der
    issuing = x509.load_der_x509_certificate(issuing_der)
    root = x509.load_der_x509_certificate(root_der)
    source = DatabaseRevocation(services.database, [issuing, root])
    assert source.status(issuing, root).state is RevocationState.VALID
    end, ca = chain().leaf.certificate, chain().intermediate.certificate
    assert source.status(end, ca).state is RevocationState.NOT_COVERED
    assert source.status(end, issuing).state is RevocationState.UNKNOWN
    assert NoRevocationSource().status(end, ca).state is RevocationState.NOT_COVERED


def test_the_life_of_a_person_decides_about_signatures(services: Services) -> None:
    """A signature passes; while the person is suspended or revoked it does not."""
    # The person may be of this very second, and what was revoked counts from its beginning on.
    code, at = "38001085718", dt.datetime.now(dt.UTC)
    time.sleep(1)
    document = _signed_by_person(services, code)
    validation = services.validation

    def verdict() -> str:
        (shown,) = validation.validate(document, "a.pdf").to_json()["signatures"]
        return str(shown["subIndication"] or shown["indication"])

    assert verdict() == "TOTAL-PASSED"
    services.persons.suspend(code, actor="test")
    assert verdict() == "TRY_LATER"
    services.persons.resume(code, actor="test")
    assert verdict() == "TOTAL-PASSED"
    services.persons.revoke(code, actor="test")
    assert verdict() == "REVOKED_NO_POE"
    before = validation.validate(document, "a.pdf", at=at)
    assert before.passed
    assert [item.code for item in before.signatures[0].verdict.warnings] == ["revoked_later"]


def _signed_by_person(services: Services, code: str) -> bytes:
    held = services.key_custody.unlock_signer(code, Purpose.SIGNING, PIN2)
    template = cms_template(held.certificate_der, held.chain_der[:1], held.signer.algorithm)
    data = pdfs.baseline()
    return data + sign(open_document(data), held.signer, template, at=dt.datetime.now(dt.UTC))
