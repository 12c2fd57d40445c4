"""A process of the service that issues time-stamps as fast as it can, and tells of each."""

import datetime as dt
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from idservice.cms.time_stamp_request import build_request
from idservice.cms.time_stamp_response import read_response
from idservice.crypto.algorithms import SHA256
from idservice.services.assembly import open_services
from idservice.store.schema import time_stamps
from idservice.store.time_stamps import TimeStampRecord
from support.homes import settings_of

IMPRINT = bytes(32)
THREADS = 4


@dataclass(frozen=True, slots=True)
class Told:
    """One token that somebody got: when it was asked for and had, its serial and its time.

    `asked` and `had` are nanoseconds of the monotonic clock, the same for all processes.
    """

    asked: int
    had: int
    serial: str
    gen_time: dt.datetime


def assert_never_back(tokens: Sequence[Told]) -> None:
    """Who asks after another has a token gets none that is older, in whatever process."""
    by_end = sorted(tokens, key=lambda item: item.had)
    finished, newest = 0, dt.datetime.min.replace(tzinfo=dt.UTC)
    for item in sorted(tokens, key=lambda item: item.asked):
        while by_end[finished].had < item.asked:
            newest = max(newest, by_end[finished].gen_time)
            finished += 1
        assert item.gen_time >= newest


_EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def recorded(connection: Connection, *, since: dt.datetime = _EVER) -> dict[str, TimeStampRecord]:
    """All tokens that the database knows, by serial, or those of a time and later."""
    rows = connection.execute(select(time_stamps).where(time_stamps.c.gen_time >= since))
    return {row.serial: TimeStampRecord(**row._mapping) for row in rows}


def tell(line: str) -> None:
    """Write a line that is out before the next step, whatever happens then."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def issue(home: str, url: str, count: int) -> None:
    """Issue `count` tokens in each of four threads; tell when each was asked for and had."""
    services = open_services(settings_of(Path(home), IDSERVICE_DATABASE__URL=url))
    authority = services.timestamp_authority("tsa")
    lock = threading.Lock()

    def work(number: int) -> None:
        for nonce in range(number, number + count):
            asked = time.monotonic_ns()
            answer = authority.respond(build_request(IMPRINT, SHA256, nonce=nonce))
            had = time.monotonic_ns()
            token = read_response(answer, imprint=IMPRINT, hash=SHA256, nonce=nonce)
            with lock:
                tell(f"{asked} {had} {token.serial:x} {token.gen_time.isoformat()}")

    tell("ready")
    sys.stdin.readline()
    threads = [
        threading.Thread(target=work, args=(number * count,), daemon=True)
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    issue(sys.argv[1], sys.argv[2], int(sys.argv[3]))
