"""Both servers, granian and gunicorn, serve the same application with several processes."""

import contextlib
import http.client
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idservice.keystore.card import Purpose
from idservice.services.assembly import open_services
from idservice.services.login_client import log_in
from support.commands import RunningService, running_service, stop, wait_until_healthy
from support.homes import PERSON, PIN1, environment, settings_of
from support.ports import free_port
from support.web import ORIGIN, PROBLEM, SPECIMEN

MEGABYTE = 1 << 20


@contextlib.contextmanager
def running_gunicorn(home: Path, folder: Path) -> Iterator[RunningService]:
    """Serve a home with gunicorn: two processes, four threads each."""
    port = free_port()
    application = "idservice.web.app:create_app_from_environment()"
    options = ["--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}"]
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, application],
        env=environment(home, PROMETHEUS_MULTIPROC_DIR=str(folder)),
        cwd=home.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    service = RunningService(f"http://127.0.0.1:{port}", port, process)
    try:
        wait_until_healthy(service)
        yield service
    finally:
        stop(process)


@pytest.fixture(params=["granian", "gunicorn"])
def service(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> Iterator[RunningService]:
    """Give the service on each server."""
    server = (
        running_service(home, IDSERVICE_VALIDATION__MAX_DOCUMENT_BYTES=str(4 * MEGABYTE))
        if request.param == "granian"
        else running_gunicorn(home, tmp_path / "metrics")
    )
    with server as running:
        yield running


def send(
    service: RunningService, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Send one request over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    with contextlib.closing(connection):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named, encode_chunked="Transfer_Encoding" in headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def test_a_login_over_real_http(service: RunningService, home: Path) -> None:
    """Challenge, cookie, answer, access token and logout, over several processes."""
    services = open_services(settings_of(home))
    for _ in range(4):
        held = services.key_custody.unlock_signer(PERSON, Purpose.AUTHENTICATION, PIN1)
        done = log_in(service.url, held, origin=ORIGIN)
        assert done.claims["sub"] == f"PNOEE-{PERSON}"
        bearer = f"Bearer {done.access_token}"
        assert send(service, "POST", "/auth/logout", Authorization=bearer)[0] == 200
        assert send(service, "GET", "/auth/me", Authorization=bearer)[0] == 401
    services.close()


def test_pages_documents_and_problems(service: RunningService) -> None:
    """Every page answers; what is not there is a problem; HEAD has no body."""
    for path in ("/", "/docs", "/openapi.json", "/problems", "/metrics", "/static/style.css"):
        status, headers, body = send(service, "GET", path)
        assert (status, bool(body)) == (200, True), path
        assert headers["X-Content-Type-Options"] == "nosniff"
    status, headers, body = send(service, "GET", "/nothing")
    assert (status, headers.get_content_type()) == (404, PROBLEM)
    assert json.loads(body)["code"] == "not_found"
    assert send(service, "HEAD", "/healthz")[::2] == (200, b"")


def test_bodies_of_unknown_length_are_read(service: RunningService) -> None:
    """A chunked upload is a document like any other."""
    pieces = (SPECIMEN[start : start + 500] for start in range(0, len(SPECIMEN), 500))
    status, _, body = send(
        service, "POST", "/v1/validation", pieces,
        Content_Type="application/pdf", Transfer_Encoding="chunked",
    )  # fmt: skip
    assert status == 200, body
    assert json.loads(body)["errors"][0]["code"] == "NO_SIGNATURE_FOUND"


def test_a_body_beyond_the_limit_is_refused(service: RunningService) -> None:
    """Whether its length is told or not: 413, and the service goes on."""
    large = b'{"a": "' + b"x" * (2 * MEGABYTE) + b'"}'
    for body, headers in (
        (large, {"Content_Type": "application/json"}),
        (iter([large]), {"Content_Type": "application/json", "Transfer_Encoding": "chunked"}),
    ):
        try:
            status, _, answer = send(service, "POST", "/auth/login", body, **headers)
        except (ConnectionResetError, BrokenPipeError):
            # A server may close before everything was sent; the refusal is then lost.
            continue
        assert (status, json.loads(answer)["code"]) == (413, "input_too_large")
    assert send(service, "GET", "/healthz")[0] == 200


def test_metrics_add_up_over_processes(service: RunningService) -> None:
    """Whichever process is asked, the number is that of all."""
    threads = [
        threading.Thread(target=send, args=(service, "GET", "/.well-known/jwks.json"))
        for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pattern = rb'requests_total\{method="GET",route="/.well-known/jwks.json",status="200"\} (\d+)'
    for _ in range(6):
        found = re.search(pattern, send(service, "GET", "/metrics")[2])
        assert found is not None
        assert int(found[1]) == 40


def test_it_ends_when_it_is_told_to(service: RunningService) -> None:
    """SIGTERM ends all processes; the port is free again."""
    stop(service.process)
    assert service.process.returncode in {0, -15}
    with pytest.raises(OSError, match=r"refused|reset"):
        send(service, "GET", "/healthz")
