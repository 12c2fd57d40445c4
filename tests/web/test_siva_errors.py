"""What SiVa's interface answers to requests that it cannot serve."""

from pathlib import Path
from typing import Any

import pytest

from idservice import errors
from idservice.web.uploads import MAX_SIVA_REQUEST_BYTES
from support import pdfs
from support.siva import ask
from support.web import WebBench, open_web

BASE64_FAULT = ("document", "Document is not encoded in a valid base64 string")


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"document": "%%%"}, BASE64_FAULT),
        ({"document": ""}, BASE64_FAULT),
        ({"document": 7}, BASE64_FAULT),
        ({"document": None}, BASE64_FAULT),
        ({"filename": ""}, ("filename", "Invalid filename")),
        ({"filename": "a" * 261}, ("filename", "Invalid filename")),
        ({"filename": None}, ("filename", "Invalid filename")),
        ({"filename": "a/b.pdf"}, ("filename", "Invalid filename format")),
        ({"reportType": "Long"}, ("reportType", "Invalid report type")),
        ({"signaturePolicy": "<>"}, ("signaturePolicy", "Invalid signature policy")),
        (
            {"documentType": "PDF"},
            ("documentType", "documentType is not a valid request parameter"),
        ),
    ],
)
def test_each_wrong_member_has_its_message(
    web: WebBench, members: dict[str, Any], fault: tuple[str, str]
) -> None:
    """Key and message are those of the real service."""
    answer = ask(web, **{"document": pdfs.baseline(), **members})
    assert answer.status_code == 400
    assert answer.get_json() == {"requestErrors": [{"key": fault[0], "message": fault[1]}]}


def test_all_wrong_members_are_told_at_once(web: WebBench) -> None:
    """Two faults are two entries."""
    answer = ask(web, "%%%", filename="")
    assert {item["key"] for item in answer.get_json()["requestErrors"]} == {"document", "filename"}


def test_an_unknown_policy_names_those_that_exist(web: WebBench) -> None:
    """The message names POLv3 and POLv4."""
    answer = ask(web, pdfs.baseline(), signaturePolicy="POLv9")
    (fault,) = answer.get_json()["requestErrors"]
    assert fault["key"] == "signaturePolicy"
    assert "POLv3, POLv4" in fault["message"]


@pytest.mark.parametrize("document", [b"hello", b"%PDF-1.7\nrubbish", b"PK\x03\x04"])
def test_what_cannot_be_read_is_told_as_the_document(web: WebBench, document: bytes) -> None:
    """Clients map the key `document` to their own error."""
    answer = ask(web, document)
    assert answer.status_code == 400
    (fault,) = answer.get_json()["requestErrors"]
    assert fault == {
        "key": "document",
        "message": "Document malformed or not matching documentType",
    }


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"a"', b"\xff", b'{"a": NaN}'])
def test_a_body_that_is_no_object_is_told(web: WebBench, body: bytes) -> None:
    """Broken JSON has the key requestBodyNotReadable."""
    answer = web.client.post("/validate", data=body, content_type="application/json")
    assert answer.status_code == 400
    (fault,) = answer.get_json()["requestErrors"]
    assert fault["key"] == "requestBodyNotReadable"


def test_errors_of_http_have_the_same_form(web: WebBench) -> None:
    """A wrong method, media type or address is told by its key, and Allow names the method."""
    wrong_method = web.client.get("/validate")
    assert wrong_method.status_code == 405
    assert wrong_method.get_json()["requestErrors"][0]["key"] == "methodNotAllowed"
    assert "POST" in wrong_method.headers["Allow"]
    wrong_type = web.client.post("/validate", data=b"x", content_type="text/plain")
    assert wrong_type.status_code == 415
    assert wrong_type.get_json()["requestErrors"][0]["key"] == "contentTypeNotSupported"
    elsewhere = web.client.post("/validateHashcode", json={})
    assert elsewhere.status_code == 404
    assert elsewhere.get_json()["requestErrors"][0]["key"] == "endpointNotFound"
    assert "requestErrors" not in web.client.get("/nothing-here").get_json()
    assert web.client.get("/monitoring/nothing").get_json()["requestErrors"]
    assert web.client.post("/monitoring/heartbeat").status_code == 405


def test_a_request_beyond_the_limit_is_a_bad_one(web: WebBench) -> None:
    """The size is told by the key `request`, before any of the body is read."""
    size = str(MAX_SIVA_REQUEST_BYTES + 1)
    answer = web.client.post(
        "/validate", content_type="application/json", environ_overrides={"CONTENT_LENGTH": size}
    )
    assert answer.status_code == 400
    (fault,) = answer.get_json()["requestErrors"]
    assert fault == {"key": "request", "message": "Request size exceeds the limit"}


@pytest.mark.parametrize(
    ("fault", "status", "key"),
    [
        (errors.ServiceUnavailable("No room."), 503, "document"),
        (errors.TooManyRequests("Many."), 429, "unexpectedError"),
        (errors.InternalError("Wrong."), 500, "unexpectedError"),
        (KeyError("wrong"), 500, "unexpectedError"),
    ],
)
def test_our_own_faults_have_the_same_form(
    web: WebBench, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int, key: str
) -> None:
    """Clients read requestErrors whatever happens, and are told when to come again."""

    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(web.services.validation, "validate", fail)
    answer = ask(web, pdfs.baseline())
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert [item["key"] for item in answer.get_json()["requestErrors"]] == [key]
    assert ("Retry-After" in answer.headers) == (status in {429, 503})
    assert "Wrong" not in answer.text


def test_numbers_that_are_switched_off_are_not_found(home: Path) -> None:
    """The address answers as one that is not there, in the same form."""
    bench = open_web(home, IDSERVICE_SERVER__METRICS="false")
    try:
        answer = bench.client.get("/monitoring/prometheus")
    finally:
        bench.services.close()
    assert answer.status_code == 404
    assert answer.get_json()["requestErrors"][0]["key"] == "endpointNotFound"
