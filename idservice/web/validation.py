"""Validation over HTTP: open to everybody, within limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import mmap
from typing import IO

from flask import Blueprint, Response, jsonify, request

from idservice import errors
from idservice.presentation.etsi_report import etsi_report
from idservice.services.evidence_at_hand import OutsideEvidence, read_statements
from idservice.services.validation import TrustedCertificate, read_trusted
from idservice.services.validation_policies import shipped_policy
from idservice.web.bodies import form_fields
from idservice.web.operations import Media, Operation, describes
from idservice.web.state import web_state
from idservice.web.uploads import (
    allow_document,
    document_data,
    form_content,
    form_file,
    wrong_media_type,
)
from idservice.web.validation_models import ValidationAnswer, ValidationFields, ValidationForm

blueprint = Blueprint("validation", __name__)

XML = "application/xml"
UNNAMED = "document.pdf"
MAX_NAME_CHARACTERS = 255


@blueprint.post("/v1/validation")
@describes(
    Operation(
        tag="Validation",
        answers={200: ValidationAnswer},
        multipart=ValidationForm,
        raw=Media("application/pdf", "The PDF alone."),
        instead=Media(XML, "With Accept: application/xml, the report of ETSI TS 119 102-2."),
        problems=(
            errors.MalformedRequest,
            errors.MalformedCertificate,
            errors.MalformedRevocationData,
            errors.UnsupportedMediaType,
            errors.InputTooLarge,
            errors.UnknownFormat,
            errors.SignedContentMissing,
            errors.PdfPasswordWrong,
            errors.TooManyRequests,
        ),
    )
)
def validate() -> Response:
    """Validate every signature of a PDF, or of a CMS signature, and report the verdicts.

    Send the PDF as the file of a form, with password, time and trust anchors if needed, or
    alone as application/pdf. A detached CAdES signature (.p7s) is the file of a form, and what
    it is over the file in the field content. Integrity, coverage, changes and trust are
    separate verdicts. The report comes as JSON, or as XML to who accepts application/xml.
    """
    state = web_state()
    allow_document(state.settings.validation.max_document_bytes)
    name, stream, fields = _form() if request.mimetype != "application/pdf" else _raw()
    content = form_content()
    anchors = _anchors(fields.trust)
    at = _time(fields.at)
    outside = _outside(fields.revocation)
    policy = None if fields.policy is None else shipped_policy(fields.policy)
    # A place is taken only when all has arrived, so that a slow sender holds none.
    with document_data(stream) as data, _optional_data(content) as signed, one_of_few():
        if not data:
            raise errors.MalformedRequest("The document is empty.", "Send a PDF.")
        report = state.services.validation.validate(
            data,
            name,
            content=signed,
            password=fields.password,
            at=at,
            extra_anchors=anchors,
            policy=policy,
            outside=outside,
        )
    if request.accept_mimetypes.best_match(("application/json", XML)) == XML:
        return Response(etsi_report(report), mimetype=XML)
    return jsonify(report.to_json())


@contextmanager
def _optional_data(stream: IO[bytes] | None) -> Iterator[bytes | mmap | None]:
    if stream is None:
        yield None
        return
    with document_data(stream) as data:
        yield data


@contextmanager
def one_of_few() -> Iterator[None]:
    """Take one of the places for validations, or refuse at once."""
    places = web_state().validations
    if not places.acquire(blocking=False):
        raise errors.TooManyRequests(
            "All places for validations are taken, and waiting would only make it worse.",
            "Try again in a few seconds.",
        )
    try:
        yield
    finally:
        places.release()


def _raw() -> tuple[str, IO[bytes], ValidationFields]:
    return UNNAMED, request.stream, ValidationFields()


def _form() -> tuple[str, IO[bytes], ValidationFields]:
    if request.mimetype != "multipart/form-data":
        raise wrong_media_type("multipart/form-data", "application/pdf")
    file = form_file(optional=("content",))
    name = (file.filename or UNNAMED)[:MAX_NAME_CHARACTERS]
    return name, file.stream, form_fields(ValidationFields)


def _anchors(pem: str | None) -> tuple[TrustedCertificate, ...]:
    return () if pem is None else read_trusted(pem.encode())


def _outside(pem: str | None) -> OutsideEvidence:
    return OutsideEvidence() if pem is None else OutsideEvidence(read_statements(pem.encode()))


def _time(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        time = dt.datetime.fromisoformat(text)
        if time.tzinfo is None:
            raise ValueError("no zone")
        return time.astimezone(dt.UTC)
    except (ValueError, OverflowError) as exc:
        raise errors.MalformedRequest(
            "The field at is no time with a zone.", "Write it as 2026-06-01T12:00:00Z."
        ) from exc
