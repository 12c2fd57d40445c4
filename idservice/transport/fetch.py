"""One request to a service of others, within a total deadline.

The deadline covers finding the address, connecting, TLS and every byte of the answer: an
answer that trickles does not outlive it. No redirects, no proxies, a bounded body, and only
hosts that somebody configured: an address out of a certificate reaches nothing else.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from idservice.errors import HostNotAllowed, MalformedRequest, ServiceUnavailable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

MAX_BODY_BYTES = 16 * 1024 * 1024
"""Largest answer that is read; the revocation list of a large authority has some megabytes."""

_PORTS = {"http": 80, "https": 443}
_ADDRESSES_TRIED = 4


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Sends single requests to the hosts in `hosts` (names in lower case)."""

    hosts: frozenset[str]

    def post(
        self, url: str, body: bytes, *, content_type: str, seconds: float, max_bytes: int
    ) -> bytes:
        """Send `body` and return the body of the answer, which must have status 200.

        `seconds` is the deadline for everything, `max_bytes` the most that is read. Raises
        HostNotAllowed, MalformedRequest for no address of http or https, and
        ServiceUnavailable for all that goes wrong on the way.
        """
        headers = {"Content-Type": content_type}
        return self._send("POST", url, body, headers, seconds, max_bytes)

    def get(self, url: str, *, seconds: float, max_bytes: int = MAX_BODY_BYTES) -> bytes:
        """Return what stands at an address; limits and errors as for `post`."""
        return self._send("GET", url, None, {}, seconds, max_bytes)

    def _send(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: dict[str, str],
        seconds: float,
        max_bytes: int,
    ) -> bytes:
        parts = self._allowed(url)
        deadline = _Deadline(seconds)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with _connect(parts, deadline) as connected:
                connection = HTTPConnection(parts.netloc)
                connection.sock = _TimedSocket(connected, deadline)
                connection.request(method, path, body, {**headers, "Connection": "close"})
                return _body(connection.getresponse(), url, max_bytes)
        except (OSError, HTTPException, ValueError) as exc:
            raise _unavailable(url, _reason(exc)) from exc

    def _allowed(self, url: str) -> SplitResult:
        parts = split_address(url)
        if host_of(url) not in self.hosts:
            raise HostNotAllowed(
                f"Nothing is fetched from {host_of(url)}: an address in a document or certificate "
                "may lead anywhere, and this host is not configured.",
                "Add it to signing.allowed_hosts in the settings, or name the service with "
                "--ocsp or --tsa, if you trust it.",
            )
        return parts


def split_address(url: str) -> SplitResult:
    """Split an http or https address without user and fragment. Raises MalformedRequest."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    printable = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or not printable:
        raise MalformedRequest(
            f"{url[:200]!r} is not the address of a web service.", "Write http://host:port/path."
        )
    return parts


def host_of(url: str) -> str:
    """Return the host that an address names, in lower case. Raises MalformedRequest."""
    return (split_address(url).hostname or "").lower()


def hosts_of(urls: Iterable[str]) -> frozenset[str]:
    """Return the hosts that addresses name. Raises MalformedRequest."""
    return frozenset(host_of(url) for url in urls)


class _Deadline:
    """A moment by which all has to be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. Raises TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        return left


class _TimedSocket(io.RawIOBase):
    """A socket whose every operation gets only what is left of the deadline.

    As much of a socket as http.client uses. Closing it leaves the connection open, because
    http.client closes before it reads the last body; who connected closes.
    """

    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def sendall(self, data: ReadableBuffer) -> None:
        """Send everything within the deadline."""
        self._socket.settimeout(self._deadline.left())
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a file that reads from the socket."""
        return io.BufferedReader(_TimedReader(self._socket, self._deadline))


class _TimedReader(io.RawIOBase):
    """The reading side of a socket under a deadline."""

    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what has come, waiting no longer than the deadline allows."""
        self._socket.settimeout(self._deadline.left())
        return self._socket.recv_into(buffer)


def _connect(parts: SplitResult, deadline: _Deadline) -> socket.socket:
    host = parts.hostname or ""
    addresses = _resolve(host, parts.port or _PORTS[parts.scheme], deadline)
    failure: OSError = TimeoutError("no address was found in time")
    for family, address in addresses[:_ADDRESSES_TRIED]:
        connected = socket.socket(family, socket.SOCK_STREAM)
        try:
            connected.settimeout(deadline.left())
            connected.connect(address)
            if parts.scheme == "https":
                return ssl.create_default_context().wrap_socket(connected, server_hostname=host)
        except OSError as exc:
            connected.close()
            failure = exc
        else:
            return connected
    raise failure


def _resolve(
    host: str, port: int, deadline: _Deadline
) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
    """Find the addresses of a host; the library call cannot be bounded, so a thread makes it."""
    found: list[tuple[socket.AddressFamily, tuple[object, ...]]] = []
    failures: list[OSError] = []

    def look_up() -> None:
        try:
            listed = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend((item[0], item[4]) for item in listed)
        except OSError as exc:
            failures.append(exc)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if failures:
        raise failures[0]
    return found


def _body(response: HTTPResponse, url: str, max_bytes: int) -> bytes:
    if response.status != HTTPStatus.OK:
        raise _unavailable(url, f"it answers with status {response.status}")
    body = response.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise _unavailable(url, f"its answer is longer than {max_bytes} bytes")
    if response.length:
        raise _unavailable(url, "its answer ends before it is complete")
    return body


def _reason(exc: Exception) -> str:
    if isinstance(exc, TimeoutError):
        return "it did not answer in time"
    return str(getattr(exc, "strerror", None) or str(exc) or type(exc).__name__)[:200]


def _unavailable(url: str, reason: str) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"The service at {url[:200]} cannot be used: {reason}.",
        "Check the address, try again later, or use another service.",
    )
