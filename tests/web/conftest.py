"""The web application over a home of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.web import WebBench, open_web


@pytest.fixture
def web(home: Path) -> Iterator[WebBench]:
    """Give the application of a fresh home, and its client."""
    bench = open_web(home)
    yield bench
    bench.services.close()
