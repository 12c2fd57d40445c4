"""The file that a detached signature is over: named by --content, or found beside it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from idservice.services.documents import Document

_SUFFIXES = frozenset({".p7s", ".p7m", ".sig", ".pem", ".der", ".cms"})


@dataclass(frozen=True, slots=True)
class ContentWishes:
    """Where the signed file is, as the caller said."""

    path: Path | None

    def require_one_file(self, count: int) -> None:
        """Raise UsageError for one content and several signatures."""
        if self.path is not None and count > 1:
            raise click.UsageError(
                "--content is the file of one signature. Give one signature, or put every file "
                "beside its own: contract.txt beside contract.txt.p7s."
            )

    @contextlib.contextmanager
    def of(self, signature: Path, data: Any) -> Iterator[Document | None]:
        """Give the file that a signature is over; None for a PDF, and where there is none.

        Raises FileNotReadable for a file that was named and cannot be opened.
        """
        from idservice.services.document_reading import begins_as_cms
        from idservice.services.documents import open_document

        found = (self.path or beside(signature)) if begins_as_cms(data) else None
        if found is None:
            yield None
            return
        with open_document(found, sys.maxsize) as document:
            yield document


def beside(signature: Path) -> Path | None:
    """Return the file of which the name is that of the signature without its last part."""
    found = signature.with_suffix("")
    if signature.suffix.lower() not in _SUFFIXES or not found.is_file():
        return None
    return found


def content_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add --content to a command, which gets `content`."""

    @click.option(
        "--content",
        "content_path",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The file that a detached signature (.p7s) is over; beside it unless given.",
    )
    @wraps(command)
    def with_content(*args: Any, content_path: Path | None, **others: Any) -> int:
        return command(*args, content=ContentWishes(content_path), **others)

    return with_content
