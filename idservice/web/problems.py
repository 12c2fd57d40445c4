"""The one place where errors become HTTP answers: RFC 9457 problem+json.

The nearest class in the error tree decides the status. Answers of 5xx carry no detail:
what failed inside is in the log, under the identifier that the answer gives as `instance`.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, g
from werkzeug.exceptions import HTTPException

from idservice import errors
from idservice.errors import IdServiceError

PROBLEM_MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2

_STATUS: dict[type[IdServiceError], int] = {
    errors.MalformedInput: 400,
    errors.InputTooLarge: 413,
    # What came from a service that we asked, and cannot be used.
    errors.MalformedTimeStamp: 502,
    errors.MalformedOcsp: 502,
    errors.MalformedCrl: 502,
    errors.Unsupported: 422,
    errors.UnsupportedMediaType: 415,
    errors.Verification: 403,
    errors.SignatureInvalid: 422,
    errors.TimeStampMismatch: 502,
    errors.TimeStampNotTrusted: 502,
    errors.SignatureRoomTooSmall: 502,
    errors.StatusAnswerInvalid: 502,
    errors.StatusAnswerMismatch: 502,
    errors.StatusAnswerStale: 502,
    errors.OcspRefused: 502,
    errors.AccessTokenInvalid: 401,
    errors.OperatorTokenInvalid: 401,
    errors.CertificateLintFailed: 500,
    errors.Challenge: 403,
    errors.ChallengeNotFound: 400,
    errors.ChallengeUsed: 409,
    errors.ChallengeExpired: 410,
    errors.RequestRefused: 409,
    errors.NothingToExtend: 422,
    errors.HostNotAllowed: 422,
    errors.NotFound: 404,
    errors.PersonUnknown: 404,
    errors.RelyingPartyUnknown: 404,
    errors.MethodNotAllowed: 405,
    errors.OriginUnacceptable: 422,
    errors.PinWrong: 403,
    errors.PinLocked: 403,
    errors.PinMissing: 422,
    errors.PinUnacceptable: 422,
    errors.CertificateNotYours: 403,
    errors.SignatureExpired: 410,
    errors.PdfPasswordWrong: 422,
    errors.FieldNotFound: 422,
    errors.PageNotFound: 422,
    errors.StampNoRoom: 422,
    errors.StampOffPage: 422,
    errors.StampTooSmall: 422,
    errors.StampFieldUnusable: 422,
    errors.UnknownFormat: 415,
    errors.TooManyRequests: 429,
    errors.RequestTimeout: 408,
    errors.Dependency: 503,
    errors.InternalError: 500,
    errors.Configuration: 500,
    IdServiceError: 500,
}

_OF_HTTP: dict[int, tuple[type[IdServiceError], str, str]] = {
    404: (
        errors.NotFound,
        "Nothing is served at this address.",
        "GET /openapi.json lists every address.",
    ),
    405: (
        errors.MethodNotAllowed,
        "This address does not take the method of the request.",
        "Use a method that the Allow header names.",
    ),
    413: (
        errors.InputTooLarge,
        "The request body is larger than the limit of this address and was not read.",
        "Send less, or raise the limit in the settings of the service.",
    ),
    415: (
        errors.UnsupportedMediaType,
        "This address does not take a body of this media type.",
        "Send the Content-Type that GET /openapi.json names.",
    ),
}


FOREIGN_FORMS = "foreign_error_forms"
"""The extension of the application that lists functions of protocols with errors of their own.

Each gets an HTTP status and answers it on its own addresses; elsewhere it returns None.
"""


def status_of(error: type[IdServiceError]) -> int:
    """Return the HTTP status of a class of error: its own, or that of its nearest ancestor."""
    return next(_STATUS[kind] for kind in error.__mro__ if kind in _STATUS)


def problem_type(code: str) -> str:
    """Return the address of a problem's description, relative to the service (RFC 9457 3.1.1)."""
    return f"/problems/{code}"


def title_of(error: type[IdServiceError]) -> str:
    """Return the sentence that says what a class of error means."""
    return " ".join((error.__doc__ or "").split())


def answer_problem(error: IdServiceError) -> Response:
    """Turn an error into its problem+json answer."""
    kind = type(error)
    status = status_of(kind)
    g.problem_code = error.code
    body: dict[str, Any] = {
        "type": problem_type(error.code),
        "title": title_of(kind),
        "status": status,
        "code": error.code,
        "instance": f"urn:uuid:{g.request_id}",
    }
    if status < 500:
        body |= {"detail": error.detail, **({"fix": error.fix} if error.fix else {})}
    response = Response(current_app.json.dumps(body), status, mimetype=PROBLEM_MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    _add_headers(response, kind, status)
    return response


def register_problem_answers(app: Flask) -> None:
    """Let every error that leaves a view become a problem."""
    app.register_error_handler(IdServiceError, _answer_own)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unexpected)


def _answer_own(error: IdServiceError) -> Response:
    status = status_of(type(error))
    if status >= 500:
        g.failure = error
    foreign = _foreign(status)
    if foreign is None:
        return answer_problem(error)
    g.problem_code = error.code
    _add_headers(foreign, type(error), status)
    return foreign


def _foreign(status: int) -> Response | None:
    """Answer in the form of a foreign protocol where the address belongs to one."""
    answers = (answer(status) for answer in current_app.extensions.get(FOREIGN_FORMS, ()))
    return next((item for item in answers if item is not None), None)


def _answer_http(error: HTTPException) -> Response:
    foreign = _foreign(error.code or 500)
    if foreign is not None:
        return _with_methods(foreign, error)
    kind, detail, fix = _OF_HTTP.get(
        error.code or 500,
        (errors.MalformedRequest, "The request cannot be read.", "Send a well-formed request."),
    )
    response = answer_problem(kind(detail, fix))
    return _with_methods(response, error)


def _with_methods(response: Response, error: HTTPException) -> Response:
    """Name the methods that an address takes, where it does not take that of the request."""
    if error.code == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


def _answer_unexpected(error: Exception) -> Response:
    g.failure = error
    problem = errors.InternalError("An unexpected error stopped the request.")
    g.problem_code = problem.code
    return _foreign(500) or answer_problem(problem)


def _add_headers(response: Response, kind: type[IdServiceError], status: int) -> None:
    if status in (429, 503):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    if kind is errors.AccessTokenInvalid:
        response.headers["WWW-Authenticate"] = 'Bearer realm="access", error="invalid_token"'
    if kind is errors.OperatorTokenInvalid:
        response.headers["WWW-Authenticate"] = 'Bearer realm="operator", error="invalid_token"'
