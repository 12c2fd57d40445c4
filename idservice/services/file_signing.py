"""Signing files with a key that is open here: a server key after its PIN, or a card.

For each file, in this order: read, prepare; in one write transaction look once more at
person, certificate and PIN, write the audit row and make the signature value; after the
commit write the output, whole or not at all. If the audit row cannot be written, no
value leaves the transaction. Above B-B the proofs are had between commit and output: when
that fails, the failure is recorded, nothing is written, and the key was used once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import NameOID

from idservice.cms.signed_data import CmsTemplate, cms_template
from idservice.crypto.certificates import readable_name
from idservice.errors import IdServiceError
from idservice.pades.baseline import Baseline
from idservice.pades.pending import PendingSignature
from idservice.pades.signing import complete, prepare, signature_cms
from idservice.services.documents import open_document, require_free_target, write_extended
from idservice.services.file_orders import BegunFile, FileOrder, SignedFile, SourceState, read_file
from idservice.services.key_custody import HeldKey
from idservice.services.signature_options import SignatureOptions, SignerWishes
from idservice.settings import SigningSettings
from idservice.store import audit
from idservice.store.database import Connection, Database

if TYPE_CHECKING:
    from idservice.services.level_sources import LevelChoice
    from idservice.services.levels import Levels

__all__ = [
    "BegunFile",
    "FileOrder",
    "FileSigner",
    "FileSigning",
    "SignatureOptions",
    "SignedFile",
    "SourceState",
]

MAX_ADDED_BYTES = 64 * 1024 * 1024
"""How much longer than the longest document an output may be."""


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

    @property
    def level(self) -> Baseline:
        """The level of every signature."""
        return Baseline.B_B if self._raised is None else self._raised.level

    @property
    def certificate_sha256(self) -> str:
        """The SHA-256 of the signing certificate, in hexadecimal."""
        return hashlib.sha256(self._key.certificate_der).hexdigest()

    def sign(self, order: FileOrder) -> SignedFile:
        """Sign one file and return when the output is durable.

        Raises FileNotReadable, InputTooLarge, OutputExists, FileNotWritable, the errors
        of reading and preparing a PDF, and those of the key's state; above B-B those of
        `Levels.finish`. Then there is no output, and an existing one is as it was.
        """
        with ExitStack() as stack:
            begun = self.begin(order, stack)
            [value] = self.make_values([begun])
            return self.finish(begun, value, made_here=True)

    def begin(self, order: FileOrder, stack: ExitStack) -> BegunFile:
        """Read and prepare a file, which stays open until `stack` closes.

        Raises what `sign` raises before the key is used.
        """
        require_free_target(order.target, replace=order.replace)
        read = read_file(order, stack, self._max_bytes)
        options = order.options.for_signer(
            self.signer_name, certificate_der=self._key.certificate_der
        )
        raised = self._raised
        room = 0 if raised is None else raised.levels.room(raised.level)
        pending = prepare(read.pdf, self._template, at=self._clock(), options=options, room=room)
        return read.begun(order, pending)

    def begin_again(
        self, order: FileOrder, pending: PendingSignature, stack: ExitStack
    ) -> BegunFile | None:
        """Take up a signature that was begun before; None when the file is another one now."""
        read = read_file(order, stack, self._max_bytes)
        data = memoryview(read.document.data)
        same = (
            len(data) == pending.input_size
            and pending.template.algorithm.hash.digest(data) == pending.input_digest
            and pending.template.certificate_der == self._template.certificate_der
        )
        return read.begun(order, pending) if same else None

    def make_values(
        self,
        files: Sequence[BegunFile],
        *,
        again: Sequence[BegunFile] = (),
        before_commit: Callable[[Sequence[bytes]], None] | None = None,
    ) -> list[bytes]:
        """Make the values of files in one transaction with their audit rows.

        `again` are files whose values exist already and are only recorded. `before_commit`
        sees the values first; what it raises undoes the transaction. Raises the errors of
        the key's state.
        """
        with self._database.begin() as connection:
            self._key.require_usable(connection)
            for begun in again:
                self._record(connection, "signature.resumed", begun)
            for begun in files:
                self._record(connection, "signature.made", begun)
            values = [self._key.signer.sign(begun.pending.dtbs) for begun in files]
            if before_commit is not None:
                before_commit(values)
        return values

    def finish(self, begun: BegunFile, value: bytes, *, made_here: bool = False) -> SignedFile:
        """Write the output with a value, whole and durable.

        A value that was not `made_here` a moment ago is verified first. Raises what `sign`
        raises after the key was used.
        """
        order = begun.order
        update = self._finished(begun, value, made_here=made_here)
        write_extended(begun.document, update, order.target, replace=order.replace)
        digest = begun.digest.copy()
        digest.update(update)
        return self._signed(begun, begun.pending.input_size + len(update), digest.hexdigest())

    def delivered_before(self, begun: BegunFile, value: bytes) -> SignedFile | None:
        """Return the output that already has this very signature; None when there is none.

        Raises OutputExists when something else is there and must not be replaced.
        """
        target = begun.order.target
        if not target.exists():
            return None
        with open_document(target, self._max_bytes + MAX_ADDED_BYTES) as output:
            if begun.pending.is_completed_in(output.data, value):
                sha256 = hashlib.sha256(output.data).hexdigest()
                return self._signed(begun, len(output.data), sha256)
        require_free_target(target, replace=begun.order.replace)
        return None

    def _signed(self, begun: BegunFile, size: int, sha256: str) -> SignedFile:
        order, name = begun.order, begun.pending.field_name
        return SignedFile(
            order.source, order.target, name, size, begun.faults, self.level.value, sha256
        )

    def _finished(self, begun: BegunFile, value: bytes, *, made_here: bool) -> bytes:
        """Return what is appended to the source: the signature with the proofs of its level."""
        pending = begun.pending
        if self._raised is None:
            return complete(pending, value, made_here=made_here)
        cms_der = signature_cms(pending, value, made_here=made_here)
        try:
            return self._raised.levels.finish(
                begun.document.data,
                pending,
                cms_der,
                value,
                self._raised.level,
                password=begun.order.password,
            )
        except IdServiceError as exc:
            with self._database.begin() as connection:
                self._record(connection, "level.failed", begun, error=exc.code)
            raise

    def _record(
        self,
        connection: Connection,
        action: str,
        begun: BegunFile,
        **more: str,
    ) -> None:
        audit.record(
            connection,
            at=self._clock(),
            action=action,
            subject=f"person:{self._key.person_code}",
            actor=f"{self._key.custody}-key",
            details={
                "document": begun.order.source.name,
                "document_sha256": begun.sha256,
                "certificate_sha256": self.certificate_sha256,
                "field": begun.pending.field_name,
                "level": self.level.value,
                **more,
            },
        )


def _common_name(certificate_der: bytes) -> str:
    subject = load_der_x509_certificate(certificate_der).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else readable_name(subject)
