"""A PDF file, opened strictly: what qpdf would have to repair is refused, naming the damage.

`open_document` takes the whole file as bytes or as a memory map; a large map is not copied.
Everything is resolved once, so damage that only shows when an object is read is found
here and not later. The result gives typed facts, and the objects through pikepdf.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from pikepdf import AccessMode, Dictionary, PasswordError, Pdf, PdfError

from idservice.errors import (
    IdServiceError,
    InputTooLarge,
    PdfPasswordWrong,
    UnsupportedPdf,
)
from idservice.pdf.damage import damaged, readable, require_no_warnings, require_undamaged
from idservice.pdf.fields import Form, read_form
from idservice.pdf.frame import FileFrame, PdfData, read_frame
from idservice.pdf.harmless_faults import Fault
from idservice.pdf.hybrid import require_hidden_objects_seen
from idservice.pdf.limits import MAX_BYTES, apply_to_library
from idservice.pdf.pages import PageTree, read_pages
from idservice.pdf.passwords import password_forms
from idservice.pdf.raw_objects import Node, RawReader, skip
from idservice.pdf.revisions import read_section
from idservice.pdf.values import as_text
from idservice.pdf.view import PdfView

if TYPE_CHECKING:
    from collections.abc import Callable

    from pikepdf import Object

# qpdf's words for handlers and versions that it does not know.
_UNSUPPORTED = ("unsupported encryption filter", "does not support encryption", "unsupported")

_FIRST_WITH_CRYPT_FILTERS = 4
# A mapped file up to this size is copied for reading; larger ones are read in place.
_COPIED_BYTES = 4 * 1024 * 1024
_BUFFER_BYTES = 8 * 1024

apply_to_library()


class XrefKind(Enum):
    """What the newest cross-reference section of a file is."""

    TABLE = "table"
    STREAM = "stream"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class Encryption:
    """How a document is encrypted: handler revision, version, and methods by name."""

    revision: int
    version: int
    key: bytes
    string_method: str
    stream_method: str


@dataclass(frozen=True, slots=True)
class PdfDocument:
    """A PDF file that was read in full without finding damage, but for harmless `faults`."""

    data: PdfData
    frame: FileFrame
    pdf: Pdf
    xref_kind: XrefKind
    catalog: Object
    pages: PageTree
    form: Form
    faults: tuple[Fault, ...] = ()

    @property
    def trailer(self) -> Object:
        """The newest trailer dictionary, or the dictionary of the newest xref stream."""
        return self.pdf.trailer

    @property
    def version(self) -> tuple[int, int]:
        """The version of the document: the later of header and catalog (ISO 32000-2 cl. 7.2.2)."""
        declared = as_text(self.catalog.get("/Version", "")).lstrip("/")
        major, _, minor = declared.partition(".")
        if major.isdigit() and minor.isdigit():
            return max(self.frame.header_version, (int(major), int(minor)))
        return self.frame.header_version

    @property
    def encryption(self) -> Encryption | None:
        """How strings and streams are encrypted; None when they are not."""
        if not self.pdf.is_encrypted:
            return None
        facts = self.pdf.encryption
        # Before version 4 there is one method for everything, and qpdf does not name it.
        old = facts.V < _FIRST_WITH_CRYPT_FILTERS
        return Encryption(
            facts.R,
            facts.V,
            facts.encryption_key,
            "rc4" if old else facts.string_method.name,
            "rc4" if old else facts.stream_method.name,
        )

    @property
    def is_signed(self) -> bool:
        """Whether any signature field has a value."""
        return self.form.is_signed

    @property
    def next_number(self) -> int:
        """The first object number that neither exists nor is referred to."""
        size: object = self.trailer.get("/Size")
        unused = self.pdf.make_indirect(Dictionary()).objgen[0]
        return max(size, unused) if isinstance(size, int) else unused


def open_document(
    data: PdfData, *, password: str | None = None, max_bytes: int = MAX_BYTES
) -> PdfDocument:
    """Open and check a whole PDF file.

    Raises NotAPdf, InputTooLarge, PdfPasswordWrong, UnsupportedPdf, or MalformedPdf that
    names the damage. `password` is tried in every form that the file may have hashed.
    """
    _require_size(data, max_bytes)
    frame = read_frame(data)
    pdf = open_library(data, password)
    return checked(data, frame, pdf, lambda: require_no_warnings(pdf, data, frame.header_offset))


def _require_size(data: PdfData, max_bytes: int) -> None:
    if len(data) > max_bytes:
        raise InputTooLarge(
            f"The PDF has {len(data)} bytes where at most {max_bytes} are read.",
            "Sign a smaller file, or raise the size limit in the settings.",
        )


def checked(
    data: PdfData, frame: FileFrame, pdf: Pdf, require_no_warnings: Callable[[], None]
) -> PdfDocument:
    """Check a file that qpdf opened; `require_no_warnings` judges what qpdf says of it."""
    require_undamaged(pdf, require_no_warnings)
    trailer = pdf.trailer
    if "/XRefStm" in trailer or "/Prev" in trailer:
        require_hidden_objects_seen(pdf, data, frame)
    newest = read_section(data, frame.startxref + frame.header_offset, RawReader(data))
    _require_usual_encryption(trailer, newest.trailer.get("Encrypt"))
    catalog = trailer.get("/Root")
    if not isinstance(catalog, Dictionary) or not catalog.is_indirect:
        raise damaged("the trailer names no catalog")
    document = PdfDocument(
        data,
        frame,
        pdf,
        _xref_kind(data, frame, trailer),
        catalog,
        read_pages(catalog),
        read_form(catalog),
    )
    require_no_warnings()
    return document


def open_library(data: PdfData, password: str | None, *, recover: bool = False) -> Pdf:
    """Open a file with qpdf, which may `recover` what is damaged only for reading."""
    open_stream: Any = Pdf._open  # type: ignore[attr-defined]  # noqa: SLF001
    wrong: PasswordError | None = None
    # Trying a password on a plain file makes the library warn; the key is never compressed.
    encrypted = bool(password) and re.search(rb"/Encrypt\b", data) is not None
    for form in password_forms(password if encrypted else None):
        try:
            # The public wrapper adds only the handling of files, which the core never does.
            pdf: Pdf = open_stream(
                _reader(data),
                password=form,
                suppress_warnings=True,
                attempt_recovery=recover,
                inherit_page_attributes=False,
                access_mode=AccessMode.stream,
                description="",
            )
        except PasswordError as exc:
            wrong = exc
            continue
        except (PdfError, RuntimeError, ValueError, TypeError) as exc:
            raise _refusal(str(exc)) from exc
        return pdf
    raise PdfPasswordWrong(
        "The PDF is encrypted and "
        + ("the password does not open it." if password else "needs a password to be opened."),
        "Give the password with which the file opens in a viewer.",
    ) from wrong


def _reader(data: PdfData) -> io.BufferedIOBase:
    """A file object over the data; reading many small objects from a view is slow."""
    if isinstance(data, bytes) or len(data) <= _COPIED_BYTES:
        return io.BytesIO(data)
    return io.BufferedReader(PdfView(data), _BUFFER_BYTES)


def _refusal(message: str) -> IdServiceError:
    if any(words in message for words in _UNSUPPORTED):
        return UnsupportedPdf(
            "The PDF is encrypted in a way that cannot be read here "
            f"({readable(message)}); public-key encryption is one.",
            "Decrypt the document with the program that made it.",
        )
    return damaged(readable(message))


def _require_usual_encryption(trailer: Object, named: Node | None) -> None:
    """Refuse encryption that readers take differently; `named` is /Encrypt as written."""
    if "/AuthCode" in trailer:
        raise UnsupportedPdf(
            "The PDF carries an integrity code over the whole file (ISO/TS 32004), which any "
            "addition would break.",
            "Save the document without integrity protection first.",
        )
    encrypt = trailer.get("/Encrypt")
    if encrypt is None:
        if named is not None and named.kind == "reference":
            raise damaged("its trailer names an encryption dictionary that does not exist")
        return
    if not encrypt.is_indirect:
        raise damaged(
            "the encryption dictionary stands in the trailer itself, where some programs "
            "take its strings for encrypted"
        )
    if "/Length" not in encrypt and encrypt.get("/V", 0) in {2, 3}:
        raise damaged("the encryption dictionary does not say how long the key is")


def _xref_kind(data: PdfData, frame: FileFrame, trailer: Object) -> XrefKind:
    start = skip(data, frame.startxref + frame.header_offset)
    if bytes(data[start : start + 4]) == b"xref":
        return XrefKind.HYBRID if "/XRefStm" in trailer else XrefKind.TABLE
    # qpdf read it, and white space before a table is a warning that is not tolerated.
    return XrefKind.STREAM
