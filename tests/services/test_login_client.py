"""The login client against servers that misbehave, and what it makes of their answers."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from idservice.crypto.keys import PrivateKey, SoftwareSigner, key_kind, load_public_key
from idservice.errors import (
    CertificateRevoked,
    IdServiceError,
    MalformedRequest,
    ServiceUnavailable,
    UnsupportedAlgorithm,
)
from idservice.services.login_client import auth_token, log_in
from idservice.transport import MAX_ANSWER_BYTES, HttpSession
from idservice.webeid.token import parse_auth_token, require_algorithm, verify_token_signature

ORIGIN = "https://rp.example.org"
NONCE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True)
class Key:
    """An authentication key whose certificate no test here looks at."""

    signer: SoftwareSigner
    certificate_der: bytes = bytes(100)


@pytest.fixture
def key() -> Key:
    """Give a P-384 key."""
    return Key(SoftwareSigner(ec.generate_private_key(ec.SECP384R1())))


@pytest.fixture
def server() -> Iterator[Callable[[Behaviour], str]]:
    """Give a way to start a server that answers every request in one manner."""
    started: list[ThreadingHTTPServer] = []

    def start(behave: Behaviour) -> str:
        class Handler(BaseHTTPRequestHandler):
            do_GET = do_POST = behave  # noqa: N815 - the names that the server calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        started.append(running)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{running.server_address[1]}"

    yield start
    for running in started:
        running.shutdown()
        running.server_close()


def answering(status: int, body: bytes, **headers: str) -> Behaviour:
    """Answer every request with the same bytes."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return behave


@pytest.mark.parametrize(
    "private_key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-256", "P-384", "P-521", "RSA"],
)
def test_a_token_is_what_the_service_takes(private_key: PrivateKey) -> None:
    """The token of each kind of key parses, fits its algorithm, and verifies for one origin."""
    signer = SoftwareSigner(private_key)
    members = auth_token(signer, bytes(100), origin=ORIGIN, nonce=NONCE)
    token = parse_auth_token(members)
    public_key = load_public_key(signer.public_key_der)
    algorithm = require_algorithm(token.unverified_algorithm, public_key)
    assert key_kind(public_key) in algorithm.key_kinds
    nonce_hash = algorithm.hash.digest(NONCE.encode())
    verify_token_signature(token, public_key, algorithm, ORIGIN, nonce_hash)
    with pytest.raises(IdServiceError):
        verify_token_signature(token, public_key, algorithm, ORIGIN + ":1", nonce_hash)


def test_a_key_that_web_eid_does_not_know() -> None:
    """Ed25519 has no Web eID algorithm, which is said before anything is sent."""
    signer = SoftwareSigner(ed25519.Ed25519PrivateKey.generate())
    with pytest.raises(UnsupportedAlgorithm):
        auth_token(signer, bytes(100), origin=ORIGIN, nonce=NONCE)


def test_a_problem_becomes_the_error_of_its_code(
    server: Callable[[Behaviour], str], key: Key
) -> None:
    """The client ends with the very error that the service raised, with its advice."""
    problem = {"code": "certificate_revoked", "title": "t", "detail": "revoked", "fix": "issue"}
    address = server(answering(403, json.dumps(problem).encode()))
    with pytest.raises(CertificateRevoked) as refused:
        log_in(address, key, origin=ORIGIN)
    assert (refused.value.detail, refused.value.fix) == ("revoked", "issue")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>not us</html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"nonce": 5}'),
        (200, b""),
        (500, b"\xff\xfe"),
        (503, b'{"code": "no such code", "title": "busy"}'),
        (200, b'{"nonce": "x"}' + b" " * MAX_ANSWER_BYTES),
    ],
)
def test_what_is_no_idservice_is_told(
    server: Callable[[Behaviour], str], key: Key, status: int, body: bytes
) -> None:
    """HTML, other JSON, nothing, garbage and floods end as `service_unavailable`."""
    address = server(answering(status, body))
    with pytest.raises(ServiceUnavailable):
        log_in(address, key, origin=ORIGIN)


def test_redirects_are_not_followed(server: Callable[[Behaviour], str], key: Key) -> None:
    """A redirect could carry a token to another host, so it is an answer like any other."""
    seen: list[str] = []

    def target(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.path)
        answering(200, b"{}")(handler)

    elsewhere = server(target)
    address = server(answering(302, b"", Location=f"{elsewhere}/auth/challenge"))
    with pytest.raises(ServiceUnavailable):
        log_in(address, key, origin=ORIGIN)
    assert seen == []


def test_a_connection_cut_short_is_told(server: Callable[[Behaviour], str], key: Key) -> None:
    """A body shorter than announced is no answer."""
    address = server(answering(200, b"{", **{"Content-Length": "1000"}))
    with pytest.raises(ServiceUnavailable):
        log_in(address, key, origin=ORIGIN)


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:8080", "file:///etc/passwd", "http://", "ftp://x"]
)
def test_only_web_addresses_are_dialled(address: str) -> None:
    """Files and other schemes are refused before anything is opened."""
    with pytest.raises(MalformedRequest):
        HttpSession(address)


def test_this_machine_is_never_reached_by_a_proxy(
    server: Callable[[Behaviour], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy set for the network does not see requests to loopback."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    address = server(answering(200, b'{"ok": true}', **{"Content-Type": "application/json; x=y"}))
    answer = HttpSession(address).get("/")
    assert answer.json() == {"ok": True}
    assert answer.media_type == "application/json"
