"""Letting requests that wait at the same time share one durable transaction.

Whoever comes first writes at once. Who comes while a transaction is being written waits;
when it is over, the first of those who wait writes for all of them. Nobody is told before
the transaction that holds their item is durable.
"""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_GROUP = 256


class _Place(Generic[Item, Result]):
    """One item in the queue, and what became of it."""

    __slots__ = ("error", "item", "results", "woken")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.woken = threading.Event()
        self.results: list[Result] = []
        self.error: BaseException | None = None


class GroupCommit(Generic[Item, Result]):
    """A queue in front of a function that writes several items in one transaction."""

    def __init__(
        self, commit: Callable[[Sequence[Item]], Result], *, max_group: int = MAX_GROUP
    ) -> None:
        """Take the function: items in, one result for all of them, or an error for all."""
        self._commit = commit
        self._max_group = max_group
        self._lock = threading.Lock()
        self._queue: deque[_Place[Item, Result]] = deque()
        self._writing = False

    def submit(self, item: Item) -> Result:
        """Write an item, alone or with others; return what the function returned.

        Raises what the function raised for the group that the item was in.
        """
        place: _Place[Item, Result] = _Place(item)
        with self._lock:
            self._queue.append(place)
            leads = not self._writing
            self._writing = True
        if not leads:
            place.woken.wait()
        if not place.results and place.error is None:
            self._write_group()
        if place.error is not None:
            raise copy.copy(place.error) from place.error
        return place.results[0]

    def _write_group(self) -> None:
        """Write the group at the head of the queue, whose first place is the caller's."""
        with self._lock:
            size = min(len(self._queue), self._max_group)
            group = [self._queue.popleft() for _ in range(size)]
        try:
            result = self._commit([place.item for place in group])
            for place in group:
                place.results.append(result)
        except BaseException as exc:
            for place in group:
                place.error = exc
            raise
        finally:
            self._hand_over(group)

    def _hand_over(self, group: Sequence[_Place[Item, Result]]) -> None:
        with self._lock:
            following = self._queue[0] if self._queue else None
            self._writing = following is not None
        if following is not None:
            following.woken.set()
        for place in group:
            place.woken.set()
