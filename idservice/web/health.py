"""Whether the service works, and its numbers for Prometheus."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

from flask import Blueprint, Response, jsonify
from pydantic import Field

from idservice import __version__, errors
from idservice.web.login_models import AnswerModel
from idservice.web.metrics import MEDIA_TYPE
from idservice.web.operations import Media, Operation, describes
from idservice.web.state import web_state

blueprint = Blueprint("health", __name__)


class HealthAnswer(AnswerModel):
    """The service works: it answers and its database answers."""

    status: Literal["ok"]
    version: str
    database: Annotated[str, Field(examples=["sqlite"])]


@blueprint.get("/healthz")
@describes(Operation(tag="Operation", answers={200: HealthAnswer}))
def health() -> Response:
    """Tell whether the service and its database answer."""
    database = web_state().services.database
    database.require_schema()
    return jsonify({"status": "ok", "version": __version__, "database": database_kind()})


@blueprint.get("/metrics")
@describes(
    Operation(
        tag="Operation",
        answers={200: Media("text/plain", "Numbers in Prometheus' text format.")},
        problems=(errors.NotFound,),
    )
)
def metrics() -> Response:
    """Get the numbers of requests and problems for Prometheus."""
    return numbers()


def numbers() -> Response:
    """Answer with the numbers. Raises NotFound where the settings switch them off."""
    state = web_state()
    if not state.settings.server.metrics:
        raise errors.NotFound(
            "Metrics are switched off here.", "Set server.metrics to true in the settings."
        )
    return Response(state.metrics.text(), content_type=MEDIA_TYPE)


def database_kind() -> str:
    """Return the kind of database: sqlite or postgresql."""
    return "sqlite" if web_state().services.database.is_sqlite else "postgresql"


def installed_at() -> dt.datetime:
    """Return when the package was put where it is, as its files say."""
    seconds = Path(__file__).stat().st_mtime
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
