"""Reading PEM (RFC 7468), whatever the label: text around the blocks is passed over."""

from __future__ import annotations

import base64
import binascii
import re

from idservice.errors import MalformedDer

_BLOCK = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END ([A-Z0-9 ]{1,40})-----"
)


def pem_blocks(data: bytes) -> list[tuple[str, bytes]]:
    """Return the label and the bytes (DER) of every block. Raises MalformedDer."""
    found = []
    for match in _BLOCK.finditer(data):
        if match[1] != match[3]:
            raise _malformed()
        try:
            der = base64.b64decode(b"".join(match[2].split()), validate=True)
        except binascii.Error as exc:
            raise _malformed() from exc
        found.append((match[1].decode(), der))
    return found


def _malformed() -> MalformedDer:
    return MalformedDer("A PEM block cannot be read.", "Give the file as it was made.")
