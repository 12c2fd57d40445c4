"""Reading the providers and services of a trusted list (ETSI TS 119 612 cl. 5.4 to 5.6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from idservice.errors import MalformedTrustedList
from idservice.trustlists.criteria import SIE, read_criteria
from idservice.trustlists.values import Qualification, ServicePeriod, TrustService
from idservice.xmlsig.qualifying import read_time
from idservice.xmlsig.reading import (
    XML_NAMESPACE,
    XmlElement,
    attribute,
    child,
    child_text,
    children,
    decoded,
    optional_child,
    text,
)

TSL = "{http://uri.etsi.org/02231/v2#}"
_ADDITIONAL = "{http://uri.etsi.org/02231/v2/additionaltypes#}"

MAX_SERVICES = 20_000
MAX_PERIODS = 100
"""Periods of one service."""


def read_services(root: XmlElement) -> Iterator[TrustService]:
    """Return the services of all providers of a list. Raises MalformedXml, MalformedTrustedList."""
    count = 0
    for provider in children(optional_child(root, f"{TSL}TrustServiceProviderList")):
        name = international(child(child(provider, f"{TSL}TSPInformation"), f"{TSL}TSPName"))
        for item in children(child(provider, f"{TSL}TSPServices"), f"{TSL}TSPService"):
            count += 1
            if count > MAX_SERVICES:
                raise MalformedTrustedList(
                    f"The trusted list has more than {MAX_SERVICES} services.", _FIX
                )
            yield _service(item, name)


def _service(element: XmlElement, provider: str) -> TrustService:
    information = child(element, f"{TSL}ServiceInformation")
    history = list(children(optional_child(element, f"{TSL}ServiceHistory")))
    if len(history) >= MAX_PERIODS:
        raise MalformedTrustedList("A service of the trusted list has too long a history.", _FIX)
    identity = child(information, f"{TSL}ServiceDigitalIdentity")
    periods = [_period(information), *(_period(item) for item in history)]
    return TrustService(
        provider,
        *read_identity(identity),
        tuple(sorted(periods, key=lambda item: item.since, reverse=True)),
    )


def read_identity(
    element: XmlElement,
) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[str, ...]]:
    """Return certificates (DER), key identifiers and subject names of an identity (cl. 5.5.3)."""
    found = [item for identity in children(element) for item in children(identity)]
    return (
        tuple(decoded(item) for item in found if item.tag == f"{TSL}X509Certificate"),
        tuple(decoded(item) for item in found if item.tag == f"{TSL}X509SKI"),
        tuple(text(item) for item in found if item.tag == f"{TSL}X509SubjectName"),
    )


def _period(element: XmlElement) -> ServicePeriod:
    extensions = _Extensions(optional_child(element, f"{TSL}ServiceInformationExtensions"))
    return ServicePeriod(
        child_text(element, f"{TSL}ServiceTypeIdentifier"),
        international(child(element, f"{TSL}ServiceName")),
        child_text(element, f"{TSL}ServiceStatus"),
        read_time(child_text(element, f"{TSL}StatusStartingTime")),
        tuple(extensions.additional),
        tuple(extensions.qualifications),
        extensions.expired_certificates_since,
        extensions.taken_over_by,
        extensions.processed,
    )


class _Extensions:
    """What the extensions of a service say (cl. 5.5.9); one that is unknown may be critical."""

    def __init__(self, element: XmlElement | None) -> None:
        self.additional: list[str] = []
        self.qualifications: list[Qualification] = []
        self.expired_certificates_since: dt.datetime | None = None
        self.taken_over_by: str | None = None
        self.processed = True
        for extension in children(element, f"{TSL}Extension"):
            understood = [self._read(item) for item in children(extension)]
            critical = extension.get("Critical") in ("true", "1")
            if critical and not (understood and all(understood)):
                self.processed = False

    def _read(self, element: XmlElement) -> bool:
        """Read one extension, and say whether it was understood."""
        if element.tag == f"{TSL}AdditionalServiceInformation":
            self.additional.append(child_text(element, f"{TSL}URI"))
        elif element.tag == f"{SIE}Qualifications":
            self.qualifications += [_qualification(item) for item in children(element)]
        elif element.tag == f"{TSL}ExpiredCertsRevocationInfo":
            self.expired_certificates_since = read_time(text(element))
        elif element.tag == f"{_ADDITIONAL}TakenOverBy":
            name = child(element, f"{TSL}TSPName")
            self.taken_over_by = international(name)
        else:
            return False
        return True


def _qualification(element: XmlElement) -> Qualification:
    qualifiers = children(child(element, f"{SIE}Qualifiers"), f"{SIE}Qualifier")
    return Qualification(
        tuple(attribute(item, "uri") for item in qualifiers),
        read_criteria(child(element, f"{SIE}CriteriaList")),
    )


def international(element: XmlElement) -> str:
    """Return the English one of several names, or the first. Raises MalformedTrustedList."""
    names = list(children(element, f"{TSL}Name"))
    if not names:
        raise MalformedTrustedList("A name in the trusted list is missing.", _FIX)
    english = [item for item in names if item.get(f"{{{XML_NAMESPACE}}}lang") == "en"]
    return text((english or names)[0])


_FIX = "Get the list again from where it is published."
