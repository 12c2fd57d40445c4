"""Two-phase signing over HTTP, for keys that the person holds."""

from __future__ import annotations

import base64
from datetime import UTC
from typing import Any

from flask import Blueprint, Response, jsonify, request

from idservice import errors
from idservice.services.level_sources import Baseline
from idservice.services.signature_options import SignerWishes
from idservice.services.signing import SignatureOptions, SignatureState
from idservice.services.stamps import StampChoice
from idservice.web.bodies import form_fields, json_body
from idservice.web.credentials import require_login
from idservice.web.operations import Media, Operation, describes
from idservice.web.signature_models import (
    CompleteRequest,
    SignatureAnswer,
    SignatureForm,
    SignatureFormFields,
    SignatureOptionFields,
    SignatureRequest,
)
from idservice.web.state import web_state
from idservice.web.uploads import (
    allow_document,
    chunks,
    decode_base64,
    decode_certificate,
    form_file,
    form_picture,
    wrong_media_type,
)

blueprint = Blueprint("signatures", __name__)

LEVEL_PROBLEMS = (
    errors.TsaUnavailable,
    errors.OcspUnavailable,
    errors.RevocationListUnavailable,
    errors.TimeStampRefused,
    errors.TimeStampMismatch,
    errors.TimeStampNotTrusted,
    errors.MalformedTimeStamp,
    errors.StatusAnswerInvalid,
    errors.StatusAnswerMismatch,
    errors.StatusAnswerStale,
    errors.OcspRefused,
    errors.MalformedOcsp,
    errors.MalformedCrl,
    errors.HostNotAllowed,
    errors.SignatureRoomTooSmall,
)
"""What may be wrong with the proofs that a level above B-B needs."""

_STATE_PROBLEMS = (
    errors.CertificateUnknown,
    errors.CertificateNotYours,
    errors.CertificateWrongPurpose,
    errors.CertificateSuspended,
    errors.CertificateRevoked,
    errors.CertificateExpired,
    errors.CertificateNotYetValid,
    errors.PersonSuspended,
    errors.PersonRevoked,
)

_STAMP_PROBLEMS = (
    errors.PageNotFound,
    errors.StampNoRoom,
    errors.StampOffPage,
    errors.StampTooSmall,
    errors.StampFieldUnusable,
    errors.PictureUnreadable,
    errors.CharactersNotInFont,
    errors.TextNeedsShaping,
)


@blueprint.post("/v1/signatures")
@describes(
    Operation(
        tag="Signing",
        answers={201: SignatureAnswer},
        json=SignatureRequest,
        multipart=SignatureForm,
        security="accessToken",
        problems=(
            errors.AccessTokenInvalid,
            errors.MalformedRequest,
            errors.MalformedCertificate,
            errors.CertificateNotTrusted,
            errors.CertificateConstraintsViolated,
            errors.MalformedPdf,
            errors.NotAPdf,
            errors.InputTooLarge,
            errors.UnsupportedMediaType,
            errors.UnsupportedPdf,
            errors.UnsupportedAlgorithm,
            errors.PdfPasswordWrong,
            errors.PdfSigningForbidden,
            errors.FieldNotFound,
            *_STAMP_PROBLEMS,
            errors.StorageUnavailable,
            *_STATE_PROBLEMS,
        ),
    )
)
def begin() -> tuple[Response, int, dict[str, str]]:
    """Begin a signature: send the PDF and the signing certificate, get the bytes to sign.

    Send the document as the file of a form, or in Base64 inside JSON. Sign
    data_to_be_signed with the key of the certificate (or its hash, where a card takes
    digests) and complete the signature with the value before it expires.
    """
    grant = require_login()
    fields, stamp, document = _json_document() if request.is_json else _form_document()
    state = web_state().services.signing.begin(
        grant.person_code,
        decode_certificate(fields.certificate),
        document,
        options=SignatureOptions(
            reason=fields.reason,
            location=fields.location,
            contact=fields.contact,
            field_name=fields.field,
            new_field=fields.new_field,
            wishes=fields.attributes.wishes() if fields.attributes else SignerWishes(),
            stamp=stamp,
        ),
        password=fields.password,
        level=None if fields.level is None else Baseline(fields.level),
    )
    return jsonify(_answer(state)), 201, {"Location": f"/v1/signatures/{state.id}"}


@blueprint.get("/v1/signatures/<identifier>")
@describes(
    Operation(
        tag="Signing",
        answers={200: SignatureAnswer},
        security="accessToken",
        problems=(errors.AccessTokenInvalid, errors.NotFound),
    )
)
def show(identifier: str) -> Response:
    """Show a signature that the person who is logged in has begun."""
    grant = require_login()
    return jsonify(_answer(web_state().services.signing.show(grant.person_code, identifier)))


@blueprint.post("/v1/signatures/<identifier>/complete")
@describes(
    Operation(
        tag="Signing",
        answers={200: Media("application/pdf", "The signed document.")},
        json=CompleteRequest,
        security="accessToken",
        problems=(
            errors.AccessTokenInvalid,
            errors.MalformedRequest,
            errors.UnsupportedMediaType,
            errors.InputTooLarge,
            errors.NotFound,
            errors.SignatureInvalid,
            errors.SignatureNotPending,
            errors.SignatureExpired,
            errors.StorageUnavailable,
            errors.PdfPasswordWrong,
            *LEVEL_PROBLEMS,
            *_STATE_PROBLEMS,
        ),
    )
)
def complete(identifier: str) -> Response:
    """Complete a signature with its value and get the signed PDF.

    The value is verified before it is embedded, and accepted once; the same value again
    gives the same document until the signature expires. When a time-stamp or a status could
    not be had the signature still waits: send the same value again.
    """
    grant = require_login()
    body = json_body(CompleteRequest)
    signed = web_state().services.signing.complete(
        grant.person_code,
        identifier,
        decode_base64(body.signature, "signature"),
        actor=f"relying-party:{grant.relying_party}",
        password=body.password,
    )
    response = Response(signed.chunks(), mimetype="application/pdf")
    response.content_length = signed.size
    response.headers["Content-Disposition"] = 'attachment; filename="signed.pdf"'
    return response


def _json_document() -> tuple[SignatureOptionFields, StampChoice | None, Any]:
    body = json_body(SignatureRequest)
    stamp = None
    if body.stamp is not None:
        coded = body.stamp.picture
        stamp = body.stamp.choice(None if coded is None else decode_base64(coded, "picture"))
    return body, stamp, (decode_base64(body.document, "document"),)


def _form_document() -> tuple[SignatureOptionFields, StampChoice | None, Any]:
    if request.mimetype != "multipart/form-data":
        raise wrong_media_type("multipart/form-data", "application/json")
    allow_document(web_state().settings.signing.max_document_bytes)
    file = form_file(optional=("picture",))
    fields = form_fields(SignatureFormFields)
    picture = form_picture()
    if picture is not None and fields.stamp is None:
        raise errors.MalformedRequest(
            "The form has a picture and no stamp to show it in.",
            "Send the field `stamp` as well; {} is a stamp with all defaults.",
        )
    stamp = None if fields.stamp is None else fields.stamp.choice(picture)
    return fields, stamp, chunks(file.stream)


def _answer(state: SignatureState) -> dict[str, str]:
    return {
        "id": state.id,
        "status": state.status,
        "data_to_be_signed": base64.b64encode(state.dtbs).decode(),
        "hash": base64.b64encode(state.dtbs_digest).decode(),
        "hash_algorithm": state.hash_name,
        "signature_algorithm": state.algorithm_name,
        "document_sha256": state.document_sha256,
        "level": state.level,
        "expires_at": state.expires_at.astimezone(UTC).isoformat(),
    }
