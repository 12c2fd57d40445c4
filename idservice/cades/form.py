"""Whether a file is a CMS signature, and its DER: told by what is in it, never by its name."""

from __future__ import annotations

import base64
import binascii
import re
from mmap import mmap

from idservice.cms.parsing import MAX_BYTES
from idservice.errors import InputTooLarge, MalformedCms

_OID = bytes.fromhex("06092a864886f70d010702")
_HEADER_BYTES = 6
_START = re.compile(rb"\s*-----BEGIN (CMS|PKCS7|PKCS #7 SIGNED DATA)-----")
_PEM = re.compile(
    rb"\s*-----BEGIN (CMS|PKCS7|PKCS #7 SIGNED DATA)-----\s+([A-Za-z0-9+/=\s]*?)-----END \1-----\s*"
)
_WINDOW = 256
SignatureData = bytes | bytearray | memoryview | mmap
"""Bytes of a file, in memory or mapped."""

MAX_FILE_BYTES = MAX_BYTES * 3 // 2
"""Largest signature file that is read, in bytes: PEM is longer than what it holds."""


def begins_as_cms(data: SignatureData) -> bool:
    """Whether a file begins as CMS SignedData, in DER or BER, or as PEM that says so."""
    head = bytes(data[:_WINDOW])
    if head[:1] == b"\x30" and 2 <= head.find(_OID) <= _HEADER_BYTES:
        return True
    return _START.match(head) is not None


def signature_der(data: SignatureData) -> bytes:
    """Return the structure of a file that begins as one, without its PEM form.

    Raises InputTooLarge beyond the limit for signatures, MalformedCms for PEM that is none.
    """
    if len(data) > MAX_FILE_BYTES:
        raise InputTooLarge(
            f"The signature has {len(data)} bytes where at most {MAX_FILE_BYTES} are read.",
            "Give a signature that stands beside its file and does not hold it.",
        )
    whole = bytes(data)
    if whole[:1] == b"\x30":
        return whole
    match = _PEM.fullmatch(whole)
    if match is None:
        raise _malformed("its PEM form is not one whole block")
    try:
        return base64.b64decode(b"".join(match[2].split()), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise _malformed("its PEM form is no base64") from exc


def _malformed(reason: str) -> MalformedCms:
    return MalformedCms(
        f"The CMS signature cannot be read: {reason}.",
        "Ask for the file as the signer made it; it may have been damaged or altered.",
    )
