"""The OCSP responder over HTTP (RFC 6960 app. A, RFC 5019 cl. 5 and 6).

Every answer to an OCSP request is an OCSP response with status 200, an error too; only
what is wrong with HTTP itself is answered with a problem.
"""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta

from flask import Blueprint, Response, g, request
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

from idservice import errors
from idservice.services.certificate_authority import ISSUING_KEY
from idservice.services.ocsp_responder import MAX_REQUEST_BYTES, OcspAnswer, is_whole
from idservice.web.operations import Media, Operation, describes
from idservice.web.problems import status_of
from idservice.web.state import web_state
from idservice.web.uploads import short_body

REQUEST = "application/ocsp-request"
RESPONSE = "application/ocsp-response"

_MALFORMED = b""
_LONGEST_ENCODED = 3 * (MAX_REQUEST_BYTES * 4 // 3)
_ANSWERS = {200: Media(RESPONSE, "An OCSPResponse in DER: a status, or the reason for none.")}

blueprint = Blueprint("ocsp", __name__)


class Rest(BaseConverter):
    """The whole rest of an address, which may begin and end with slashes."""

    part_isolating = False
    regex = ".+"


@blueprint.record
def _know_rest(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["rest"] = Rest


@blueprint.post("/ocsp", strict_slashes=False)
@describes(
    Operation(
        tag="Certificate status",
        answers=_ANSWERS,
        raw=Media(REQUEST, "An OCSPRequest in DER of at most 4 KiB, about 1 to 10 certificates."),
    )
)
def post_request() -> Response:
    """Ask for the status of certificates (RFC 6960).

    CertIDs with SHA-1 and SHA-256 (also SHA-384 and SHA-512); a nonce of 1 to 128 octets is
    returned. The response has status 200 even when it is an OCSP error.
    """
    return _posted()


@blueprint.post("/ocsp/<issuer>", strict_slashes=False)
@describes(
    Operation(
        tag="Certificate status",
        answers=_ANSWERS,
        problems=(errors.NotFound,),
        raw=Media(REQUEST, "An OCSPRequest in DER of at most 4 KiB, about 1 to 10 certificates."),
    )
)
def post_request_to_issuer(issuer: str) -> Response:
    """Ask an issuer for the status of certificates, at the address in them: esteid2025."""
    if issuer != ISSUING_KEY:
        raise errors.NotFound(
            "No issuer of this name answers OCSP requests here.", f"POST to /ocsp/{ISSUING_KEY}."
        )
    return _posted()


@blueprint.get("/ocsp/<rest:encoded>")
@describes(
    Operation(
        tag="Certificate status",
        answers=_ANSWERS,
        # An address with a line break in it is none for GET.
        problems=(errors.NotFound, errors.MethodNotAllowed),
    )
)
def get_request(encoded: str) -> Response:
    """Ask for the status of certificates with GET (RFC 6960 app. A.1).

    The request is in Base64, percent-encoded, behind /ocsp/ or /ocsp/esteid2025/. Without a
    nonce the response may be kept for as long as its Cache-Control says, a minute at most.
    """
    answer = web_state().services.ocsp_responder.respond(_decoded(encoded))
    response = _response(answer)
    if answer.max_age is None or answer.this_update is None:
        return response
    response.headers["Cache-Control"] = (
        f"public, max-age={answer.max_age}, no-transform, must-revalidate"
    )
    response.last_modified = answer.this_update
    response.expires = web_state().services.clock() + timedelta(seconds=answer.max_age)
    response.set_etag(answer.etag, weak=answer.weak)
    # The ETag alone decides: two answers of one second may differ, and no date tells them apart.
    if request.if_none_match.contains_weak(answer.etag):  # RFC 9110 cl. 13.1.2
        response.status_code = 304
        response.set_data(b"")
    return response


def _posted() -> Response:
    # Too long, or of another type, it is no request, whatever it looks like; an empty one says so.
    body = short_body(MAX_REQUEST_BYTES)
    request_der = body if body is not None and request.mimetype == REQUEST else _MALFORMED
    return _response(web_state().services.ocsp_responder.respond(request_der))


def _response(answer: OcspAnswer) -> Response:
    if answer.failure is not None:  # let log and metrics know of what HTTP does not show
        g.problem_code = answer.failure.code
        if status_of(type(answer.failure)) >= 500:
            g.failure = answer.failure
    return Response(answer.der, mimetype=RESPONSE)


def _decoded(encoded: str) -> bytes:
    """Return the request in a path; nothing, which is no request, if it cannot be decoded.

    The Base64 may have slashes, which some clients leave as they are, lack its padding, or be of
    the alphabet for addresses (RFC 4648 cl. 5). A request begins with "M", so that a slash before
    it belongs to the address; one after it does where Base64 ends without.
    """
    text = encoded.lstrip("/").removeprefix(f"{ISSUING_KEY}/").lstrip("/")
    if len(text) > _LONGEST_ENCODED:
        return _MALFORMED
    found = _base64(text)
    if text.endswith("/") and not is_whole(found):
        found = _base64(text.removesuffix("/"))
    return found


def _base64(text: str) -> bytes:
    if "+" not in text and "/" not in text:
        text = text.replace("-", "+").replace("_", "/")
    text = text.rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return _MALFORMED
