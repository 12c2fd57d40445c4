"""What one running application holds, on one typed object instead of module globals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from threading import BoundedSemaphore

from flask import Flask, current_app

from idservice.services.assembly import Services
from idservice.services.operators import OperatorToken
from idservice.settings import Settings
from idservice.web.metrics import Metrics
from idservice.web.request_log import RequestLog

_KEY = "idservice"


@dataclass(frozen=True, slots=True)
class WebState:
    """Services, settings and what counts and limits requests in this process."""

    settings: Settings
    services: Services
    operator_token: OperatorToken
    metrics: Metrics
    log: RequestLog
    validations: BoundedSemaphore
    started_at: datetime


def attach(app: Flask, state: WebState) -> None:
    """Give an application its state."""
    app.extensions[_KEY] = state


def web_state() -> WebState:
    """Return the state of the application that handles the current request."""
    state: WebState = current_app.extensions[_KEY]
    return state
