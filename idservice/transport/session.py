"""HTTP to a running idservice: no redirects, bounded answers, bounded time.

Answers are returned whatever their status; what cannot be reached or understood as HTTP
raises ServiceUnavailable.
"""

from __future__ import annotations

import http.cookiejar
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.parse import urlsplit

from idservice.errors import MalformedRequest, ServiceUnavailable

TIMEOUT_SECONDS = 10.0
MAX_ANSWER_BYTES = 1 << 20

_LOOPBACK = ("localhost", "::1")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status, media type without parameters, body."""

    status: int
    media_type: str
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status says success."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def json(self) -> Any:
        """Return the body as JSON. Raises ServiceUnavailable when it is none."""
        try:
            return json.loads(self.body)
        except ValueError as exc:
            raise ServiceUnavailable(
                f"The service answered with status {self.status} and something that is not JSON, "
                "so it is probably no idservice.",
                "Check the address with --url.",
            ) from exc


class HttpSession:
    """A client that keeps cookies between requests to one base address."""

    def __init__(self, base_url: str) -> None:
        """Take a base address such as http://127.0.0.1:8080. Raises MalformedRequest."""
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise MalformedRequest(
                "The address is not one of a web service.", "Write http://host:port."
            )
        self.base_url = base_url.rstrip("/")
        handlers: list[urllib.request.BaseHandler] = [
            _NoRedirects(),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        ]
        if parts.hostname in _LOOPBACK or parts.hostname.startswith("127."):
            # What is meant for this machine must not go to a proxy.
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Send GET."""
        return self._send(urllib.request.Request(self.base_url + path, headers=dict(headers or {})))  # noqa: S310 - scheme checked

    def post_json(self, path: str, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Send POST with a JSON body."""
        request = urllib.request.Request(  # noqa: S310 - scheme checked
            self.base_url + path,
            data=json.dumps(value).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
            method="POST",
        )
        return self._send(request)

    def _send(self, request: urllib.request.Request) -> Answer:
        try:
            try:
                response = self._opener.open(request, timeout=TIMEOUT_SECONDS)
            except urllib.error.HTTPError as exc:
                response = exc  # an answer too, only not a success
            with response:
                body = response.read(MAX_ANSWER_BYTES + 1)
                media_type = response.headers.get_content_type()
                status = response.status
        except (OSError, HTTPException) as exc:
            raise self._unreachable(exc) from exc
        if len(body) > MAX_ANSWER_BYTES:
            raise ServiceUnavailable(
                f"The service at {self.base_url} answered with more than {MAX_ANSWER_BYTES} bytes.",
                "Check the address with --url.",
            )
        return Answer(int(status), media_type, body)

    def _unreachable(self, exc: Exception) -> ServiceUnavailable:
        reason = getattr(exc, "reason", exc)
        reason = getattr(reason, "strerror", None) or reason or type(exc).__name__
        return ServiceUnavailable(
            f"No service answers at {self.base_url}: {reason}.",
            "Start it with `idservice serve`, or give its address with --url.",
        )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leave redirects to the caller: a token must not follow to another host."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """Follow nothing."""
