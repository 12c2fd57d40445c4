"""Documents that come with a request: in a form, as the body itself, or in Base64."""

from __future__ import annotations

import base64
import binascii
import contextlib
import mmap
import os
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from idservice.errors import IdServiceError, MalformedRequest, UnsupportedMediaType
from idservice.services.access_tokens import AccessTokens
from idservice.services.mapped_file import MappedFile
from idservice.services.ocsp_responder import MAX_REQUEST_BYTES as MAX_OCSP_REQUEST_BYTES
from idservice.services.stamps import MAX_PICTURE_BYTES
from idservice.services.timestamp_authority import MAX_REQUEST_BYTES
from idservice.settings import Settings

CHUNK = 1 << 18
MAX_SIVA_REQUEST_BYTES = 27 * 1024 * 1024
"""Bytes of a request to SiVa, as the real service limits them by default."""
TIME_STAMPING = ("/tsa", "/tsa/archive")
WITH_DOCUMENTS = ("/v1/signatures", "/v1/extensions")
IN_MEMORY = 1 << 20
FORM_OVERHEAD = 1 << 16
"""Bytes that the other fields of a form may take, beside the document."""


class BodyLimits:
    """How large the body of a request may be, told before any of it is read."""

    def __init__(self, settings: Settings, access_tokens: AccessTokens) -> None:
        """Take the limits; who signs shows an access token first."""
        self._settings = settings
        self._access_tokens = access_tokens

    def of(self, environ: dict[str, Any]) -> int:
        """Return the most bytes that are read for a request, by its address and its sender."""
        path = environ["PATH_INFO"]
        settings = self._settings
        if path == "/v1/validation":
            return settings.validation.max_document_bytes + FORM_OVERHEAD
        if path == "/validate":
            return MAX_SIVA_REQUEST_BYTES
        if path in WITH_DOCUMENTS and self._is_logged_in(environ):
            return settings.signing.max_document_bytes + FORM_OVERHEAD
        if path.rstrip("/") in TIME_STAMPING:
            return MAX_REQUEST_BYTES
        if path == "/ocsp" or path.startswith("/ocsp/"):
            return MAX_OCSP_REQUEST_BYTES
        return settings.server.max_request_bytes

    def _is_logged_in(self, environ: dict[str, Any]) -> bool:
        try:
            self._access_tokens.check(environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2])
        except IdServiceError:
            return False  # the view says why
        return True


def allow_document(max_document_bytes: int) -> None:
    """Let this request have a body as large as a document; call before the body is read."""
    request.max_content_length = max_document_bytes + FORM_OVERHEAD


def form_file(*, optional: tuple[str, ...] = ()) -> FileStorage:
    """Return the one file of the form, in its field `file`. Raises MalformedRequest.

    Only the fields named in `optional` may hold further files.
    """
    if not request.files and not request.form:
        raise MalformedRequest(
            "The form is empty or cannot be read: its boundary is not the one that the "
            "Content-Type names, or a name in it is no UTF-8.",
            "Send multipart/form-data with the document as the file of the field `file`.",
        )
    names = set(request.files) - {"file", *optional}
    if names or len(request.files.getlist("file")) != 1:
        raise MalformedRequest(
            "The form does not hold exactly one document in its field named file.",
            "Send multipart/form-data with the document as the file of the field `file`.",
        )
    return request.files["file"]


def form_picture() -> bytes | None:
    """Return the file in the field `picture` of the form, or None. Raises MalformedRequest.

    One byte more than the largest picture is read, so that the reader of pictures refuses it.
    """
    files = request.files.getlist("picture")
    if len(files) > 1:
        raise MalformedRequest("The form holds more than one picture.", "Send one.")
    return files[0].stream.read(MAX_PICTURE_BYTES + 1) if files else None


def form_content() -> IO[bytes] | None:
    """Return the file in the field `content` of the form, or None. Raises MalformedRequest."""
    if request.mimetype != "multipart/form-data":
        return None
    files = request.files.getlist("content")
    if len(files) > 1:
        raise MalformedRequest("The form holds more than one content.", "Send one.")
    return files[0].stream if files else None


def short_body(max_bytes: int) -> bytes | None:
    """Return the body of this request, or None when it is longer; no more than that is read."""
    request.max_content_length = max_bytes
    try:
        return b"".join(chunks(request.stream))
    except RequestEntityTooLarge:
        return None


def chunks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what is left of a stream in pieces."""
    while piece := stream.read(CHUNK):
        yield piece


@contextlib.contextmanager
def document_data(stream: IO[bytes]) -> Iterator[bytes | mmap.mmap]:
    """Give what is left of a stream as bytes, or, when it is large, as a mapped file."""
    with _spooled(stream) as spooled:
        size = spooled.seek(0, os.SEEK_END)
        spooled.seek(0)
        if size <= IN_MEMORY:
            yield spooled.read()
            return
        # A mapping that somebody still looks at cannot be closed; it goes with the last look.
        mapped = MappedFile(spooled)
        try:
            yield mapped
        finally:
            with contextlib.suppress(BufferError):
                mapped.close()


def _spooled(stream: IO[bytes]) -> IO[bytes]:
    """Return the stream if it is a temporary file already, as of a form; else copy it to one."""
    if isinstance(stream, tempfile.SpooledTemporaryFile):
        return stream
    spooled = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes
    for piece in chunks(stream):
        spooled.write(piece)
    return spooled


def decode_base64(text: str, what: str) -> bytes:
    """Decode standard Base64, one spelling per value. Raises MalformedRequest naming `what`."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or base64.b64encode(data).decode() != text:
        raise MalformedRequest(
            f"The {what} is empty or not standard Base64 in one padded line.",
            "Encode it with the alphabet of RFC 4648 cl. 4, without line breaks.",
        )
    return data


def decode_certificate(text: str) -> bytes:
    """Return the DER of a certificate given as PEM or as DER in Base64."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    stripped = text.strip()
    if stripped.startswith(begin) and stripped.endswith(end) and stripped.count(begin) == 1:
        body = stripped.removeprefix(begin).removesuffix(end)
        return decode_base64("".join(body.split()), "certificate")
    return decode_base64(stripped, "certificate")


def wrong_media_type(*allowed: str) -> UnsupportedMediaType:
    """Make the error for a body of another media type than the allowed ones."""
    return UnsupportedMediaType(
        "This address does not take a body of this media type.",
        f"Send Content-Type: {' or '.join(allowed)}.",
    )
