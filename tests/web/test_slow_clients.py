"""Clients that send slowly, or more than they may: others go on, and each gets its answer."""

import contextlib
import http.client
import json
import select
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from idservice.keystore.card import Purpose
from idservice.services.assembly import open_services
from idservice.services.login_client import log_in
from support.commands import RunningService, running_service
from support.homes import PERSON, PIN1, settings_of
from support.web import ORIGIN, SPECIMEN

CONNECTIONS = 200
BODY_SECONDS = 4
MEGABYTE = 1 << 20


@pytest.fixture
def service(home: Path) -> Iterator[RunningService]:
    """Give a service with little patience."""
    with running_service(home, IDSERVICE_SERVER__BODY_SECONDS=str(BODY_SECONDS)) as running:
        yield running


def begun_request(
    service: RunningService, path: str, length: int, first: bytes, media_type: str
) -> socket.socket:
    """Send the head of a request and the beginning of its body."""
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=15)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\n"
    connection.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + first)
    return connection


def answer_of(connection: socket.socket) -> tuple[int, str]:
    """Read an answer and return its status and problem code."""
    answer = http.client.HTTPResponse(connection)
    with contextlib.closing(connection):
        answer.begin()
        return answer.status, json.loads(answer.read())["code"]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/auth/login", "application/json"), ("/v1/validation", "application/pdf")],
)
def test_slow_bodies_stop_nobody_else(
    service: RunningService, home: Path, path: str, media_type: str
) -> None:
    """While 200 bodies are unfinished, health and logins answer; each then gets its 408."""
    services = open_services(settings_of(home))
    held = services.key_custody.unlock_signer(PERSON, Purpose.AUTHENTICATION, PIN1)
    slow = [begun_request(service, path, 1000, b"{", media_type) for _ in range(CONNECTIONS)]
    begun = time.monotonic()
    for _ in range(3):
        assert service.get("/healthz")[0] == 200
        assert log_in(service.url, held, origin=ORIGIN).claims["sub"] == f"PNOEE-{PERSON}"
    assert time.monotonic() - begun < BODY_SECONDS
    services.close()
    assert {answer_of(connection) for connection in slow} == {(408, "request_timeout")}
    assert service.get("/healthz")[0] == 200


def test_a_trickle_is_too_slow(service: RunningService) -> None:
    """A byte now and then does not win more time."""
    connection = begun_request(service, "/auth/login", 1000, b"{", "application/json")
    begun = time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() - begun < BODY_SECONDS + 2:
            connection.sendall(b" ")
            time.sleep(0.2)
    assert answer_of(connection) == (408, "request_timeout")


def test_large_uploads_have_few_places(service: RunningService) -> None:
    """Unfinished large bodies beyond the places are refused; small ones still get through."""
    first = b"%PDF-1.7" + bytes(MEGABYTE + (1 << 17))
    slow = [
        begun_request(service, "/v1/validation", 20 * MEGABYTE, first, "application/pdf")
        for _ in range(40)
    ]
    time.sleep(2)
    refused, _, _ = select.select(slow, [], [], 0)
    assert len(slow) - 16 <= len(refused) < len(slow), "eight places in each of two processes"
    assert {answer_of(connection) for connection in refused} == {(429, "too_many_requests")}
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=15)
    with contextlib.closing(connection):
        connection.request("POST", "/v1/validation", SPECIMEN, {"Content-Type": "application/pdf"})
        assert connection.getresponse().status == 200
    for waiting in slow:
        waiting.close()


@pytest.mark.parametrize("chunked", [True, False])
def test_the_refusal_of_a_large_body_arrives(service: RunningService, chunked: bool) -> None:  # noqa: FBT001 - a parameter
    """What is a few megabytes too long is read and forgotten, so that the client sees the 413."""
    body = b'{"a": "' + b"x" * (3 * MEGABYTE) + b'"}'
    for _ in range(5):
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=15)
        with contextlib.closing(connection):
            connection.request(
                "POST", "/auth/login", iter([body]) if chunked else body,
                {"Content-Type": "application/json"}, encode_chunked=chunked,
            )  # fmt: skip
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())["code"]) == (413, "input_too_large")


def test_nobody_uploads_a_document_to_sign_without_a_login(service: RunningService) -> None:
    """The body is read only up to the small limit, and the answer is that a login is missing."""
    first = b"--XX\r\n" + bytes(2 * MEGABYTE)
    connection = begun_request(
        service, "/v1/signatures", 50 * MEGABYTE, first, "multipart/form-data; boundary=XX"
    )
    assert answer_of(connection) == (401, "access_token_invalid")


def test_a_slash_too_many_is_another_address(service: RunningService) -> None:
    """`//` is not `/`: nothing is served there."""
    for path in ("//", "//healthz", "/auth//me"):
        status, body = service.get(path)
        assert (status, json.loads(body)["code"]) == (404, "not_found")
    assert service.get("/")[0] == 200


def test_a_client_that_goes_away_leaves_no_trace(service: RunningService) -> None:
    """In the middle of a body or of a long answer: no traceback, and others are served."""
    begun_request(service, "/v1/validation", 5000, b"%PDF-1.7", "application/pdf").close()
    script = b"GET /static/vendor/swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", service.port), timeout=15) as connection:
            connection.sendall(script)
            assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")
    half = begun_request(service, "/v1/validation", 5000, b"%PDF-1.7", "application/pdf")
    half.shutdown(socket.SHUT_WR)
    with contextlib.suppress(OSError, http.client.HTTPException):
        assert answer_of(half) == (400, "malformed_request")
    assert service.get("/healthz")[0] == 200
    service.process.send_signal(signal.SIGTERM)
    told = service.process.communicate(timeout=20)[1]
    assert "Traceback" not in told
    assert "[ERROR]" not in told
