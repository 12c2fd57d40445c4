"""Reading what a signer claims in signed attributes; it is signed, and proved by nothing.

EN 319 122-1 cl. 5.2.3 (commitment-type-indication), 5.2.4 (content-hints and mime-type), 5.2.5
(signer-location), 5.2.6 (signer-attributes-v2; RFC 5126 cl. 5.11.3 for the one before) and
5.2.9 (signature-policy-identifier). Attribute certificates among the attributes are not claims
and are not looked at. Texts are cut and made printable, because people will read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from idservice.cms.parsing import SignerInfo
from idservice.crypto import der_reader
from idservice.crypto.algorithm_identifiers import parse_algorithm
from idservice.crypto.der_reader import Element, Elements, context
from idservice.crypto.recognised import recognised_hash
from idservice.errors import MalformedDer, UnsupportedAlgorithm

CONTENT_HINTS = "1.2.840.113549.1.9.16.2.4"
SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15"
COMMITMENT_TYPE = "1.2.840.113549.1.9.16.2.16"
SIGNER_LOCATION = "1.2.840.113549.1.9.16.2.17"
SIGNER_ATTRIBUTES = "1.2.840.113549.1.9.16.2.18"
SIGNER_ATTRIBUTES_V2 = "0.4.0.19122.1.1"
MIME_TYPE = "0.4.0.1733.2.1"

MAX_TEXT = 200
"""Characters of one claim that are kept."""

MAX_CLAIMS = 20
"""Roles, and commitments, that are kept."""

IMPLIED = "implied"
"""The policy of a signature that only says that there is one."""

_POLICY_URI = "1.2.840.113549.1.9.16.5.1"
_UTF8 = 0x0C
_IA5 = 0x16
# The string types of X.680, with the encoding of their characters.
_STRINGS = {
    _UTF8: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    _IA5: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
_T = TypeVar("_T")
# GeneralName: rfc822Name, dNSName, uniformResourceIdentifier.
_TEXT_NAMES = frozenset(context(number, constructed=False) for number in (1, 2, 6))


@dataclass(frozen=True, slots=True)
class ClaimedPolicy:
    """The signature policy that a signer names: its OID, or IMPLIED, and where it can be read.

    `digest` is that of its document as "sha256:…" in hexadecimal digits, with the OID of a hash
    that is not known; None where the signer left it out.
    """

    oid: str
    digest: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """Everything that one signer claims; `unreadable` are the OIDs of what cannot be read."""

    roles: tuple[str, ...] = ()
    commitments: tuple[str, ...] = ()
    policy: ClaimedPolicy | None = None
    location: str | None = None
    mime_type: str | None = None
    description: str | None = None
    unreadable: tuple[str, ...] = ()


NOTHING_CLAIMED = Claimed()
"""What most signers claim."""


def read_claims(signer: SignerInfo) -> Claimed:
    """Return what a signer claims. Raises nothing."""
    reader = _Reader(signer)
    roles = (
        *reader.texts(SIGNER_ATTRIBUTES_V2, _roles_v2),
        *reader.texts(SIGNER_ATTRIBUTES, _roles_v1),
    )
    commitments = reader.texts(COMMITMENT_TYPE, _commitment)
    policies = reader.values(SIGNATURE_POLICY, _policy)
    location, mime_type, description = (
        next(iter(reader.texts(oid, read)), None)
        for oid, read in (
            (SIGNER_LOCATION, _location),
            (MIME_TYPE, _text),
            (CONTENT_HINTS, _description),
        )
    )
    return Claimed(
        tuple(dict.fromkeys(roles))[:MAX_CLAIMS],
        tuple(dict.fromkeys(commitments))[:MAX_CLAIMS],
        policies[0] if policies else None,
        location,
        mime_type,
        description,
        tuple(dict.fromkeys(reader.unreadable)),
    )


class _Reader:
    """Reads the values of signed attributes, and remembers which ones cannot be read."""

    def __init__(self, signer: SignerInfo) -> None:
        self._attributes = signer.signed_attributes
        self.unreadable: list[str] = []

    def values(self, oid: str, read: Callable[[Element], _T]) -> list[_T]:
        found: list[_T] = []
        for attribute in self._attributes:
            if attribute.oid != oid:
                continue
            try:
                found += [read(der_reader.read(value)) for value in attribute.values]
            except MalformedDer:
                self.unreadable.append(oid)
        return found

    def texts(self, oid: str, read: Callable[[Element], Iterator[str]]) -> list[str]:
        """Read texts for people: bounded, printable, and none that is empty."""
        found = self.values(oid, lambda element: [_shown(item) for item in read(element)])
        return [item for texts in found for item in texts if item]


def _roles_v2(element: Element) -> Iterator[str]:
    """SignerAttributeV2: claimedAttributes [0], certifiedAttributesV2 [1], signedAssertions [2]."""
    parts = _parts(element)
    claimed = parts.take_if(context(0))
    if claimed is not None:
        yield from _attributes(claimed)
    if any(item.tag not in (context(1), context(2)) for item in parts.rest()):
        raise MalformedDer("the attributes of the signer are of no known kind")


def _roles_v1(element: Element) -> Iterator[str]:
    """SignerAttribute: a sequence of claimedAttributes [0] and certifiedAttributes [1]."""
    for item in _parts(element).rest():
        if item.tag == context(0):
            yield from _attributes(item)
        elif item.tag != context(1):
            raise MalformedDer("the attributes of the signer are of no known kind")


def _attributes(tagged: Element) -> Iterator[str]:
    """ClaimedAttributes, explicitly tagged: the values of its attributes, whatever their types."""
    for attribute in der_reader.read(tagged.contents, der_reader.SEQUENCE).elements().rest():
        parts = _parts(attribute)
        parts.take(der_reader.OBJECT_IDENTIFIER)
        for value in parts.take(der_reader.SET).elements().rest():
            yield from _role(value)
        parts.finish()


def _role(value: Element) -> Iterator[str]:
    """A text, or the roleName [1] of a RoleSyntax (X.509 cl. 17.4.2) where that is a text."""
    if value.tag in _STRINGS:
        yield from _text(value)
    elif value.tag == der_reader.SEQUENCE:
        parts = value.elements()
        parts.take_if(context(0))
        name = der_reader.read(parts.take(context(1)).contents)
        parts.finish()
        if name.tag in _TEXT_NAMES:
            yield name.contents.decode("ascii", "replace")


def _commitment(element: Element) -> Iterator[str]:
    """CommitmentTypeIndication: its identifier; qualifiers are for programs that know it."""
    parts = _parts(element)
    yield parts.take().object_identifier()
    parts.take_if(der_reader.SEQUENCE)
    parts.finish()


def _policy(element: Element) -> ClaimedPolicy:
    """SignaturePolicy: signaturePolicyId, or NULL for one that is implied."""
    if element.tag == der_reader.NULL:
        return ClaimedPolicy(IMPLIED)
    parts = _parts(element)
    oid = parts.take().object_identifier()
    hashed = parts.take_if(der_reader.SEQUENCE)
    qualifiers = parts.take_if(der_reader.SEQUENCE)
    parts.finish()
    return ClaimedPolicy(
        oid,
        None if hashed is None else _policy_digest(hashed),
        None if qualifiers is None else _policy_uri(qualifiers),
    )


def _policy_digest(hashed: Element) -> str | None:
    parts = hashed.elements()
    oid = parse_algorithm(parts.take(der_reader.SEQUENCE)).oid
    value = parts.take().octets()
    parts.finish()
    if not value.strip(b"\x00"):
        # RFC 5126 cl. 5.8.1: zeros tell that the hash is not known.
        return None
    try:
        name = recognised_hash(oid).name
    except UnsupportedAlgorithm:
        name = oid
    return _shown(f"{name}:{value.hex()}")


def _policy_uri(qualifiers: Element) -> str | None:
    for item in qualifiers.elements().rest(der_reader.SEQUENCE):
        parts = item.elements()
        if parts.take().object_identifier() == _POLICY_URI:
            return _shown(parts.take(_IA5).contents.decode("ascii", "replace"))
    return None


def _location(element: Element) -> Iterator[str]:
    """SignerLocation: countryName [0], localityName [1] and postalAddress [2], as one text."""
    parts = _parts(element)
    country, locality, address = (parts.take_if(context(number)) for number in range(3))
    parts.finish()
    lines = [] if address is None else [*_parts(der_reader.read(address.contents)).rest()]
    lines += [der_reader.read(item.contents) for item in (locality, country) if item is not None]
    yield ", ".join(text for line in lines for text in _text(line))


def _description(element: Element) -> Iterator[str]:
    """ContentHints: contentDescription, and the type of what is inside."""
    parts = _parts(element)
    description = parts.take_if(_UTF8)
    parts.take().object_identifier()
    parts.finish()
    if description is not None:
        yield from _text(description)


def _text(element: Element) -> Iterator[str]:
    if element.tag not in _STRINGS:
        raise MalformedDer("a text is of no known kind")
    yield element.contents.decode(_STRINGS[element.tag], "replace")


def _parts(element: Element) -> Elements:
    if element.tag != der_reader.SEQUENCE:
        raise MalformedDer("an attribute has the wrong tag")
    return element.elements()


def _shown(text: str) -> str:
    """Keep what people can read: no control characters, and not more than a few lines."""
    printable = "".join(item if item.isprintable() else "\ufffd" for item in text.strip())
    return printable if len(printable) <= MAX_TEXT else f"{printable[: MAX_TEXT - 1]}…"
