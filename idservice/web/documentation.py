"""The OpenAPI document, its viewer, the descriptions of problems, and the files of pages."""

from __future__ import annotations

import mimetypes
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask import request as current_request

from idservice import errors
from idservice.errors import IdServiceError
from idservice.web.login_models import AnswerModel
from idservice.web.openapi import build_document
from idservice.web.operations import Media, Operation, describes
from idservice.web.problems import status_of, title_of

blueprint = Blueprint("documentation", __name__)

_STATIC = Path(__file__).parent / "static"
_DOCUMENT_KEY = "idservice-openapi"
_HTML = "text/html"


class OpenApiAnswer(AnswerModel, extra="allow"):
    """An OpenAPI 3.1 document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]


class ProblemDescription(AnswerModel):
    """What one problem means."""

    code: str
    status: int
    title: str
    family: str


@blueprint.get("/openapi.json")
@describes(Operation(tag="Documentation", answers={200: OpenApiAnswer}))
def openapi() -> Response:
    """Get the OpenAPI 3.1 document of every address of this service."""
    extensions = current_app.extensions
    if _DOCUMENT_KEY not in extensions:
        extensions[_DOCUMENT_KEY] = build_document(current_app)
    return jsonify(extensions[_DOCUMENT_KEY])


@blueprint.get("/docs")
@describes(Operation(tag="Documentation", answers={200: Media(_HTML, "The viewer.")}))
def viewer() -> str:
    """Read the OpenAPI document in a viewer that needs no network."""
    return render_template("docs.html")


@blueprint.get("/problems")
@describes(Operation(tag="Documentation", answers={200: Media(_HTML, "All problems.")}))
def problem_list() -> str:
    """Read what every problem means."""
    rows = [_description(kind) for kind in problem_kinds().values()]
    return render_template("problems.html", problems=rows)


@blueprint.get("/problems/<code>")
@describes(
    Operation(tag="Documentation", answers={200: ProblemDescription}, problems=(errors.NotFound,))
)
def problem(code: str) -> Response:
    """Get what a problem means: the address that is its `type`."""
    kind = problem_kinds().get(code)
    if kind is None:
        raise errors.NotFound("There is no problem of this code.", "GET /problems lists all.")
    return jsonify(_description(kind))


@blueprint.get("/static/<path:name>")
@describes(
    Operation(
        tag="Documentation",
        answers={200: Media("*/*", "The file.")},
        problems=(errors.NotFound,),
    )
)
def static_file(name: str) -> Response:
    """Get a style sheet, script or picture of the pages."""
    found = static_files().get(name)
    if found is None:
        raise errors.NotFound("There is no file of this name.", "GET / links to every page.")
    response = Response(found.read_bytes(), mimetype=_media_type(found))
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.add_etag()
    response.make_conditional(current_request)
    return response


@cache
def problem_kinds() -> dict[str, type[IdServiceError]]:
    """Return every class of error that has no further subclass, by its code."""
    kinds: dict[str, type[IdServiceError]] = {}
    pending: list[type[IdServiceError]] = [IdServiceError]
    while pending:
        kind = pending.pop(0)
        below = kind.__subclasses__()
        pending.extend(below)
        if not below:
            kinds[kind.code] = kind
    return kinds


@cache
def static_files() -> dict[str, Path]:
    """Return the files that may be served, by name: a list, so that no path leads elsewhere."""
    served = (".css", ".js", ".svg")
    return {
        path.relative_to(_STATIC).as_posix(): path
        for path in _STATIC.rglob("*")
        if path.suffix in served
    }


def _description(kind: type[IdServiceError]) -> dict[str, Any]:
    family = next(base for base in kind.__bases__ if issubclass(base, IdServiceError))
    return {
        "code": kind.code,
        "status": status_of(kind),
        "title": title_of(kind),
        "family": family.code,
    }


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
