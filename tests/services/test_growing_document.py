"""A document that grows by updates, in memory or in a file without a name."""

import mmap
from collections.abc import Iterator
from pathlib import Path

import pytest

from idservice.services.growing_document import Data, GrowingDocument

BASE = b"base" * 5000


@pytest.fixture(params=["bytes", "map"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Data]:
    """Give the same document as bytes and as a map."""
    if request.param == "bytes":
        yield BASE
        return
    path = tmp_path / "base.pdf"
    path.write_bytes(BASE)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped


def test_updates_follow_one_another(base: Data, tmp_path: Path) -> None:
    """After each update the data is the document with all updates so far."""
    with GrowingDocument(base, tmp_path) as document:
        assert bytes(document.data) == BASE
        for update in (b"one", b"two" * 3000, b"three"):
            before = bytes(document.data)
            document.append(update)
            assert bytes(document.data) == before + update
        assert document.appended == b"one" + b"two" * 3000 + b"three"


def test_what_was_appended_can_be_taken_back(base: Data, tmp_path: Path) -> None:
    """A cut takes away the end of what was appended, never of the document, and grows on."""
    with GrowingDocument(base, tmp_path) as document:
        document.append(b"kept")
        document.append(b"taken back")
        assert bytes(document.data).endswith(b"taken back")
        document.cut(4)
        assert bytes(document.data) == BASE + b"kept"
        document.append(b" and more")
        assert bytes(document.data) == BASE + b"kept and more"
        assert document.appended == b"kept and more"


def test_nothing_is_left_behind(base: Data, tmp_path: Path) -> None:
    """The file in which a large document lies has no name, and ends with the block."""
    names = {item.name for item in tmp_path.iterdir()}
    with GrowingDocument(base, tmp_path) as document:
        document.append(b"update")
        assert len(document.data) == len(BASE) + 6
        assert {item.name for item in tmp_path.iterdir()} == names
