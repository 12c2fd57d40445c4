"""Verifying the one XML signature that a document carries over all of itself.

XMLDSig cl. 3.2 and EN 319 132-1, in this order:
 (1) the document has exactly one ds:Signature, a child of its root;
 (2) ds:SignedInfo is written in canonical form, and whatever is used of it is read from
     these very bytes;
 (3) every reference leads to an element by an Id that occurs once, or to the document; the
     enveloped transform is used for the document and nothing else;
 (4) one reference covers the document without the signature, and one the signed properties;
     any other must lead into the signature, so that no part looks signed and is not;
 (5) the digests hold; the signed properties name the certificate in ds:KeyInfo;
 (6) the signature value holds under the key of that certificate.
What is returned is not the document but the bytes that were hashed: nobody needs to look
again for what was signed. Whether the signer may sign is for the caller to say.
"""

from __future__ import annotations

import copy
import datetime as dt
import hmac
from dataclasses import dataclass, replace

from idservice.crypto.algorithms import SignatureAlgorithm
from idservice.crypto.certificates import subject_public_key_info
from idservice.crypto.keys import key_kind, load_public_key, verify_signature
from idservice.errors import SignatureInvalid, XmlSignatureRefused
from idservice.xmlsig.algorithms import INCLUSIVE, canonicalisation, signature_value
from idservice.xmlsig.canonical import canonical_document, canonical_element
from idservice.xmlsig.qualifying import (
    SIGNED_PROPERTIES,
    read_signed_properties,
)
from idservice.xmlsig.reading import (
    XmlElement,
    XmlLimits,
    attribute,
    child,
    children,
    decoded,
    parse_xml,
)
from idservice.xmlsig.signed_info import DS, Reference, SignedInfo, read_signed_info

MAX_CERTIFICATES = 16
"""Certificates in ds:KeyInfo that are looked at."""


@dataclass(frozen=True, slots=True)
class VerifiedXml:
    """A document whose signature holds: exactly the bytes that were hashed, in canonical form.

    The signature is not in `content`. `certificate_der` is the signer's, and nothing was
    verified about it; the signing time is a claim of the signer.
    """

    content: bytes
    certificate_der: bytes
    algorithm: SignatureAlgorithm
    claimed_signing_time: dt.datetime | None


def verify_enveloped(document: bytes, limits: XmlLimits | None = None) -> VerifiedXml:
    """Verify the enveloped XAdES signature of a whole document.

    Raises MalformedXml, UnsupportedAlgorithm, XmlSignatureRefused for a signature that does
    not cover the document or is not built as it must be, SignatureInvalid for a digest or
    value that does not hold, MalformedDer and MalformedKey for the certificate.
    """
    root = parse_xml(document, limits)
    signature = _only_signature(root)
    signed_bytes, info = _signed_info(signature)
    references = _References(root, signature)
    content, properties_bytes = references.resolve(info)
    properties = read_signed_properties(parse_xml(properties_bytes, limits))
    certificate_der = properties.signing_certificate(_certificates(signature))
    _verify_value(signature, info, signed_bytes, certificate_der)
    return VerifiedXml(content, certificate_der, info.algorithm, properties.claimed_signing_time)


def _only_signature(root: XmlElement) -> XmlElement:
    """Rule (1)."""
    found = list(root.iter(f"{DS}Signature"))
    if len(found) != 1 or found[0].getparent() is not root:
        raise _refused(
            f"it has {len(found)} signatures, and must have one, directly below its root"
            if len(found) != 1
            else "its signature does not stand directly below its root"
        )
    return found[0]


def _signed_info(signature: XmlElement) -> tuple[bytes, SignedInfo]:
    """Rule (2)."""
    element = child(signature, f"{DS}SignedInfo")
    method = child(element, f"{DS}CanonicalizationMethod")
    form = canonicalisation(attribute(method, "Algorithm"))
    claimed = read_signed_info(element)
    written = canonical_element(element, form, claimed.prefixes)
    info = read_signed_info(parse_xml(written))
    if info != claimed:
        raise _refused("what it signs reads differently in canonical form")
    return written, info


class _References:
    """Finds what the references of one signature lead to: rules (3) to (5)."""

    def __init__(self, root: XmlElement, signature: XmlElement) -> None:
        self._root, self._signature = root, signature
        self._ids = _ids(root)

    def resolve(self, info: SignedInfo) -> tuple[bytes, bytes]:
        """Return the bytes of the document and of the signed properties."""
        contents: list[bytes] = []
        properties: list[bytes] = []
        for item in info.references:
            target = self._target(item.uri)
            data = self._data(item, target)
            _require_digest(item, data)
            if target is self._root or target is None:
                contents.append(data)
            elif item.type == SIGNED_PROPERTIES:
                properties.append(data)
        if len(contents) != 1 or len(properties) != 1:
            raise _refused("it does not cover the document and its own properties, each once")
        return contents[0], properties[0]

    def _target(self, uri: str) -> XmlElement | None:
        """Return the element that a reference names; None for the whole document."""
        if not uri:
            return None
        if not uri.startswith("#") or uri[1:] not in self._ids:
            raise _refused("one of its references leads to nothing in the document")
        found = self._ids[uri[1:]]
        if len(found) != 1:
            raise _refused("an Id that one of its references names occurs more than once")
        return found[0]

    def _data(self, reference: Reference, target: XmlElement | None) -> bytes:
        transforms = reference.transforms
        # XMLDSig cl. 4.4.3.3: references within the document leave comments out.
        form = replace(transforms.form or INCLUSIVE, comments=False)
        whole = target is None or target is self._root
        if whole != transforms.enveloped:
            raise _refused("its transforms are not those for what they are used on")
        if whole:
            root = _without(self._root, self._signature)
            if target is None:
                return canonical_document(root, form, transforms.prefixes)
            return canonical_element(root, form, transforms.prefixes)
        if target is None or self._signature not in target.iterancestors():
            raise _refused("one of its references leads to a part of the document alone")
        return canonical_element(target, form, transforms.prefixes)


def _ids(root: XmlElement) -> dict[str, list[XmlElement]]:
    """Find elements by whatever some reader takes for an Id, so that no two may share one."""
    found: dict[str, list[XmlElement]] = {}
    for element in root.iter():
        names = {
            str(value)
            for name, value in element.attrib.items()
            if str(name).rpartition("}")[2].lower() == "id"
        }
        for name in names:
            found.setdefault(name, []).append(element)
    return found


def _without(root: XmlElement, signature: XmlElement) -> XmlElement:
    """Copy a document without its signature, and with the text that followed it."""
    position = root.index(signature)
    copied = copy.deepcopy(root.getroottree()).getroot()
    left_out = copied[position]
    tail = left_out.tail or ""
    if position:
        before = copied[position - 1]
        before.tail = (before.tail or "") + tail
    else:
        copied.text = (copied.text or "") + tail
    left_out.tail = None
    copied.remove(left_out)
    return copied


def _require_digest(reference: Reference, data: bytes) -> None:
    if not hmac.compare_digest(reference.hash.digest(data), reference.digest):
        raise SignatureInvalid(
            "The document is not the one that was signed: a digest in its XML signature does not "
            "hold.",
            "Get the document again from where it is published.",
        )


def _certificates(signature: XmlElement) -> list[bytes]:
    info = child(signature, f"{DS}KeyInfo")
    found = [
        decoded(item)
        for data in children(info, f"{DS}X509Data")
        for item in children(data, f"{DS}X509Certificate")
    ]
    if not found or len(found) > MAX_CERTIFICATES:
        raise _refused("its key information has no certificate, or too many")
    return found


def _verify_value(
    signature: XmlElement, info: SignedInfo, signed: bytes, certificate_der: bytes
) -> None:
    """Rule (6)."""
    key = load_public_key(subject_public_key_info(certificate_der))
    value = decoded(child(signature, f"{DS}SignatureValue"))
    verify_signature(
        key, info.algorithm, signature_value(value, info.algorithm, key_kind(key)), signed
    )


def _refused(what: str) -> XmlSignatureRefused:
    return XmlSignatureRefused(
        f"The XML signature of the document cannot be relied upon: {what}.",
        "Get the document again from where it is published.",
    )
