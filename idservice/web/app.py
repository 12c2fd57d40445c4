"""The application: which blueprint, hook and service belong together."""

from __future__ import annotations

import os
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from idservice.services.assembly import Services, open_services
from idservice.services.clock_watch import REFERENCE_VARIABLE, read_reference
from idservice.services.operators import OperatorToken
from idservice.settings import Settings, load_settings
from idservice.web import (
    authentication,
    documentation,
    extensions,
    health,
    ocsp,
    persons,
    publication,
    signatures,
    siva,
    status,
    time_stamping,
    validation,
)
from idservice.web.arrival import refuse_at_arrival
from idservice.web.gateway import Gateway
from idservice.web.metrics import Metrics
from idservice.web.observation import observe_requests
from idservice.web.problems import register_problem_answers
from idservice.web.request_log import RequestLog
from idservice.web.state import WebState, attach
from idservice.web.uploads import BodyLimits

BLUEPRINTS = (
    authentication.blueprint,
    signatures.blueprint,
    extensions.blueprint,
    validation.blueprint,
    siva.blueprint,
    persons.blueprint,
    publication.blueprint,
    ocsp.blueprint,
    time_stamping.blueprint,
    status.blueprint,
    health.blueprint,
    documentation.blueprint,
)

MAX_FORM_FIELD_BYTES = 1 << 17
MAX_FORM_PARTS = 20


def create_app(settings: Settings, services: Services | None = None) -> Flask:
    """Return the WSGI application of one home folder.

    Raises what `open_services` raises when the home is not fit to serve.
    """
    app = Flask("idservice.web", static_folder=None, template_folder="pages")
    app.json = _CompactJson(app)
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True}
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=settings.server.max_request_bytes,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_FIELD_BYTES,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    attach(app, _state(settings, services or open_services(settings)))
    observe_requests(app)
    refuse_at_arrival(app)
    register_problem_answers(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def create_app_from_environment() -> Flask:
    """Return the application of the home folder that IDSERVICE_HOME names, for a WSGI server."""
    home = Path(os.environ.get("IDSERVICE_HOME") or ".")
    settings = load_settings(home)
    return create_app(settings, _services_from_environment(settings))


def create_gateway_from_environment() -> Gateway:
    """Return the same application for granian, behind a gateway that reads bodies for it."""
    home = Path(os.environ.get("IDSERVICE_HOME") or ".")
    settings = load_settings(home)
    services = _services_from_environment(settings)
    return Gateway(
        create_app(settings, services),
        threads=settings.server.threads,
        body_limit=BodyLimits(settings, services.access_tokens).of,
        patience=settings.server.body_seconds,
    )


def _services_from_environment(settings: Settings) -> Services:
    reference = os.environ.get(REFERENCE_VARIABLE)
    return open_services(settings, watched_since=read_reference(reference) if reference else None)


def _state(settings: Settings, services: Services) -> WebState:
    # Each worker process takes its share of the places for validations.
    places = max(1, settings.validation.parallel // settings.server.workers)
    return WebState(
        settings=settings,
        services=services,
        operator_token=OperatorToken(settings.keys.operator_token_file),
        metrics=Metrics(),
        log=RequestLog(settings.log),
        validations=BoundedSemaphore(places),
        started_at=services.clock(),
    )


class _CompactJson(DefaultJSONProvider):
    """JSON in UTF-8, without spaces, members in the order in which they were written."""

    ensure_ascii = False
    sort_keys = False

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Encode a value; nothing that is no JSON value is guessed at."""
        kwargs.setdefault("allow_nan", False)
        kwargs.setdefault("separators", (",", ":"))
        return super().dumps(obj, **kwargs)
