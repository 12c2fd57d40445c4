"""Counters of requests for Prometheus, also when several worker processes share the port.

With PROMETHEUS_MULTIPROC_DIR set (by `serve`, to a folder that is fresh at every start)
each process writes its numbers there, and whichever is asked adds them up.
"""

from __future__ import annotations

import os

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Requests by method, route and status; problems by code; seconds by route."""

    def __init__(self) -> None:
        """Register the metrics in a registry of their own, so that applications do not mix.

        The library looks at the environment when it is imported, which must therefore
        happen in the worker and not before.
        """
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self._registry = CollectorRegistry()
        self._requests = Counter(
            "idservice_http_requests",
            "HTTP requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._problems = Counter(
            "idservice_problems",
            "Problems answered, by their stable code.",
            ("code",),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "idservice_http_request_seconds",
            "Seconds from request to answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def observe(
        self, method: str, route: str, status: int, seconds: float, problem: str | None
    ) -> None:
        """Count one answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if problem is not None:
            self._problems.labels(problem).inc()

    def text(self) -> bytes:
        """Return all numbers in Prometheus' text format, over all processes of the service."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        if not os.environ.get(MULTIPROCESS_VARIABLE):
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library's lacks types
        return generate_latest(registry)
