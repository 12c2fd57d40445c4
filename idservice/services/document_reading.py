"""Reading the facts of a file of any format that is validated, told by how it begins.

Whatever exceeds a limit is a fact about the file: nobody may make one look as if nothing had
been said about it.
"""

from __future__ import annotations

from typing import Protocol

from idservice.cades.form import MAX_FILE_BYTES, begins_as_cms
from idservice.errors import Finding, InputTooLarge, NotAPdf, UnknownFormat
from idservice.pdf.frame import PdfData, begins_as_pdf
from idservice.validation.facts import CADES, PADES, DocumentFacts
from idservice.validation.report import FORMAT_FAILURE

__all__ = [
    "DetachedReader",
    "FactsReader",
    "begins_as_cms",
    "read_detached_here",
    "read_document",
    "read_pdf_here",
]


class FactsReader(Protocol):
    """Reads the facts of a PDF, here or in a process of its own."""

    def __call__(
        self, document: PdfData, /, *, password: str | None, max_bytes: int
    ) -> DocumentFacts:
        """Return the facts; raise NotAPdf, InputTooLarge or PdfPasswordWrong."""


class DetachedReader(Protocol):
    """Reads the facts of a CMS signature and the file that it is over."""

    def __call__(
        self, signature: bytes, content: PdfData | None, /, *, max_bytes: int
    ) -> DocumentFacts:
        """Return the facts; raise SignedContentMissing or InputTooLarge."""


def read_pdf_here(document: PdfData, /, *, password: str | None, max_bytes: int) -> DocumentFacts:
    """Read a PDF in this process, as `pades.facts.read_facts` does."""
    # Who lets another process read never loads the reader.
    from idservice.pades.facts import read_facts

    return read_facts(document, password=password, max_bytes=max_bytes)


def read_detached_here(
    signature: bytes, content: PdfData | None, /, *, max_bytes: int
) -> DocumentFacts:
    """Read a CMS signature in this process, as `cades.facts.read_facts` does."""
    from idservice.cades.facts import read_facts

    return read_facts(signature, content, max_bytes=max_bytes)


def read_document(
    document: PdfData,
    content: PdfData | None,
    password: str | None,
    max_bytes: int,
    readers: tuple[FactsReader, DetachedReader],
) -> DocumentFacts:
    """Return the facts of a PDF, or of a CMS signature over `content`.

    Raises UnknownFormat for any other file, PdfPasswordWrong, and SignedContentMissing.
    """
    read_pdf, read_detached = readers
    detached = begins_as_cms(document)
    try:
        if detached:
            return read_detached(_small(document), content, max_bytes=max_bytes)
        return read_pdf(document, password=password, max_bytes=max_bytes)
    except NotAPdf as exc:
        raise _unknown_format() from exc
    except InputTooLarge as exc:
        if not detached and not begins_as_pdf(document):
            raise _unknown_format() from exc
        reason = Finding(FORMAT_FAILURE, exc.detail, exc.fix)
        return DocumentFacts(CADES if detached else PADES, (), (reason,))


def _small(document: PdfData) -> bytes:
    """Return a signature as bytes, one octet more than is read of it at most."""
    return bytes(document[: MAX_FILE_BYTES + 1])


def _unknown_format() -> UnknownFormat:
    return UnknownFormat(
        "The file is neither a PDF nor a CMS signature, and no other format can be validated here.",
        "Give a PDF file, or a CAdES signature (.p7s) beside its file.",
    )
