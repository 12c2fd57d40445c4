"""What a ds:Signature says that it signs: values out of its ds:SignedInfo (XMLDSig cl. 4.4)."""

from __future__ import annotations

from dataclasses import dataclass

from idservice.crypto.algorithms import HashAlgorithm, SignatureAlgorithm
from idservice.errors import MalformedXml, UnsupportedAlgorithm
from idservice.xmlsig.algorithms import (
    ENVELOPED,
    Canonicalisation,
    canonicalisation,
    digest_algorithm,
    signature_algorithm_by_uri,
)
from idservice.xmlsig.reading import (
    XmlElement,
    attribute,
    child,
    children,
    decoded,
    optional_child,
)

DS = "{http://www.w3.org/2000/09/xmldsig#}"
_EC = "{http://www.w3.org/2001/10/xml-exc-c14n#}"

MAX_REFERENCES = 64
"""References in one signature; each costs a digest over a document."""


@dataclass(frozen=True, slots=True)
class Transforms:
    """What happens to a referenced element before its digest; None: no canonical form named."""

    enveloped: bool
    form: Canonicalisation | None
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """One thing that is signed: where it is, how it is written, and its digest."""

    uri: str
    type: str
    transforms: Transforms
    hash: HashAlgorithm
    digest: bytes


@dataclass(frozen=True, slots=True)
class SignedInfo:
    """The algorithm of a signature, and all that it covers."""

    form: Canonicalisation
    prefixes: tuple[str, ...]
    algorithm: SignatureAlgorithm
    references: tuple[Reference, ...]


def read_signed_info(element: XmlElement) -> SignedInfo:
    """Read a ds:SignedInfo. Raises MalformedXml, UnsupportedAlgorithm.

    Elements in another order, or that do not belong there, are refused.
    """
    expected = [f"{DS}CanonicalizationMethod", f"{DS}SignatureMethod"]
    found = [str(item.tag) for item in children(element)]
    references = found[2:]
    if element.tag != f"{DS}SignedInfo" or found[:2] != expected or not references:
        raise _malformed("ds:SignedInfo does not have the parts that it must have")
    if set(references) != {f"{DS}Reference"} or len(references) > MAX_REFERENCES:
        raise _malformed("ds:SignedInfo has other parts than references, or too many")
    method = child(element, f"{DS}CanonicalizationMethod")
    signature_method = child(element, f"{DS}SignatureMethod")
    # Parameters would be an HMAC's length, or those of another PSS than its URI names.
    if next(children(signature_method), None) is not None:
        raise _unsupported("a signature method with parameters")
    return SignedInfo(
        canonicalisation(attribute(method, "Algorithm")),
        _prefixes(method),
        signature_algorithm_by_uri(attribute(signature_method, "Algorithm")),
        tuple(_reference(item) for item in children(element, f"{DS}Reference")),
    )


def _reference(element: XmlElement) -> Reference:
    allowed = {f"{DS}Transforms", f"{DS}DigestMethod", f"{DS}DigestValue"}
    if not {str(item.tag) for item in children(element)} <= allowed:
        raise _malformed("a reference has parts that do not belong there")
    algorithm = digest_algorithm(attribute(child(element, f"{DS}DigestMethod"), "Algorithm"))
    return Reference(
        attribute(element, "URI"),
        element.get("Type") or "",
        _transforms(optional_child(element, f"{DS}Transforms")),
        algorithm,
        decoded(child(element, f"{DS}DigestValue")),
    )


def _transforms(element: XmlElement | None) -> Transforms:
    """Read the transforms: the enveloped signature first, then at most one canonical form."""
    listed = list(children(element))
    enveloped = bool(listed) and attribute(listed[0], "Algorithm") == ENVELOPED
    rest = listed[1:] if enveloped else listed
    if len(rest) > 1 or any(item.tag != f"{DS}Transform" for item in listed):
        raise _unsupported("several transforms")
    if not rest:
        return Transforms(enveloped, None)
    return Transforms(
        enveloped, canonicalisation(attribute(rest[0], "Algorithm")), _prefixes(rest[0])
    )


def _prefixes(method: XmlElement) -> tuple[str, ...]:
    """The prefixes of ec:InclusiveNamespaces (Exclusive XML Canonicalization cl. 4)."""
    found = [str(item.tag) for item in children(method)]
    if not found:
        return ()
    if found != [f"{_EC}InclusiveNamespaces"]:
        raise _unsupported("a canonical form with unknown parameters")
    return tuple((next(children(method)).get("PrefixList") or "").split())


def _malformed(what: str) -> MalformedXml:
    return MalformedXml(f"The XML signature cannot be used: {what}.", _FIX)


def _unsupported(what: str) -> UnsupportedAlgorithm:
    return UnsupportedAlgorithm(
        f"The XML signature uses {what}, which is not done here: it could change what is signed.",
        "Have the document signed with the enveloped-signature transform and one canonical form.",
    )


_FIX = "Get the document again from where it is published."
