"""What is refused before any view: what did not arrive whole, and addresses of no form."""

from __future__ import annotations

from flask import Flask, request

from idservice.errors import IdServiceError, NotFound

REFUSED = "idservice.refused"
"""Where a server leaves the error for a request that it did not read to its end."""


def refuse_at_arrival(app: Flask) -> None:
    """Install the hook that looks at each request first."""
    app.before_request(_refuse)


def _refuse() -> None:
    refused = request.environ.get(REFUSED)
    if isinstance(refused, IdServiceError):
        raise refused
    # The framework reads // as /, but they are two addresses (RFC 3986 cl. 6.2).
    if request.environ.get("PATH_INFO", "").startswith("//"):
        raise NotFound(
            "Nothing is served at this address.", "GET /openapi.json lists every address."
        )
