"""Asking several services in turn under one deadline, each more than once.

One that answers wrongly is not asked again; one that does not answer is, after a pause of
random length, so that many clients do not come back at the same moment. Each turn gets an
equal share of the time that is left, so that a silent service cannot use up all of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from idservice.errors import IdServiceError, ServiceUnavailable

TRIES = 3
"""Rounds in which a service that does not answer is asked."""

_PAUSE_SECONDS = (0.05, 0.3)

_Source = TypeVar("_Source")
_Result = TypeVar("_Result")


def ask_in_turn(
    sources: Sequence[_Source],
    ask: Callable[[_Source, float], _Result],
    *,
    seconds: float,
    wrong: tuple[type[IdServiceError], ...],
) -> _Result:
    """Return the first result of `ask(source, seconds for this turn)`.

    `wrong` are the errors of an answer that cannot be used. Raises the first of these when
    there was one and no source was right; otherwise ServiceUnavailable.
    """
    end = time.monotonic() + seconds
    left = list(sources)
    first_wrong: IdServiceError | None = None
    silent = ServiceUnavailable("nobody is configured to ask.", "Configure a service.")
    for rounds in range(TRIES, 0, -1):
        for position, source in enumerate(tuple(left)):
            turns = max(1, rounds * len(left) - position)
            try:
                return ask(source, max((end - time.monotonic()) / turns, 0.001))
            except ServiceUnavailable as exc:
                silent = exc
            except wrong as exc:
                first_wrong = first_wrong or exc
                left.remove(source)
        if rounds == 1 or not left or end - time.monotonic() <= _PAUSE_SECONDS[1]:
            break
        time.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311 - not a secret
    raise first_wrong or silent
