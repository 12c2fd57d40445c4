"""The time-stamping authority over HTTP (RFC 3161 cl. 3.4).

Every answer to a time-stamp query is a time-stamp reply with status 200, a refusal too; only
what is wrong with HTTP itself is answered with a problem.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from idservice import errors
from idservice.errors import IdServiceError
from idservice.services.timestamp_authority import MAX_REQUEST_BYTES, TSA, TSA_ARCHIVE
from idservice.web.operations import Media, Operation, describes
from idservice.web.problems import status_of
from idservice.web.state import web_state
from idservice.web.uploads import short_body, wrong_media_type

QUERY = "application/timestamp-query"
REPLY = "application/timestamp-reply"

blueprint = Blueprint("time_stamping", __name__)

_OPERATION = Operation(
    tag="Time-stamping",
    answers={200: Media(REPLY, "A TimeStampResp in DER: a token, or the reason for none.")},
    problems=(errors.UnsupportedMediaType,),
    raw=Media(QUERY, "A TimeStampReq in DER of at most 4 KiB."),
)


@blueprint.post("/tsa", strict_slashes=False)
@describes(_OPERATION)
def time_stamp() -> Response:
    """Get a time-stamp (RFC 3161).

    SHA-256, SHA-384, SHA-512 and SHA3 of the same lengths. The reply has status 200 even when
    it carries no token; its PKIFailureInfo tells why.
    """
    return _answer(TSA)


@blueprint.post("/tsa/archive", strict_slashes=False)
@describes(_OPERATION)
def archive_time_stamp() -> Response:
    """Get a time-stamp for an archive (RFC 3161).

    As POST /tsa, from a unit whose certificate lives longer than those of signers, OCSP
    responder and the other unit: for document time-stamps.
    """
    return _answer(TSA_ARCHIVE)


def _answer(unit: str) -> Response:
    if request.mimetype != QUERY:
        raise wrong_media_type(QUERY)
    # What is too long is no query; an empty one says so (badDataFormat).
    query = short_body(MAX_REQUEST_BYTES) or b""
    answer = web_state().services.timestamp_authority(unit).answer(query)
    if answer.refusal is not None:
        _note(answer.refusal)
    return Response(answer.der, mimetype=REPLY)


def _note(refusal: IdServiceError) -> None:
    """Let log and metrics know of a refusal that HTTP does not show."""
    g.problem_code = refusal.code
    if status_of(type(refusal)) >= 500:
        g.failure = refusal
