"""OCSP requests: made for a responder, and read by one (RFC 6960 cl. 4.1, RFC 9654)."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from idservice.crypto import der, der_reader
from idservice.crypto.der_reader import Element, context
from idservice.errors import InputTooLarge, MalformedDer, MalformedOcsp
from idservice.pki.ocsp_cert_id import CertId, make_cert_id, read_cert_id

NONCE = "1.3.6.1.5.5.7.48.1.2"
MAX_NONCE_BYTES = 128
"""RFC 9654 cl. 2.1: 1 to 128 octets; clients should send 32."""

NONCE_BYTES = 32

MAX_REQUEST_BYTES = 4096
MAX_CERT_IDS = 10
_MAX_DEPTH = 16
_MAX_NODES = 1000
_MAX_EXTENSIONS = 20

# RFC 6960 cl. 4.4.3, 4.4.6, 4.4.7: what a request may ask for, and we may leave undone.
_HINTS = frozenset({"1.3.6.1.5.5.7.48.1.4", "1.3.6.1.5.5.7.48.1.7", "1.3.6.1.5.5.7.48.1.8"})


@dataclass(frozen=True, slots=True)
class OcspRequest:
    """Which certificates are asked about, in their order, and the nonce if there is one."""

    cert_ids: tuple[CertId, ...]
    nonce: bytes | None


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension of a request or answer: its OID, whether critical, and its value."""

    oid: str
    critical: bool
    value: bytes


def build_request(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    *,
    nonce: bytes | None,
    hash_name: str = "sha256",
) -> bytes:
    """Return the DER of a request about one certificate, unsigned.

    `nonce` should be NONCE_BYTES of fresh randomness; None asks without one. Raises
    UnsupportedAlgorithm for an unknown hash, MalformedOcsp for a nonce of a wrong length.
    """
    request = der.sequence(make_cert_id(certificate, issuer, hash_name).encoded)
    parts = [der.sequence(request)]
    if nonce is not None:
        _require_nonce_length(nonce)
        parts.append(der.context(2, der.sequence(nonce_extension(nonce))))
    return der.sequence(der.sequence(*parts))


def nonce_extension(nonce: bytes) -> bytes:
    """Encode the nonce extension of requests and answers; the value is wrapped twice."""
    return der.sequence(der.object_identifier(NONCE), der.octet_string(der.octet_string(nonce)))


def parse_request(request_der: bytes) -> OcspRequest:
    """Read a request; a signature over it is passed over, for it authorises nothing here.

    Raises InputTooLarge above MAX_REQUEST_BYTES; MalformedOcsp for anything that is no
    request, for more than MAX_CERT_IDS certificates, for a nonce of none or more than
    MAX_NONCE_BYTES octets, and for a critical extension that is not known here.
    """
    if len(request_der) > MAX_REQUEST_BYTES:
        raise InputTooLarge(
            f"The OCSP request has more than {MAX_REQUEST_BYTES} bytes and is not read.",
            f"Ask about at most {MAX_CERT_IDS} certificates at a time.",
        )
    try:
        der.check_der(
            request_der, max_bytes=MAX_REQUEST_BYTES, max_depth=_MAX_DEPTH, max_nodes=_MAX_NODES
        )
        outer = der_reader.read(request_der, der_reader.SEQUENCE).elements()
        request = _to_be_signed(outer.take(der_reader.SEQUENCE))
        outer.take_if(context(0))
        outer.finish()
    except MalformedDer as exc:
        raise MalformedOcsp(exc.detail, exc.fix) from exc
    return request


def read_extensions(element: Element) -> tuple[Extension, ...]:
    """Read Extensions (RFC 5280 cl. 4.1); none twice. Raises MalformedDer or MalformedOcsp."""
    found: list[Extension] = []
    for item in element.elements().rest(der_reader.SEQUENCE):
        parts = item.elements()
        oid = parts.take().object_identifier()
        flag = parts.take_if(der_reader.BOOLEAN)
        if flag is not None and flag.contents not in (b"\x00", b"\xff"):
            raise MalformedOcsp("The criticality of an extension is no BOOLEAN.", _FIX)
        value = parts.take().octets()
        parts.finish()
        found.append(Extension(oid, flag is not None and flag.contents == b"\xff", value))
    if len({item.oid for item in found}) != len(found) or len(found) > _MAX_EXTENSIONS:
        raise MalformedOcsp("There is an extension twice, or there are too many.", _FIX)
    return tuple(found)


def nonce_of(extensions: tuple[Extension, ...]) -> bytes | None:
    """Return the nonce among extensions, or None. Raises MalformedOcsp or MalformedDer."""
    value = next((item.value for item in extensions if item.oid == NONCE), None)
    if value is None:
        return None
    nonce = der_reader.read(value, der_reader.OCTET_STRING).contents
    _require_nonce_length(nonce)
    return nonce


def require_version_1(version: Element | None) -> None:
    """Require version 1, written out or not. Raises MalformedOcsp or MalformedDer."""
    if version is not None and der_reader.read(version.contents).integer() != 0:
        raise MalformedOcsp("The version is not 1, the only one there is.", _FIX)


def _to_be_signed(element: Element) -> OcspRequest:
    parts = element.elements()
    require_version_1(parts.take_if(context(0)))
    parts.take_if(context(1))
    requests = parts.take(der_reader.SEQUENCE).elements().rest(der_reader.SEQUENCE)
    wrapped = parts.take_if(context(2))
    parts.finish()
    if not 1 <= len(requests) <= MAX_CERT_IDS:
        raise MalformedOcsp(
            f"The request is about {len(requests)} certificates.",
            f"Ask about 1 to {MAX_CERT_IDS} at a time.",
        )
    extensions = () if wrapped is None else _known(_wrapped_extensions(wrapped))
    return OcspRequest(tuple(_single(item) for item in requests), nonce_of(extensions))


def _single(element: Element) -> CertId:
    parts = element.elements()
    cert_id = read_cert_id(parts.take())
    wrapped = parts.take_if(context(0))
    parts.finish()
    if wrapped is not None:
        _known(_wrapped_extensions(wrapped))
    return cert_id


def _wrapped_extensions(wrapped: Element) -> tuple[Extension, ...]:
    return read_extensions(der_reader.read(wrapped.contents, der_reader.SEQUENCE))


def _known(extensions: tuple[Extension, ...]) -> tuple[Extension, ...]:
    """RFC 6960 cl. 4.4: what is not known is passed over, unless it is critical."""
    for item in extensions:
        if item.critical and item.oid != NONCE and item.oid not in _HINTS:
            raise MalformedOcsp(
                f"The request needs the extension {item.oid}, which is not known here.",
                "Ask without it, or mark it as not critical.",
            )
    return extensions


def _require_nonce_length(nonce: bytes) -> None:
    if not 1 <= len(nonce) <= MAX_NONCE_BYTES:
        raise MalformedOcsp(
            f"The nonce has {len(nonce)} octets.",
            f"Use 1 to {MAX_NONCE_BYTES} octets, best {NONCE_BYTES} (RFC 9654 cl. 2.1).",
        )


_FIX = "Send the message as RFC 6960 has it."
