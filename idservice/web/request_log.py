"""One log line per request, written at the edge and nowhere else.

A line names the route, not the path, so that no personal code stands in it; bodies,
headers, tokens, PINs and exception texts never reach it. What failed inside is told
by the classes of the exceptions and the places in the code.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any, TextIO

import structlog

from idservice.settings import LogSettings

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class RequestLog:
    """Writes lines for people ("console") or machines ("json") to a stream."""

    def __init__(self, settings: LogSettings, stream: TextIO | None = None) -> None:
        """Write to `stream`, by default this process's stderr."""
        renderer: Any = (
            structlog.processors.JSONRenderer()
            if settings.format == "json"
            else structlog.dev.ConsoleRenderer(colors=False)
        )
        self._logger: Any = structlog.wrap_logger(
            structlog.WriteLogger(stream or sys.stderr),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                renderer,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        )

    def request(self, *, status: int, failure: BaseException | None, **facts: Any) -> None:
        """Write the line of one request; `failure` is what a 5xx hides from the client."""
        if failure is not None:
            facts["failure"] = describe_failure(failure)
        if status >= 500:
            self._logger.error("request", status=status, **facts)
        elif status >= 400:
            self._logger.warning("request", status=status, **facts)
        else:
            self._logger.info("request", status=status, **facts)


def describe_failure(failure: BaseException) -> list[str]:
    """Return the classes of an exception and its causes, each with its places in the code.

    Messages are left out: they may quote input, and with it secrets.
    """
    described: list[str] = []
    error: BaseException | None = failure
    while error is not None and len(described) < 8:
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
        described.append(f"{type(error).__module__}.{type(error).__name__} at {places}")
        error = error.__cause__ or error.__context__
    return described
