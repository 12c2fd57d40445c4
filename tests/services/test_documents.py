"""Files are read within limits and written whole or not at all."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from idservice.errors import FileNotReadable, FileNotWritable, InputTooLarge, OutputExists
from idservice.services import documents

LIMIT = 64 << 20


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_a_small_document_is_a_snapshot(tmp_path: Path) -> None:
    """Changing a small file after it was opened changes nothing that we see."""
    path = tmp_path / "in"
    path.write_bytes(b"as it was")
    with documents.open_document(path, LIMIT) as document:
        path.write_bytes(b"changed")
        assert bytes(document.data) == b"as it was"
        document.require_unchanged()


def test_a_large_document_is_mapped_and_its_change_noticed(tmp_path: Path) -> None:
    """A file too large to snapshot is mapped; writing to it meanwhile is found out."""
    path = tmp_path / "in"
    path.write_bytes(bytes(documents.SNAPSHOT_BYTES + 1))
    with documents.open_document(path, LIMIT) as document:
        assert not isinstance(document.data, bytes)
        document.require_unchanged()
        os.utime(path, ns=(1, 1))
        with pytest.raises(FileNotReadable):
            documents.write_extended(document, b"update", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("size", [0, 1, documents.SNAPSHOT_BYTES + 12345])
def test_an_output_is_the_input_and_the_update(tmp_path: Path, size: int) -> None:
    """The output holds every byte of the input, then the update, whatever the size."""
    path = tmp_path / "in"
    path.write_bytes(os.urandom(size))
    with documents.open_document(path, LIMIT) as document:
        documents.write_extended(document, b"and more", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == path.read_bytes() + b"and more"
    assert names(tmp_path) == ["in", "out"]


def test_the_kernel_may_refuse_to_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where copy_file_range does not work, the same bytes are written anyway."""

    def refuse(*_: object) -> int:
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "copy_file_range", refuse)
    test_an_output_is_the_input_and_the_update(tmp_path, documents.SNAPSHOT_BYTES + 3)


def test_a_file_system_without_nameless_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without O_TMPFILE the output is as whole, and nothing else is left."""
    monkeypatch.delattr(os, "O_TMPFILE")
    test_an_output_is_the_input_and_the_update(tmp_path, 10)
    with pytest.raises(OutputExists), documents.new_file(tmp_path / "out"):
        pytest.fail("an existing output must not be opened")
    with documents.new_file(tmp_path / "out", replace=True) as file:
        file.write(b"new")
    assert (tmp_path / "out").read_bytes() == b"new"
    assert names(tmp_path) == ["in", "out"]


def test_an_existing_file_stays(tmp_path: Path) -> None:
    """Without `replace` nothing is overwritten, not even a file that appears meanwhile."""
    target = tmp_path / "out"
    with pytest.raises(OutputExists), documents.new_file(target):
        target.write_bytes(b"theirs")
    assert target.read_bytes() == b"theirs"
    assert names(tmp_path) == ["out"]


def test_replacing_is_one_step(tmp_path: Path) -> None:
    """With `replace` the new file takes the old one's place, and only when it is whole."""
    target = tmp_path / "out"
    target.write_bytes(b"old")
    with documents.new_file(target, replace=True) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["out"]


def test_only_files_are_replaced(tmp_path: Path) -> None:
    """A pipe, a folder and a broken link stay what they are, even with `replace`."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken").symlink_to(tmp_path / "none")
    for name in ("pipe", "folder", "broken"):
        with (
            pytest.raises(FileNotWritable, match="not a regular file"),
            documents.new_file(tmp_path / name, replace=True),
        ):
            pytest.fail(f"{name} must not be opened")
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "broken").is_symlink()
    assert names(tmp_path) == ["broken", "folder", "pipe"]


@pytest.mark.parametrize("nameless", [False, True])
def test_a_failed_replacement_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, nameless: bool
) -> None:
    """When a folder takes the target's name meanwhile, no temporary file is left."""
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE")
    target = tmp_path / "out"
    with pytest.raises(FileNotWritable), documents.new_file(target, replace=True):
        target.mkdir()
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("replace", [False, True])
def test_a_failed_block_leaves_nothing(tmp_path: Path, *, replace: bool) -> None:
    """An error in the middle leaves no file, not even a temporary one."""

    def fail() -> None:
        with documents.new_file(tmp_path / "out", replace=replace) as file:
            file.write(bytes(1 << 20))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(tmp_path) == []


def test_the_document_is_never_the_output(tmp_path: Path) -> None:
    """Even with `replace`, and even through a link, the input is not written to."""
    path = tmp_path / "in"
    path.write_bytes(b"input")
    (tmp_path / "link").symlink_to(path)
    with documents.open_document(path, LIMIT) as document:
        for target in (path, tmp_path / "link"):
            with pytest.raises(OutputExists):
                documents.write_extended(document, b"x", target, replace=True)
    assert path.read_bytes() == b"input"


def test_the_limit_is_exact(tmp_path: Path) -> None:
    """A document of exactly the limit is read, one byte more is refused."""
    path = tmp_path / "in"
    path.write_bytes(bytes(100))
    with documents.open_document(path, 100) as document:
        assert len(document.data) == 100
    with pytest.raises(InputTooLarge), documents.open_document(path, 99):
        pytest.fail("too large a document must not be opened")


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    """A folder, a named pipe, a device and a missing file are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero"), tmp_path / "none"):
        with pytest.raises(FileNotReadable), documents.open_document(path, LIMIT):
            pytest.fail(f"{path} must not be opened")


def test_an_unwritable_folder_is_told(tmp_path: Path) -> None:
    """A missing folder gives our error, not an OSError."""
    with pytest.raises(FileNotWritable), documents.new_file(tmp_path / "none" / "out"):
        pytest.fail("a file in a missing folder must not be opened")


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """When a write fails, the output does not appear at all."""
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from idservice.errors import FileNotWritable\n"
        "from idservice.services import documents\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    with documents.new_file(Path(sys.argv[1])) as file: file.write(bytes(100000))\n"
        "except FileNotWritable: sys.exit(7)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out")], check=False, capture_output=True
    )
    assert done.returncode == 7, done.stderr
    assert names(tmp_path) == []


def test_a_spool_stops_at_its_limit(tmp_path: Path) -> None:
    """A stream that is too long is refused before it is read to its end, and leaves nothing."""
    chunks = iter([bytes(60), bytes(60), bytes(60)])
    with pytest.raises(InputTooLarge):
        documents.spool(chunks, tmp_path / "spooled", 100)
    assert list(chunks) == [bytes(60)]
    assert names(tmp_path) == []
    assert documents.spool([bytes(60), bytes(40)], tmp_path / "spooled", 100) == 100
    assert (tmp_path / "spooled").stat().st_mode & 0o777 == 0o600
