"""Web eID over HTTP: challenge, login, who am I, logout, and the keys to check tokens with."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from idservice import errors
from idservice.services.relying_parties import DEMO_RELYING_PARTY
from idservice.web.bodies import json_body, query_parameters
from idservice.web.credentials import require_login, required_access_token
from idservice.web.login_models import (
    ChallengeAnswer,
    ChallengeQuery,
    JwksAnswer,
    LoggedOutAnswer,
    LoginAnswer,
    LoginRequest,
    MeAnswer,
)
from idservice.web.operations import Operation, describes
from idservice.web.state import web_state

COOKIE = "auth-session"
HOST_COOKIE = "__Host-auth-session"

blueprint = Blueprint("authentication", __name__)


@blueprint.get("/auth/challenge")
@describes(
    Operation(
        tag="Login",
        answers={200: ChallengeAnswer},
        query=ChallengeQuery,
        problems=(errors.MalformedRequest, errors.RelyingPartyUnknown, errors.OriginMismatch),
    )
)
def challenge() -> Response:
    """Get a challenge to sign.

    The nonce is 256 random bits in Base64, good for one try, for this browser session (a
    cookie), for one relying party and for one origin: that of the Origin header, else the
    party's first.
    """
    query = query_parameters(ChallengeQuery)
    issued = web_state().services.challenges.issue(
        relying_party=query.relying_party or DEMO_RELYING_PARTY,
        request_origin=request.headers.get("Origin"),
    )
    response = jsonify({"nonce": issued.nonce})
    response.set_cookie(
        _cookie_name(),
        issued.session,
        max_age=issued.lifetime_seconds,
        path="/",
        secure=_is_https(),
        httponly=True,
        samesite="Lax",
    )
    return response


@blueprint.post("/auth/login")
@describes(
    Operation(
        tag="Login",
        answers={200: LoginAnswer},
        json=LoginRequest,
        problems=(
            errors.MalformedRequest,
            errors.MalformedToken,
            errors.MalformedCertificate,
            errors.UnsupportedMediaType,
            errors.UnsupportedAlgorithm,
            errors.InputTooLarge,
            errors.ChallengeNotFound,
            errors.ChallengeUsed,
            errors.ChallengeExpired,
            errors.OriginMismatch,
            errors.CertificateWrongPurpose,
            errors.CertificateNotTrusted,
            errors.CertificateConstraintsViolated,
            errors.CertificateUnknown,
            errors.CertificateExpired,
            errors.CertificateNotYetValid,
            errors.CertificateSuspended,
            errors.CertificateRevoked,
            errors.SignatureInvalid,
            errors.PersonSuspended,
            errors.PersonRevoked,
        ),
    )
)
def login() -> Response:
    """Log in with a Web eID authentication token.

    The session cookie of the challenge comes with it. Whatever fails after the token was
    read, the challenge is used up. The access token is valid for ten minutes.
    """
    body = json_body(LoginRequest)
    done = web_state().services.authentication.login(
        body.auth_token,
        session=request.cookies.get(_cookie_name()),
        request_origin=request.headers.get("Origin"),
    )
    response = jsonify(
        {
            "access_token": done.access_token.text,
            "token_type": "Bearer",
            "expires_in": done.access_token.expires_in,
            "relying_party": done.relying_party,
            "person": {
                "personal_code": done.person_code,
                "given_name": done.given_name,
                "surname": done.surname,
            },
        }
    )
    _forget_session(response)
    return response


@blueprint.get("/auth/me")
@describes(
    Operation(
        tag="Login",
        answers={200: MeAnswer},
        security="accessToken",
        problems=(errors.AccessTokenInvalid,),
    )
)
def me() -> Response:
    """Say who is logged in: the claims of the access token, after all checks."""
    return jsonify(require_login().claims)


@blueprint.post("/auth/logout")
@describes(
    Operation(
        tag="Login",
        answers={200: LoggedOutAnswer},
        security="accessToken",
        problems=(errors.AccessTokenInvalid,),
    )
)
def logout() -> Response:
    """Revoke the access token for good and clear the session cookie."""
    grant = web_state().services.access_tokens.revoke(required_access_token())
    response = jsonify({"revoked": grant.jti})
    _forget_session(response)
    return response


@blueprint.get("/.well-known/jwks.json")
@describes(Operation(tag="Login", answers={200: JwksAnswer}))
def jwks() -> Response:
    """Get the public keys of access tokens (RFC 7517), with those about to go out of use."""
    response = jsonify(web_state().services.token_keys.jwks())
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _is_https() -> bool:
    return request.is_secure or web_state().settings.server.public_url.startswith("https:")


def _cookie_name() -> str:
    # A __Host- cookie must be Secure, which browsers refuse over plain http.
    return HOST_COOKIE if _is_https() else COOKIE


def _forget_session(response: Response) -> None:
    response.delete_cookie(
        _cookie_name(), path="/", secure=_is_https(), httponly=True, samesite="Strict"
    )
