"""A small HTTP server on loopback that answers as a test tells it, also badly.

`LyingServer(script)` serves each connection by calling the script with the request's body and
a `Wire`; the script sends whatever bytes it likes, as slowly as it likes.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Script = Callable[[bytes, "Wire"], None]


@dataclass(frozen=True, slots=True)
class Wire:
    """One connection: raw bytes go out, well or ill formed."""

    connection: socket.socket
    stopped: threading.Event

    def send(self, data: bytes) -> None:
        """Send bytes as they are; a client that has gone away is no fault."""
        with contextlib.suppress(OSError):
            self.connection.sendall(data)

    def answer(self, body: bytes, status: str = "200 OK", length: int | None = None) -> None:
        """Send an answer; `length` may lie about the body."""
        size = len(body) if length is None else length
        self.send(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n" % (status.encode(), size) + body)

    def trickle(self, data: bytes, pause: float = 0.05) -> None:
        """Send one byte after the other until the server is stopped or all are sent."""
        for octet in data:
            if self.stopped.wait(pause):
                return
            self.send(bytes((octet,)))

    def stall(self) -> None:
        """Send nothing until the server is stopped."""
        self.stopped.wait(60)


@dataclass
class LyingServer:
    """A server on a free port of loopback; `requests` counts the bodies that came."""

    script: Script
    requests: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start to listen."""
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def stop(self) -> None:
        """Stop listening, and end whatever still stalls."""
        self._stopped.set()
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            body = _read_body(connection)
            self.requests.append(body)
            self.script(body, Wire(connection, self._stopped))


def _read_body(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    size = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            size = int(line.partition(b":")[2])
    while len(body) < size:
        body += connection.recv(65536)
    return body


@contextlib.contextmanager
def lying_server(script: Script) -> Iterator[LyingServer]:
    """Run a server for the length of a block."""
    server = LyingServer(script)
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Require that the block ends, well or not, within so many seconds."""
    started = time.monotonic()
    try:
        yield
    finally:
        took = time.monotonic() - started
        assert took <= seconds, f"it took {took:.1f} s"
