"""The OpenAPI 3.1 document, built from the routes and the models that check requests.

Nothing is described twice: paths come from the application's URL map, texts from the
docstrings of the views, schemas from the models, problems from the error tree.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from idservice import __version__, errors
from idservice.errors import IdServiceError
from idservice.web.operations import Media, Operation, operation_of
from idservice.web.problems import PROBLEM_MEDIA_TYPE, status_of, title_of

_REFERENCES = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# What any route may answer: the method, a full disk, our own faults.
_EVERYWHERE: tuple[type[IdServiceError], ...] = (
    errors.MalformedRequest,
    errors.InternalError,
    errors.DatabaseUnavailable,
)

# What any route with a body may answer besides.
_WITH_A_BODY: tuple[type[IdServiceError], ...] = (
    errors.InputTooLarge,
    errors.RequestTimeout,
    errors.TooManyRequests,
)

_PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "code": {
        "description": "An Estonian personal code.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 32},
        "example": "38001085718",
    },
    "encoded": {
        "description": "An OCSPRequest in Base64, percent-encoded.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 5464},
    },
    "identifier": {
        "description": "The identifier that came with the bytes to be signed.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
    },
    "issuer": {
        "description": "The name of an issuer, as in the address that its certificates have.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
        "example": "esteid2025",
    },
    "name": {
        "description": "The name of a certificate or file.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    },
}

_INFO = {
    "title": "idservice",
    "version": __version__,
    "summary": "A complete test e-ID on one port.",
    "description": (
        "Log in with Web eID, sign PDFs (PAdES-B-B) in two phases, validate signatures, and "
        "manage test people.\n\nThe identities are for tests: **never trust this CA**.\n\n"
        "Every error is an RFC 9457 problem with a stable `code`; `GET /problems/{code}` "
        "describes each."
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}

_SECURITY_SCHEMES = {
    "operatorToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token in keys/operator.token of the home folder.",
    },
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a login.",
    },
}


def build_document(app: Flask) -> dict[str, Any]:
    """Return the document of every described route of an application."""
    routes = list(described_routes(app))
    schemas = _schemas([operation for _, _, _, operation in routes])
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, view, operation in routes:
        path = _PARAMETER.sub(r"{\1}", rule.rule)
        paths.setdefault(path, {})[method.lower()] = _operation(rule, view, operation)
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(item[3].tag for item in routes)],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _SECURITY_SCHEMES},
    }


def described_routes(app: Flask) -> Iterator[tuple[Rule, str, Any, Operation]]:
    """Yield rule, method, view and description of every route that has one, in order."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        operation = operation_of(view)
        if operation is not None:
            for method in _METHODS:
                if method in (rule.methods or ()):
                    yield rule, method, view, operation


def _operation(rule: Rule, view: Any, operation: Operation) -> dict[str, Any]:
    summary, _, text = inspect.cleandoc(view.__doc__ or "").partition("\n")
    described: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [operation.tag],
        "summary": summary.rstrip("."),
        "description": f"{summary}\n{text}".strip(),
        "parameters": [*_path_parameters(rule), *_query_parameters(operation)],
        "responses": _responses(operation),
    }
    body = _request_body(operation)
    if body:
        described["requestBody"] = {"required": _needs_body(operation), "content": body}
    if operation.security:
        described["security"] = [{operation.security: []}]
    return described


def _needs_body(operation: Operation) -> bool:
    """A JSON body whose members all have defaults may be left out."""
    model = operation.json
    return model is None or any(item.is_required() for item in model.model_fields.values())


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, **_PATH_PARAMETERS[name]}
        for name in _PARAMETER.findall(rule.rule)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema(ref_template=_REFERENCES)
    parameters = []
    for name, value in schema["properties"].items():
        chosen = _without_null(value)
        described = value.get("description") or chosen.get("description", "")
        required = name in schema.get("required", ())
        parameters.append(
            {
                "name": name,
                "in": "query",
                "required": required,
                "description": described,
                "schema": chosen,
            }
        )
    return parameters


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter: one that may be left out, but is never null."""
    choices = [item for item in schema.get("anyOf", ()) if item != {"type": "null"}]
    return choices[0] if len(choices) == 1 else schema


def _request_body(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if operation.json:
        content["application/json"] = {"schema": _reference(operation.json)}
    if operation.multipart:
        content["multipart/form-data"] = {
            "schema": _reference(operation.multipart),
            "encoding": {"file": {"contentType": "application/pdf"}},
        }
    if operation.raw:
        content[operation.raw.media_type] = {"schema": {"type": "string", "format": "binary"}}
    return content


def _responses(operation: Operation) -> dict[str, Any]:
    """Put answers and problems together; a status may have both forms."""
    found = _answers(operation)
    for status, problem in _problems(operation).items():
        own = found.get(status, {"description": "", "content": {}})
        text = "\n\n".join(filter(None, (own["description"], problem["description"])))
        found[status] = {"description": text, "content": own["content"] | problem["content"]}
    return found


def _answers(operation: Operation) -> dict[str, Any]:
    found = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    if operation.instead is not None:
        other = _answer(operation.instead)
        found["200"]["content"] |= other["content"]
        found["200"]["description"] += f" {other['description']}"
    return found


def _answer(answer: type[BaseModel] | Media) -> dict[str, Any]:
    if isinstance(answer, Media):
        schema = {"schema": {"type": "string"}}
        return {"description": answer.description, "content": {answer.media_type: schema}}
    return {
        "description": " ".join((answer.__doc__ or "").split()),
        "content": {"application/json": {"schema": _reference(answer)}},
    }


def _problems(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[type[IdServiceError]]] = {}
    with_a_body = _WITH_A_BODY if _request_body(operation) else ()
    for error in dict.fromkeys((*operation.problems, *with_a_body, *_EVERYWHERE)):
        by_status.setdefault(status_of(error), []).append(error)
    return {
        str(status): {
            "description": "\n".join(f"- `{item.code}`: {title_of(item)}" for item in found),
            "content": {PROBLEM_MEDIA_TYPE: {"schema": _problem_schema(found)}},
        }
        for status, found in sorted(by_status.items())
    }


def _problem_schema(found: list[type[IdServiceError]]) -> dict[str, Any]:
    codes = {"properties": {"code": {"enum": [item.code for item in found]}}}
    return {"allOf": [{"$ref": "#/components/schemas/Problem"}, codes]}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCES.format(model=model.__name__)}


def _schemas(operations: list[Operation]) -> dict[str, Any]:
    models: dict[type[BaseModel], None] = {Problem: None}
    for operation in operations:
        candidates = [operation.json, operation.multipart, *operation.answers.values()]
        models.update({item: None for item in candidates if inspect.isclass(item)})
    _, definitions = models_json_schema(
        [(model, "validation") for model in models], by_alias=True, ref_template=_REFERENCES
    )
    found: dict[str, Any] = definitions["$defs"]
    return found


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    instance: str
    detail: str | None = None
    fix: str | None = None
