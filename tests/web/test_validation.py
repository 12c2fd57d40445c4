"""Validation over HTTP: the report of the command line, open to all, within limits."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from idservice.keystore.card import Purpose
from idservice.web.validation_models import ValidationAnswer
from support.detached import CONTENT, encode, fixed
from support.homes import PERSON, PIN2
from support.long_term import archived, authorities
from support.pki import chain
from support.report_schema import read_report
from support.signing import signed
from support.web import SPECIMEN, WebBench, open_web, require_problem


def validate(web: WebBench, document: bytes, **fields: str) -> Any:
    """Send a document as the file of a form."""
    form = {"file": (io.BytesIO(document), "contract.pdf"), **fields}
    return web.client.post("/v1/validation", data=form)


def our_signature(web: WebBench) -> bytes:
    """A contract signed by the standing test person of the home, over the interface."""
    import base64

    header = web.log_in()
    answer = web.begin(header, web.signing_key()[1]).get_json()
    held = web.services.key_custody.unlock_signer(PERSON, Purpose.SIGNING, PIN2)
    value = held.signer.sign(base64.b64decode(answer["data_to_be_signed"]))
    path = f"/v1/signatures/{answer['id']}/complete"
    body = {"signature": base64.b64encode(value).decode()}
    document: bytes = web.client.post(path, json=body, headers=header).data
    return document


def without_moments(report: Any) -> str:
    """The report as text without its times: two validations may fall into two seconds."""
    return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?", "…", json.dumps(report))


def test_a_signed_document_passes_in_both_forms(web: WebBench) -> None:
    """As the file of a form or as the body: the same report but for the name."""
    document = our_signature(web)
    as_form = validate(web, document).get_json()
    as_body = web.client.post(
        "/v1/validation", data=document, content_type="application/pdf"
    ).get_json()
    assert as_form["file"] == "contract.pdf"
    assert as_form["validSignaturesCount"] == 1
    for report in (as_form, as_body):
        report.pop("file")
    assert without_moments(as_form) == without_moments(as_body)


def test_an_archived_document_of_others_passes_later(web: WebBench) -> None:
    """With their root as anchor, time-stamps and statements in the document are enough."""
    root = authorities().root.pem.decode()
    answer = validate(web, archived(), trust=root, at="2032-01-01T00:00:00Z")
    report = ValidationAnswer.model_validate(answer.get_json(), extra="forbid").model_dump()
    assert report["validationTime"] == "2032-01-01T00:00:00Z"
    (signature,) = report["signatures"]
    assert (signature["indication"], signature["level"]) == ("TOTAL-PASSED", "PAdES_BASELINE_LTA")
    assert [item["type"] for item in signature["timeStamps"]] == [
        "signature-time-stamp",
        "document-time-stamp",
    ]
    assert report["timeStamps"] == signature["timeStamps"][1:]
    assert {item["source"] for item in signature["revocation"]} == {"ocsp", "crl"}


def test_the_report_comes_as_xml_to_who_accepts_it(web: WebBench) -> None:
    """With Accept: application/xml it is that of TS 119 102-2, with the same verdict."""
    form = {
        "file": (io.BytesIO(archived()), "contract.pdf"),
        "trust": authorities().root.pem.decode(),
        "at": "2032-01-01T00:00:00Z",
    }
    answer = web.client.post("/v1/validation", data=form, headers={"Accept": "application/xml"})
    assert (answer.status_code, answer.mimetype) == (200, "application/xml")
    (part,) = read_report(answer.data).signature_validation_report
    status = part.signature_validation_status
    assert status is not None
    assert status.main_indication == "urn:etsi:019102:mainindication:total-passed"


def test_one_changed_byte_fails(web: WebBench) -> None:
    """The text of the contract changed after signing: integrity is broken."""
    document = our_signature(web).replace(b"120 euros", b"920 euros")
    [signature] = validate(web, document).get_json()["signatures"]
    assert signature["indication"] == "TOTAL-FAILED"
    assert signature["integrity"] == "broken"
    assert signature["errors"][0]["fix"]


def test_trust_may_come_along(web: WebBench) -> None:
    """A foreign signature is untrusted until its anchor comes with the request."""
    document = signed(SPECIMEN)
    [alone] = validate(web, document).get_json()["signatures"]
    assert (alone["integrity"], alone["trust"]["verdict"]) == ("intact", "untrusted")
    anchor = chain().root.pem.decode()
    [helped] = validate(web, document, trust=anchor).get_json()["signatures"]
    assert helped["trust"]["verdict"] == "trusted"


def test_another_time_may_be_asked_about(web: WebBench) -> None:
    """At a time before the certificate began, the signature is not valid."""
    document = our_signature(web)
    [signature] = validate(web, document, at="2001-01-01T00:00:00Z").get_json()["signatures"]
    assert signature["indication"] != "TOTAL-PASSED"


def test_a_large_document_is_mapped(web: WebBench) -> None:
    """Beyond what is kept in memory a document goes through a file, in both forms."""
    large = SPECIMEN.replace(b"%%EOF", b"%" + b"x" * (3 << 20) + b"\n%%EOF", 1)
    raw = web.client.post("/v1/validation", data=large, content_type="application/pdf")
    for response in (raw, validate(web, large)):
        assert response.status_code == 200
        assert response.get_json()["signaturesCount"] == 0


def test_a_detached_signature_comes_with_its_file(web: WebBench) -> None:
    """The signature is the file of the form, what it is over the file in `content`."""
    signature = encode(fixed())

    def send(**files: bytes) -> Any:
        form = {name: (io.BytesIO(data), name) for name, data in files.items()}
        return web.client.post("/v1/validation", data=form)

    report = send(file=signature, content=CONTENT).get_json()
    assert (report["format"], report["signatures"][0]["integrity"]) == ("CAdES", "intact")
    changed = send(file=signature, content=CONTENT + b"!").get_json()
    assert changed["signatures"][0]["subIndication"] == "HASH_FAILURE"
    require_problem(send(file=signature), 400, "signed_content_missing")


def test_an_unsigned_document_says_so(web: WebBench) -> None:
    """No signature is an answer, not an error of the request."""
    report = validate(web, SPECIMEN).get_json()
    assert report["signaturesCount"] == 0
    assert report["errors"][0]["code"] == "NO_SIGNATURE_FOUND"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"at": "yesterday at noon"}, "malformed_request"),
        ({"at": "2026-06-01T12:00:00"}, "malformed_request"),
        ({"at": "9999-12-31T23:59:59-14:00"}, "malformed_request"),
        ({"trust": "no certificate"}, "malformed_certificate"),
        ({"unknown": "x"}, "malformed_request"),
        ({"password": "x" * 201}, "malformed_request"),
    ],
    ids=str,
)
def test_each_fault_of_a_field_is_refused(web: WebBench, fields: dict[str, str], code: str) -> None:
    """One field that cannot be read makes one clear problem."""
    require_problem(validate(web, SPECIMEN, **fields), 400, code)


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"", "application/pdf", 400, "malformed_request"),
        (b"nothing", "application/pdf", 415, "unknown_format"),
        (b"PK\3\4", "application/pdf", 415, "unknown_format"),
        (b"{}", "application/json", 415, "unsupported_media_type"),
        (b"x", "", 415, "unsupported_media_type"),
        (b"x", "multipart/form-data", 400, "malformed_request"),
        (b"x", "multipart/form-data; boundary=a", 400, "malformed_request"),
        (b"--a\r\n\r\n", "multipart/form-data; boundary=a", 400, "malformed_request"),
        (b"--a\r\nContent-Disposition: form-data; name=file\r\n\r\nx\r\n--a--",
         "multipart/form-data; boundary=a", 400, "malformed_request"),
    ],
)  # fmt: skip
def test_each_wrong_body_is_refused(
    web: WebBench, body: bytes, media_type: str, status: int, code: str
) -> None:
    """Empty, of another format or of another type: refused with its own code."""
    response = web.client.post("/v1/validation", data=body, content_type=media_type)
    require_problem(response, status, code)


def test_a_file_name_is_only_text(web: WebBench) -> None:
    """Whatever the name, it comes back as text and opens no file."""
    for name in ("../../etc/passwd", "a\u202eb.pdf", "x" * 5000, '"><script>'):
        form = {"file": (io.BytesIO(SPECIMEN), name)}
        response = web.client.post("/v1/validation", data=form)
        assert response.status_code == 200, response.text
        assert len(json.loads(response.data)["file"]) <= 255


def test_limits(home: Path) -> None:
    """Too large is not read; too many at once are sent away with a time to come back."""
    web = open_web(
        home, IDSERVICE_VALIDATION__MAX_DOCUMENT_BYTES="2000", IDSERVICE_VALIDATION__PARALLEL="1"
    )
    large = b"%PDF-1.7" + b"x" * 80_000
    raw = web.client.post("/v1/validation", data=large, content_type="application/pdf")
    require_problem(raw, 413, "input_too_large")
    require_problem(validate(web, large), 413, "input_too_large")
    from idservice.web.state import web_state

    with web.client.application.app_context():
        assert web_state().validations.acquire(blocking=False)
    busy = validate(web, SPECIMEN[:1500])
    require_problem(busy, 429, "too_many_requests")
    assert int(busy.headers["Retry-After"]) > 0
    web.services.close()
