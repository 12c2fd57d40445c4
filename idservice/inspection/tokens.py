"""JSON web tokens (RFC 7519) and authentication tokens of Web eID."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import re
from typing import Any

from idservice.errors import Finding, IdServiceError, MalformedToken
from idservice.inspection.certificates import certificate
from idservice.inspection.plain import guarded, moment, octets
from idservice.webeid.token import parse_auth_token

Content = dict[str, Any]

_COMPACT = re.compile(rb"\s*[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\s*")
# RFC 7519 cl. 4.1 and OpenID Connect Core cl. 2: claims that are seconds since 1970.
_TIMES = frozenset({"exp", "nbf", "iat", "auth_time", "updated_at"})
_MAX_DEPTH = 40
_LATEST = 253402300799


def is_compact_token(data: bytes) -> bool:
    """Whether this has the form of a JWS in compact serialisation (RFC 7515 cl. 7.1)."""
    return _COMPACT.fullmatch(data) is not None


def json_web_token(data: bytes) -> tuple[Content, tuple[Finding, ...]]:
    """Explain a token; its signature is not verified. Raises MalformedToken."""
    header, payload, signature = data.strip().split(b".")
    head = _json(header)
    if not isinstance(head, dict):
        raise _malformed()
    try:
        claims: Any = _readable(_json(payload))
    except MalformedToken:
        claims = octets(_decoded(payload))
    value = _decoded(signature)
    return {
        "header": _readable(head),
        "claims": claims,
        "signature": octets(value),
        "signatureVerified": False,
    }, _token_faults(head, value)


def web_eid_token(members: Content) -> tuple[Content, tuple[Finding, ...]]:
    """Explain an authentication token of Web eID; nothing in it is verified."""
    faults: list[Finding] = []
    try:
        parse_auth_token(members)
    except IdServiceError as exc:
        faults.append(Finding(exc.code, exc.detail, exc.fix))
    found = _readable(members)
    try:
        der = base64.b64decode(str(members.get("unverifiedCertificate", "")), validate=True)
        found["unverifiedCertificate"], more = guarded(certificate, der)
        faults += more
    except (ValueError, IdServiceError):
        pass
    return found, tuple(faults)


def json_members(data: bytes) -> Content | None:
    """Return the members of a JSON object, or None when this is none."""
    if not data.lstrip().startswith(b"{"):
        return None
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _token_faults(header: Content, signature: bytes) -> tuple[Finding, ...]:
    if str(header.get("alg", "none")).lower() == "none" or not signature:
        return (
            Finding(
                "token_not_signed",
                "The token has no signature, so anybody can have written it.",
                "Refuse it.",
            ),
        )
    return ()


def _readable(value: Any, key: str = "", depth: int = 0) -> Any:
    """Write times beside their numbers."""
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {str(name): _readable(item, str(name), depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_readable(item, "", depth + 1) for item in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if key in _TIMES and is_number and 0 <= value <= _LATEST:
        return f"{value} ({moment(dt.datetime.fromtimestamp(value, dt.UTC))})"
    return value


def _json(part: bytes) -> Any:
    try:
        return json.loads(_decoded(part))
    except (ValueError, RecursionError) as exc:
        raise _malformed() from exc


def _decoded(part: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as exc:
        raise _malformed() from exc


def _malformed() -> MalformedToken:
    return MalformedToken(
        "The token is no JSON web token: its parts are not Base64url of JSON.",
        "Give the token as it was received.",
    )
