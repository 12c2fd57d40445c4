"""Levels over HTTP: reached at completion, once; and for documents that are signed already."""

import base64
import io
import threading
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idservice.pades.facts import read_facts
from support import pdfs
from support.homes import PERSON
from support.lying_server import Script, lying_server
from support.web import SPECIMEN, WebBench, open_web, require_problem

LEVELS = ["B-B", "B-T", "B-LT", "B-LTA"]


def _begun(web: WebBench, header: dict[str, str], level: str, **more: Any) -> dict[str, Any]:
    response = web.begin(header, web.signing_key()[1], level=level, **more)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.get_json()
    assert answer["level"] == level
    return answer


def _value(web: WebBench, answer: dict[str, Any]) -> str:
    signer, _ = web.signing_key()
    return base64.b64encode(signer.sign(base64.b64decode(answer["data_to_be_signed"]))).decode()


def _complete(
    web: WebBench, header: dict[str, str], answer: dict[str, Any], value: str, **more: str
) -> TestResponse:
    path = f"/v1/signatures/{answer['id']}/complete"
    return web.client.post(path, json={"signature": value, **more}, headers=header)


def _extend(
    web: WebBench, header: dict[str, str], data: bytes, level: str, **more: str
) -> TestResponse:
    form = {"file": (io.BytesIO(data), "a.pdf"), "level": level, **more}
    return web.client.post("/v1/extensions", data=form, headers=header)


def _shape(data: bytes) -> tuple[int, int, bool]:
    """How many time-stamps are over the signature, over the document, and is there evidence."""
    facts = read_facts(data)
    return len(facts.signatures[0].time_stamps), len(facts.time_stamps), bool(facts.evidence)


SHAPES = dict(zip(LEVELS, [(0, 0, False), (1, 0, False), (1, 0, True), (1, 1, True)], strict=True))


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_is_reached_at_completion(level: str, web: WebBench) -> None:
    """The completed document has what its level needs, and begins with the input."""
    header = web.log_in()
    answer = _begun(web, header, level)
    value = _value(web, answer)
    first = _complete(web, header, answer, value)
    assert first.status_code == 200, first.text
    assert first.content_length == len(first.data)
    assert first.data.startswith(SPECIMEN)
    assert _shape(first.data) == SHAPES[level]
    assert _complete(web, header, answer, value).data == first.data
    shown = web.client.get(f"/v1/signatures/{answer['id']}", headers=header).get_json()
    assert shown["level"] == level


def test_parallel_completions_give_one_document(web: WebBench) -> None:
    """However many send the value at once, all get the bytes of the one that was first."""
    header = web.log_in()
    answer = _begun(web, header, "B-LTA")
    value = _value(web, answer)
    answers: list[TestResponse] = []
    threads = [
        threading.Thread(target=lambda: answers.append(_complete(web, header, answer, value)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {item.status_code for item in answers} == {200}
    assert len({item.data for item in answers}) == 1


def test_the_settings_name_the_usual_level(web: WebBench) -> None:
    """Without a level the one of the settings is reached."""
    web.services.close()
    other = open_web(web.home, IDSERVICE_SIGNING__LEVEL="B-T")
    header = other.log_in()
    answer = other.begin(header, other.signing_key()[1]).get_json()
    assert answer["level"] == "B-T"
    assert _shape(_complete(other, header, answer, _value(other, answer)).data) == SHAPES["B-T"]
    other.services.close()


def test_a_failed_time_stamp_leaves_the_signature_waiting(web: WebBench) -> None:
    """503 while the authority is down; the same value completes it when the authority is back."""
    working: list[bool] = []
    honest = web.services.timestamp_authority("tsa")

    def script(body: bytes, wire: Any) -> None:
        wire.answer(honest.respond(body) if working else b"", "200 OK" if working else "503 Busy")

    typed: Script = script
    with lying_server(typed) as server:
        other = open_web(
            web.home,
            IDSERVICE_SIGNING__TSA_URLS=server.url,
            IDSERVICE_SIGNING__DEADLINE_SECONDS="1",
        )
        header = other.log_in()
        answer = _begun(other, header, "B-T")
        value = _value(other, answer)
        failed = _complete(other, header, answer, value)
        require_problem(failed, 503, "tsa_unavailable")
        shown = other.client.get(f"/v1/signatures/{answer['id']}", headers=header).get_json()
        assert shown["status"] == "pending"
        working.append(True)
        assert _complete(other, header, answer, value).status_code == 200
        recorded = other.services.audit.entries(subject=f"person:{PERSON}", limit=10)
        assert [item.action for item in recorded if item.details.get("level")][:3] == [
            "signature.completed",
            "level.failed",
            "signature.begun",
        ]
        other.services.close()


def test_an_encrypted_document_needs_its_password_again(web: WebBench) -> None:
    """The password is not kept, so B-LT asks for it at completion; then it is completed."""
    case = pdfs.build("password-aes-256")
    header = web.log_in()
    answer = _begun(web, header, "B-LT", document=case.data, password=case.password)
    value = _value(web, answer)
    require_problem(_complete(web, header, answer, value), 422, "pdf_password_wrong")
    done = _complete(web, header, answer, value, password=case.password or "")
    assert done.status_code == 200, done.text
    facts = read_facts(done.data, password=case.password)
    assert facts.evidence


@pytest.mark.parametrize("level", LEVELS[1:])
def test_a_signed_document_is_extended(level: str, web: WebBench) -> None:
    """A document signed at B-B comes back at the level, the input as its prefix."""
    header = web.log_in()
    answer = _begun(web, header, "B-B")
    signed = _complete(web, header, answer, _value(web, answer)).data
    response = _extend(web, header, signed, level)
    assert response.status_code == 200, response.text
    assert response.mimetype == "application/pdf"
    assert response.content_length == len(response.data)
    assert response.data.startswith(signed)
    _, stamps, evidence = _shape(response.data)
    assert (stamps, evidence) == {"B-T": (1, False), "B-LT": (1, True), "B-LTA": (2, True)}[level]
    again = _extend(web, header, response.data, "B-T")
    assert again.data == response.data


def test_what_cannot_be_extended_is_a_problem(web: WebBench) -> None:
    """No login, no signature, no PDF, no level: each has its problem."""
    header = web.log_in()
    require_problem(_extend(web, {}, SPECIMEN, "B-T"), 401, "access_token_invalid")
    require_problem(_extend(web, header, SPECIMEN, "B-T"), 422, "nothing_to_extend")
    require_problem(_extend(web, header, b"no PDF", "B-T"), 400, "not_a_pdf")
    require_problem(_extend(web, header, SPECIMEN, "B-X"), 400, "malformed_request")
    response = web.client.post("/v1/extensions", json={}, headers=header)
    require_problem(response, 415, "unsupported_media_type")
