"""The signed properties of a XAdES signature (ETSI EN 319 132-1 cl. 5.2) that count here.

Who signed is named by digests of certificates: xades:SigningCertificate (ETSI TS 101 903) or
xades:SigningCertificateV2. A certificate that merely stands in ds:KeyInfo proves nothing.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from idservice.crypto.algorithms import HashAlgorithm
from idservice.errors import MalformedXml, XmlSignatureRefused
from idservice.xmlsig.algorithms import digest_algorithm
from idservice.xmlsig.reading import (
    XmlElement,
    attribute,
    child,
    children,
    decoded,
    optional_child,
    text,
)
from idservice.xmlsig.signed_info import DS

XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
"""The type that a reference to the signed properties names (EN 319 132-1 cl. 4.4.2)."""


@dataclass(frozen=True, slots=True)
class SignedProperties:
    """What the signer says: who signed (digest of the certificate), and when by its clock."""

    hash: HashAlgorithm
    digest: bytes
    claimed_signing_time: dt.datetime | None

    def signing_certificate(self, certificates: Sequence[bytes]) -> bytes:
        """Return the DER certificate that the digest is of. Raises XmlSignatureRefused."""
        for item in certificates:
            if hmac.compare_digest(self.hash.digest(item), self.digest):
                return item
        raise XmlSignatureRefused(
            "The certificate that the XML signature names by its digest is not the one that came "
            "along in its key information.",
            "Get the document again from where it is published.",
        )


def read_signed_properties(element: XmlElement) -> SignedProperties:
    """Read xades:SignedProperties. Raises MalformedXml, UnsupportedAlgorithm."""
    if element.tag != f"{XADES}SignedProperties":
        raise _malformed("what is signed as its properties is something else")
    properties = child(element, f"{XADES}SignedSignatureProperties")
    both = [
        found
        for name in ("SigningCertificate", "SigningCertificateV2")
        if (found := optional_child(properties, f"{XADES}{name}")) is not None
    ]
    if len(both) != 1:
        raise _malformed("it does not name its signing certificate exactly once")
    named = list(children(both[0], f"{XADES}Cert"))
    if not named:
        raise _malformed("it names no signing certificate")
    # Clause 5.2.2: the first one is the signer's; further ones are of its path.
    digest = child(named[0], f"{XADES}CertDigest")
    algorithm = digest_algorithm(attribute(child(digest, f"{DS}DigestMethod"), "Algorithm"))
    time = optional_child(properties, f"{XADES}SigningTime")
    return SignedProperties(
        algorithm,
        decoded(child(digest, f"{DS}DigestValue")),
        None if time is None else read_time(text(time)),
    )


def read_time(written: str) -> dt.datetime:
    """Read an xsd:dateTime with its zone; one without any is UTC. Raises MalformedXml."""
    try:
        time = dt.datetime.fromisoformat(written)
        return (time if time.tzinfo else time.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError) as exc:
        raise MalformedXml(
            f"{written[:60]!r} is no time as XML writes it.",
            "Get the document again from where it is published.",
        ) from exc


def _malformed(what: str) -> MalformedXml:
    return MalformedXml(
        f"The XML signature cannot be used: {what}.",
        "Get the document again from where it is published.",
    )
