"""Recognising what some bytes are, and explaining it.

What decides is the content, never a name. A structure that is none of the known ones, or that
breaks their rules, is shown as the elements of DER that it consists of.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from idservice.errors import Finding, IdServiceError, MalformedDer, UnknownFormat
from idservice.inspection.certificates import certificate, certificate_request, revocation_list
from idservice.inspection.der_tree import der_tree
from idservice.inspection.documents import pdf
from idservice.inspection.keys import private_key, public_key_file
from idservice.inspection.messages import (
    is_time_stamp_token,
    ocsp_request,
    ocsp_response,
    signed_data,
    time_stamp_request,
    time_stamp_response,
)
from idservice.inspection.plain import guarded
from idservice.inspection.tokens import (
    is_compact_token,
    json_members,
    json_web_token,
    web_eid_token,
)
from idservice.inspection.xml_documents import xml_document
from idservice.pdf.frame import begins_as_pdf

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData

Content = dict[str, Any]
Explained = tuple[Content, tuple[Finding, ...]]

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of anything but a PDF that are explained."""

MAX_BLOCKS = 100
"""PEM blocks of one file that are explained."""

_SEQUENCE = 0x30
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----[ \t]*\r?\n(.*?)-----END \1-----", re.DOTALL)
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]{16,}={0,2}\s*")

# In the order in which they are tried; the form of each differs from all others.
_STRUCTURES: tuple[tuple[str, Callable[[bytes], Explained]], ...] = (
    ("certificate", certificate),
    ("certificateRevocationList", revocation_list),
    ("ocspResponse", ocsp_response),
    ("signedData", signed_data),
    ("timeStampResponse", time_stamp_response),
    ("timeStampRequest", time_stamp_request),
    ("ocspRequest", ocsp_request),
    ("certificateRequest", certificate_request),
    ("publicKey", public_key_file),
    ("privateKey", private_key),
)


def explain(data: PdfData, *, password: str | None = None) -> Content:
    """Explain the content of a file.

    Returns {"kind", "size", "sha256", "content", "faults"}, for PEM with several blocks "items"
    in place of the content. Raises UnknownFormat, and the errors of reading a PDF.
    """
    head = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    if begins_as_pdf(data):
        content, faults = pdf(data, password)
        return {"kind": "pdf", **head, "content": content, "faults": _told(faults)}
    if len(data) > MAX_BYTES:
        raise _unknown("it is no PDF, and too large for anything else")
    kind, value = _explained(bytes(data))
    if kind == "pem" and len(value) == 1:
        return {**head, **value[0]}
    if kind == "pem":
        return {"kind": kind, **head, "items": value}
    content, faults = value
    return {"kind": kind, **head, "content": content, "faults": _told(faults)}


def _explained(data: bytes) -> tuple[str, Any]:
    """Return what something is, and its explanation; for PEM, those of all blocks."""
    if blocks := list(_PEM.finditer(data))[:MAX_BLOCKS]:
        return "pem", [_block(*block.groups()) for block in blocks]
    text = data.strip()
    if is_compact_token(data):
        return "jsonWebToken", json_web_token(data)
    if (members := json_members(data)) is not None:
        if "unverifiedCertificate" in members:
            return "webEidToken", web_eid_token(members)
        raise _unknown("it is JSON, but no token that is known here")
    if text.startswith((b"<", b"\xef\xbb\xbf<")):
        return "xml", xml_document(data)
    if data[:1] and data[0] == _SEQUENCE:
        return _der(data)
    if _BASE64.fullmatch(data) and (decoded := _base64(text))[:1] == bytes([_SEQUENCE]):
        return _der(decoded)
    raise _unknown("its content is of no kind that is known here")


def _block(label: bytes, body: bytes) -> Content:
    """Explain one block of PEM (RFC 7468)."""
    found: Content = {"label": label.decode("ascii")}
    if b"PRIVATE KEY" in label:
        return {**found, "kind": "privateKey", "content": private_key_label(label), "faults": []}
    try:
        kind, (content, faults) = _der(base64.b64decode(body, validate=False))
    except (IdServiceError, binascii.Error, ValueError) as exc:
        detail = exc.detail if isinstance(exc, IdServiceError) else "Its text is no Base64."
        fault = {"code": "malformed_pem", "message": detail, "fix": ""}
        return {**found, "kind": "unknown", "content": {}, "faults": [fault]}
    return {**found, "kind": kind, "content": content, "faults": _told(faults)}


def private_key_label(label: bytes) -> Content:
    """Say what a private key in PEM is, and nothing of what is in it."""
    return {"encrypted": b"ENCRYPTED" in label, "shown": "A private key is never shown."}


def _der(data: bytes) -> tuple[str, Explained]:
    for kind, read in _STRUCTURES:
        try:
            content, faults = guarded(read, data)
        except MalformedDer:
            continue
        token = kind == "signedData" and is_time_stamp_token(content)
        return "timeStampToken" if token else kind, (content, faults)
    try:
        tree = der_tree(data)
    except MalformedDer as exc:
        raise _unknown("it begins like DER and is none") from exc
    fault = Finding(
        "structure_unknown",
        "This is none of the structures that are known here, or one that breaks their rules; its "
        "elements are shown.",
        "",
    )
    return "der", (tree, (fault,))


def _base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _told(findings: tuple[Finding, ...]) -> list[Content]:
    return [{"code": item.code, "message": item.message, "fix": item.fix} for item in findings]


def _unknown(reason: str) -> UnknownFormat:
    return UnknownFormat(
        f"The file cannot be explained: {reason}.",
        "Give a certificate, CRL, OCSP answer, time-stamp, CMS, PDF or JSON web token.",
    )
