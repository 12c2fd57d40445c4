"""Visible signatures as a person asks for them: files are read here, the core only draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from cryptography.x509 import Name, load_der_x509_certificate
from cryptography.x509.oid import NameOID, ObjectIdentifier

from idservice.crypto.certificates import readable_name
from idservice.errors import FileNotReadable, InputTooLarge
from idservice.pdf.stamp import (
    DEFAULT_TEMPLATE,
    LAST_PAGE,
    MAX_PICTURE_BYTES,
    Box,
    Colour,
    Corner,
    Place,
    Stamp,
)

__all__ = [
    "DEFAULT_TEMPLATE",
    "LAST_PAGE",
    "MAX_PICTURE_BYTES",
    "Box",
    "Colour",
    "Corner",
    "Place",
    "StampChoice",
]

MAX_FILE_BYTES = 32 * 1024 * 1024
"""Most bytes that are read of a picture or font file; the core has stricter limits of its own."""

_SEMANTICS_PREFIX = "PNOEE-"


@dataclass(frozen=True, slots=True)
class StampChoice:
    """How a visible signature shall look; the fields mean what those of `pdf.stamp.Stamp` mean.

    `font` is None for the font that comes with idservice.
    """

    place: Place | None = None
    template: str | None = DEFAULT_TEMPLATE
    picture: bytes | None = None
    qr_template: str | None = None
    font: bytes | None = None
    frame: bool = True
    background: Colour | None = None

    def require_drawable(self) -> None:
        """Look at font, picture and templates before anybody is asked for a PIN.

        Raises FontUnreadable, PictureUnreadable, MalformedRequest, TextNeedsShaping and
        CharactersNotInFont for what is wrong whoever signs.
        """
        from idservice.pdf.stamp_drawing import require_drawable

        require_drawable(self._stamp("", ""))

    def for_certificate(self, certificate_der: bytes) -> Stamp:
        """Return the stamp of the person to whom a certificate belongs."""
        return self._stamp(*_signer(certificate_der))

    def _stamp(self, name: str, code: str) -> Stamp:
        return Stamp(
            font=default_font() if self.font is None else self.font,
            name=name,
            code=code,
            place=self.place,
            template=self.template,
            picture=self.picture,
            qr_template=self.qr_template,
            frame=self.frame,
            background=self.background,
        )


@lru_cache(maxsize=1)
def default_font() -> bytes:
    """Return the bytes of the font that comes with idservice: DejaVu Sans."""
    return files("idservice").joinpath("assets", "fonts", "DejaVuSans.ttf").read_bytes()


def read_stamp_file(path: Path) -> bytes:
    """Read a picture or font file. Raises FileNotReadable, InputTooLarge."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise FileNotReadable(
            f"{path} cannot be read: {exc.strerror}.", "Name a file that exists and is yours."
        ) from exc
    if len(data) > MAX_FILE_BYTES:
        raise InputTooLarge(
            f"{path} has more than {MAX_FILE_BYTES} bytes, which no stamp needs.",
            "Name a smaller file.",
        )
    return data


@lru_cache(maxsize=64)
def _signer(certificate_der: bytes) -> tuple[str, str]:
    """Return name and personal code of the subject of a certificate, as a stamp shows them."""
    subject = load_der_x509_certificate(certificate_der).subject
    parts = (_first(subject, NameOID.GIVEN_NAME), _first(subject, NameOID.SURNAME))
    name = " ".join(part for part in parts if part)
    code = _first(subject, NameOID.SERIAL_NUMBER).removeprefix(_SEMANTICS_PREFIX)
    return name or _first(subject, NameOID.COMMON_NAME) or readable_name(subject), code


def _first(subject: Name, oid: ObjectIdentifier) -> str:
    found = subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""
