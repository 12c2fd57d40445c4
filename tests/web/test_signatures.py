"""Two-phase signing over HTTP, and who may do what with whose signature."""

import base64
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient

from idservice.crypto.keys import key_kind, load_public_key, raw_from_der
from idservice.pdf.document import open_document
from idservice.services.specimen import specimen_contract
from support.homes import PERSON
from support.pki import AT, chain
from support.web import SPECIMEN, WebBench, open_web, require_problem

OTHER = "60001019906"


def value_for(web: WebBench, answer: dict[str, Any], *, raw: bool) -> str:
    """Sign what a begun signature asks for, as r‖s or as DER, and return it in Base64."""
    signer, _ = web.signing_key()
    value = signer.sign(base64.b64decode(answer["data_to_be_signed"]))
    if raw:
        value = raw_from_der(value, key_kind(load_public_key(signer.public_key_der)))
    return base64.b64encode(value).decode()


def begun(web: WebBench, header: dict[str, str]) -> dict[str, Any]:
    """Begin a signature with the right certificate and return the answer."""
    response = web.begin(header, web.signing_key()[1], reason="I agree", location="Tallinn")
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.get_json()
    assert response.headers["Location"] == f"/v1/signatures/{answer['id']}"
    return answer


def complete(client: FlaskClient, header: dict[str, str], identifier: str, value: str) -> Any:
    """Send a value."""
    path = f"/v1/signatures/{identifier}/complete"
    return client.post(path, json={"signature": value}, headers=header)


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "DER"])
def test_a_document_is_signed_in_two_phases(web: WebBench, raw: bool) -> None:  # noqa: FBT001 - a parameter
    """Begin, sign elsewhere, complete: a PDF that begins with the input and validates."""
    header = web.log_in()
    answer = begun(web, header)
    assert answer["signature_algorithm"] == "ecdsa-sha384"
    assert answer["status"] == "pending"
    response = complete(web.client, header, answer["id"], value_for(web, answer, raw=raw))
    assert response.status_code == 200
    assert response.mimetype == "application/pdf"
    assert response.content_length == len(response.data)
    assert response.data.startswith(SPECIMEN)
    report = web.client.post(
        "/v1/validation", data=response.data, content_type="application/pdf"
    ).get_json()
    [signature] = report["signatures"]
    assert signature["indication"] == "TOTAL-PASSED", signature
    assert signature["signedBy"] == f"JÕEORG,JAAK-KRISTJAN,{PERSON}"
    shown = web.client.get(f"/v1/signatures/{answer['id']}", headers=header).get_json()
    assert shown["status"] == "completed"


def test_a_document_comes_as_a_form(web: WebBench) -> None:
    """The file of a form is signed as well as Base64 in JSON; PEM as well as Base64 DER."""
    header = web.log_in()
    certificate = web.signing_key()[1]
    pem = f"-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n"
    form = {"file": (io.BytesIO(SPECIMEN), "a.pdf"), "certificate": pem, "reason": "Ülevaade"}
    response = web.client.post("/v1/signatures", data=form, headers=header)
    assert response.status_code == 201, response.text
    answer = response.get_json()
    done = complete(web.client, header, answer["id"], value_for(web, answer, raw=True))
    assert done.data.startswith(SPECIMEN)


def test_texts_and_field_are_those_asked(web: WebBench) -> None:
    """Contact and the name of a new field are in the file; a field that is not there is refused."""
    header = web.log_in()
    certificate = web.signing_key()[1]
    response = web.begin(header, certificate, contact="+372 555", new_field="Approval")
    assert response.status_code == 201, response.text
    answer = response.get_json()
    done = complete(web.client, header, answer["id"], value_for(web, answer, raw=True))
    document = open_document(done.data)
    [field] = document.form.signature_fields
    assert field.name == "Approval"
    assert field.value is not None
    assert str(field.value["/ContactInfo"]) == "+372 555"
    unknown = web.begin(header, certificate, field="Nonexist")
    require_problem(unknown, 422, "field_not_found")


def test_a_value_of_ml_dsa_is_short_enough(web: WebBench) -> None:
    """The 3309 bytes of an ML-DSA-65 value (FIPS 204) are judged, not refused for their length."""
    header = web.log_in()
    value = base64.b64encode(bytes(3309)).decode()
    response = complete(web.client, header, begun(web, header)["id"], value)
    require_problem(response, 422, "signature_invalid")


def test_a_pending_signature_survives_a_restart(web: WebBench) -> None:
    """Another process with the same home completes it."""
    header = web.log_in()
    answer = begun(web, header)
    value = value_for(web, answer, raw=True)
    web.services.close()
    again = open_web(web.home)
    assert complete(again.client, header, answer["id"], value).status_code == 200
    again.services.close()


def test_a_wrong_value_is_refused_before_it_is_embedded(web: WebBench) -> None:
    """Neither another document's value nor rubbish completes; the right one still does."""
    header = web.log_in()
    first = begun(web, header)
    contract = specimen_contract("Somebody", "Else", AT)
    second = web.begin(header, web.signing_key()[1], contract).get_json()
    other = value_for(web, second, raw=True)
    for wrong in (other, base64.b64encode(b"\1" * 96).decode(), base64.b64encode(b"x").decode()):
        response = complete(web.client, header, first["id"], wrong)
        require_problem(response, 422, "signature_invalid")
    right = value_for(web, first, raw=True)
    assert complete(web.client, header, first["id"], right).status_code == 200


def test_a_signature_takes_one_value(web: WebBench) -> None:
    """The same value again gives the same PDF; another valid one is refused."""
    header = web.log_in()
    answer = begun(web, header)
    value, another = (value_for(web, answer, raw=True) for _ in range(2))
    done, repeated = (complete(web.client, header, answer["id"], value) for _ in range(2))
    assert done.data == repeated.data
    require_problem(
        complete(web.client, header, answer["id"], another), 409, "signature_not_pending"
    )


def test_the_signature_of_somebody_else_is_not_there(web: WebBench) -> None:
    """Another person's identifier is as unknown as one that never was."""
    mine = web.log_in()
    answer = begun(web, mine)
    value = value_for(web, answer, raw=True)
    theirs = web.log_in(OTHER)
    for identifier in (answer["id"], "never-was"):
        path = f"/v1/signatures/{identifier}"
        require_problem(web.client.get(path, headers=theirs), 404, "not_found")
        require_problem(complete(web.client, theirs, identifier, value), 404, "not_found")
    assert complete(web.client, mine, answer["id"], value).status_code == 200


def test_nobody_signs_with_the_certificate_of_somebody_else(web: WebBench) -> None:
    """The certificate must belong to the person of the access token, and be for signing."""
    header = web.log_in()
    theirs = web.signing_key(OTHER)[1]
    require_problem(web.begin(header, theirs), 403, "certificate_not_yours")
    login = web.token()["unverifiedCertificate"]
    require_problem(web.begin(header, login), 403, "certificate_wrong_purpose")


@pytest.mark.parametrize("path", ["", "/any", "/any/complete"])
def test_without_a_login_nothing_is_signed(web: WebBench, path: str) -> None:
    """Every step wants the access token; the operator's token is none."""
    method = web.client.get if path == "/any" else web.client.post
    for header in ({}, web.operator):
        response = method(f"/v1/signatures{path}", json={}, headers=header)
        require_problem(response, 401, "access_token_invalid")


def test_a_suspended_person_does_not_complete(web: WebBench) -> None:
    """What was begun before a suspension is not completed during it."""
    header = web.log_in()
    answer = begun(web, header)
    value = value_for(web, answer, raw=True)
    web.services.persons.suspend(PERSON, actor="test")
    require_problem(complete(web.client, header, answer["id"], value), 401, "access_token_invalid")


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        (b"not a pdf", 400, "not_a_pdf"),
        (SPECIMEN[:-200], 400, "malformed_pdf"),
        (b"%PDF-1.7\n" + b"\0" * 400, 400, "malformed_pdf"),
    ],
    ids=["text", "cut off", "zeros"],
)
def test_a_bad_document_is_refused(web: WebBench, document: bytes, status: int, code: str) -> None:
    """One clear problem, and nothing is kept."""
    header, certificate = web.log_in(), web.signing_key()[1]
    require_problem(web.begin(header, certificate, document), status, code)
    form = {"file": (io.BytesIO(document), "a.pdf"), "certificate": certificate}
    require_problem(web.client.post("/v1/signatures", data=form, headers=header), status, code)
    assert not list((web.home / "var" / "documents").glob("*"))


@pytest.mark.parametrize(
    ("certificate", "code"),
    [
        ("AAAA", "malformed_certificate"),
        (base64.b64encode(b"\x30\x82\x01\x00" + bytes(256)).decode(), "malformed_certificate"),
        ("%%%%", "malformed_request"),
        ("x" * 17000, "malformed_request"),
        ("-----BEGIN CERTIFICATE-----", "malformed_request"),
    ],
)
def test_a_bad_certificate_is_refused(web: WebBench, certificate: str, code: str) -> None:
    """Neither Base64 nor DER nor within the limit: malformed, and never called unknown."""
    require_problem(web.begin(web.log_in(), certificate), 400, code)


def test_a_certificate_of_another_ca_is_not_trusted(web: WebBench) -> None:
    """Another CA's certificate, even in our names, is told apart from an unknown one of ours."""
    header = web.log_in()
    for foreign in (chain().leaf.der, _in_our_name(web)):
        answer = web.begin(header, base64.b64encode(foreign).decode())
        require_problem(answer, 403, "certificate_not_trusted")


def _in_our_name(web: WebBench) -> bytes:
    """A copy of the person's signing certificate that another key signed."""
    own = x509.load_der_x509_certificate(base64.b64decode(web.signing_key()[1]))
    key = ec.generate_private_key(ec.SECP384R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(own.subject)
        .issuer_name(own.issuer)
        .public_key(key.public_key())
        .serial_number(own.serial_number)
        .not_valid_before(own.not_valid_before_utc)
        .not_valid_after(own.not_valid_after_utc)
    )
    for item in own.extensions:
        builder = builder.add_extension(item.value, item.critical)
    return builder.sign(key, hashes.SHA384()).public_bytes(serialization.Encoding.DER)


def test_a_lost_document_is_our_fault(web: WebBench) -> None:
    """Gone, damaged or unwritable: 503 without a word about the files of the server."""
    header = web.log_in()
    gone, damaged = begun(web, header), begun(web, header)
    folder = web.home / "var" / "documents"
    (folder / f"{gone['id']}.pdf").unlink()
    (folder / f"{damaged['id']}.pdf").write_bytes(SPECIMEN[:-1] + b"x")
    for answer in (gone, damaged):
        response = complete(web.client, header, answer["id"], value_for(web, answer, raw=True))
        require_problem(response, 503, "storage_unavailable")
    shutil.rmtree(folder)
    folder.write_bytes(b"no folder")
    response = web.begin(header, web.signing_key()[1])
    require_problem(response, 503, "storage_unavailable")


def test_a_form_must_hold_one_document(web: WebBench) -> None:
    """No file, two files, an unknown file or an unknown field: refused."""
    header, certificate = web.log_in(), web.signing_key()[1]

    def file() -> tuple[io.BytesIO, str]:
        """A fresh upload."""
        return io.BytesIO(SPECIMEN), "a.pdf"

    for form in (
        {"certificate": certificate},
        {"certificate": certificate, "file": [file(), file()]},
        {"certificate": certificate, "file": file(), "other": file()},
        {"certificate": certificate, "file": file(), "unknown": "x"},
        {"file": file()},
    ):
        response = web.client.post(
            "/v1/signatures", data=form, headers=header, content_type="multipart/form-data"
        )
        require_problem(response, 400, "malformed_request")


def test_a_large_document_is_not_read(home: Path) -> None:
    """Beyond the limit nothing is read, whether the length is told before or not."""
    web = open_web(home, IDSERVICE_SIGNING__MAX_DOCUMENT_BYTES="100000")
    header, certificate = web.log_in(), web.signing_key()[1]
    form = {"file": (io.BytesIO(b"%PDF-1.7" + b"x" * 200_000), "a.pdf"), "certificate": certificate}
    require_problem(
        web.client.post("/v1/signatures", data=form, headers=header), 413, "input_too_large"
    )
    form["file"] = (io.BytesIO(b"%PDF-1.7" + b"x" * 120_000), "a.pdf")
    require_problem(
        web.client.post("/v1/signatures", data=form, headers=header), 413, "input_too_large"
    )
    web.services.close()
