"""Reading a foreign CMS SignedData (RFC 5652 cl. 5) exactly as it was sent.

Nothing is judged here beyond structure: `cms.verification` holds the rules. All parts
keep their original octets, because the signature is over those and no re-encoding.
The structure may be larger than the budget of a login token but never deep.
"""

from __future__ import annotations

from dataclasses import dataclass

from idservice.crypto import der_reader
from idservice.crypto.algorithm_identifiers import AlgorithmIdentifier, parse_algorithm
from idservice.crypto.der import check_der
from idservice.crypto.der_reader import Element, Elements, context
from idservice.errors import MalformedCms, MalformedDer

SIGNED_DATA = "1.2.840.113549.1.7.2"
MAX_CERTIFICATES = 64
MAX_REVOCATION = 64
MAX_ATTRIBUTES = 64
MAX_NODES = 60_000
MAX_BYTES = 16 * 1024 * 1024

_CERTIFICATE_TAGS = frozenset({der_reader.SEQUENCE, *(context(number) for number in range(4))})


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its type and the DER of each of its values."""

    oid: str
    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SignerIdentifier:
    """Who signed: issuer and serial number, or a subject key identifier."""

    issuer_der: bytes | None
    serial: int | None
    key_identifier: bytes | None


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """One SignerInfo (RFC 5652 cl. 5.3).

    `signed_attributes_der` is the SET OF as sent, re-tagged from [0] to 0x31: the very
    bytes that were signed. None when there are no signed attributes. `encoded` is the whole
    SignerInfo as sent.
    """

    version: int
    signer: SignerIdentifier
    digest_algorithm: AlgorithmIdentifier
    signed_attributes_der: bytes | None
    signed_attributes: tuple[Attribute, ...]
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    unsigned_attributes: tuple[Attribute, ...]
    encoded: bytes = b""


@dataclass(frozen=True, slots=True)
class SignedData:
    """A SignedData (RFC 5652 cl. 5.1); certificates in the order in which they were sent.

    `content` is the OCTET STRING with tag and length, `content_type_der` its type. `revocation`
    are revocation lists and other formats as they came; `certificate_choices` are all
    certificates, attribute certificates among them, which say nothing about who signed.
    """

    version: int
    digest_algorithms: tuple[AlgorithmIdentifier, ...]
    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    signer_infos: tuple[SignerInfo, ...]
    revocation: tuple[bytes, ...] = ()
    certificate_choices: tuple[bytes, ...] = ()
    content_type_der: bytes = b""


def parse_signed_data(cms_der: bytes) -> SignedData:
    """Read a ContentInfo that holds SignedData. Raises MalformedCms."""
    try:
        check_der(cms_der, max_bytes=MAX_BYTES, max_nodes=MAX_NODES)
        outer = der_reader.read(cms_der, der_reader.SEQUENCE).elements()
        content_type = outer.take().object_identifier()
        if content_type != SIGNED_DATA:
            raise _malformed(f"its content type is {content_type}, not SignedData")
        wrapped = outer.take(context(0)).elements()
        outer.finish()
        signed_data = _signed_data(wrapped.take(der_reader.SEQUENCE).elements())
        wrapped.finish()
    except MalformedDer as exc:
        raise _malformed(exc.detail) from exc
    return signed_data


def _signed_data(parts: Elements) -> SignedData:
    version = parts.take().integer()
    digests = parts.take(der_reader.SET).elements().rest()
    encapsulated = parts.take(der_reader.SEQUENCE).elements()
    content_type = encapsulated.take()
    wrapped = encapsulated.take_if(context(0))
    encapsulated.finish()
    content = None if wrapped is None else der_reader.read(wrapped.contents).encoded
    certificates = parts.take_if(context(0))
    revocation = parts.take_if(context(1))
    signers = parts.take(der_reader.SET).elements().rest(der_reader.SEQUENCE)
    parts.finish()
    choices = () if certificates is None else _certificates(certificates)
    return SignedData(
        version,
        tuple(parse_algorithm(item) for item in digests),
        content_type.object_identifier(),
        content,
        tuple(item.encoded for item in choices if item.tag == der_reader.SEQUENCE),
        tuple(_signer_info(item) for item in signers),
        () if revocation is None else _revocation(revocation),
        tuple(item.encoded for item in choices),
        content_type.encoded,
    )


def _certificates(element: Element) -> tuple[Element, ...]:
    found = element.elements().rest()
    if len(found) > MAX_CERTIFICATES:
        raise _malformed(f"it carries more than {MAX_CERTIFICATES} certificates")
    # RFC 5652 cl. 10.2.2: besides X.509 certificates attribute certificates and others.
    if any(item.tag not in _CERTIFICATE_TAGS for item in found):
        raise _malformed("among its certificates is something of no known kind")
    return found


def _revocation(element: Element) -> tuple[bytes, ...]:
    found = element.elements().rest()
    if len(found) > MAX_REVOCATION:
        raise _malformed(f"it carries more than {MAX_REVOCATION} pieces of revocation data")
    return tuple(item.encoded for item in found)


def _signer_info(element: Element) -> SignerInfo:
    parts = element.elements()
    version = parts.take().integer()
    signer = _signer(parts.take())
    digest = parse_algorithm(parts.take(der_reader.SEQUENCE))
    signed = parts.take_if(context(0))
    algorithm = parse_algorithm(parts.take(der_reader.SEQUENCE))
    signature = parts.take().octets()
    unsigned = parts.take_if(context(1))
    parts.finish()
    return SignerInfo(
        version,
        signer,
        digest,
        # RFC 5652 cl. 5.4: the digest is over the tag of SET OF instead of [0] IMPLICIT.
        None if signed is None else b"\x31" + signed.encoded[1:],
        () if signed is None else _attributes(signed),
        algorithm,
        signature,
        () if unsigned is None else _attributes(unsigned),
        element.encoded,
    )


def _signer(element: Element) -> SignerIdentifier:
    if element.tag == context(0, constructed=False):
        return SignerIdentifier(None, None, element.contents)
    if element.tag != der_reader.SEQUENCE:
        raise _malformed("its signer identifier is of no known kind")
    parts = element.elements()
    issuer = parts.take(der_reader.SEQUENCE).encoded
    serial = parts.take().integer()
    parts.finish()
    return SignerIdentifier(issuer, serial, None)


def _attributes(element: Element) -> tuple[Attribute, ...]:
    found = []
    for item in element.elements().rest(der_reader.SEQUENCE):
        parts = item.elements()
        oid = parts.take().object_identifier()
        values = tuple(value.encoded for value in parts.take(der_reader.SET).elements().rest())
        parts.finish()
        found.append(Attribute(oid, values))
    if len(found) > MAX_ATTRIBUTES:
        raise _malformed(f"it has more than {MAX_ATTRIBUTES} attributes")
    return tuple(found)


def _malformed(reason: str) -> MalformedCms:
    return MalformedCms(
        f"The CMS signature cannot be read: {reason}",
        "Ask for the file as the signer made it; it may have been damaged or altered.",
    )
