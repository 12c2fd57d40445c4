"""The JSON and the forms of two-phase signing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from idservice.web.login_models import AnswerModel, RequestModel
from idservice.web.stamp_models import StampPart, StampWithPicture
from idservice.web.wish_models import WishPart

Base64Text = Annotated[
    str,
    Field(
        min_length=4,
        description="Standard Base64, one line, padded.",
        json_schema_extra={"contentEncoding": "base64"},
    ),
]
CertificateText = Annotated[
    str,
    Field(
        min_length=4,
        max_length=16384,
        description="The person's signing certificate: PEM, or DER in Base64.",
    ),
]
ShortText = Annotated[str, Field(min_length=1, max_length=500)]


LevelName = Literal["B-B", "B-T", "B-LT", "B-LTA"]


class SignatureOptionFields(RequestModel):
    """What the JSON and the form of a new signature have in common."""

    certificate: CertificateText
    reason: Annotated[ShortText | None, Field(description="Why, shown by viewers.")] = None
    location: Annotated[ShortText | None, Field(description="Where, shown by viewers.")] = None
    contact: Annotated[
        ShortText | None, Field(description="How to reach the signer, shown by viewers.")
    ] = None
    field: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="Name of an empty field to sign into."),
    ] = None
    new_field: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=200,
            description="Name of the new field; without it Signature1, Signature2 and so on.",
        ),
    ] = None
    password: Annotated[
        str | None, Field(max_length=200, description="The password of an encrypted PDF.")
    ] = None
    level: Annotated[
        LevelName | None,
        Field(
            description="Level that the signature gets at completion; without it the one of the "
            "settings, usually B-B."
        ),
    ] = None
    attributes: WishPart = None


class SignatureRequest(SignatureOptionFields):
    """A new signature over a document small enough for JSON."""

    document: Annotated[Base64Text, Field(description="The PDF in Base64.")]
    stamp: Annotated[StampWithPicture | None, Field(description="Makes the signature visible.")] = (
        None
    )


class SignatureFormFields(SignatureOptionFields):
    """The fields of a form for a new signature that are no files."""

    stamp: StampPart = None


class SignatureForm(SignatureFormFields):
    """A new signature over a document of any size up to the limit of the service."""

    file: Annotated[
        str,
        Field(description="The PDF.", json_schema_extra={"format": "binary"}),
    ]
    picture: Annotated[
        str | None,
        Field(
            description="PNG or JPEG file for the stamp.", json_schema_extra={"format": "binary"}
        ),
    ] = None


class SignatureAnswer(AnswerModel):
    """A signature that waits for its value, or has it."""

    id: str
    status: Literal["pending", "completed", "expired"]
    data_to_be_signed: Annotated[
        str, Field(description="Base64 of the DER to sign. Empty once it is no longer kept.")
    ]
    hash: Annotated[str, Field(description="Base64 of the digest of data_to_be_signed.")]
    hash_algorithm: Annotated[str, Field(examples=["sha384"])]
    signature_algorithm: Annotated[str, Field(examples=["ecdsa-sha384"])]
    document_sha256: Annotated[str, Field(description="Lower-case hexadecimal.")]
    level: LevelName
    expires_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class CompleteRequest(RequestModel):
    """The value that completes a signature."""

    signature: Annotated[
        str,
        Field(
            min_length=4,
            max_length=8192,
            description="Base64 of the signature value. ECDSA: r‖s of exactly twice the field "
            "length (P-256 64 bytes, P-384 96, P-521 132), or DER; the length tells them apart.",
            json_schema_extra={"contentEncoding": "base64"},
        ),
    ]
    password: Annotated[
        str | None,
        Field(
            max_length=200,
            description="The password of an encrypted PDF, needed again for B-LT and B-LTA.",
        ),
    ] = None


class ExtensionFields(RequestModel):
    """What the form says beside the file that is to be raised to a level."""

    level: Annotated[
        Literal["B-T", "B-LT", "B-LTA"],
        Field(description="Level for all signatures; B-LTA also renews an archived file."),
    ]
    password: Annotated[
        str | None, Field(max_length=200, description="The password of an encrypted PDF.")
    ] = None


class ExtensionForm(ExtensionFields):
    """A signed document whose signatures are to be raised to a level."""

    file: Annotated[
        str,
        Field(description="The signed PDF.", json_schema_extra={"format": "binary"}),
    ]
