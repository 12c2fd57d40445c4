"""The JSON of people and their life cycle."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from idservice.web.login_models import AnswerModel, RequestModel

PersonalCode = Annotated[
    str, Field(pattern=r"^[0-9]{11}$", description="Estonian personal code, with check digit.")
]
NamePart = Annotated[str, Field(min_length=1, max_length=64)]
Digits = Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
Pem = Annotated[
    str,
    Field(min_length=1, max_length=16384, description="PKCS#10 certificate request in PEM."),
]


class Pins(RequestModel):
    """Codes for a server key; those left out are made."""

    pin1: Annotated[Digits | None, Field(description="4 to 12 digits.")] = None
    pin2: Annotated[Digits | None, Field(description="5 to 12 digits.")] = None
    puk: Annotated[Digits | None, Field(description="8 to 12 digits.")] = None


class IssueRequest(RequestModel):
    """A new person: either personal_code, or birth_date and sex to have one made."""

    given_name: NamePart
    surname: NamePart
    personal_code: PersonalCode | None = None
    birth_date: Annotated[
        str | None,
        Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", json_schema_extra={"format": "date"}),
    ] = None
    sex: Literal["male", "female"] | None = None
    custody: Annotated[
        Literal["server", "hsm", "card"],
        Field(
            description="server: the service holds the keys. hsm: so it does, in a hardware "
            "security module. card: somebody else does, and sends two certificate requests."
        ),
    ] = "server"
    signing_key: Annotated[
        Literal[
            "P-256", "P-384", "P-521", "RSA-2048", "RSA-3072", "RSA-4096", "Ed25519", "ML-DSA-65"
        ]
        | None,
        Field(description="Kind of the signing key that is made; P-384 unless given."),
    ] = None
    pins: Pins | None = None
    authentication_csr: Pem | None = None
    signing_csr: Pem | None = None
    valid_for: Annotated[int | None, Field(ge=1, le=315_619_200, description="Seconds.")] = None

    @model_validator(mode="after")
    def _custody_fits(self) -> Self:
        requests = (self.authentication_csr, self.signing_csr)
        if self.custody == "card" and None in requests:
            raise ValueError("card custody needs authentication_csr and signing_csr")
        if self.custody == "card" and self.pins is not None:
            raise ValueError("the PINs of a card are on the card; send none")
        if self.custody != "card" and requests != (None, None):
            raise ValueError("certificate requests belong to card custody")
        return self


class RevokeRequest(RequestModel):
    """Why a person is revoked."""

    reason: Literal[
        "unspecified",
        "keyCompromise",
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
        "privilegeWithdrawn",
    ] = "unspecified"


class PageQuery(RequestModel):
    """Query of GET /v1/persons."""

    after: Annotated[str | None, Field(max_length=32, description="The last code before.")] = None
    limit: Annotated[
        str | None, Field(pattern=r"^[1-9][0-9]{0,2}$", description="At most 999; default 100.")
    ] = None


Custody = Literal["server", "hsm", "card"]
Time = Annotated[
    str, Field(description="RFC 3339, in UTC.", json_schema_extra={"format": "date-time"})
]


class CertificateAnswer(AnswerModel):
    """One certificate of a person."""

    purpose: Literal["authentication", "signing"]
    custody: Custody
    issuer: Annotated[str, Field(description="Name of the authority's key.")]
    serial: Annotated[str, Field(description="Lower-case hexadecimal.")]
    subject: str
    profile: str
    profile_version: str
    status: Literal["valid", "suspended", "revoked", "expired"]
    not_before: Time
    not_after: Time
    sha256: Annotated[str, Field(description="Of the DER certificate, in hexadecimal.")]
    certificate_pem: str


class GeneratedPins(AnswerModel):
    """The codes of a new server key, told this once."""

    pin1: str
    pin2: str
    puk: str


class PersonAnswer(AnswerModel):
    """A person and where they stand."""

    personal_code: str
    given_name: str
    surname: str
    status: Literal["issuing", "active", "suspended", "revoked", "expired"]
    custody: Annotated[list[Custody], Field(description="Where keys of this person are.")]
    created_at: Time
    suspended_at: Time | None
    revoked_at: Time | None
    revocation_reason: str | None
    tries_left: Annotated[
        dict[Literal["pin1", "pin2", "puk"], int],
        Field(description="Wrong tries that the codes of server keys still bear."),
    ]
    certificates: list[CertificateAnswer]


class IssuedAnswer(PersonAnswer):
    """A new person; the codes are told this once."""

    pins: GeneratedPins | None


class PersonListAnswer(AnswerModel):
    """People in the order of their codes."""

    persons: list[PersonAnswer]
    next: Annotated[str | None, Field(description="Give it as `after` to get the next page.")]
