"""Reading requests strictly: one reading of every body, or one clear problem.

JSON with a duplicate key, a number without bounds, deep nesting or characters that no
database and no person can read is refused before any model sees it.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from idservice.errors import MalformedRequest, UnsupportedMediaType
from idservice.web.uploads import chunks

Model = TypeVar("Model", bound=BaseModel)

MAX_DEPTH = 20
MAX_NODES = 10_000
"""Members and elements of one body; what is larger is a string, such as a document."""

_SHOWN_FAULTS = 5


def json_body(model: type[Model]) -> Model:
    """Read the body as JSON and check it against a model.

    Raises UnsupportedMediaType unless the body says it is JSON (which a form of another
    site cannot say), MalformedRequest, InputTooLarge.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(
            "The body must be JSON and say so; this also keeps forms of other sites out.",
            "Send Content-Type: application/json.",
        )
    return checked(model, parse_json(_body()))


def json_body_or_defaults(model: type[Model]) -> Model:
    """Read the body as `json_body` does; no body at all means the model's defaults."""
    if not request.mimetype and not _body():
        return checked(model, {})
    return json_body(model)


def _body() -> bytes:
    # Read piece by piece to the very end: `get_data` would silently cut a body of unknown
    # length at the limit, where the stream itself refuses it.
    return b"".join(chunks(request.stream))


def query_parameters(model: type[Model]) -> Model:
    """Check the query string against a model; each parameter at most once."""
    return checked(model, _once(request.args.lists(), "query parameter"))


def form_fields(model: type[Model]) -> Model:
    """Check the fields of a multipart form against a model; files are not among them."""
    return checked(model, _once(request.form.lists(), "form field"))


def checked(model: type[Model], value: Any) -> Model:
    """Return the value as the model. Raises MalformedRequest naming each fault."""
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        faults = exc.errors(include_url=False, include_input=False, include_context=False)
        shown = "; ".join(
            f"{'.'.join(str(part)[:40] for part in fault['loc']) or 'the body'}: {fault['msg']}"
            for fault in faults[:_SHOWN_FAULTS]
        )
        raise MalformedRequest(
            f"The request does not have the required form: {shown}.",
            "GET /openapi.json describes every field.",
        ) from exc


def parse_json(data: bytes) -> Any:
    """Parse one JSON text (RFC 8259) without any leniency. Raises MalformedRequest."""
    # Each value takes a hundred times the memory of its text, so they are counted before: commas
    # and brackets inside of strings count too, which honest bodies do not have in such numbers.
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_NODES:
        raise _not_json(f"it has more than {MAX_NODES} members and elements")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as exc:
        raise _not_json("it is no JSON text in UTF-8") from exc
    _require_plain(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _not_json("a member is named twice, and readers disagree about which one counts")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise _not_json(f"{name} is no JSON value")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _not_json("a number is out of range")
    return value


def _require_plain(value: Any) -> None:
    """Refuse deep nesting, and strings with control characters or halves of characters."""
    pending = [(value, 1)]
    while pending:
        item, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise _not_json(f"it is nested deeper than {MAX_DEPTH} levels")
        if isinstance(item, str):
            require_text(item)
        elif isinstance(item, dict):
            pending.extend((part, depth + 1) for pair in item.items() for part in pair)
        elif isinstance(item, list):
            pending.extend((part, depth + 1) for part in item)


def require_text(text: str) -> None:
    """Refuse NUL, which no database takes, and lone surrogates, which no UTF-8 holds."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise _not_json("a string has a NUL or half of a character")


def _once(items: Any, what: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, values in items:
        if name is None:  # a part of a form without a name (RFC 7578 cl. 4.2 asks for one)
            raise MalformedRequest(
                f"A {what} has no name, so nobody can tell what it is.", "Name every one."
            )
        if len(values) != 1:
            raise MalformedRequest(
                f"A {what} is given more than once, and only one can count.", "Give it once."
            )
        require_text(name)
        require_text(values[0])
        found[name] = values[0]
    return found


def _not_json(reason: str) -> MalformedRequest:
    return MalformedRequest(
        f"The request cannot be read: {reason}.", "Send one plain JSON object in UTF-8."
    )
