"""What each route says about itself; the OpenAPI document is built from nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from idservice.errors import IdServiceError

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Media:
    """An answer or a body that is no JSON, such as a PDF or a page."""

    media_type: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One route: what goes in, what comes out, which problems may come instead.

    With `instead`, whoever accepts its media type gets that in place of the answer 200.
    """

    tag: str
    answers: Mapping[int, type[BaseModel] | Media]
    problems: tuple[type[IdServiceError], ...] = ()
    query: type[BaseModel] | None = None
    json: type[BaseModel] | None = None
    multipart: type[BaseModel] | None = None
    raw: Media | None = None
    instead: Media | None = None
    security: Literal["operatorToken", "accessToken"] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


_DESCRIBED: dict[Callable[..., Any], Operation] = {}


def describes(operation: Operation) -> Callable[[View], View]:
    """Attach a description to a view; summary and text come from the view's docstring."""

    def attach(view: View) -> View:
        _DESCRIBED[view] = operation
        return view

    return attach


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """Return the description of a view, or None when it has none."""
    return _DESCRIBED.get(view)
