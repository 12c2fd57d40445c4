"""Reports as XML of TS 119 102-2: what is in them, and that others can read them."""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from idservice.presentation.etsi_elements import xml_text
from idservice.presentation.etsi_report import etsi_report
from idservice.validation.report import ValidationReport
from idservice.validation.rules import Indication, SubIndication
from support import pdfs
from support.long_term import (
    MINUTE,
    about_signer,
    answer,
    archived,
    authorities,
    long_term,
    revoked,
    sign,
)
from support.offline import NOW, validate
from support.pki import AT
from support.report_schema import VR, read_report

MAIN = "urn:etsi:019102:mainindication:"
SUB = "urn:etsi:019102:subindication:"
OBJECT = "urn:etsi:019102:validationObject:"

# EN 319 102-1 table 6, as TS 119 102-2 cl. 4.3.12 makes URIs of it.
SUB_INDICATIONS = {
    "FORMAT_FAILURE",
    "HASH_FAILURE",
    "SIG_CRYPTO_FAILURE",
    "REVOKED",
    "EXPIRED",
    "NOT_YET_VALID",
    "SIG_CONSTRAINTS_FAILURE",
    "CHAIN_CONSTRAINTS_FAILURE",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE",
    "CRYPTO_CONSTRAINTS_FAILURE",
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
    "POLICY_PROCESSING_ERROR",
    "SIGNATURE_POLICY_NOT_AVAILABLE",
    "TIMESTAMP_ORDER_FAILURE",
    "NO_SIGNING_CERTIFICATE_FOUND",
    "NO_CERTIFICATE_CHAIN_FOUND",
    "REVOKED_NO_POE",
    "REVOKED_CA_NO_POE",
    "OUT_OF_BOUNDS_NO_POE",
    "REVOCATION_OUT_OF_BOUNDS_NO_POE",
    "NO_POE",
    "TRY_LATER",
    "SIGNED_DATA_NOT_FOUND",
}


def written(report: ValidationReport) -> Any:
    """A report, written and read again by somebody else."""
    return read_report(etsi_report(report))


def only(report: ValidationReport) -> Any:
    """The part about the one signature."""
    (found,) = written(report).signature_validation_report
    return found


def objects(report: Any, kind: str) -> list[bytes | None]:
    """The validation objects of a kind, as they are."""
    found = report.signature_validation_objects
    assert found is not None
    return [
        item.validation_object_representation.base64
        for item in found.validation_object
        if item.object_type == OBJECT + kind
    ]


def changed(document: bytes) -> bytes:
    """A document in which another language was written after signing."""
    made = document.replace(b"/Lang (en)", b"/Lang (de)")
    assert made != document
    return made


def revoked_signer() -> bytes:
    """A document whose signer had been revoked before."""
    found = authorities()
    by_then = answer(found.signer, AT + MINUTE, revoked(AT - MINUTE))
    return about_signer(AT, by_then, by=found.signer)


DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "B-B": lambda: sign(stamp_at=None),
    "B-T": sign,
    "B-LT": long_term,
    "B-LTA": archived,
    "signed twice": lambda: sign(archived()),
    "changed": lambda: changed(archived()),
    "revoked": revoked_signer,
    "unsigned": pdfs.baseline,
    "damaged": lambda: b"%PDF-1.7\nnothing",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_report_follows_the_schema(name: str) -> None:
    """Names, types, order, what is required and every reference are as the schema has them."""
    report = validate(DOCUMENTS[name]())
    found = written(report)
    assert len(found.signature_validation_report) == max(1, len(report.signatures))
    for part, item in zip(found.signature_validation_report, report.signatures, strict=False):
        status = part.signature_validation_status
        assert status.main_indication == MAIN + item.verdict.indication.value.lower()
        sub = item.verdict.sub_indication
        assert status.sub_indication == (() if sub is None else (SUB + sub.value,))


def test_an_archived_signature_carries_all_that_the_verdict_rests_on() -> None:
    """Certificates, answers, lists and tokens are in it as they are, and refer to each other."""
    document = archived()
    hexadecimal = document.lower()
    found = written(validate(document))
    (part,) = found.signature_validation_report
    made = authorities()
    certificates = objects(found, "certificate")
    for pair in (made.root, made.issuing, made.signer, made.responder, made.stamper):
        assert pair.der in certificates
    assert None not in objects(found, "timestamp")
    for kind in ("OCSPResponse", "CRL", "timestamp"):
        assert objects(found, kind)
        for item in filter(None, objects(found, kind)):
            assert item in document or item.hex().encode() in hexadecimal
    (status,) = part.signature_validation_status.associated_validation_report_data
    chain = status.certificate_chain
    assert status.trust_anchor == chain.trust_anchor
    assert len(chain.intermediate_certificate) == 1
    assert status.crypto_information.secure_algorithm is True
    assert status.crypto_information.algorithm.endswith("#ecdsa-sha256")
    (signer,) = part.signer_information.signer_certificate.voreference
    held = {item.id: item for item in found.signature_validation_objects.validation_object}
    assert held[signer].validation_object_representation.base64 == made.signer.der


def test_the_time_is_that_which_a_time_stamp_proves() -> None:
    """The best-signature-time refers to its time-stamp, and without any is that of validation."""
    times = only(validate(archived())).validation_time_info
    assert times.best_signature_time.poetime.to_datetime() == AT
    assert times.best_signature_time.type_of_proof == "urn:etsi:019102:poetype:provided"
    assert times.best_signature_time.poeobject is not None
    assert times.validation_time.to_datetime() == NOW
    bare = only(validate(sign(stamp_at=None))).validation_time_info.best_signature_time
    assert (bare.poetime.to_datetime(), bare.poeobject) == (NOW, None)
    assert bare.type_of_proof == "urn:etsi:019102:poetype:validation"


def test_the_signature_is_named_by_its_value_and_its_document_by_its_digest() -> None:
    """Whoever has the file can tell to which signature a part of the report belongs."""
    document = sign(stamp_at=None)
    part = only(validate(document))
    (facts,) = (item.facts for item in validate(document).signatures)
    assert part.signature_identifier.signature_value.value == facts.value
    digest = part.signers_document.digest_alg_and_value
    assert digest.digest_method.algorithm == "http://www.w3.org/2001/04/xmlenc#sha256"
    start = document.index(b"/Contents <") + len(b"/Contents ")
    end = document.index(b">", start) + 1
    covered = document[:start] + document[end:]
    assert digest.digest_value.value == hashlib.sha256(covered).digest()


def test_a_revoked_signer_is_told_with_time_and_reason() -> None:
    """The revocation names the certificate, and the answer that says so."""
    found = written(validate(revoked_signer()))
    (part,) = found.signature_validation_report
    (data,) = part.signature_validation_status.associated_validation_report_data
    told = data.revocation_status_information
    assert told.revocation_time.to_datetime() == AT - MINUTE
    assert told.revocation_reason == "urn:etsi:019102:revocationReason:keyCompromise"
    assert told.revocation_object is not None
    assert told.validation_object_id == part.signer_information.signer_certificate


def test_each_step_of_the_process_is_a_constraint() -> None:
    """Steps that were taken say how they ended, the others are disabled."""
    report = validate(changed(sign(stamp_at=None)))
    constraints = only(report).validation_constraints_evaluation_report.validation_constraint
    (signature,) = report.signatures
    assert len(constraints) == len(signature.steps)
    ended = [
        None if item.validation_status is None else item.validation_status.main_indication
        for item in constraints
    ]
    assert MAIN + "failed" in ended
    assert {item.constraint_status.status.rsplit(":", 1)[1] for item in constraints} == {
        "applied",
        "disabled",
    }


def test_findings_are_told_in_words() -> None:
    """Each error stands in the report with its code and its sentence."""
    report = validate(changed(archived()))
    (signature,) = report.signatures
    (data,) = only(report).signature_validation_status.associated_validation_report_data
    told = {item.type_value for item in data.additional_validation_report_data.report_data}
    assert {f"urn:idservice:finding:{item.code}" for item in signature.verdict.errors} <= told


def test_a_document_without_signature_says_so() -> None:
    """There is a part, because the schema requires one, and it says that nothing is there."""
    status = only(validate(pdfs.baseline())).signature_validation_status
    assert status.main_indication == "urn:idservice:mainindication:noSignatureFound"
    damaged = only(validate(b"%PDF-1.7\nnothing")).signature_validation_status
    assert damaged.main_indication == MAIN + "total-failed"
    assert damaged.sub_indication == (SUB + "FORMAT_FAILURE",)


def test_our_indications_are_those_of_the_standard() -> None:
    """No report can hold a URI that the standard does not know."""
    assert {item.value for item in SubIndication} <= SUB_INDICATIONS
    assert {item.value for item in Indication} == {"TOTAL-PASSED", "TOTAL-FAILED", "INDETERMINATE"}


HOSTILE = "</Signer><x>&evil;]]>\x00\x1b\ud800\ufffe 'name'"


def test_hostile_names_are_only_text() -> None:
    """Markup and characters that no XML document may hold do no harm."""
    report = validate(archived())
    (signature,) = report.signatures
    claims = replace(signature.facts.claims, reason=HOSTILE, location=HOSTILE, roles=(HOSTILE,))
    facts = replace(signature.facts, claims=claims)
    hostile = replace(
        report, policy=HOSTILE, signatures=(replace(signature, facts=facts, signed_by=HOSTILE),)
    )
    part = only(hostile)
    shown = HOSTILE.translate({0: 0xFFFD, 0x1B: 0xFFFD, 0xD800: 0xFFFD, 0xFFFE: 0xFFFD})
    assert part.signer_information.signer == shown
    assert part.signature_attributes.reason[0].reason_element == shown


@given(st.text())
def test_every_text_can_be_written(text: str) -> None:
    """Whatever the text, what is written parses and gives it back but for what XML has not."""
    element = etree.Element(f"{{{VR}}}Signer")
    element.text = xml_text(text)
    read = etree.fromstring(etree.tostring(element, encoding="UTF-8")).text or ""
    assert len(read) == len(text)


def test_times_are_in_utc() -> None:
    """Readers need not know of any zone."""
    xml = etsi_report(validate(archived(), NOW.astimezone(dt.timezone(dt.timedelta(hours=3)))))
    assert NOW.strftime("%Y-%m-%dT%H:%M:%SZ").encode() in xml
