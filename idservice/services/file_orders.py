"""Files to sign: what was asked, what was read, and what became of it."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass, field
from mmap import mmap
from pathlib import Path

from idservice.errors import MalformedPdf
from idservice.pades.baseline import Baseline
from idservice.pades.pending import PendingSignature
from idservice.pdf.document import PdfDocument
from idservice.pdf.document import open_document as open_pdf
from idservice.pdf.repair import repair
from idservice.services.documents import Document, open_document, refuse_same_file
from idservice.services.signature_options import SignatureOptions


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

    Its field, its size in bytes, what was repaired before, the level of the signature, and
    the SHA-256 of the output.
    """

    source: Path
    target: Path
    field_name: str
    size: int
    repaired_faults: tuple[str, ...] = ()
    level: str = Baseline.B_B.value
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class SourceState:
    """What a source was when it was signed: digest, size in bytes, time of its last change."""

    sha256: str
    size: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class BegunFile:
    """A file that is open and prepared, so that only its value is missing.

    `document` holds the bytes to be signed, those of a repair if there was one; `digest`
    is their SHA-256. `source` is the state of the file itself.
    """

    order: FileOrder
    source: SourceState
    document: Document
    pending: PendingSignature
    digest: hashlib._Hash
    faults: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes to be signed, in hexadecimal."""
        return self.digest.hexdigest()


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read: what it was, what is to be signed, and how that reads."""

    source: SourceState
    document: Document
    pdf: PdfDocument
    digest: hashlib._Hash
    faults: tuple[str, ...]

    def begun(self, order: FileOrder, pending: PendingSignature) -> BegunFile:
        """Add the prepared signature."""
        return BegunFile(order, self.source, self.document, pending, self.digest, self.faults)


def read_file(order: FileOrder, stack: ExitStack, max_bytes: int) -> ReadFile:
    """Read the source of an order, which stays open until `stack` closes.

    Raises OutputExists when the target is the source, FileNotReadable, InputTooLarge, and the
    errors of reading a PDF.
    """
    refuse_same_file(order.source, order.target)
    document = stack.enter_context(open_document(order.source, max_bytes))
    pdf, faults = _open(order, document.data, max_bytes)
    digest = hashlib.sha256(document.data)
    source = SourceState(digest.hexdigest(), len(document.data), document.changed_ns)
    if not faults:
        return ReadFile(source, document, pdf, digest, faults)
    repaired = document.with_data(bytes(pdf.data))
    return ReadFile(source, repaired, pdf, hashlib.sha256(repaired.data), faults)


def _open(
    order: FileOrder, data: bytes | mmap, max_bytes: int
) -> tuple[PdfDocument, tuple[str, ...]]:
    """Open strictly; if that fails and repair was asked for, open what repair makes of it."""
    try:
        return open_pdf(data, password=order.password, max_bytes=max_bytes), ()
    except MalformedPdf as exc:
        if not order.repair:
            raise
        damage = exc.detail
    repaired = repair(data, password=order.password, max_bytes=max_bytes)
    pdf = open_pdf(repaired.data, password=order.password, max_bytes=max_bytes)
    return pdf, repaired.faults or (damage,)
