"""Raising the level of signed documents over HTTP; no key of a person is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from mmap import mmap

from flask import Blueprint, Response, request

from idservice import errors
from idservice.services.level_sources import Baseline, LevelChoice
from idservice.web.bodies import form_fields
from idservice.web.credentials import require_login
from idservice.web.operations import Media, Operation, describes
from idservice.web.signature_models import ExtensionFields, ExtensionForm
from idservice.web.signatures import LEVEL_PROBLEMS
from idservice.web.state import web_state
from idservice.web.uploads import (
    CHUNK,
    allow_document,
    document_data,
    form_file,
    wrong_media_type,
)
from idservice.web.validation import one_of_few

blueprint = Blueprint("extensions", __name__)


@blueprint.post("/v1/extensions")
@describes(
    Operation(
        tag="Signing",
        answers={200: Media("application/pdf", "The document at the level.")},
        multipart=ExtensionForm,
        security="accessToken",
        problems=(
            errors.AccessTokenInvalid,
            errors.MalformedRequest,
            errors.UnsupportedMediaType,
            errors.InputTooLarge,
            errors.NotAPdf,
            errors.MalformedPdf,
            errors.UnsupportedPdf,
            errors.PdfPasswordWrong,
            errors.PdfSigningForbidden,
            errors.NothingToExtend,
            errors.SignatureInvalid,
            errors.CertificateNotTrusted,
            errors.CertificateConstraintsViolated,
            errors.CertificateExpired,
            errors.CertificateNotYetValid,
            errors.CertificateRevoked,
            errors.CertificateSuspended,
            errors.CertificateUnknown,
            errors.MalformedCertificate,
            errors.UnsupportedAlgorithm,
            errors.TooManyRequests,
            errors.StorageUnavailable,
            *LEVEL_PROBLEMS,
        ),
    )
)
def extend() -> Response:
    """Raise all signatures of a PDF to a level, whoever made them.

    The document comes back with what was appended, or unchanged when it has the level.
    B-LTA always adds a document time-stamp, so it also renews an archived document.
    """
    grant = require_login()
    if request.mimetype != "multipart/form-data":
        raise wrong_media_type("multipart/form-data")
    services = web_state().services
    allow_document(services.settings.signing.max_document_bytes)
    stream = form_file().stream
    fields = form_fields(ExtensionFields)
    with ExitStack() as stack:
        document = stack.enter_context(document_data(stream))
        with one_of_few():
            update = services.extending(LevelChoice(Baseline(fields.level))).update_for(
                document,
                password=fields.password,
                actor=f"relying-party:{grant.relying_party}",
            )
        response = Response(_pieces(document, update), mimetype="application/pdf")
        response.content_length = len(document) + len(update)
        response.headers["Content-Disposition"] = 'attachment; filename="extended.pdf"'
        # The document is read while it is sent, so it is closed with the response.
        response.call_on_close(stack.pop_all().close)
        return response


def _pieces(document: bytes | mmap, update: bytes) -> Iterator[bytes]:
    for start in range(0, len(document), CHUNK):
        yield document[start : start + CHUNK]
    yield update
