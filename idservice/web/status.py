"""The status page: what is running, for people who have just started it."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, render_template

from idservice import __version__
from idservice.web.health import database_kind
from idservice.web.operations import Media, Operation, describes
from idservice.web.state import web_state

blueprint = Blueprint("status", __name__)

_SECONDS_PER_YEAR = 31_557_600
_TITLES = {"ocsp": "OCSP", "tsa": "Time-stamps", "tsa_archive": "Archive time-stamps"}
_PATHS = {"ocsp": "/ocsp", "tsa": "/tsa", "tsa_archive": "/tsa/archive"}
_DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@blueprint.get("/")
@describes(Operation(tag="Operation", answers={200: Media("text/html", "The status page.")}))
def status() -> str:
    """See what is running: addresses, test people, authorities, keys."""
    state = web_state()
    services = state.services
    at, lists = services.clock(), services.revocation_lists
    return render_template(
        "status.html",
        version=__version__,
        url=state.settings.server.public_url,
        database=_DATABASES[database_kind()],
        uptime=_span(at - state.started_at),
        people=services.test_people.ready(),
        authorities=services.publication.list(),
        lists={name: lists.stored(name) for name in lists.names},
        service_certificates=services.service_certificates.inventory(),
        service_titles=_TITLES,
        service_paths=_PATHS,
        token_keys=[key for key in services.token_keys.list() if key.retired_at is None],
        metrics=state.settings.server.metrics,
        remaining=lambda end: _span(end - at),
        at=at,
        day=_day,
    )


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d}"


def _span(span: timedelta) -> str:
    """Say how long a span is: whole years, or its two largest units."""
    seconds = max(0, int(span.total_seconds()))
    years = round(seconds / _SECONDS_PER_YEAR)
    if years > 1:
        return f"{years} years"
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    named = [(days, "day"), (hours, "hour"), (minutes, "minute"), (seconds, "second")]
    first = next((index for index, (count, _) in enumerate(named) if count), len(named) - 1)
    return " ".join(
        f"{count} {name}{'' if count == 1 else 's'}" for count, name in named[first : first + 2]
    )
