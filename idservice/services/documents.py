"""Documents in files: read within a limit, write whole or not at all.

An output is written to a file without a name in the target's folder, synced, and only
then given its name, so that a process killed at any moment leaves nothing behind. Where
the file system has no nameless files a hidden `.part` file takes their place.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from idservice.errors import (
    FileNotReadable,
    FileNotWritable,
    IdServiceError,
    InputTooLarge,
    OutputExists,
)
from idservice.services.mapped_file import MappedFile

CHUNK = 1 << 20
SNAPSHOT_BYTES = 16 * CHUNK
"""Up to this size a document is read into memory, so that nobody can change it under us."""

_NO_NAMELESS_FILES = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT}


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of one file, in memory or mapped, and where they came from."""

    path: Path
    data: bytes | mmap.mmap
    _file: BinaryIO
    _identity: tuple[int, int, int, int]

    def with_data(self, data: bytes) -> Document:
        """The same document with other bytes in its place, such as those of a repair."""
        return Document(self.path, data, self._file, self._identity)

    @property
    def changed_ns(self) -> int:
        """When the file was changed last before it was opened, in nanoseconds since 1970."""
        return self._identity[3]

    def require_unchanged(self) -> None:
        """Raise FileNotReadable when the file was changed since it was opened.

        Only mapped documents can show a later change; those in memory are a snapshot.
        """
        if isinstance(self.data, bytes) or _identity(self._file) == self._identity:
            return
        raise FileNotReadable(
            f"{self.path} was changed while it was being read, so its bytes belong to no "
            "one version of it.",
            "Wait until the other program has finished writing, and try again.",
        )


@contextlib.contextmanager
def open_document(path: Path, max_bytes: int) -> Iterator[Document]:
    """Open a file for reading, at most `max_bytes` long; closed on leaving.

    Raises FileNotReadable when it is missing, no regular file or forbidden, and
    InputTooLarge beyond the limit.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(_open_regular(path))
        except OSError as exc:
            raise _not_readable(path, exc) from exc
        identity = _identity(file)
        size = identity[2]
        if size > max_bytes:
            raise InputTooLarge(
                f"{path} has {size} bytes and the limit is {max_bytes}.",
                "Use a smaller document, or raise the size limit in the settings.",
            )
        if size <= SNAPSHOT_BYTES:
            yield Document(path, file.read(size), file, identity)
            return
        mapped = MappedFile(file)
        # A mapping that somebody still looks at cannot be closed; it goes with the last look.
        stack.callback(_close_quietly, mapped)
        yield Document(path, mapped, file, identity)


@contextlib.contextmanager
def new_file(target: Path, *, replace: bool = False, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Write a file that appears under `target` whole and synced, when the block ends well.

    Without `replace` an existing target is refused with OutputExists, even one that
    appears meanwhile. Raises FileNotWritable when the folder or disk does not allow it,
    or the target is a device, a pipe or a folder.
    """
    require_free_target(target, replace=replace)
    try:
        fd, temporary = _open_new(target.parent, mode)
    except OSError as exc:
        raise _not_writable(target, exc) from exc
    try:
        with os.fdopen(fd, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary = _publish(file.fileno(), temporary, target, replace=replace)
        sync_folder(target.parent)
    except IdServiceError:
        raise
    except OSError as exc:
        raise _not_writable(target, exc) from exc
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_extended(
    document: Document, update: bytes, target: Path, *, replace: bool = False
) -> None:
    """Write a document and the update appended to it as one new file.

    The document itself is never touched: a target that is the document is refused.
    Raises OutputExists, FileNotWritable, FileNotReadable.
    """
    refuse_same_file(document.path, target)
    with new_file(target, replace=replace) as file:
        if isinstance(document.data, bytes):
            file.write(document.data)
        else:
            _copy(document, file)
        file.write(update)
        document.require_unchanged()


def require_free_target(target: Path, *, replace: bool = False) -> None:
    """Refuse a target that must not be replaced, before anything is done for it.

    Raises FileNotWritable for anything but a regular file or a link to one, even with
    `replace`: renaming a new file over a device would take the device away. Raises
    OutputExists for an existing file without `replace`.
    """
    if not os.path.lexists(target):
        return
    if not _is_regular(target):
        raise FileNotWritable(
            f"{target} is not a regular file: a device, a pipe, a folder or a broken link "
            "would be replaced by the output.",
            "Name a file with -o, or a folder with --out-dir.",
        )
    if not replace:
        raise output_exists(target)


def refuse_same_file(source: Path, target: Path) -> None:
    """Raise OutputExists when writing the target would replace the source."""
    with contextlib.suppress(OSError):
        if source.samefile(target):
            raise OutputExists(
                f"{target} is the document itself, and a document is never overwritten.",
                "Name another output with -o or --out-dir.",
            )


def spool(chunks: Iterable[bytes], target: Path, max_bytes: int) -> int:
    """Write chunks of unknown total length as one new private file; return its length.

    Raises InputTooLarge as soon as the limit is passed; then nothing is left.
    """
    written = 0
    with new_file(target, mode=0o600) as file:
        for chunk in chunks:
            written += len(chunk)
            if written > max_bytes:
                raise InputTooLarge(
                    f"The document has more than {max_bytes} bytes, the limit here.",
                    "Send a smaller document.",
                )
            file.write(chunk)
    return written


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def output_exists(target: Path) -> OutputExists:
    """Make the error for an output that would replace a file."""
    return OutputExists(
        f"{target} exists, and an existing file is not overwritten.",
        "Name another output, or give --force to replace it.",
    )


def _open_regular(path: Path) -> BinaryIO:
    # Without O_NONBLOCK a named pipe would wait for a writer for ever.
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return os.fdopen(fd, "rb")


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _identity(file: BinaryIO) -> tuple[int, int, int, int]:
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _close_quietly(mapped: mmap.mmap) -> None:
    with contextlib.suppress(BufferError):
        mapped.close()


def _open_new(folder: Path, mode: int) -> tuple[int, Path | None]:
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, mode), None
    except AttributeError:
        pass  # not Linux
    except OSError as exc:
        if exc.errno not in _NO_NAMELESS_FILES:
            raise
    temporary = folder / f".{secrets.token_hex(8)}.part"
    return os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode), temporary


def _publish(fd: int, temporary: Path | None, target: Path, *, replace: bool) -> Path | None:
    """Give the written file its name; return the temporary name that is left to remove."""
    if temporary is None and replace:
        # A nameless file cannot replace another in one step: it gets a name of its own first.
        temporary = target.parent / f".{secrets.token_hex(8)}.part"
        _link(Path(f"/proc/self/fd/{fd}"), temporary)
    if temporary is not None and replace:
        try:
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        return None
    try:
        _link(temporary or Path(f"/proc/self/fd/{fd}"), target)
    except FileExistsError as exc:
        raise output_exists(target) from exc
    return temporary


def _link(source: Path, target: Path) -> None:
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Only with a folder given does Python call linkat, which follows /proc/self/fd/N.
        os.link(source, target.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _copy(document: Document, file: BinaryIO) -> None:
    """Copy a mapped document inside the kernel, in pieces."""
    size = len(document.data)
    done = 0
    file.flush()
    while done < size:
        done += _copy_piece(document, file, done, size - done)


def _copy_piece(document: Document, file: BinaryIO, offset: int, size: int) -> int:
    try:
        copied = os.copy_file_range(document._file.fileno(), file.fileno(), size, offset)  # noqa: SLF001 - same module
    except (OSError, AttributeError):
        copied = 0  # another file system, or another kernel
    if copied:
        return copied
    return os.write(file.fileno(), document.data[offset : offset + min(size, CHUNK)])


def _not_readable(path: Path, exc: OSError) -> FileNotReadable:
    return FileNotReadable(
        f"{path} cannot be read: {exc.strerror or exc}.", "Check its name and permissions."
    )


def _not_writable(target: Path, exc: OSError) -> FileNotWritable:
    return FileNotWritable(
        f"{target} cannot be written: {exc.strerror or exc}. Nothing was left behind.",
        "Check that the folder exists, is writable, and has space.",
    )
