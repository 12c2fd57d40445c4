"""A process of the service that answers one challenge with many threads at the same moment."""

import threading
from multiprocessing.connection import Connection as Pipe
from typing import Any

from cryptography.x509 import load_der_x509_certificate

from idservice.errors import IdServiceError
from idservice.keystore.secret import KeyStoreSecret
from idservice.store.database import Database
from idservice.web.problems import status_of
from support.login import LoginBench

PROCESSES = 4
THREADS = 16
SECRET = b"s" * 32
SUCCESS = "logged in"


def serve_rounds(url: str, issuing_der: bytes, pipe: Pipe, barrier: Any) -> None:
    """Work as one process of the service: answer rounds until told to stop."""
    issuer = load_der_x509_certificate(issuing_der)
    bench = LoginBench(database(url), KeyStoreSecret(SECRET), issuer=issuer)
    with bench.database.read():
        pass
    while (task := pipe.recv()) is not None:
        results: list[str] = []
        threads = [
            threading.Thread(target=try_login, args=(bench, *task, barrier, results))
            for _ in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pipe.send(results)
    bench.database.close()


def try_login(
    bench: LoginBench, token: dict[str, Any], session: str, barrier: Any, results: list[str]
) -> None:
    """Wait for all others, log in, and note what came of it."""
    barrier.wait(60)
    try:
        bench.authentication.login(token, session=session, request_origin=None)
    except IdServiceError as error:
        results.append(f"{status_of(type(error))} {error.code}")
    else:
        results.append(SUCCESS)


def database(url: str) -> Database:
    """Open the database with a connection for every thread."""
    return Database(url, pool_size=THREADS, busy_seconds=30)
