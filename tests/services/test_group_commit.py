"""Requests that wait at the same time share a transaction, and none is told before it is over."""

import threading
from collections.abc import Sequence

import pytest

from idservice.errors import DatabaseUnavailable
from idservice.services.group_commit import GroupCommit

THREADS = 32


class Ledger:
    """Writes groups one at a time; a test holds the first one back until others wait."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.entered = threading.Event()
        self.proceed = threading.Event()
        self.writing = threading.Lock()

    def commit(self, items: Sequence[int]) -> int:
        """Write a group and return its number; two at a time would be a fault."""
        assert self.writing.acquire(blocking=False)
        try:
            self.entered.set()
            assert self.proceed.wait(20)
            self.groups.append(list(items))
            return len(self.groups)
        finally:
            self.writing.release()


def run(group: GroupCommit[int, int], ledger: Ledger, count: int) -> dict[int, int | Exception]:
    """Submit numbers from as many threads, once the first of them is being written."""
    results: dict[int, int | Exception] = {}

    def submit(number: int) -> None:
        try:
            results[number] = group.submit(number)
        except DatabaseUnavailable as exc:
            results[number] = exc

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(count)]
    threads[0].start()
    assert ledger.entered.wait(20)
    for thread in threads[1:]:
        thread.start()
    _until_queued(group, count - 1)
    assert results == {}
    ledger.proceed.set()
    for thread in threads:
        thread.join(20)
    return results


def _until_queued(group: GroupCommit[int, int], count: int) -> None:
    deadline = threading.Event()
    for _ in range(2000):
        if len(group._queue) == count:
            return
        deadline.wait(0.01)
    raise AssertionError("the requests do not queue")


def test_who_waits_shares_the_next_transaction() -> None:
    """The first writes alone, all others together, each exactly once."""
    ledger = Ledger()
    results = run(GroupCommit(ledger.commit), ledger, THREADS)
    assert ledger.groups[0] == [0]
    assert len(ledger.groups) == 2
    assert sorted(ledger.groups[1]) == list(range(1, THREADS))
    assert results == {0: 1} | dict.fromkeys(range(1, THREADS), 2)


def test_a_group_is_bounded() -> None:
    """More than fit into one group are written in the order in which they came."""
    ledger = Ledger()
    results = run(GroupCommit(ledger.commit, max_group=10), ledger, THREADS)
    assert [len(items) for items in ledger.groups] == [1, 10, 10, 10, 1]
    assert len(results) == THREADS
    for number, items in enumerate(ledger.groups, start=1):
        assert {results[item] for item in items} == {number}


def test_a_failure_reaches_everybody_in_the_group_and_nobody_else() -> None:
    """Who waits behind a failed group is written by the next one."""
    ledger = Ledger()

    def commit(items: Sequence[int]) -> int:
        number = ledger.commit(items)
        if number == 2:
            raise DatabaseUnavailable("The disk is full.", "Make room.")
        return number

    results = run(GroupCommit(commit, max_group=10), ledger, THREADS)
    for number, items in enumerate(ledger.groups, start=1):
        for item in items:
            if number == 2:
                failure = results[item]
                assert isinstance(failure, DatabaseUnavailable)
                assert failure.detail == "The disk is full."
            else:
                assert results[item] == number
    failures = [item for item in results.values() if isinstance(item, Exception)]
    assert len(failures) == len(set(map(id, failures))) == 10


def test_after_a_failure_the_queue_goes_on() -> None:
    """A group that fails leaves nothing behind that would block the next request."""
    calls = iter((DatabaseUnavailable("No answer.", "Wait."), None))

    def commit(items: Sequence[int]) -> int:
        if error := next(calls):
            raise error
        return items[0]

    group = GroupCommit(commit)
    with pytest.raises(DatabaseUnavailable, match="No answer"):
        group.submit(1)
    assert group.submit(2) == 2


def test_alone_nobody_waits() -> None:
    """One thread writes each item at once, in a group of one."""
    written: list[list[int]] = []

    def commit(items: Sequence[int]) -> int:
        written.append(list(items))
        return items[0]

    group = GroupCommit(commit)
    assert [group.submit(number) for number in range(5)] == list(range(5))
    assert written == [[number] for number in range(5)]
