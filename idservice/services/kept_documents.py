"""Documents in the state folder that wait for a signature value, each under its identifier."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from idservice.errors import (
    FileNotReadable,
    FileNotWritable,
    InputTooLarge,
    StorageUnavailable,
)
from idservice.pades.pending import PendingSignature
from idservice.services.documents import Document, open_document, spool
from idservice.services.signature_state import lost
from idservice.store import pending_signatures as store
from idservice.store.database import Database

IDENTIFIER_BYTES = 24
CLEAN_UP_EVERY = timedelta(hours=1)

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{32}")


def new_identifier() -> str:
    """Draw an identifier that nobody can guess."""
    return secrets.token_urlsafe(IDENTIFIER_BYTES)


def is_identifier(text: str) -> bool:
    """Whether a text from outside has the form of an identifier."""
    return _IDENTIFIER.fullmatch(text) is not None


class KeptDocuments:
    """The documents of all signatures that wait."""

    def __init__(
        self,
        database: Database,
        *,
        folder: Path,
        max_bytes: int,
        lifetime: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        """Keep documents of at most `max_bytes` in `folder`; `database` tells which still wait."""
        self._database = database
        self._folder = folder
        self._max_bytes = max_bytes
        self._lifetime = lifetime
        self._clock = clock
        self._cleaned_at: datetime | None = None

    def path(self, identifier: str) -> Path:
        """Return where a document lies; the identifier must be one of ours."""
        return self._folder / f"{identifier}.pdf"

    def keep(self, identifier: str, document: Iterable[bytes]) -> None:
        """Keep a document that comes in pieces. Raises InputTooLarge, StorageUnavailable."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            spool(document, self.path(identifier), self._max_bytes)
        except (FileNotWritable, OSError) as exc:
            raise StorageUnavailable(
                "The document cannot be kept until it is signed.",
                "Free space in the state folder; `idservice doctor` tells what is wrong.",
            ) from exc

    def forget(self, identifier: str) -> None:
        """Remove a document, if it is there."""
        self.path(identifier).unlink(missing_ok=True)

    @contextmanager
    def required(self) -> Iterator[None]:
        """Report a document that cannot be read as lost: its place is nobody else's matter."""
        try:
            yield
        except (FileNotReadable, OSError) as exc:
            raise lost() from exc

    @contextmanager
    def opened(self, identifier: str, pending: PendingSignature) -> Iterator[Document]:
        """Open a document, proving that it is what is signed. Raises what `lost` makes."""
        with ExitStack() as stack:
            try:
                document = stack.enter_context(
                    open_document(self.path(identifier), self._max_bytes)
                )
            except (FileNotReadable, InputTooLarge, OSError, ValueError) as exc:
                raise lost() from exc
            if pending.template.algorithm.hash.new(document.data).digest() != pending.input_digest:
                raise lost()
            yield document

    def clean_up(self) -> int:
        """Remove documents that nobody can ask for any more; return how many."""
        now = self._clock()
        with self._database.begin() as connection:
            store.forget_expired(connection, now)
        removed = 0
        for path in self._folder.glob("*.pdf"):
            removed += self._remove_if_over(path, now)
        return removed

    def clean_up_if_due(self) -> None:
        """Clean up when the last time is an hour ago."""
        now = self._clock()
        if self._cleaned_at is None or now - self._cleaned_at >= CLEAN_UP_EVERY:
            self._cleaned_at = now
            self.clean_up()

    def _remove_if_over(self, path: Path, now: datetime) -> bool:
        with self._database.read() as connection:
            if store.is_waiting(connection, path.stem):
                return False
        try:
            age = now.timestamp() - path.stat().st_mtime
            # A document without a record may have been spooled a moment ago.
            if age < self._lifetime.total_seconds() and not self._is_known(path.stem):
                return False
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def _is_known(self, identifier: str) -> bool:
        with self._database.read() as connection:
            return store.find(connection, identifier) is not None
