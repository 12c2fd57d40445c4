"""Stretching PINs that are public anyway: equal ones once, and on other cores ahead of time.

Only for test people. Everybody else's codes are stretched each under a salt of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from idservice.keystore.wrapping import PinCost, Stretched, stretch


class PublicPinStretching:
    """Argon2id that stretches equal codes once; a context manager that ends its threads.

    Argon2id runs outside the interpreter lock, so what is begun early costs the caller
    hardly any time. Call it like `stretch`; a code that was not begun is begun then.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        # Each try fills its memory, so there are never more at once than cores to work on them.
        self._threads = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="argon2id")
        self._begun: dict[tuple[str, PinCost], Future[Stretched]] = {}

    def begin(self, codes: Iterable[str], cost: PinCost) -> None:
        """Begin to stretch codes that will be asked for."""
        for code in codes:
            self._future(code, cost)

    def __call__(self, code: str, cost: PinCost) -> Stretched:
        """Return a stretched code, waiting for it if need be."""
        return self._future(code, cost).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _future(self, code: str, cost: PinCost) -> Future[Stretched]:
        found = self._begun.get((code, cost))
        if found is None:
            found = self._begun[code, cost] = self._threads.submit(stretch, code, cost)
        return found
