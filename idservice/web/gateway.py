"""The application behind granian: no thread waits for a client.

A body is read whole before the application sees the request, and an answer leaves piece
by piece, both without holding one of the few threads that do the work. A client that
sends slower than a person with a poor connection is answered 408; large bodies have few
places, so that nobody fills the disk.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, Any

from idservice.errors import IdServiceError, MalformedRequest, RequestTimeout, TooManyRequests
from idservice.web.arrival import REFUSED

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
BodyLimit = Callable[[dict[str, Any]], int]
Headers = list[tuple[str, str]]

LEAST_BYTES_PER_SECOND = 1 << 16
"""Beside its first seconds of patience a body has the time that its bytes need at this rate."""
IN_MEMORY = 1 << 18
LARGE = 1 << 20
DRAINED = 4 << 20
"""Bytes beyond a limit that are read and forgotten, so that the refusal arrives."""
SENT_WITHIN_SECONDS = 30.0
"""Seconds in which a client must take the next piece of an answer."""
_AT_ONCE = 1 << 20


@dataclass(slots=True)
class _Body:
    """What has arrived of a body, in memory or, when it is longer, in a temporary file."""

    limit: int
    stored: int = 0
    beyond: int = 0
    file: IO[bytes] = field(
        default_factory=lambda: tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed after the answer
    )

    def take(self, piece: bytes) -> None:
        """Keep what is within the limit and one byte more, which is how it is noticed."""
        kept = piece[: self.limit + 1 - self.stored]
        self.file.write(kept)
        self.stored += len(kept)
        self.beyond += len(piece) - len(kept)


@dataclass(slots=True)
class _Answer:
    """Status and headers, the first bytes, and what follows them if it is much."""

    status: int = 500
    headers: Headers = field(default_factory=list)
    first: bytes = b""
    rest: Iterator[bytes] | None = None
    close: Callable[[], None] = lambda: None

    def start(self, status: str, headers: Headers, _exc_info: object = None) -> None:
        """Be the `start_response` of WSGI (PEP 3333)."""
        self.status = int(status.partition(" ")[0])
        self.headers = [(name.lower(), value) for name, value in headers]


class Gateway:
    """Speaks RSGI with granian and WSGI with the application."""

    def __init__(
        self,
        application: Application,
        *,
        threads: int,
        body_limit: BodyLimit,
        patience: float,
    ) -> None:
        """Run the application in `threads`; `body_limit` gives the bytes a request may have.

        `patience` are the seconds in which even an empty body must have ended.
        """
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._large_places = threads
        self._body_limit = body_limit
        self._patience = patience

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        environ = wsgi_environ(scope)
        loop = asyncio.get_running_loop()
        body = _Body(0)
        try:
            if "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
                body.limit = await loop.run_in_executor(self._threads, self._body_limit, environ)
                await self._receive(environ, protocol, body)
            body.file.seek(0)
            environ["wsgi.input"] = body.file
            answer = await loop.run_in_executor(self._threads, self._call, environ)
            await self._send(protocol, answer)
        finally:
            body.file.close()

    async def _receive(self, environ: dict[str, Any], protocol: Any, body: _Body) -> None:
        """Read a body, or note in the environment why it is not taken."""
        length = environ.get("CONTENT_LENGTH", "")
        if length.isdecimal() and int(length) > body.limit + DRAINED:
            return  # the application refuses the length alone
        begun = asyncio.get_running_loop().time()
        large = False
        try:
            async with asyncio.timeout_at(begun + self._patience) as deadline:
                async for piece in protocol:
                    body.take(piece)
                    if body.beyond > DRAINED:
                        return
                    if body.stored > LARGE and not large:
                        large = self._take_large_place()
                    earned = (body.stored + body.beyond) / LEAST_BYTES_PER_SECOND
                    deadline.reschedule(begun + self._patience + earned)
            if length.isdecimal() and body.stored + body.beyond < int(length):
                environ[REFUSED] = MalformedRequest(
                    "The body ended before the length that was told.", "Send all of it."
                )
        except TimeoutError:
            environ[REFUSED] = _too_slow(self._patience)
        except IdServiceError as exc:
            environ[REFUSED] = exc
        finally:
            self._large_places += large

    def _take_large_place(self) -> bool:
        if not self._large_places:
            raise TooManyRequests(
                "All places for large uploads are taken, so this one is not read.",
                "Try again in a few seconds.",
            )
        self._large_places -= 1
        return True

    def _call(self, environ: dict[str, Any]) -> _Answer:
        """Let the application answer; what is short is complete then, and closed."""
        answer = _Answer()
        parts = self._application(environ, answer.start)
        answer.close = getattr(parts, "close", answer.close)
        try:
            pieces, total, iterator = [], 0, iter(parts)
            for piece in iterator:
                pieces.append(piece)
                total += len(piece)
                if total > _AT_ONCE:
                    answer.rest = iterator
                    break
        except BaseException:
            answer.close()
            raise
        answer.first = b"".join(pieces)
        if answer.rest is None:
            answer.close()
        return answer

    async def _send(self, protocol: Any, answer: _Answer) -> None:
        if answer.rest is None:
            protocol.response_bytes(answer.status, answer.headers, answer.first)
            return
        from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined] # documented there

        loop = asyncio.get_running_loop()
        pieces = chain([answer.first], answer.rest)
        try:
            transport = protocol.response_stream(answer.status, answer.headers)
            while piece := await loop.run_in_executor(self._threads, next, pieces, b""):
                async with asyncio.timeout(SENT_WITHIN_SECONDS):
                    await transport.send_bytes(piece)
        except (ProtocolClosed, TimeoutError):
            return  # the client is gone, or takes nothing; the connection ends unfinished
        finally:
            await loop.run_in_executor(self._threads, answer.close)


def _too_slow(patience: float) -> RequestTimeout:
    return RequestTimeout(
        f"The body did not arrive within {patience:.0f} seconds and another second for each "
        f"{LEAST_BYTES_PER_SECOND} bytes, and nobody may keep the service waiting.",
        "Send the request again, over a faster connection.",
    )


def wsgi_environ(scope: Any) -> dict[str, Any]:
    """Return the WSGI environment (PEP 3333) of a request, without its body."""
    host, _, port = str(scope.server).rpartition(":")
    client = str(scope.client).rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode("utf-8").decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": client[2],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        if "_" in name:
            continue  # would be taken for the header with a dash in its place
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        text = value.encode("utf-8").decode("latin-1")
        joined = "; " if key == "HTTP_COOKIE" else ","
        before = environ.get(key)
        environ[key] = text if before is None else f"{before}{joined}{text}"
    return environ
