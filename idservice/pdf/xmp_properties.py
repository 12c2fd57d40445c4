"""The properties of an XMP packet (ISO 16684-1 cl. 6 and 7), however its RDF is written.

One and the same value may be written as an attribute or as an element, a structure in three
ways, and a time in every zone. What comes out is equal when, and only when, the values are.
"""

from __future__ import annotations

import codecs
import datetime as dt
import re
from collections.abc import Container
from typing import NoReturn, TypeAlias
from xml.etree import ElementTree
from xml.parsers.expat.errors import XML_ERROR_UNBOUND_PREFIX, codes

Property: TypeAlias = "str | tuple[str, tuple[tuple[str, Property], ...]]"
"""A text, or a structure or list: its kind, and its parts, each with its name and value."""

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LISTS = {f"{_RDF}Bag": "bag", f"{_RDF}Seq": "list", f"{_RDF}Alt": "choice"}
_DESCRIPTION, _ITEM, _ABOUT = f"{_RDF}Description", f"{_RDF}li", f"{_RDF}about"
_PARSE_TYPE, _RESOURCE = f"{_RDF}parseType", f"{_RDF}resource"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_MAX_DEPTH = 16
_UNBOUND_PREFIX = codes[XML_ERROR_UNBOUND_PREFIX]
_MARK_AND_BLANKS = codecs.BOM_UTF8 + b" \t\r\n"
# The prefixes that ISO 16684-1 cl. 8 prefers for the namespaces of which writers speak.
_DECLARATIONS = b" ".join(
    b'xmlns:%b="%b"' % item
    for item in (
        (b"dc", b"http://purl.org/dc/elements/1.1/"),
        (b"pdf", b"http://ns.adobe.com/pdf/1.3/"),
        (b"xmp", b"http://ns.adobe.com/xap/1.0/"),
        (b"xmpMM", b"http://ns.adobe.com/xap/1.0/mm/"),
    )
)


def read_properties(
    packet: bytes, *, repeatable: Container[str] = frozenset()
) -> dict[str, Property]:
    """Return the properties of a packet by their names, as {namespace}name.

    A property named in `repeatable` may have several values, which are all told. Raises
    ValueError or xml.etree.ElementTree.ParseError for a packet that cannot be read for sure: one
    with declarations, forms of RDF that XMP does not use, or two values of another property.
    """
    root = _parsed(packet.strip(b"\0"))
    found: dict[str, Property] = {}
    holders = [root] if root.tag == f"{_RDF}RDF" else list(root.iter(f"{_RDF}RDF"))
    for holder in holders:
        for description in holder:
            if description.tag != _DESCRIPTION:
                raise ValueError("the metadata describe something of a type of its own")
            for name, value in _members(description, 0):
                if found.setdefault(name, value) == value:
                    continue
                if name not in repeatable:
                    raise ValueError("a property of the metadata has two values")
                found[name] = "several", ((_ITEM, found[name]), (_ITEM, value))
    return found


def words(value: Property) -> str:
    """Return the text of a property; of a list that of its items, with commas between."""
    if isinstance(value, str):
        return value
    # The parts of a text are itself, without a name, and its qualifiers.
    return ", ".join(words(item) for name, item in value[1] if name in {_ITEM, ""})


def _members(element: ElementTree.Element, depth: int) -> list[tuple[str, Property]]:
    """The parts of a structure: attributes and elements (cl. 7.9.2)."""
    attributes = [
        (name, _simple(said))
        for name, said in element.attrib.items()
        if name not in {_ABOUT, _PARSE_TYPE}
    ]
    return [*attributes, *((str(item.tag), _value(item, depth + 1)) for item in element)]


def _value(element: ElementTree.Element, depth: int) -> Property:
    if depth > _MAX_DEPTH:
        raise ValueError("the metadata are too deep")
    if (element.text or "").strip() and len(element):
        raise ValueError("a property of the metadata has text between its parts")
    attributes = dict(element.attrib)
    how = attributes.pop(_PARSE_TYPE, None)
    if how == "Resource":
        return _structure(element, depth)
    if how is not None:
        raise ValueError("the metadata use a form of RDF that XMP does not know")
    if len(element) == 1 and element[0].tag == _DESCRIPTION:
        return _structure(element[0], depth)
    if len(element) == 1 and element[0].tag in _LISTS:
        items = tuple((_ITEM, _value(item, depth + 1)) for item in element[0])
        kind = _LISTS[str(element[0].tag)]
        return kind, tuple(sorted(items, key=repr)) if kind == "bag" else items
    if len(element):
        raise ValueError("a property of the metadata is neither text nor list nor structure")
    said = _simple(attributes.pop(_RESOURCE, "") or element.text or "")
    if not attributes:
        return said
    if said:
        # A qualifier, such as the language of a text (cl. 7.8).
        return "text", (("", said), *sorted((name, _simple(v)) for name, v in attributes.items()))
    return _structure(element, depth)


def _structure(element: ElementTree.Element, depth: int) -> Property:
    members = _members(element, depth)
    if len({name for name, _ in members}) < len(members):
        raise ValueError("a part of a property of the metadata has two values")
    return "structure", tuple(sorted(members, key=repr))


def _simple(said: str) -> str:
    """A text without blanks around it; a time in UTC."""
    said = said.strip()
    if _TIME.fullmatch(said) is None:
        return said
    try:
        return dt.datetime.fromisoformat(said).astimezone(dt.UTC).isoformat()
    except (ValueError, OverflowError):
        return said


class _WithoutTypes(ElementTree.TreeBuilder):
    """Builds a tree, and refuses declarations, by which a small text may become a huge one."""

    def doctype(self, *_: object) -> NoReturn:
        """Refuse the document."""
        raise ValueError("metadata declare a document type")


def _parsed(data: bytes) -> ElementTree.Element:
    """Read XML in which the usual prefixes need no declaration: some programs forget it."""
    try:
        return _tree(data)
    except ElementTree.ParseError as exc:
        if exc.code != _UNBOUND_PREFIX or data.lstrip(_MARK_AND_BLANKS).startswith(b"<?xml "):
            raise
    return _tree(b"<packet %b>%b</packet>" % (_DECLARATIONS, data.removeprefix(codecs.BOM_UTF8)))


def _tree(data: bytes) -> ElementTree.Element:
    # Without declarations there are no entities, and who calls limits the size.
    parser = ElementTree.XMLParser(target=_WithoutTypes())  # noqa: S314
    parser.feed(data)
    root: ElementTree.Element = parser.close()
    return root
