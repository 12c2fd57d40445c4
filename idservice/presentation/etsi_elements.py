"""The elements of a report as TS 119 102-2 has them, and how values are written in them."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib

from lxml import etree

from idservice.presentation.method_uris import digest_uri
from idservice.validation.rules import Indication, SubIndication

VR = "http://uri.etsi.org/19102/v1.2.1#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XS = "http://www.w3.org/2001/XMLSchema"
URN = "urn:etsi:019102"

XmlElement = etree._Element  # noqa: SLF001 - the library has no other name for the type


def add(parent: XmlElement, name: str, text: str | None = None) -> XmlElement:
    """Add an element of the report to another one, with a text if given."""
    made = etree.SubElement(parent, f"{{{VR}}}{name}")
    if text is not None:
        made.text = xml_text(text)
    return made


def signed_attribute(parent: XmlElement, name: str) -> XmlElement:
    """Add an attribute of the signature that the signer signed."""
    made = add(parent, name)
    made.set("Signed", "true")
    return made


def add_data(parent: XmlElement, kind: str, text: str) -> None:
    """Add data of a kind (a URI) that the standard leaves open."""
    data = add(parent, "ReportData")
    add(data, "Type", kind)
    value = etree.SubElement(data, f"{{{VR}}}Value", nsmap={"xs": XS, "xsi": XSI})
    value.set(f"{{{XSI}}}type", "xs:string")
    value.text = xml_text(text)


def add_digest(parent: XmlElement, name: str, value: bytes) -> None:
    """Add a digest, whose algorithm has the name that `crypto.algorithms` gives it."""
    made = add(parent, "DigestAlgAndValue")
    etree.SubElement(made, f"{{{DS}}}DigestMethod").set("Algorithm", digest_uri(name))
    etree.SubElement(made, f"{{{DS}}}DigestValue").text = base64_text(value)


def refer(parent: XmlElement, identity: str) -> None:
    """Let an element refer to a validation object."""
    parent.set("VOReference", identity)


def identity_of(prefix: str, *parts: str) -> str:
    """Make a name that is unique in the document, and the same in every report."""
    return f"{prefix}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:24].upper()}"


def main_indication(indication: Indication, *, block: bool = False) -> str:
    """Return the URI of an indication; of a part of the validation with `block`."""
    name = indication.value.lower()
    return f"{URN}:mainindication:{name.removeprefix('total-') if block else name}"


def sub_indication(sub: SubIndication) -> str:
    """Return the URI of a sub-indication."""
    return f"{URN}:subindication:{sub.value}"


def object_uri(name: str) -> str:
    """Return an object identifier as a URI (RFC 3061); a URI stays as it is."""
    return f"urn:oid:{name}" if name.replace(".", "").isdigit() else name


def xml_text(text: str) -> str:
    """Replace what no XML document can hold (XML 1.0 cl. 2.2)."""
    return "".join(
        item
        if item in "\t\n\r"
        or "\x20" <= item <= "\ud7ff"
        or "\ue000" <= item <= "\ufffd"
        or item >= "\U00010000"
        else "\ufffd"
        for item in text
    )


def base64_text(data: bytes) -> str:
    """Write octets in Base64."""
    return base64.b64encode(data).decode("ascii")


def time_text(time: dt.datetime) -> str:
    """Write a time (aware) in UTC, to the second."""
    return f"{time.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
