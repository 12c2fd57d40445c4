"""Wired login services over a fresh database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from idservice.services.assembly import Services
from support.login import LoginBench, sqlite_bench
from support.people import services_of


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LoginBench]:
    """Give wired services over a new SQLite database."""
    opened = sqlite_bench(tmp_path)
    yield opened
    opened.database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """Give the services of an initialised home, once on each database."""
    opened = services_of(request, tmp_path)
    yield opened
    opened.close()
