"""Files with certificates that the caller trusts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from idservice.errors import FileNotReadable, InputTooLarge, MalformedCertificate

if TYPE_CHECKING:
    from idservice.services.validation import TrustedCertificate

_MAX_TRUST_BYTES = 1024 * 1024


def read_trust_file(path: Path) -> tuple[TrustedCertificate, ...]:
    """Read the certificates of a file, in PEM or one in DER.

    Raises MalformedCertificate, and FileNotReadable also for a file that is far too large.
    """
    from idservice.services.documents import open_document
    from idservice.services.validation import read_trusted

    try:
        with open_document(path, _MAX_TRUST_BYTES) as document:
            return read_trusted(bytes(document.data))
    except MalformedCertificate as exc:
        raise MalformedCertificate(
            f"{path}: {exc.detail}", "Name a file with certificates in PEM, or one in DER."
        ) from exc
    except InputTooLarge as exc:
        raise FileNotReadable(exc.detail, "Name a PEM file with certificates.") from exc
