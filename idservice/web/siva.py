"""SiVa's validation service and monitoring, as its clients know them.

Errors on these addresses have SiVa's own form, `requestErrors`, with its keys and messages:
clients look at them.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request
from flask.blueprints import BlueprintSetupState

from idservice import __version__, errors
from idservice.errors import IdServiceError
from idservice.presentation.siva import DEFAULT_POLICY, POLICIES, siva_report
from idservice.web.bodies import parse_json
from idservice.web.health import database_kind, installed_at, numbers
from idservice.web.operations import Media, Operation, describes
from idservice.web.problems import FOREIGN_FORMS
from idservice.web.siva_models import (
    MonitoringHealth,
    MonitoringHeartbeat,
    MonitoringVersion,
    SivaAnswer,
    SivaErrors,
    SivaRequest,
)
from idservice.web.state import web_state
from idservice.web.uploads import MAX_SIVA_REQUEST_BYTES, chunks
from idservice.web.validation import one_of_few

blueprint = Blueprint("siva", __name__)

PATHS = ("/validate", "/validateHashcode", "/getDataFiles")
"""Addresses whose errors have SiVa's form."""

_NAME = "idservice"
_MAX_FILENAME = 260
_FORBIDDEN_IN_NAMES = re.compile(r'[%&\\"<>|?*\x00-\x1f/]')
_POLICY = re.compile(r"[A-Za-z0-9_ -]{1,100}")
_REPORT_TYPES = {name.lower(): name for name in ("Simple", "Detailed", "Diagnostic")}

_STATUS_OF = {404: ("endpointNotFound", "Endpoint not found"),
              405: ("methodNotAllowed", "Method not allowed"),
              415: ("contentTypeNotSupported", "Content type not supported"),
              413: ("request", "Request size exceeds the limit")}  # fmt: skip
_MALFORMED = "Document malformed or not matching documentType"
_UNREADABLE = ("requestBodyNotReadable", "Request body is malformed and cannot be read")
_UNEXPECTED = ("unexpectedError", "An unexpected error has occurred")
_NOT_VALIDATED = ("document", "Unfortunately there was an error validating your document")


class Refused(Exception):
    """A request that SiVa answers with these faults, each a key and a message."""

    def __init__(self, *faults: tuple[str, str], status: int = 400) -> None:
        """Keep the faults for the answer."""
        super().__init__(str(faults))
        self.faults = faults
        self.status = status


@blueprint.post("/validate")
@describes(
    Operation(
        tag="SiVa",
        answers={200: SivaAnswer, **dict.fromkeys((400, 405, 415, 429, 500, 503), SivaErrors)},
        json=SivaRequest,
    )
)
def validate() -> Response:
    """Validate a document as SiVa does (`POST /validate` of its version 3).

    The answer is SiVa's report. POLv4, the default, asks for qualified certificates; the
    authorities of this service count as a test scheme that is qualified.
    """
    request.max_content_length = MAX_SIVA_REQUEST_BYTES
    try:
        return jsonify(_report(_members()))
    except Refused as exc:
        return _refusal(exc.status, exc.faults)
    except (errors.TooManyRequests, errors.Dependency, errors.InternalError):
        raise
    except IdServiceError as exc:
        g.problem_code = exc.code
        return _refusal(400, (("document", _MALFORMED),))


def answer_error(status: int) -> Response | None:
    """Answer an error of HTTP in SiVa's form where the address is one of SiVa's."""
    if request.path not in PATHS and not request.path.startswith("/monitoring/"):
        return None
    if status == 503 and request.path in PATHS:
        return _refusal(status, (_NOT_VALIDATED,))
    other = _UNEXPECTED if status == 429 or status >= 500 else _UNREADABLE
    key, message = _STATUS_OF.get(status, other)
    # SiVa calls a request that is too large a bad one.
    return _refusal(400 if status == 413 else status, ((key, message),))


@blueprint.record
def _use_own_errors(state: BlueprintSetupState) -> None:
    state.app.extensions.setdefault(FOREIGN_FORMS, []).append(answer_error)


def _members() -> dict[str, Any]:
    """Read the body. Raises Refused."""
    if request.mimetype != "application/json":
        raise Refused(_STATUS_OF[415], status=415)
    try:
        members = parse_json(b"".join(chunks(request.stream)))
    except errors.MalformedRequest:
        members = None
    except errors.InputTooLarge:
        raise Refused(_STATUS_OF[413]) from None
    if not isinstance(members, dict):
        raise Refused(_UNREADABLE)
    return members


def _report(members: dict[str, Any]) -> dict[str, Any]:
    filename, document, policy_name, report_type = _fields(members)
    if policy_name not in POLICIES:
        known = ", ".join(POLICIES)
        message = f"Invalid signature policy: {policy_name}; Available abstractPolicies: [{known}]"
        raise Refused(("signaturePolicy", message))
    with one_of_few():
        report = web_state().services.validation.validate(document, filename)
    if not report.signatures and any(item.code == "FORMAT_FAILURE" for item in report.errors):
        raise Refused(("document", _MALFORMED))
    return siva_report(report, POLICIES[policy_name], report_type)


def _fields(members: dict[str, Any]) -> tuple[str, bytes, str, str]:
    """Check every member; all faults are told at once, as SiVa does."""
    faults = []
    if "documentType" in members:
        faults.append(("documentType", "documentType is not a valid request parameter"))
    faults += _filename_faults(members.get("filename"))
    document = _decoded(members.get("document"))
    if document is None:
        faults.append(("document", "Document is not encoded in a valid base64 string"))
    policy = members.get("signaturePolicy") or DEFAULT_POLICY
    if not isinstance(policy, str) or not _POLICY.fullmatch(policy):
        faults.append(("signaturePolicy", "Invalid signature policy"))
    kind = members.get("reportType") or "Simple"
    report_type = _REPORT_TYPES.get(kind.lower()) if isinstance(kind, str) else None
    if report_type is None:
        faults.append(("reportType", "Invalid report type"))
    if faults or document is None or report_type is None:
        raise Refused(*faults)
    return members["filename"], document, policy, report_type


def _filename_faults(name: Any) -> list[tuple[str, str]]:
    if not isinstance(name, str) or not 1 <= len(name) <= _MAX_FILENAME or not name.strip():
        return [("filename", "Invalid filename")]
    if _FORBIDDEN_IN_NAMES.search(name):
        return [("filename", "Invalid filename format")]
    return []


def _decoded(text: Any) -> bytes | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _refusal(status: int, faults: tuple[tuple[str, str], ...]) -> Response:
    body = {"requestErrors": [{"key": key, "message": message} for key, message in faults]}
    text = current_app.json.dumps(body)
    return Response(
        text, status, mimetype="application/json", headers={"Cache-Control": "no-store"}
    )


@blueprint.get("/monitoring/heartbeat")
@describes(Operation(tag="SiVa", answers={200: MonitoringHeartbeat}))
def heartbeat() -> Response:
    """Tell that the service answers."""
    return jsonify({"status": "UP"})


@blueprint.get("/monitoring/version")
@describes(Operation(tag="SiVa", answers={200: MonitoringVersion}))
def version() -> Response:
    """Get the version of the service."""
    return jsonify({"version": __version__})


@blueprint.get("/monitoring/health")
@describes(Operation(tag="SiVa", answers={200: MonitoringHealth}))
def monitoring_health() -> Response:
    """Tell whether the service and its database answer, in the form of SiVa."""
    return _health()


@blueprint.get("/monitoring/health.json")
@describes(Operation(tag="SiVa", answers={200: MonitoringHealth}))
def monitoring_health_json() -> Response:
    """Tell the same under the name that older clients know."""
    return _health()


@blueprint.get("/monitoring/prometheus")
@describes(
    Operation(
        tag="SiVa",
        answers={200: Media("text/plain", "Numbers in Prometheus' text format.")},
        problems=(errors.NotFound,),
    )
)
def prometheus() -> Response:
    """Get the numbers of requests and problems for Prometheus."""
    return numbers()


def _health() -> Response:
    state = web_state()
    state.services.database.require_schema()
    now, started = state.services.clock(), state.started_at
    details = {
        "webappName": _NAME,
        "version": __version__,
        "buildTime": _moment(installed_at()),
        "startTime": _moment(started),
        "currentTime": _moment(now),
    }
    database = {"status": "UP", "details": {"database": database_kind()}}
    health = {"status": "UP", "details": details}
    return jsonify({"status": "UP", "components": {"health": health, "db": database}})


def _moment(time: Any) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
