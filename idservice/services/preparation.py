"""Preparing a signature over somebody's document: in this process, or in a confined one.

A hostile PDF of a few megabytes can cost a reader most of a gigabyte. Only documents that
cannot, because they are small and hold nothing compressed that is read for signing, are
opened in the process of a web worker; the others where limits of memory and time hold.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from idservice.cms.signed_data import CmsTemplate, cms_template
from idservice.crypto.algorithms import signature_algorithm_by_name
from idservice.pades.pending import PendingSignature
from idservice.pades.signing import SignatureOptions, prepare
from idservice.pdf.document import open_document as open_pdf
from idservice.pdf.frame import PdfData
from idservice.services.documents import open_document

PLAIN_BYTES = 256 * 1024
"""Up to this size a document without compressed objects is opened right here."""

# Object streams and cross-reference streams are the only compressed data that opening reads.
_COMPRESSED = (b"ObjStm", b"XRef")
# The number sign in a name stands for any character, and may hide either (ISO 32000-2 cl. 7.3.5).
_HIDING_NAME = re.compile(rb"/[A-Za-z]{0,6}#[0-9A-Fa-f]{2}")


@dataclass(frozen=True, slots=True)
class PreparationOrder:
    """How a document is to be signed; `room` is kept for proofs, in bytes, `at` is aware."""

    certificate_der: bytes
    chain_der: tuple[bytes, ...]
    algorithm_name: str
    options: SignatureOptions
    at: dt.datetime
    max_bytes: int
    room: int = 0
    password: str | None = None

    @classmethod
    def for_template(
        cls,
        template: CmsTemplate,
        options: SignatureOptions,
        *,
        at: dt.datetime,
        max_bytes: int,
        room: int = 0,
        password: str | None = None,
    ) -> PreparationOrder:
        """Make an order for the signer of a template."""
        return cls(
            template.certificate_der,
            template.chain_der,
            template.algorithm.name,
            options,
            at,
            max_bytes,
            room,
            password,
        )


@dataclass(frozen=True, slots=True)
class Preparation:
    """A signature that waits for its value, and the SHA-256 of its document in hexadecimal."""

    pending: PendingSignature
    document_sha256: str


class Preparer(Protocol):
    """Prepares the signature of a document in a file."""

    def prepare(self, path: Path, order: PreparationOrder) -> Preparation:
        """Return the prepared signature; raise the errors of reading and preparing a PDF."""


class LocalPreparer:
    """Prepares in this process, whatever the document costs: for documents of one's own."""

    def prepare(self, path: Path, order: PreparationOrder) -> Preparation:
        """Open the file and prepare its signature."""
        with open_document(path, order.max_bytes) as document:
            return prepare_data(document.data, order)


class CarefulPreparer:
    """Prepares plain small documents here, and all others in a confined process."""

    def __init__(self, confined: Preparer) -> None:
        """Take what prepares in a confined process."""
        self._confined = confined

    def prepare(self, path: Path, order: PreparationOrder) -> Preparation:
        """Prepare where the document can do no harm."""
        with open_document(path, order.max_bytes) as document:
            if is_plain(document.data):
                return prepare_data(document.data, order)
        return self._confined.prepare(path, order)


def is_plain(data: PdfData) -> bool:
    """Whether opening a document costs little, whoever made it."""
    if len(data) > PLAIN_BYTES:
        return False
    whole = bytes(data)
    return not any(part in whole for part in _COMPRESSED) and not _HIDING_NAME.search(whole)


def prepare_data(data: PdfData, order: PreparationOrder) -> Preparation:
    """Open a document and prepare its signature. Raises the errors of both."""
    algorithm = signature_algorithm_by_name(order.algorithm_name)
    template = cms_template(order.certificate_der, order.chain_der, algorithm)
    pdf = open_pdf(data, password=order.password, max_bytes=order.max_bytes)
    pending = prepare(pdf, template, at=order.at, options=order.options, room=order.room)
    return Preparation(pending, hashlib.sha256(data).hexdigest())
