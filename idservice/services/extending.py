"""Raising the level of files that are signed already, by us or by others.

The source is never touched; the output appears whole or not at all. A file whose signatures
have the level is copied as it is, so that whoever asked finds an output at that level in any
case. No key of a person is used, and nothing about the person is recorded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from idservice.pades.baseline import Baseline
from idservice.services.document_reading import FactsReader
from idservice.services.documents import (
    open_document,
    refuse_same_file,
    require_free_target,
    write_extended,
)
from idservice.services.growing_document import Data
from idservice.services.levels import Levels
from idservice.store import audit
from idservice.store.database import Database


@dataclass(frozen=True, slots=True)
class ExtensionOrder:
    """One file to extend: where it is, where the output goes, and the password that opens it.

    `replace` lets an existing output be replaced, but never the source.
    """

    source: Path
    target: Path
    password: str | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class ExtendedFile:
    """An output that is durable, its size in bytes, and whether anything was added."""

    source: Path
    target: Path
    level: Baseline
    size: int
    changed: bool


class Extending:
    """Extends documents to one level."""

    def __init__(
        self,
        levels: Levels,
        level: Baseline,
        database: Database,
        *,
        max_bytes: int,
        reader: FactsReader,
        clock: Callable[[], datetime],
    ) -> None:
        """Take what raises levels; `reader` reads the facts of documents of strangers."""
        self._levels = levels
        self._level = level
        self._database = database
        self._max_bytes = max_bytes
        self._reader = reader
        self._clock = clock

    def extend(self, order: ExtensionOrder) -> ExtendedFile:
        """Extend one file and return when the output is durable.

        Raises FileNotReadable, InputTooLarge, OutputExists, FileNotWritable, the errors of
        reading a PDF, and those of `Levels.extend`. Then there is no output, and an existing
        one is as it was.
        """
        refuse_same_file(order.source, order.target)
        require_free_target(order.target, replace=order.replace)
        with open_document(order.source, self._max_bytes) as document:
            update = self.update_for(document.data, password=order.password, actor="command-line")
            write_extended(document, update, order.target, replace=order.replace)
            size = len(document.data) + len(update)
        return ExtendedFile(order.source, order.target, self._level, size, bool(update))

    def update_for(self, document: Data, *, password: str | None, actor: str) -> bytes:
        """Return what to append to a document so that it has the level; nothing if it has.

        `actor` is who asked, for the audit log. Raises the errors of reading a PDF and those
        of `Levels.extend`.
        """
        facts = self._reader(document, password=password, max_bytes=self._max_bytes)
        update = self._levels.extend(document, facts, self._level, password=password)
        if update:
            self._record(document, actor)
        return update

    def _record(self, document: Data, actor: str) -> None:
        with self._database.begin() as connection:
            audit.record(
                connection,
                at=self._clock(),
                action="document.extended",
                subject="document",
                actor=actor,
                details={
                    "document_sha256": hashlib.sha256(document).hexdigest(),
                    "level": self._level.value,
                },
            )
