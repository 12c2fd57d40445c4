"""One request under a total deadline: whatever the other side does, it ends in time."""

import socket

import pytest

from idservice.errors import HostNotAllowed, MalformedRequest, ServiceUnavailable
from idservice.transport.fetch import Fetcher, hosts_of
from support.lying_server import Script, Wire, lying_server, within

LOOPBACK = Fetcher(frozenset({"127.0.0.1"}))
DEADLINE = 0.6


def _post(url: str, fetcher: Fetcher = LOOPBACK, max_bytes: int = 1000) -> bytes:
    return fetcher.post(
        url, b"question", content_type="text/plain", seconds=DEADLINE, max_bytes=max_bytes
    )


def test_an_honest_answer_comes_back() -> None:
    """The body that was sent arrives, and the body of the answer comes back."""
    with lying_server(lambda body, wire: wire.answer(body + b"!")) as server:
        assert _post(server.url) == b"question!"
        assert server.requests == [b"question"]


def _sends(raw: bytes) -> Script:
    return lambda _, wire: wire.send(raw)


def test_chunks_and_an_open_end_are_understood() -> None:
    """Answers without a length are read as well, in chunks or until the connection ends."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    for raw in (chunked, b"HTTP/1.0 200 OK\r\n\r\nabc"):
        with lying_server(_sends(raw)) as server:
            assert LOOPBACK.get(server.url, seconds=DEADLINE) == b"abc"


def _redirect(_: bytes, wire: Wire) -> None:
    wire.send(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")


_HEADERS = b"HTTP/1.1 200 OK\r\n"
_BAD: dict[str, Script] = {
    "status 503": lambda _, wire: wire.answer(b"", "503 Busy"),
    "redirect": _redirect,
    "says nothing": lambda _, wire: wire.stall(),
    "hangs up": lambda _, _wire: None,
    "half a body": lambda _, wire: wire.answer(b"half", length=8),
    "half a chunk": lambda _, wire: wire.send(
        _HEADERS + b"Transfer-Encoding: chunked\r\n\r\n8\r\nhalf"
    ),
    "huge body": lambda _, wire: wire.answer(bytes(5000)),
    "huge length": lambda _, wire: wire.answer(b"", length=10**12),
    "trickling body": lambda _, wire: wire.trickle(
        _HEADERS + b"Content-Length: 900\r\n\r\n" + b"x" * 900
    ),
    "trickling headers": lambda _, wire: wire.trickle(_HEADERS + b"X: y\r\n" * 500),
    "no http": lambda _, wire: wire.send(b"SSH-2.0-OpenSSH\r\n"),
    "endless headers": lambda _, wire: wire.send(_HEADERS + b"X: y\r\n" * 100_000),
}


@pytest.mark.parametrize("name", _BAD)
def test_a_bad_answer_is_an_error_in_time(name: str) -> None:
    """Every way not to answer well ends as ServiceUnavailable within the deadline."""
    with (
        lying_server(_BAD[name]) as server,
        within(DEADLINE + 1),
        pytest.raises(ServiceUnavailable),
    ):
        _post(server.url)


def test_nobody_listening_is_an_error_in_time() -> None:
    """A closed port, and a listener that never accepts, end as ServiceUnavailable."""
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        port = listener.getsockname()[1]
        with within(DEADLINE + 1), pytest.raises(ServiceUnavailable):
            _post(f"http://127.0.0.1:{port}/")
    with within(DEADLINE + 1), pytest.raises(ServiceUnavailable):
        _post(f"http://127.0.0.1:{port}/")


def test_tls_is_asked_for_and_verified() -> None:
    """An https address never falls back to plain text."""
    with lying_server(lambda _, wire: wire.answer(b"plain")) as server:
        with pytest.raises(ServiceUnavailable):
            _post(server.url.replace("http:", "https:"))
        assert b"question" not in b"".join(server.requests)


@pytest.mark.parametrize("host", ["localhost", "169.254.169.254", "127.0.0.1.example"])
def test_a_host_that_nobody_configured_is_never_reached(host: str) -> None:
    """Only exactly the configured hosts are connected to."""
    with pytest.raises(HostNotAllowed):
        _post(f"http://{host}:80/")


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "127.0.0.1", "http://",
     "http://user@127.0.0.1/", "http://127.0.0.1:99999/", "http://127.0.0.1/\r\nX: y", ""],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    """Other schemes, users in addresses and line ends are MalformedRequest."""
    with pytest.raises(MalformedRequest):
        _post(url)


def test_hosts_are_compared_in_lower_case() -> None:
    """Names of hosts have no case."""
    assert hosts_of(["HTTP://Example.COM:80/x", "https://b/"]) == {"example.com", "b"}
