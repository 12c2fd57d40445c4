"""SiVa's interface: the report that its clients read, its errors, and its monitoring."""

import base64
import datetime as dt
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.x509.oid import NameOID

from idservice.presentation.method_uris import digest_uri, imprint_der, method_uri
from idservice.presentation.siva import POLICIES, siva_report
from idservice.services.validation import validation_without_home
from idservice.validation.facts import AlgorithmFacts
from support import pdfs
from support.commands import run_idservice
from support.detached import CONTENT, encode, fixed
from support.homes import PERSON, PIN2
from support.limits import limits
from support.long_term import archived
from support.pki import chain, leaf
from support.signing import signed
from support.siva import ask, conclusion
from support.web import WebBench

TIME = "%Y-%m-%dT%H:%M:%SZ"


@pytest.fixture
def signed_here(web: WebBench, tmp_path: Path) -> dict[str, bytes]:
    """A document signed by a person of the home, whose database knows of it, at two levels."""
    made = {}
    (tmp_path / "a.pdf").write_bytes(pdfs.baseline())
    for level in ("B-LT", "B-LTA"):
        out = tmp_path / f"{level}.pdf"
        options = ("--as", PERSON, "--pin", PIN2, "--level", level, "--reason", "Agreed")
        done = run_idservice(web.home, "sign", tmp_path / "a.pdf", *options, "-o", out)
        assert done.code == 0, done.err
        made[level] = out.read_bytes()
    return made


def test_a_person_of_the_home_signs_with_a_qualified_signature(
    web: WebBench, signed_here: dict[str, bytes]
) -> None:
    """Our test people come out as QESIG under the strict policy, with every mandatory member."""
    found = conclusion(web, signed_here["B-LT"])
    assert found["policy"]["policyName"] == "POLv4"
    assert found["policy"]["policyUrl"].endswith("#POLv4")
    assert (found["signaturesCount"], found["validSignaturesCount"]) == (1, 1)
    assert found["validatedDocument"] == {"filename": "a.pdf"}
    assert found["validationLevel"] == "ARCHIVAL_DATA"
    time = dt.datetime.strptime(found["validationTime"], TIME).replace(tzinfo=dt.UTC)
    assert abs(dt.datetime.now(dt.UTC) - time) < dt.timedelta(minutes=5)
    assert "signatureForm" not in found
    (item,) = found["signatures"]
    assert item["indication"] == "TOTAL-PASSED"
    assert "subIndication" not in item
    assert item["signatureFormat"] == "PAdES_BASELINE_LT"
    assert item["signatureLevel"] == "QESIG"
    assert item["signatureMethod"] == "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
    assert item["signedBy"] == "JÕEORG,JAAK-KRISTJAN,38001085718"
    assert item["subjectDistinguishedName"] == {
        "serialNumber": "PNOEE-38001085718",
        "commonName": "JÕEORG,JAAK-KRISTJAN,38001085718",
        "givenName": "JAAK-KRISTJAN",
        "surname": "JÕEORG",
    }
    assert "errors" not in item
    (scope,) = item["signatureScopes"]
    assert (scope["scope"], scope["hashAlgo"]) == ("PARTIAL", "SHA384")


def test_the_proofs_of_time_are_told(web: WebBench, signed_here: dict[str, bytes]) -> None:
    """Times of time-stamp and OCSP answer, the imprint in DER, reason and archive time-stamps."""
    (item,) = conclusion(web, signed_here["B-LTA"])["signatures"]
    info = item["info"]
    assert info["timestampCreationTime"] == info["bestSignatureTime"]
    assert info["ocspResponseCreationTime"] >= info["timestampCreationTime"]
    imprint = tsp.MessageImprint.load(base64.b64decode(info["timeAssertionMessageImprint"]))
    assert imprint["hash_algorithm"]["algorithm"].native == "sha384"
    (archive,) = info["archiveTimeStamps"]
    assert archive["indication"] == "PASSED"
    assert archive["country"] == "EE"
    assert archive["signedBy"] == "TEST of idservice archive time-stamping unit"
    token = tsp.ContentInfo.load(base64.b64decode(archive["content"]), strict=True)
    info = token["content"]["encap_content_info"]["content"].parsed
    assert f"{info['gen_time'].native:{TIME}}" == archive["signedTime"]
    types = {one["type"] for one in item["certificates"]}
    assert types == {"SIGNING", "SIGNATURE_TIMESTAMP", "ARCHIVE_TIMESTAMP", "REVOCATION"}
    for one in item["certificates"]:
        certificate = x509.load_der_x509_certificate(base64.b64decode(one["content"]))
        name = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        assert one["commonName"] == name
        issuer = x509.load_der_x509_certificate(base64.b64decode(one["issuer"]["content"]))
        certificate.verify_directly_issued_by(issuer)


def test_nothing_is_null(web: WebBench, signed_here: dict[str, bytes]) -> None:
    """What is not there is left out, as clients of the real service expect."""

    def require_no_null(value: Any) -> None:
        assert value is not None
        for item in value.values() if isinstance(value, dict) else ():
            require_no_null(item)
        for item in value if isinstance(value, list) else ():
            require_no_null(item)

    require_no_null(conclusion(web, signed_here["B-LTA"]))
    require_no_null(conclusion(web, archived()))


def test_a_certificate_that_is_not_qualified_fails_the_stricter_policy(web: WebBench) -> None:
    """POLv4 refuses it with the message that clients know; POLv3 says what is wrong by itself."""
    document = signed(pdfs.baseline())
    (strict,) = conclusion(web, document)["signatures"]
    message = "Signature/seal level do not meet the minimal level required by applied policy"
    assert strict["indication"] == "TOTAL-FAILED"
    assert message in {item["content"] for item in strict["errors"]}
    found = conclusion(web, document, signaturePolicy="POLv3")
    assert found["policy"]["policyName"] == "POLv3"
    (mild,) = found["signatures"]
    assert mild["indication"] == "INDETERMINATE"
    assert mild["subIndication"] == "NO_CERTIFICATE_CHAIN_FOUND"
    assert message not in {item["content"] for item in mild["errors"]}


def test_a_changed_document_fails(web: WebBench, signed_here: dict[str, bytes]) -> None:
    """One changed byte: TOTAL-FAILED, HASH_FAILURE, and none is valid."""
    document = signed_here["B-LT"].replace(b"the parties agree", b"the parties argue", 1)
    found = conclusion(web, document)
    assert (found["signaturesCount"], found["validSignaturesCount"]) == (1, 0)
    assert found["signatures"][0]["subIndication"] == "HASH_FAILURE"


def test_a_document_without_a_signature_has_a_report(web: WebBench) -> None:
    """There is nothing to count, and a warning says so."""
    found = conclusion(web, pdfs.baseline())
    assert (found["signaturesCount"], found["validSignaturesCount"]) == (0, 0)
    assert found["validationWarnings"]


def test_more_is_reported_when_it_is_asked_for(
    web: WebBench, signed_here: dict[str, bytes]
) -> None:
    """Detailed adds the steps of the process, Diagnostic everything that is known."""
    document = signed_here["B-LT"]
    simple = ask(web, document).get_json()["validationReport"]
    assert set(simple) == {"validationConclusion"}
    detailed = ask(web, document, reportType="Detailed").get_json()["validationReport"]
    assert detailed["validationProcess"]["signatures"][0]["steps"]
    diagnostic = ask(web, document, reportType="Diagnostic").get_json()["validationReport"]
    assert diagnostic["diagnosticData"]["signatures"][0]["certificates"]


def test_monitoring_answers(web: WebBench) -> None:
    """Health, heartbeat, version and numbers, under the addresses of the real service."""
    from idservice import __version__

    assert web.client.get("/monitoring/heartbeat").get_json() == {"status": "UP"}
    assert web.client.get("/monitoring/version").get_json() == {"version": __version__}
    for path in ("/monitoring/health", "/monitoring/health.json"):
        health = web.client.get(path).get_json()
        assert health["status"] == "UP"
        details = health["components"]["health"]["details"]
        assert {"webappName", "version", "buildTime", "startTime", "currentTime"} <= set(details)
    assert b"idservice_http_requests" in web.client.get("/monitoring/prometheus").data


@pytest.mark.parametrize(
    ("algorithms", "uri"),
    [
        (("ecdsa", "sha256", 256), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
        (("rsa", "sha256", 2048), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
        (("rsa", "sha1", 2048), "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        (("rsa-pss", "sha256", 3072), "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
        (("ed25519", None, 255), "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"),
        (("ml-dsa-65", None, None), "urn:idservice:signature-algorithm:ml-dsa-65"),
    ],
)
def test_algorithms_have_the_names_of_xml(
    algorithms: tuple[str, str | None, int | None], uri: str
) -> None:
    """The URI of each algorithm is that of the standards, or a URN of ours without one."""
    assert method_uri(AlgorithmFacts(*algorithms)) == uri


def test_an_imprint_is_that_of_the_standard() -> None:
    """The encoding is a MessageImprint with NULL as parameters, as common tokens have it."""
    value = hashlib.sha256(b"x").digest()
    encoded = imprint_der("sha256", value)
    assert encoded is not None
    assert encoded.hex().startswith("3031300d060960864801650304020105000420")
    assert encoded.endswith(value)
    assert digest_uri("sha256") == "http://www.w3.org/2001/04/xmlenc#sha256"


def test_the_scope_is_the_digest_of_what_was_signed(
    web: WebBench, signed_here: dict[str, bytes]
) -> None:
    """A client that has the document can compute the same value over its ByteRange."""
    document = signed_here["B-LT"]
    (scope,) = conclusion(web, document)["signatures"][0]["signatureScopes"]
    found = re.search(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+)", document)
    assert found is not None
    start, size, later, rest = map(int, found.groups())
    covered = document[start : start + size] + document[later : later + rest]
    assert base64.b64decode(scope["hash"]) == hashlib.sha384(covered).digest()
    assert scope["content"] == "The document ByteRange"


def named(attributes: dict[x509.ObjectIdentifier, str]) -> dict[str, Any]:
    """What is reported of a signature whose certificate has this subject."""
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes.items()])
    validation = validation_without_home(limits(max_document_bytes=10_000_000))
    report = validation.validate(signed(pdfs.baseline()), "a.pdf")
    certificate = leaf(chain().intermediate, subject)
    facts = replace(report.signatures[0].facts, certificate_der=certificate.der)
    item = replace(report.signatures[0], facts=facts, signed_by=attributes[NameOID.COMMON_NAME])
    answer = siva_report(replace(report, signatures=(item,)), POLICIES["POLv3"], "Simple")
    found: dict[str, Any] = answer["validationReport"]["validationConclusion"]["signatures"][0]
    return found


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("PNOEE-38001085718", "38001085718"),
        ("PASLV-K1234567", "K1234567"),
        ("ES:EE-12345", "12345"),
        ("38001085718", "38001085718"),
        ("XYZEE-1", "XYZEE-1"),
    ],
)
def test_a_signer_is_named_by_the_parts_of_the_name(number: str, shown: str) -> None:
    """Surname, given name and number, whatever the common name; the kind of number is cut off."""
    found = named(
        {
            NameOID.COMMON_NAME: "Somebody else",
            NameOID.GIVEN_NAME: "Mari-Liis",
            NameOID.SURNAME: "Männik",
            NameOID.SERIAL_NUMBER: number,
        }
    )
    assert found["signedBy"] == f"Männik,Mari-Liis,{shown}"
    assert found["subjectDistinguishedName"]["serialNumber"] == number


def test_a_signer_without_all_parts_is_named_by_the_common_name() -> None:
    """A seal has no given name."""
    subject = {NameOID.COMMON_NAME: "Office of Things", NameOID.SERIAL_NUMBER: "12345678"}
    found = named(subject)
    assert found["signedBy"] == "Office of Things"
    assert found["subjectDistinguishedName"] == {
        "commonName": "Office of Things",
        "serialNumber": "12345678",
    }


MANDATORY = {
    "id",
    "claimedSigningTime",
    "indication",
    "signatureFormat",
    "signatureMethod",
    "signedBy",
}


def test_every_answer_has_what_is_mandatory(web: WebBench) -> None:
    """Failed, open, foreign and unsigned documents: mandatory members are texts and numbers."""
    good = signed(pdfs.baseline())
    changed = good.replace(b"the parties agree", b"the parties argue", 1)
    twice = signed(good)
    for document in (good, changed, twice, archived(), pdfs.baseline()):
        found = conclusion(web, document)
        assert set(found["policy"]) == {"policyName", "policyDescription", "policyUrl"}
        assert re.fullmatch(r"\d{4}(-\d\d){2}T(\d\d:){2}\d\dZ", found["validationTime"])
        assert type(found["signaturesCount"]) is type(found["validSignaturesCount"]) is int
        signatures = found.get("signatures", [])
        assert len(signatures) == found["signaturesCount"]
        for item in signatures:
            assert set(item) >= MANDATORY
            assert all(isinstance(item[name], str) for name in MANDATORY)
            assert item["indication"] in {"TOTAL-PASSED", "TOTAL-FAILED", "INDETERMINATE"}


def test_a_cades_signature_with_its_content_is_validated(web: WebBench) -> None:
    """A .p7s that carries what was signed has a report; its format is named as CAdES."""
    document = encode(fixed(content=CONTENT))
    (item,) = conclusion(web, document, filename="a.p7s", signaturePolicy="POLv3")["signatures"]
    assert item["signatureFormat"] == "CAdES_BASELINE_B"
    assert item["signatureScopes"][0]["scope"] == "FULL"
