"""The other side of a login: what a browser with a card does, for any Signer.

The origin is signed together with the nonce, so it must be the one under which the
service is registered at the relying party, not merely the address that was dialled.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import idservice.errors
from idservice.crypto.keys import Signer, key_kind, load_public_key, raw_from_der
from idservice.errors import IdServiceError, ServiceUnavailable, UnsupportedAlgorithm
from idservice.transport import Answer, HttpSession
from idservice.webeid.token import data_to_be_signed

TOKEN_FORMAT = "web-eid:1.0"  # noqa: S105 - a format, no secret
APP_VERSION = "https://web-eid.eu/web-eid-app/releases/2.5.0+0"

_CODES = {
    error.code: error
    for error in vars(idservice.errors).values()
    if isinstance(error, type) and issubclass(error, IdServiceError)
}


@dataclass(frozen=True, slots=True)
class ClientLogin:
    """What a successful login gave: the answer of the service, and the claims about the person."""

    access_token: str
    answer: dict[str, Any]
    claims: dict[str, Any]


class LoginKey(Protocol):
    """An authentication key with its certificate."""

    @property
    def signer(self) -> Signer:
        """What makes the signature value."""

    @property
    def certificate_der(self) -> bytes:
        """The authentication certificate."""


def log_in(
    address: str, key: LoginKey, *, origin: str, relying_party: str | None = None
) -> ClientLogin:
    """Fetch a challenge, answer it, and ask who we are with the token that came back.

    `address` is where the service is reached. Raises MalformedRequest for no address of
    a web service, what the service answered, by its code, or ServiceUnavailable.
    """
    session = HttpSession(address)
    headers = {"Origin": origin}
    query = f"?relying_party={quote(relying_party, safe='')}" if relying_party else ""
    challenge = answer_members(session.get(f"/auth/challenge{query}", headers))
    nonce = _text(challenge, "nonce")
    token = auth_token(key.signer, key.certificate_der, origin=origin, nonce=nonce)
    answer = answer_members(session.post_json("/auth/login", {"auth-token": token}, headers))
    access_token = _text(answer, "access_token")
    claims = answer_members(session.get("/auth/me", {"Authorization": f"Bearer {access_token}"}))
    return ClientLogin(access_token, answer, claims)


def auth_token(
    signer: Signer, certificate_der: bytes, *, origin: str, nonce: str
) -> dict[str, str]:
    """Make a Web eID token 1.0 over origin and nonce; ECDSA values become r‖s."""
    algorithm = signer.algorithm
    if algorithm.jose is None:
        raise UnsupportedAlgorithm(
            f"Web eID has no name for {algorithm.name}, so this key cannot log in.",
            "Log in with a P-256, P-384, P-521 or RSA key.",
        )
    nonce_hash = algorithm.hash.digest(nonce.encode())
    value = signer.sign(data_to_be_signed(algorithm, origin, nonce_hash))
    if algorithm.family == "ecdsa":
        value = raw_from_der(value, key_kind(load_public_key(signer.public_key_der)))
    return {
        "unverifiedCertificate": base64.b64encode(certificate_der).decode(),
        "algorithm": algorithm.jose,
        "signature": base64.b64encode(value).decode(),
        "format": TOKEN_FORMAT,
        "appVersion": APP_VERSION,
    }


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise ServiceUnavailable(
            f"The answer of the service has no {name}, so it is probably no idservice.",
            "Check the address with --url.",
        )
    return value


def answer_members(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of a success; raise what a problem says by its code."""
    found = answer.json()
    if not isinstance(found, dict):
        raise ServiceUnavailable(
            "The service answered with JSON that is no object, so it is probably no idservice.",
            "Check the address with --url.",
        )
    if answer.ok:
        return found
    known = _CODES.get(str(found.get("code")), ServiceUnavailable)
    title = str(found.get("title") or f"status {answer.status}")
    raise known(str(found.get("detail") or title), str(found.get("fix") or ""))
