"""Signing files with a key that is open here: a server key after its PIN, or a card.

For each file, in this order: read, prepare; in one write transaction look once more at
person, certificate and PIN, write the audit row and make the signature value; after the
commit write the output, whole or not at all. If the audit row cannot be written, no
value leaves the transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from mmap import mmap
from pathlib import Path

from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import NameOID

from idservice.cms.signed_data import CmsTemplate, cms_template
from idservice.errors import MalformedPdf
from idservice.pades.pending import PendingSignature
from idservice.pades.signing import complete, prepare
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
from idservice.store.database import Database

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
    """A file that was signed and is durable: its field, its size in bytes, what was repaired."""

    source: Path
    target: Path
    field_name: str
    size: int
    repaired_faults: tuple[str, ...] = ()


class FileSigning:
    """Makes signers for keys that were opened here."""

    def __init__(
        self, database: Database, settings: SigningSettings, *, clock: Callable[[], datetime]
    ) -> None:
        """Record every signature in `database`."""
        self._database = database
        self._max_bytes = settings.max_document_bytes
        self._experimental = settings.experimental_algorithms
        self._clock = clock

    def with_key(self, key: HeldKey, wishes: SignerWishes | None = None) -> FileSigner:
        """Return a signer for any number of files; the PIN was evaluated once, for the key.

        `wishes` may name another algorithm than the key's usual one. Raises
        UnsupportedAlgorithm when the key cannot sign so.
        """
        key = (wishes or SignerWishes()).applied_to(key, experimental=self._experimental)
        # The root is left out of signatures: who trusts it has it (RFC 5652 cl. 10.2.3).
        template = cms_template(key.certificate_der, key.chain_der[:1], key.signer.algorithm)
        return FileSigner(self._database, self._max_bytes, self._clock, key, template)


class FileSigner:
    """Signs files, one after the other, each by itself."""

    def __init__(
        self,
        database: Database,
        max_bytes: int,
        clock: Callable[[], datetime],
        key: HeldKey,
        template: CmsTemplate,
    ) -> None:
        """Take what all signatures of one key share."""
        self._database = database
        self._max_bytes = max_bytes
        self._clock = clock
        self._key = key
        self._template = template
        self.signer_name = _common_name(key.certificate_der)

    def sign(self, order: FileOrder) -> SignedFile:
        """Sign one file and return when the output is durable.

        Raises FileNotReadable, InputTooLarge, OutputExists, FileNotWritable, the errors
        of reading and preparing a PDF, and those of the key's state. Then there is no
        output, and an existing one is as it was.
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
        pending = prepare(pdf, self._template, at=self._clock(), options=options)
        value = self._make_value(order, pending, hashlib.sha256(source.data).hexdigest())
        update = complete(pending, value, made_here=True)
        write_extended(source, update, order.target, replace=order.replace)
        size = pending.input_size + len(update)
        return SignedFile(order.source, order.target, pending.field_name, size, faults)

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
            audit.record(
                connection,
                at=self._clock(),
                action="signature.made",
                subject=f"person:{self._key.person_code}",
                actor=f"{self._key.custody}-key",
                details={
                    "document": order.source.name,
                    "document_sha256": sha256,
                    "certificate_sha256": hashlib.sha256(self._key.certificate_der).hexdigest(),
                    "field": pending.field_name,
                },
            )
            return self._key.signer.sign(pending.dtbs)


def _common_name(certificate_der: bytes) -> str:
    subject = load_der_x509_certificate(certificate_der).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else subject.rfc4514_string()
