"""Encryption of what an update adds to an encrypted document (ISO 32000-2 cl. 7.6).

The file key comes from qpdf, which checked the password. Initialisation vectors are
derived from key, place and plaintext: they need no random source, and the same vector
occurs again only for the same text at the same place.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from idservice.errors import UnsupportedPdf

if TYPE_CHECKING:
    from idservice.pdf.document import Encryption

_AES_BLOCK = 16
_MAX_OBJECT_KEY = 16
_AES_SALT = b"sAlT"


class Encryptor:
    """Encrypts strings and streams for one document, each for the object that holds it."""

    def __init__(self, encryption: Encryption) -> None:
        """Take the methods of the document; refuse one that is not known."""
        for method in (encryption.string_method, encryption.stream_method):
            if method not in {"none", "rc4", "aes", "aesv3"}:
                raise UnsupportedPdf(
                    f"The PDF is encrypted with a method ({method}) that cannot be written here.",
                    "Decrypt the document with the program that made it.",
                )
        self._encryption = encryption

    def string(self, data: bytes, objgen: tuple[int, int]) -> bytes:
        """Encrypt a string that stands in the object `objgen`."""
        return self._encrypt(self._encryption.string_method, data, objgen)

    def stream(self, data: bytes, objgen: tuple[int, int]) -> bytes:
        """Encrypt the data of the stream `objgen`, after its filters."""
        return self._encrypt(self._encryption.stream_method, data, objgen)

    def _encrypt(self, method: str, data: bytes, objgen: tuple[int, int]) -> bytes:
        if method == "none":
            return data
        key = object_key(self._encryption.key, method, objgen)
        if method == "rc4":
            return Cipher(ARC4(key), None).encryptor().update(data)
        place = b"%d %d" % objgen
        vector = hashlib.sha256(b"\0".join((key, place, data))).digest()[:_AES_BLOCK]
        padding = _AES_BLOCK - len(data) % _AES_BLOCK
        encryptor = Cipher(AES(key), CBC(vector)).encryptor()
        return vector + encryptor.update(data + bytes((padding,)) * padding) + encryptor.finalize()


def object_key(key: bytes, method: str, objgen: tuple[int, int]) -> bytes:
    """The key of one object: algorithm 1 of ISO 32000-2 cl. 7.6.3.2, or the file key itself."""
    if method == "aesv3":
        return key
    number, generation = objgen
    place = (number & 0xFFFFFF).to_bytes(3, "little") + generation.to_bytes(2, "little")
    salt = b"" if method == "rc4" else _AES_SALT
    digest = hashlib.md5(key + place + salt, usedforsecurity=False).digest()
    return digest[: min(len(key) + 5, _MAX_OBJECT_KEY)]
