"""Who is asking: bearer tokens of the operator and of people who are logged in."""

from __future__ import annotations

from flask import request

from idservice.errors import AccessTokenInvalid
from idservice.services.access_tokens import AccessGrant
from idservice.web.state import web_state


def require_operator() -> None:
    """Let only the operator pass. Raises OperatorTokenInvalid."""
    web_state().operator_token.require(bearer_token())


def require_login() -> AccessGrant:
    """Return whose access token the request carries. Raises AccessTokenInvalid."""
    return web_state().services.access_tokens.check(required_access_token())


def required_access_token() -> str:
    """Return the bearer token of the request, unchecked. Raises AccessTokenInvalid."""
    token = bearer_token()
    if token is None:
        raise AccessTokenInvalid(
            "There is no access token, so nobody is logged in.",
            "Log in and send Authorization: Bearer with the access token.",
        )
    return token


def bearer_token() -> str | None:
    """Return the bearer token of the Authorization header (RFC 6750 cl. 2.1), or None."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
