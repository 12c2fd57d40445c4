"""Wired login services over a fresh database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from idservice.store.database import Database
from support.login import LoginBench, open_bench, sqlite_bench


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoginBench]:
    """Give wired services over a new database, of SQLite unless a test asks for another."""
    if getattr(request, "param", "sqlite") == "sqlite":
        opened = sqlite_bench(tmp_path)
    else:
        opened = open_bench(Database(request.getfixturevalue("postgres_url")))
    yield opened
    opened.database.close()
