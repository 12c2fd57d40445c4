"""Time-stamps over HTTP: a reply for every query, a problem only for what is wrong with HTTP."""

import datetime as dt
import time
from pathlib import Path

import pytest

from idservice.cms.time_stamp_request import build_request
from idservice.cms.time_stamp_response import read_response
from idservice.crypto.algorithms import SHA256, SHA384
from idservice.errors import TimeStampRefused
from idservice.services.clock_watch import REFERENCE_VARIABLE, ClockReference
from idservice.web.app import create_app_from_environment
from support.homes import environment
from support.web import WebBench, require_problem

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
IMPRINT = SHA256.digest(b"document")
REQUEST = build_request(IMPRINT, SHA256, nonce=7)


@pytest.mark.parametrize("path", ["/tsa", "/tsa/archive"])
def test_a_query_has_a_reply(web: WebBench, path: str) -> None:
    """The reply is DER of the right type, is never cached, and answers the query."""
    response = web.client.post(path, data=REQUEST, content_type=QUERY)
    assert (response.status_code, response.content_type) == (200, REPLY)
    assert response.headers["Cache-Control"] == "no-store"
    token = read_response(response.data, imprint=IMPRINT, hash=SHA256, nonce=7)
    assert (token.findings, token.integrity) == ((), "intact")
    assert len(token.certificates_der) == 2
    assert token.certificates_der[0] != token.certificates_der[1]


def test_the_two_units_are_two(web: WebBench) -> None:
    """Each has its own certificate and policy; the archive's lives longest."""
    tokens = [
        read_response(
            web.client.post(path, data=REQUEST, content_type=QUERY).data,
            imprint=IMPRINT,
            hash=SHA256,
            nonce=7,
        )
        for path in ("/tsa", "/tsa/archive")
    ]
    assert tokens[0].certificate_der != tokens[1].certificate_der
    assert [item.policy for item in tokens] == [
        web.services.settings.tsa.policy,
        web.services.settings.tsa.archive_policy,
    ]


def test_parameters_of_the_media_type_do_not_matter(web: WebBench) -> None:
    """Some clients name a character set, which says nothing about DER."""
    content_type = f"{QUERY}; charset=utf-8"
    response = web.client.post("/tsa", data=REQUEST, content_type=content_type)
    assert response.content_type == REPLY


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/octet-stream", "text/plain", None]
)
def test_another_media_type_is_a_problem(web: WebBench, content_type: str | None) -> None:
    """A form or page of another site cannot ask for time-stamps by accident."""
    response = web.client.post("/tsa", data=REQUEST, content_type=content_type)
    problem = require_problem(response, 415, "unsupported_media_type")
    assert QUERY in problem["fix"]


@pytest.mark.parametrize("size", [4096, 4097, 1 << 20, 8 << 20])
def test_a_long_body_is_no_query(web: WebBench, size: int) -> None:
    """4 KiB are read; what is longer is told in DER like all that is wrong with a query."""
    query = REQUEST + bytes(size - len(REQUEST))
    response = web.client.post("/tsa", data=query, content_type=QUERY)
    assert (response.status_code, response.content_type) == (200, REPLY)
    reason = "badRequest" if size <= 4096 else "badDataFormat"
    with pytest.raises(TimeStampRefused, match=reason):
        read_response(response.data, imprint=IMPRINT, hash=SHA256, nonce=7)


@pytest.mark.parametrize("path", ["/tsa/", "/tsa/archive/"])
def test_a_slash_at_the_end_does_not_matter(web: WebBench, path: str) -> None:
    """Clients that put one there are answered, without being sent elsewhere."""
    response = web.client.post(path, data=REQUEST, content_type=QUERY)
    assert (response.status_code, response.content_type) == (200, REPLY)
    token = read_response(response.data, imprint=IMPRINT, hash=SHA256, nonce=7)
    assert token.imprint == IMPRINT


def test_get_is_refused(web: WebBench) -> None:
    """A time-stamp is asked for with POST."""
    assert web.client.get("/tsa").status_code == 405


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "badDataFormat"),
        (b"not DER", "badDataFormat"),
        (REQUEST + b"\x00", "badRequest"),
        (build_request(bytes(48), SHA384, nonce=1, policy="1.2.3"), "unacceptedPolicy"),
    ],
)
def test_a_refusal_is_a_reply(web: WebBench, body: bytes, reason: str) -> None:
    """What is wrong with the query is told in DER, with status 200."""
    response = web.client.post("/tsa", data=body, content_type=QUERY)
    assert (response.status_code, response.content_type) == (200, REPLY)
    with pytest.raises(TimeStampRefused, match=reason):
        read_response(response.data, imprint=IMPRINT, hash=SHA256, nonce=7)


def test_a_refusal_is_counted(web: WebBench) -> None:
    """HTTP says 200, so that the metrics have to say what was refused."""
    web.client.post("/tsa", data=b"not DER", content_type=QUERY)
    metrics = web.client.get("/metrics").text
    assert 'idservice_problems_total{code="malformed_time_stamp"} 1.0' in metrics


def test_a_drifted_clock_is_told_and_counted(web: WebBench) -> None:
    """The reply says timeNotAvailable; the answer goes on being an answer."""
    watch = web.services.clock_watch
    earlier = watch.reference.wall - dt.timedelta(seconds=1)
    watch.reference = ClockReference(earlier, watch.reference.monotonic)
    response = web.client.post("/tsa", data=REQUEST, content_type=QUERY)
    assert response.status_code == 200
    with pytest.raises(TimeStampRefused, match="timeNotAvailable"):
        read_response(response.data, imprint=IMPRINT, hash=SHA256, nonce=7)
    assert 'code="clock_drifted"} 1.0' in web.client.get("/metrics").text


def test_a_worker_takes_over_the_reference_of_the_service(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that begins after the clock was set was told what the clocks said before."""
    for name, value in environment(home).items():
        monkeypatch.setenv(name, value)
    before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=3)
    monkeypatch.setenv(REFERENCE_VARIABLE, ClockReference(before, time.monotonic()).text())
    client = create_app_from_environment().test_client()
    reply = client.post("/tsa", data=REQUEST, content_type=QUERY).data
    with pytest.raises(TimeStampRefused, match="timeNotAvailable"):
        read_response(reply, imprint=IMPRINT, hash=SHA256, nonce=7)
    monkeypatch.delenv(REFERENCE_VARIABLE)
    reply = (
        create_app_from_environment().test_client().post("/tsa", data=REQUEST, content_type=QUERY)
    )
    assert read_response(reply.data, imprint=IMPRINT, hash=SHA256, nonce=7).integrity == "intact"
