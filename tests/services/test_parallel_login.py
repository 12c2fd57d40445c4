"""One nonce, 64 parallel uses over several processes: exactly one login, whatever the timing."""

import multiprocessing as mp
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.login import LoginBench, answer, open_bench
from support.parallel_login import (
    PROCESSES,
    SECRET,
    SUCCESS,
    THREADS,
    database,
    serve_rounds,
)
from support.pki import CertificatePair


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'parallel.db'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture
def shared(url: str) -> Iterator[LoginBench]:
    """Give a bench whose database other processes use too."""
    bench = open_bench(database(url), secret=SECRET)
    yield bench
    bench.database.close()


def test_one_of_64_parallel_uses_succeeds(shared: LoginBench, url: str) -> None:
    """Four rounds: one login each, and 63 refusals that say the challenge is used."""
    run_rounds(shared, url, 4)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_of_64_parallel_uses_succeeds_in_200_rounds(shared: LoginBench, url: str) -> None:
    """Two hundred rounds of the same."""
    run_rounds(shared, url, 200)


def run_rounds(shared: LoginBench, url: str, rounds: int) -> None:
    """Let 64 threads in four processes send the same answer at the same moment, many times."""
    card = shared.issue()
    context = mp.get_context("spawn")
    barrier = context.Barrier(PROCESSES * THREADS)
    pipes, workers = [], []
    for _ in range(PROCESSES):
        here, there = context.Pipe()
        arguments = (url, shared.issuing.der, there, barrier)
        workers.append(context.Process(target=serve_rounds, args=arguments, daemon=True))
        pipes.append(here)
    for worker in workers:
        worker.start()
    try:
        for number in range(rounds):
            check_round(number, play_round(shared, card, pipes))
    finally:
        for pipe in pipes:
            pipe.send(None)
        for worker in workers:
            worker.join(30)
            worker.kill()
    with shared.database.read() as connection:
        for table in ("access_tokens", "audit WHERE action = 'login.succeeded'"):
            count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608 - our own words
            assert count == rounds


def play_round(shared: LoginBench, card: CertificatePair, pipes: list[Any]) -> list[str]:
    """Issue one challenge, let every worker answer it, and collect what they got."""
    issued = shared.challenges.issue(relying_party="demo", request_origin=None)
    for pipe in pipes:
        pipe.send((answer(card, issued.nonce), issued.session))
    results: list[str] = []
    for pipe in pipes:
        assert pipe.poll(60), "a worker does not answer"
        results += pipe.recv()
    return results


def check_round(number: int, results: list[str]) -> None:
    """Exactly one success; every loser is told that the challenge is used, with a 4xx."""
    counted = Counter(results)
    expected = {SUCCESS: 1, "409 challenge_used": PROCESSES * THREADS - 1}
    assert counted == expected, f"round {number}"
