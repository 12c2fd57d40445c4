"""Reading XML of strangers: UTF-8 only, no DTD, no entities, no network, within budgets.

What is read is a tree of lxml elements, which callers walk with the functions here: each
says how often something may occur, so that nothing is found twice or by another way.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from idservice.errors import MalformedXml

XmlElement = etree._Element  # noqa: SLF001 - lxml gives its elements no public name
"""One element of a document that was read here."""

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"

# A declaration may name no other encoding: then every reader sees the same characters.
_DECLARATION = re.compile(rb"""<\?xml[ \t\r\n][^>]*?encoding[ \t\r\n]*=[ \t\r\n]*["']([^"']*)""")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """Budgets of one document: bytes, markup (tags, comments, …) and levels of nesting."""

    max_bytes: int = 16 * 1024 * 1024
    max_markup: int = 2_000_000
    max_depth: int = 64
    max_attributes: int = 4_000_000


def parse_xml(data: bytes, limits: XmlLimits | None = None) -> XmlElement:
    """Read a document and return its root element.

    Raises MalformedXml: not well formed, no UTF-8, with a document type declaration (XML
    1.0 cl. 2.8, so that there are no entities), or beyond the limits.
    """
    limits = limits or XmlLimits()
    _require_harmless(data, limits)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_blank_text=False,
        remove_comments=False,
        remove_pis=False,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise MalformedXml(f"The XML cannot be read: {str(exc)[:200]}.", _FIX) from exc
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype()
    _require_depth(root, limits.max_depth)
    return root


def _require_harmless(data: bytes, limits: XmlLimits) -> None:
    """Hold the bytes against the budgets, before anything is built from them."""
    if len(data) > limits.max_bytes:
        raise _beyond(f"has more than {limits.max_bytes} bytes")
    if data.count(b"<") > limits.max_markup:
        raise _beyond(f"has more than {limits.max_markup} tags")
    if data.count(b"=") > limits.max_attributes:
        raise _beyond("has too many attributes")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise MalformedXml("The XML is not UTF-8.", _FIX) from exc
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _doctype()
    declared = _DECLARATION.match(data.removeprefix(_BYTE_ORDER_MARK))
    if declared is not None and declared[1].lower() not in (b"utf-8", b"us-ascii"):
        raise MalformedXml("The XML says that it has another encoding than UTF-8.", _FIX)


def _require_depth(root: XmlElement, max_depth: int) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > max_depth:
            raise _beyond(f"is nested more than {max_depth} levels deep")
        level = [child for item in level for child in item]


def child(parent: XmlElement, name: str) -> XmlElement:
    """Return the only child element with a name ("{namespace}local"). Raises MalformedXml."""
    found = optional_child(parent, name)
    if found is None:
        raise MalformedXml(f"{_label(parent)} has no element {_local(name)}.", _FIX)
    return found


def optional_child(parent: XmlElement, name: str) -> XmlElement | None:
    """Return the only child element with a name, or None. Raises MalformedXml for several."""
    found = list(parent.iterchildren(name))
    if len(found) > 1:
        raise MalformedXml(f"{_label(parent)} has several elements {_local(name)}.", _FIX)
    return found[0] if found else None


def children(parent: XmlElement | None, name: str | None = None) -> Iterator[XmlElement]:
    """Return the child elements, those with a name or all; none of None."""
    if parent is not None:
        yield from parent.iterchildren(name or "*")


def attribute(element: XmlElement, name: str) -> str:
    """Return the value of an attribute. Raises MalformedXml when it is missing."""
    found = element.get(name)
    if found is None:
        raise MalformedXml(f"{_label(element)} has no attribute {_local(name)}.", _FIX)
    return str(found)


def text(element: XmlElement) -> str:
    """Return the text of an element without blanks around it.

    Raises MalformedXml when there is anything but text in it: comments and instructions
    would make two readers see different texts.
    """
    if len(element):
        raise MalformedXml(f"{_label(element)} has more in it than text.", _FIX)
    return str(element.text or "").strip()


def child_text(parent: XmlElement, name: str) -> str:
    """Return the text of the only child with a name. Raises MalformedXml."""
    return text(child(parent, name))


def decoded(element: XmlElement) -> bytes:
    """Return the bytes that the text of an element is in base64 (RFC 4648 cl. 4).

    Blanks and line ends are passed over. Raises MalformedXml.
    """
    try:
        return base64.b64decode("".join(text(element).split()), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise MalformedXml(f"{_label(element)} is not base64.", _FIX) from exc


_FIX = "Get the document again from where it is published."


def _label(element: XmlElement) -> str:
    return f"The element {_local(str(element.tag))}"


def _local(name: str) -> str:
    return repr(name.rpartition("}")[2][:80])


def _beyond(what: str) -> MalformedXml:
    return MalformedXml(f"The XML {what}, which is beyond what is read here.", _FIX)


def _doctype() -> MalformedXml:
    return MalformedXml(
        "The XML has a document type declaration, which could change what the document says.",
        _FIX,
    )
