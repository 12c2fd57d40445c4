"""Wired login services over a fresh database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.login import LoginBench, sqlite_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LoginBench]:
    """Give wired services over a new SQLite database."""
    opened = sqlite_bench(tmp_path)
    yield opened
    opened.database.close()
