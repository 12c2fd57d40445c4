"""Signing files with a key that is open here: a server key after its PIN, or a card.

For each file, in this order: read, prepare; in one write transaction look once more at
person, certificate and PIN, write the audit row and make the signature value; after the
commit write the output, whole or not at all. If the audit row cannot be written, no
value leaves the transaction. Above B-B the proofs are had between commit and output: when
that fails, the failure is recorded, nothing is written, and the key was used once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import NameOID

from idservice.cms.signed_data import CmsTemplate, cms_template
from idservice.errors import IdServiceError, MalformedPdf
from idservice.pades.baseline import Baseline
from idservice.pades.pending import PendingSignature
from idservice.pades.signing import complete, prepare, signature_cms
from idservice.pdf.document import PdfDocument
from idservice.pdf.document import open_document as open_pdf
from idservice.pdf.repair import repair
from idservice.services.documents import (
    Document,
    open_document,
    refuse_same_file,
    require_free_target,
    write_extended,
)
from idservice.services.key_custody import HeldKey
from idservice.services.signature_options import SignatureOptions, SignerWishes
from idservice.settings import SigningSettings
from idservice.store import audit
from idservice.store.database import Connection, Database

if TYPE_CHECKING:
    from idservice.services.level_sources import LevelChoice
    from idservice.services.levels import Levels

__all__ = ["FileOrder", "FileSigner", "FileSigning", "SignatureOptions", "SignedFile"]


@dataclass(frozen=True, slots=True)
class FileOrder:
    """One file to sign: where it is, where the signed file goes, and how.

    `repair` lets a damaged file that nobody signed be rewritten before it is signed;
    `replace` lets an existing output be replaced, but never the source.
    """

    source: Path
    target: Path
    options: SignatureOptions = field(default_factory=SignatureOptions)
    password: str | None = None
    repair: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class SignedFile:
    """A file that was signed and is durable.

    Its field, its size in bytes, what was repaired before, and the level of the signature.
    """

    source: Path
    target: Path
    field_name: str
    size: int
    repaired_faults: tuple[str, ...] = ()
    level: str = Baseline.B_B.value


class FileSigning:
    """Makes signers for keys that were opened here."""

    def __init__(
        self,
        database: Database,
        settings: SigningSettings,
        *,
        levels: Callable[[LevelChoice], Levels],
        clock: Callable[[], datetime],
    ) -> None:
        """Record every signature in `database`; `levels` opens what raises signatures."""
        self._database = database
        self._levels = levels
        self._level = Baseline(settings.level)
        self._max_bytes = settings.max_document_bytes
        self._experimental = settings.experimental_algorithms
        self._clock = clock

    def with_key(
        self, key: HeldKey, wishes: SignerWishes | None = None, level: LevelChoice | None = None
    ) -> FileSigner:
        """Return a signer for any number of files; the PIN was evaluated once, for the key.

        `wishes` may name another algorithm than the key's usual one, `level` another level
        than that of the settings. Raises UnsupportedAlgorithm when the key cannot sign so,
        and what `open_levels` raises.
        """
        key = (wishes or SignerWishes()).applied_to(key, experimental=self._experimental)
        # The root is left out of signatures: who trusts it has it (RFC 5652 cl. 10.2.3).
        template = cms_template(key.certificate_der, key.chain_der[:1], key.signer.algorithm)
        raised = self._raised(level)
        return FileSigner(self._database, self._max_bytes, self._clock, key, template, raised)

    def _raised(self, choice: LevelChoice | None) -> RaisedTo | None:
        level = self._level if choice is None or choice.level is None else choice.level
        if level is Baseline.B_B:
            return None
        # A signature of the lowest level is made without loading what talks to others.
        from idservice.services.level_sources import LevelChoice

        return RaisedTo(level, self._levels(choice or LevelChoice()))


@dataclass(frozen=True, slots=True)
class RaisedTo:
    """A level above B-B, and what raises signatures to it."""

    level: Baseline
    levels: Levels


class FileSigner:
    """Signs files, one after the other, each by itself."""

    def __init__(
        self,
        database: Database,
        max_bytes: int,
        clock: Callable[[], datetime],
        key: HeldKey,
        template: CmsTemplate,
        raised: RaisedTo | None = None,
    ) -> None:
        """Take what all signatures of one key share; without `raised` they are B-B."""
        self._database = database
        self._max_bytes = max_bytes
        self._clock = clock
        self._key = key
        self._template = template
        self._raised = raised
        self.signer_name = _common_name(key.certificate_der)

    def sign(self, order: FileOrder) -> SignedFile:
        """Sign one file and return when the output is durable.

        Raises FileNotReadable, InputTooLarge, OutputExists, FileNotWritable, the errors
        of reading and preparing a PDF, and those of the key's state; above B-B those of
        `Levels.finish`. Then there is no output, and an existing one is as it was.
        """
        refuse_same_file(order.source, order.target)
        require_free_target(order.target, replace=order.replace)
        with open_document(order.source, self._max_bytes) as document:
            return self._sign(order, document)

    def _sign(self, order: FileOrder, document: Document) -> SignedFile:
        pdf, faults = self._open(order, document.data)
        source = document.with_data(bytes(pdf.data)) if faults else document
        options = order.options.for_signer(
            self.signer_name, certificate_der=self._key.certificate_der
        )
        raised = self._raised
        room = 0 if raised is None else raised.levels.room(raised.level)
        pending = prepare(pdf, self._template, at=self._clock(), options=options, room=room)
        sha256 = hashlib.sha256(source.data).hexdigest()
        value = self._make_value(order, pending, sha256)
        update = self._finished(order, source, pending, value, sha256)
        write_extended(source, update, order.target, replace=order.replace)
        size = pending.input_size + len(update)
        return SignedFile(
            order.source, order.target, pending.field_name, size, faults, self.level.value
        )

    @property
    def level(self) -> Baseline:
        """The level of every signature."""
        return Baseline.B_B if self._raised is None else self._raised.level

    def _finished(
        self,
        order: FileOrder,
        source: Document,
        pending: PendingSignature,
        value: bytes,
        sha256: str,
    ) -> bytes:
        """Return what is appended to the source: the signature with the proofs of its level."""
        if self._raised is None:
            return complete(pending, value, made_here=True)
        cms_der = signature_cms(pending, value, made_here=True)
        try:
            return self._raised.levels.finish(
                source.data, pending, cms_der, value, self._raised.level, password=order.password
            )
        except IdServiceError as exc:
            with self._database.begin() as connection:
                self._record(connection, "level.failed", order, pending, sha256, error=exc.code)
            raise

    def _open(self, order: FileOrder, data: bytes | mmap) -> tuple[PdfDocument, tuple[str, ...]]:
        """Open strictly; if that fails and repair was asked for, open what repair makes of it."""
        try:
            return open_pdf(data, password=order.password, max_bytes=self._max_bytes), ()
        except MalformedPdf as exc:
            if not order.repair:
                raise
            damage = exc.detail
        repaired = repair(data, password=order.password, max_bytes=self._max_bytes)
        pdf = open_pdf(repaired.data, password=order.password, max_bytes=self._max_bytes)
        return pdf, repaired.faults or (damage,)

    def _make_value(self, order: FileOrder, pending: PendingSignature, sha256: str) -> bytes:
        with self._database.begin() as connection:
            self._key.require_usable(connection)
            self._record(connection, "signature.made", order, pending, sha256)
            return self._key.signer.sign(pending.dtbs)

    def _record(
        self,
        connection: Connection,
        action: str,
        order: FileOrder,
        pending: PendingSignature,
        sha256: str,
        **more: str,
    ) -> None:
        audit.record(
            connection,
            at=self._clock(),
            action=action,
            subject=f"person:{self._key.person_code}",
            actor=f"{self._key.custody}-key",
            details={
                "document": order.source.name,
                "document_sha256": sha256,
                "certificate_sha256": hashlib.sha256(self._key.certificate_der).hexdigest(),
                "field": pending.field_name,
                "level": self.level.value,
                **more,
            },
        )


def _common_name(certificate_der: bytes) -> str:
    subject = load_der_x509_certificate(certificate_der).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else subject.rfc4514_string()
