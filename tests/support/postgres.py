"""A throw-away PostgreSQL cluster: made when first asked for, one per test process, then removed.

PostgreSQL refuses to run as root, so a root process runs it as the user `postgres` or `nobody`.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.ports import free_port
from support.programs import require_postgres_programs, require_program

ROLE = "idservice"
START_ATTEMPTS = 3  # another process may take the free port between our look and the start
START_SECONDS = 30.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class PostgresCluster:
    """A running server on 127.0.0.1 that trusts its one role."""

    port: int
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        """Return the SQLAlchemy address of a database of this cluster."""
        return f"postgresql+psycopg://{ROLE}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Run one statement outside a transaction, as the owner of the cluster."""
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=ROLE, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """Start a cluster for this test process; skip where PostgreSQL is not installed."""
    programs = require_postgres_programs()
    folder = Path(tempfile.mkdtemp(prefix="idservice-postgres-"))
    try:
        _create(programs, folder)
        cluster = _start(programs, folder)
        try:
            yield cluster
        finally:
            _stop(cluster)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_cluster: PostgresCluster) -> Iterator[str]:
    """Give a test the address of an empty database of its own, dropped afterwards."""
    database = f"test_{uuid.uuid4().hex}"
    postgres_cluster.execute(f"CREATE DATABASE {database}")
    yield postgres_cluster.url(database)
    postgres_cluster.execute(f"DROP DATABASE {database} WITH (FORCE)")


def _create(programs: Path, folder: Path) -> None:
    """Make the cluster's files, owned by the user that will run it."""
    if user := _unprivileged_user():
        os.chown(folder, user.pw_uid, user.pw_gid)
    initdb = [str(programs / "initdb"), "--pgdata", str(folder / "data"), "--username", ROLE]
    options = ["--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
    made = subprocess.run(
        _as_unprivileged([*initdb, *options]), cwd=folder, capture_output=True, check=False
    )
    assert made.returncode == 0, f"initdb failed: {made.stderr.decode(errors='replace')}"


def _start(programs: Path, folder: Path) -> PostgresCluster:
    """Start the server on a free port and wait until it answers."""
    for _ in range(START_ATTEMPTS):
        port = free_port()
        server = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port)]
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"]
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                _as_unprivileged([*server, "-k", str(folder), *options]),
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        if _answers(process, port):
            return PostgresCluster(port, process)
    log_text = (folder / "log").read_text(errors="replace")
    raise AssertionError(f"PostgreSQL does not start: {log_text[-2000:]}")


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait for the first connection; False when the server ends before, or takes too long."""
    import psycopg

    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user=ROLE, dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    if process.poll() is None:
        process.kill()
        process.wait()
    return False


def _stop(cluster: PostgresCluster) -> None:
    """End the server by its process id: SIGINT is PostgreSQL's fast shutdown."""
    cluster.process.send_signal(signal.SIGINT)
    try:
        cluster.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        cluster.process.kill()
        cluster.process.wait()


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Return the user to run as when this process is root, else None."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _as_unprivileged(command: list[str]) -> list[str]:
    """Return the command that runs `command` as that user, under the same process id."""
    user = _unprivileged_user()
    if user is None:
        return command
    identity = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
    return [require_program("setpriv"), *identity, *command]
