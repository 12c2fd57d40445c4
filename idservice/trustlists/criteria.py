"""Which certificates of a service a qualifier is about (ETSI TS 119 612 cl. 5.5.9.2.2).

Criteria are decided with three values: what is not understood is neither true nor false,
and whoever asks must then take the certificate for not qualified.
"""

from __future__ import annotations

from dataclasses import dataclass

from idservice.errors import MalformedTrustedList
from idservice.pki.certificate_claims import CertificateClaims
from idservice.xmlsig.reading import (
    XmlElement,
    attribute,
    child,
    child_text,
    children,
    optional_child,
    text,
)

SIE = "{http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
_ADDITIONAL = "{http://uri.etsi.org/02231/v2/additionaltypes#}"

MAX_LEVELS = 8
"""Lists of criteria inside each other."""


@dataclass(frozen=True, slots=True)
class KeyUsageCriterion:
    """Bits of the key usage, by their names in RFC 5280, and the value that each must have."""

    bits: tuple[tuple[str, bool], ...]

    def holds(self, claims: CertificateClaims) -> bool | None:
        """Whether every bit has its value."""
        return all((name in claims.key_usages) is value for name, value in self.bits)


@dataclass(frozen=True, slots=True)
class PolicyCriterion:
    """Certificate policies (OIDs), all of which must be there."""

    policies: frozenset[str]

    def holds(self, claims: CertificateClaims) -> bool | None:
        """Whether the certificate names all of them."""
        return self.policies <= claims.policies


@dataclass(frozen=True, slots=True)
class ExtendedKeyUsageCriterion:
    """Extended key usages (OIDs), all of which must be there."""

    purposes: frozenset[str]

    def holds(self, claims: CertificateClaims) -> bool | None:
        """Whether the certificate lists all of them."""
        return self.purposes <= claims.extended_key_usages


@dataclass(frozen=True, slots=True)
class UnknownCriterion:
    """A criterion that is not understood, so that nobody knows whether it holds."""

    name: str

    def holds(self, _claims: CertificateClaims) -> bool | None:
        """Neither true nor false."""
        return None


@dataclass(frozen=True, slots=True)
class CriteriaList:
    """Several criteria, of which "all", "atLeastOne" or "none" must hold."""

    asserted: str
    criteria: tuple[Criterion, ...]

    def holds(self, claims: CertificateClaims) -> bool | None:
        """Decide them together; None when it rests on what is not understood."""
        values = {item.holds(claims) for item in self.criteria}
        if self.asserted == "all":
            return _decided(values, decisive=False)
        found = _decided(values, decisive=True)
        return found if self.asserted == "atLeastOne" or found is None else not found


Criterion = (
    KeyUsageCriterion
    | PolicyCriterion
    | ExtendedKeyUsageCriterion
    | UnknownCriterion
    | CriteriaList
)


def _decided(values: set[bool | None], *, decisive: bool) -> bool | None:
    """Decide by the one value that outweighs all others. A list of nothing decides nothing."""
    if decisive in values:
        return decisive
    return None if None in values or not values else not decisive


def read_criteria(element: XmlElement, level: int = 0) -> CriteriaList:
    """Read a CriteriaList. Raises MalformedXml, MalformedTrustedList."""
    asserted = attribute(element, "assert")
    if asserted not in ("all", "atLeastOne", "none") or level > MAX_LEVELS:
        raise MalformedTrustedList(
            "A list of criteria in the trusted list asserts something unknown, or is nested too "
            "deeply.",
            "Get the list again from where it is published.",
        )
    found: list[Criterion] = []
    for item in children(element):
        # A description is for people (cl. 5.5.9.2.2.1).
        if item.tag != f"{SIE}Description":
            found += _criteria(item, level)
    return CriteriaList(asserted, tuple(found))


def _criteria(element: XmlElement, level: int) -> list[Criterion]:
    if element.tag == f"{SIE}KeyUsage":
        return [KeyUsageCriterion(tuple(_bit(item) for item in children(element)))]
    if element.tag == f"{SIE}PolicySet":
        return [PolicyCriterion(frozenset(_oid(item) for item in children(element)))]
    if element.tag == f"{SIE}CriteriaList":
        return [read_criteria(element, level + 1)]
    if element.tag == f"{SIE}otherCriteriaList":
        return [_other(item) for item in children(element)] or [UnknownCriterion("nothing")]
    return [UnknownCriterion(str(element.tag))]


def _bit(element: XmlElement) -> tuple[str, bool]:
    value = text(element)
    if element.tag != f"{SIE}KeyUsageBit" or value not in ("true", "false", "1", "0"):
        raise MalformedTrustedList(
            "A criterion of the trusted list about key usage is not as it must be.",
            "Get the list again from where it is published.",
        )
    return attribute(element, "name"), value in ("true", "1")


def _other(element: XmlElement) -> Criterion:
    if element.tag != f"{_ADDITIONAL}ExtendedKeyUsage":
        return UnknownCriterion(str(element.tag))
    named = children(element, f"{_ADDITIONAL}KeyPurposeId")
    purposes = frozenset(_identifier(child(item, f"{XADES}Identifier")) for item in named)
    return ExtendedKeyUsageCriterion(purposes) if purposes else UnknownCriterion("no purpose")


def _oid(element: XmlElement) -> str:
    identifier = optional_child(element, f"{XADES}Identifier")
    if identifier is None:
        return child_text(element, f"{SIE}Identifier").removeprefix("urn:oid:")
    return _identifier(identifier)


def _identifier(element: XmlElement) -> str:
    return text(element).removeprefix("urn:oid:")
