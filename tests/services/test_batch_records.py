"""The records of a batch: what a kill cut off is passed over, and everything else is found."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import BatchBusy, BatchNotResumable
from idservice.services import batch_manifest
from idservice.services.batch_journal import (
    Journal,
    JournalEntry,
    journal_path,
    read_journals,
    remove_journals,
)
from idservice.services.batch_manifest import MANIFEST, Manifest

HEADER = {"source": "/in", "certificate_sha256": "ab", "level": "B-B", "options_sha256": "cd"}
ENTRIES = [JournalEntry(f"{number}.pdf", "aa", b"pending", b"value") for number in range(3)]


def test_a_journal_gives_back_what_was_added(tmp_path: Path) -> None:
    """Entries of several journals are found by file, until they are dropped."""
    first, second = (Journal(journal_path(tmp_path, name)) for name in ("a", "b"))
    first.add(ENTRIES[:2])
    second.add(ENTRIES[2:])
    assert sorted(read_journals(tmp_path)) == ["0.pdf", "1.pdf", "2.pdf"]
    first.drop()
    assert read_journals(tmp_path) == {"2.pdf": ENTRIES[2]}
    first.add(ENTRIES[:1])
    assert sorted(read_journals(tmp_path)) == ["0.pdf", "2.pdf"]
    remove_journals(tmp_path)
    assert read_journals(tmp_path) == {}


def test_every_torn_end_of_a_journal_leaves_the_entries_before_it(tmp_path: Path) -> None:
    """Cut at any byte, a journal gives the entries that are whole and no error."""
    path = journal_path(tmp_path, "a")
    Journal(path).add(ENTRIES)
    data = path.read_bytes()
    counts = []
    for size in range(len(data) + 1):
        path.write_bytes(data[:size])
        found = read_journals(tmp_path)
        assert list(found.values()) == ENTRIES[: len(found)]
        counts.append(len(found))
    assert counts == sorted(counts)
    assert counts[-1] == len(ENTRIES)


@given(st.binary(max_size=300))
def test_nothing_in_a_journal_breaks_its_reader(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Whatever stands behind the first line, reading it ends without an error."""
    folder = tmp_path_factory.mktemp("journals")
    journal_path(folder, "a").write_bytes(b"idservice batch journal 1\n" + data)
    assert read_journals(folder) == {}


def test_a_torn_line_of_a_manifest_is_passed_over(tmp_path: Path) -> None:
    """What follows a line that a kill cut in two is a line of its own."""
    manifest = Manifest(tmp_path)
    manifest.begin(HEADER, resume=False)
    manifest.add([{"type": "file", "file": "a.pdf", "status": "signed"}])
    manifest.close()
    path = tmp_path / MANIFEST
    path.write_bytes(path.read_bytes() + b'{"type": "file", "file": "b.p')
    again = Manifest(tmp_path)
    again.begin(HEADER, resume=True)
    again.add([{"type": "file", "file": "c.pdf", "status": "signed"}])
    again.close()
    last = Manifest(tmp_path)
    assert sorted(last.files()) == ["a.pdf", "c.pdf"]
    last.close()


def test_the_latest_line_of_a_file_counts(tmp_path: Path) -> None:
    """A file that failed first and was signed later is signed."""
    manifest = Manifest(tmp_path)
    manifest.begin(HEADER, resume=False)
    line: dict[str, Any] = {"type": "file", "file": "a.pdf"}
    manifest.add([{**line, "status": "failed"}, {**line, "status": "signed"}])
    manifest.close()
    again = Manifest(tmp_path)
    assert again.files()["a.pdf"]["status"] == "signed"
    again.close()


@pytest.mark.parametrize("name", sorted(HEADER))
def test_another_batch_is_not_gone_on_with(tmp_path: Path, name: str) -> None:
    """Folder, key, level and options must be those that the batch was begun with."""
    manifest = Manifest(tmp_path)
    manifest.begin(HEADER, resume=False)
    manifest.close()
    again = Manifest(tmp_path)
    with pytest.raises(BatchNotResumable):
        again.begin({**HEADER, name: "other"}, resume=True)
    with pytest.raises(BatchNotResumable):
        again.begin(HEADER, resume=False)
    again.begin(HEADER, resume=True)
    again.close()


def test_two_batches_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one process holds the manifest, another is refused after a moment of patience."""
    monkeypatch.setattr(batch_manifest, "PATIENCE_SECONDS", 0.1)
    manifest = Manifest(tmp_path)
    with pytest.raises(BatchBusy):
        Manifest(tmp_path)
    manifest.close()
    Manifest(tmp_path).close()
