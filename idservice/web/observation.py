"""Around every request: an identifier, safe headers, one log line, one count."""

from __future__ import annotations

import time
import uuid

from flask import Flask, Response, g, request

from idservice.web.state import web_state

REQUEST_ID_HEADER = "X-Request-Id"
UNMATCHED = "unmatched"

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def observe_requests(app: Flask) -> None:
    """Install the hooks that surround every request of the application."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.request_id = str(uuid.uuid4())
    g.started = time.perf_counter()


def _end(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers[REQUEST_ID_HEADER] = g.request_id
    seconds = time.perf_counter() - g.started
    route = request.url_rule.rule if request.url_rule is not None else UNMATCHED
    problem: str | None = g.get("problem_code")
    state = web_state()
    # Clients may send any word as method; only known ones become labels.
    method = request.method if request.url_rule is not None else "other"
    state.metrics.observe(method, route, response.status_code, seconds, problem)
    state.log.request(
        status=response.status_code,
        failure=g.get("failure"),
        id=g.request_id,
        method=method,
        route=route,
        milliseconds=round(seconds * 1000, 1),
        **({"code": problem} if problem else {}),
    )
    return response
