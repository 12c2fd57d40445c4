"""Decryption of what stands in an encrypted document (ISO 32000-2 cl. 7.6), for comparing.

The file key comes from qpdf, which checked the password. Nothing is authenticated by these
methods, so what does not decrypt is given back as it is: it is compared, never shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from idservice.pdf.encryption import object_key

if TYPE_CHECKING:
    from idservice.pdf.document import Encryption

_AES_BLOCK = 16


class Decryptor:
    """Decrypts strings and streams of one document, each for the object that holds it."""

    def __init__(self, encryption: Encryption) -> None:
        """Take key and methods of the document."""
        self._encryption = encryption

    def string(self, data: bytes, objgen: tuple[int, int]) -> bytes:
        """Decrypt a string that stands in the object `objgen`."""
        return self._decrypt(self._encryption.string_method, data, objgen)

    def stream(self, data: bytes, objgen: tuple[int, int]) -> bytes:
        """Decrypt the data of the stream `objgen`, before its filters."""
        return self._decrypt(self._encryption.stream_method, data, objgen)

    def _decrypt(self, method: str, data: bytes, objgen: tuple[int, int]) -> bytes:
        if method == "none" or not data:
            return data
        key = object_key(self._encryption.key, method, objgen)
        if method == "rc4":
            return Cipher(ARC4(key), None).decryptor().update(data)
        vector, rest = data[:_AES_BLOCK], data[_AES_BLOCK:]
        if not rest or len(rest) % _AES_BLOCK:
            return data
        decryptor = Cipher(AES(key), CBC(vector)).decryptor()
        plain = decryptor.update(rest) + decryptor.finalize()
        padding = plain[-1]
        return plain[:-padding] if 0 < padding <= _AES_BLOCK else data
