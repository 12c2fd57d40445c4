"""Rewriting a damaged PDF, so that it can be signed: only on request, never when signed.

qpdf reads as well as it can and writes a new file. What it guessed is then what is
signed, so people should look at the result before they sign it.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pikepdf import Dictionary, PasswordError, Pdf, PdfError

from idservice.errors import InputTooLarge, MalformedPdf, PdfPasswordWrong, PdfSigningForbidden
from idservice.pdf.damage import readable
from idservice.pdf.fields import read_form
from idservice.pdf.limits import MAX_BYTES
from idservice.pdf.passwords import password_forms
from idservice.pdf.values import as_text

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData

# Every character of a name may be written as #xx (ISO 32000-2 cl. 7.3.5).
_SIGNATURE = re.compile(
    b"/" + b"".join(b"(?:%c|#(?i:%02x))" % (octet, octet) for octet in b"ByteRange")
)
_TYPES = frozenset({"/Sig", "/DocTimeStamp"})
_MAX_REPORTED = 20


@dataclass(frozen=True, slots=True)
class RepairedPdf:
    """A rewritten file, and what was wrong with the one that it replaces."""

    data: bytes
    faults: tuple[str, ...]


def repair(
    data: PdfData, *, password: str | None = None, max_bytes: int = MAX_BYTES
) -> RepairedPdf:
    """Rewrite a whole PDF, with recovery, keeping its encryption; the input is not changed.

    Raises PdfSigningForbidden when the file carries a signature, which a rewrite would
    destroy; MalformedPdf when even recovery does not make a readable document of it.
    """
    if len(data) > max_bytes:
        raise InputTooLarge(
            f"The PDF has {len(data)} bytes where at most {max_bytes} are read.",
            "Repair a smaller file, or raise the size limit in the settings.",
        )
    pdf = _recover(bytes(data), password)
    out = io.BytesIO()
    try:
        signed = (
            read_form(pdf.Root).is_signed
            or _SIGNATURE.search(data) is not None
            or any(_looks_signed(item) for item in pdf.objects)
        )
        if not signed:
            # What the metadata say about the document is left as it is.
            pdf.save(
                out,
                encryption=True if pdf.is_encrypted else None,
                fix_metadata_version=False,
                preserve_pdfa=False,
            )
        faults = tuple(readable(str(item)) for item in pdf.get_warnings()[:_MAX_REPORTED])
    except (PdfError, AttributeError, RuntimeError, ValueError, TypeError) as exc:
        raise _hopeless(str(exc)) from exc
    if signed:
        raise PdfSigningForbidden(
            "The PDF is damaged and carries a signature, which rewriting would destroy.",
            "Get the file again from its source.",
        )
    return RepairedPdf(out.getvalue(), faults)


def _recover(data: bytes, password: str | None) -> Pdf:
    open_stream: Any = Pdf._open  # type: ignore[attr-defined]  # noqa: SLF001
    encrypted = bool(password) and b"/Encrypt" in data
    for form in password_forms(password if encrypted else None):
        try:
            pdf: Pdf = open_stream(
                io.BytesIO(data),
                password=form,
                suppress_warnings=True,
                attempt_recovery=True,
                inherit_page_attributes=False,
                description="",
            )
        except PasswordError:
            continue
        except (PdfError, RuntimeError, ValueError, TypeError) as exc:
            raise _hopeless(str(exc)) from exc
        return pdf
    raise PdfPasswordWrong(
        "The PDF is encrypted and the password does not open it.",
        "Give the password with which the file opens in a viewer.",
    )


def _looks_signed(item: object) -> bool:
    """Tell whether a recovered object, or the value of one, looks like a signature."""
    if not isinstance(item, Dictionary):
        return False
    if "/ByteRange" in item:
        return True
    if "/Contents" in item and as_text(item.get("/Type")) in _TYPES:
        return True
    value = item.get("/V")
    return isinstance(value, Dictionary) and not value.is_indirect and _looks_signed(value)


def _hopeless(message: str) -> MalformedPdf:
    return MalformedPdf(
        f"The PDF is damaged beyond repair: {readable(message)}.",
        "Get the file again from its source.",
    )
