"""The worker processes of a batch: what they are handed, and what their death costs."""

import os
import signal
from collections.abc import Callable, Sequence

from idservice.services.batch_pool import WorkerPool


def _doubling(_number: int) -> Callable[[Sequence[int]], list[int]]:
    def work(jobs: Sequence[int]) -> list[int]:
        if -1 in jobs:
            os.kill(os.getpid(), signal.SIGKILL)
        return [2 * job for job in jobs]

    return work


def test_every_chunk_is_answered_once() -> None:
    """Three workers share twenty chunks, and every result belongs to its job."""
    chunks = [(number, number + 100) for number in range(20)]
    with WorkerPool(3, _doubling) as pool:
        answers = list(pool.run(chunks))
    assert sorted(answer.jobs for answer in answers) == chunks
    assert all(answer.results == tuple(2 * job for job in answer.jobs) for answer in answers)


def test_a_worker_that_dies_is_replaced() -> None:
    """The chunk that killed it comes back without results, and all others are done."""
    with WorkerPool(2, _doubling) as pool:
        answers = list(pool.run([(1,), (-1,), (2,), (-1,), (3,), (4,)]))
        again = list(pool.run([(5,)]))
    assert [answer.jobs for answer in answers if answer.results is None] == [(-1,), (-1,)]
    done = [answer.results for answer in answers if answer.results is not None]
    assert sorted(done) == [(2,), (4,), (6,), (8,)]
    assert [answer.results for answer in again] == [(10,)]


def test_a_stopped_pool_hands_out_no_more() -> None:
    """After `stop` the chunks under way come back, and no others are begun."""
    done = 0
    with WorkerPool(1, _doubling) as pool:
        for _answer in pool.run([(1,), (2,), (3,)]):
            done += 1
            pool.stop()
    assert done == 1


def test_workers_end_with_the_pool() -> None:
    """Nobody is left behind."""
    with WorkerPool(2, _doubling) as pool:
        workers = [worker.process for worker in pool._workers]
        assert all(worker.is_alive() for worker in workers)
    assert not any(worker.is_alive() for worker in workers)
