"""The JSON of challenge, login and access tokens."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RelyingPartyId = Annotated[
    str, Field(min_length=1, max_length=64, description="Identifier of a registered relying party.")
]


class RequestModel(BaseModel):
    """A request: exact types, no unknown members."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class AnswerModel(BaseModel):
    """An answer; clients ignore members they do not know."""

    model_config = ConfigDict(frozen=True)


class ChallengeQuery(RequestModel):
    """Query of GET /auth/challenge."""

    relying_party: RelyingPartyId | None = None


class ChallengeAnswer(AnswerModel):
    """A login challenge."""

    nonce: Annotated[
        str,
        Field(
            min_length=44,
            max_length=44,
            description="32 random bytes in Base64. The text itself is hashed and signed.",
            examples=["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="],
        ),
    ]


class LoginRequest(RequestModel):
    """What the Web eID application returned, under one member."""

    auth_token: Annotated[
        dict[str, Any],
        Field(
            alias="auth-token",
            description="The authentication token, format web-eid:1.0 or web-eid:1.1: members "
            "unverifiedCertificate, algorithm, signature, format; others are ignored.",
            examples=[
                {
                    "unverifiedCertificate": "MIID…",
                    "algorithm": "ES384",
                    "signature": "q1vL…",
                    "format": "web-eid:1.0",
                }
            ],
        ),
    ]


class LoggedInPerson(AnswerModel):
    """Who logged in."""

    personal_code: str
    given_name: str
    surname: str


class LoginAnswer(AnswerModel):
    """A successful login."""

    access_token: Annotated[str, Field(description="JSON Web Token, ES256, header typ at+jwt.")]
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(description="Seconds.")]
    relying_party: str
    person: LoggedInPerson


class MeAnswer(AnswerModel):
    """The claims of an access token."""

    iss: str
    aud: str
    sub: Annotated[str, Field(examples=["PNOEE-38001085718"])]
    name: str
    given_name: str
    family_name: str
    iat: int
    nbf: int
    exp: int
    jti: str
    amr: list[str]
    acr: str


class LoggedOutAnswer(AnswerModel):
    """A successful logout."""

    revoked: Annotated[str, Field(description="The jti of the token that is now refused.")]


class Jwk(AnswerModel):
    """A public key (RFC 7517)."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    kid: str
    use: Literal["sig"]
    alg: Literal["ES256"]


class JwksAnswer(AnswerModel):
    """A JWK Set."""

    keys: list[Jwk]
