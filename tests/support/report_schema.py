"""Reports of TS 119 102-2, read strictly with the bindings that pyHanko has for its schema.

The bindings know names, types and what is required; the order of elements is that of their
fields, which were generated from the sequences of the schema.
"""

import dataclasses
from typing import Any

from lxml import etree
from pyhanko.generated.etsi import ts_11910202 as schema
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

VR = "http://uri.etsi.org/19102/v1.2.1#"
_STRICT = ParserConfig(fail_on_unknown_properties=True, fail_on_unknown_attributes=True)
# The attributes of a signature are a choice, which has no order.
_CHOICES = (schema.SignatureAttributesType,)
# Version 1.2.2 of the schema, which has the same namespace, took this element out.
_WITHDRAWN = {"SignersDocumentRepresentation"}


def read_report(xml: bytes) -> schema.ValidationReport:
    """Parse a report; fail for what the schema does not have, and for what it has in vain."""
    with_failures = dataclasses.replace(_STRICT, fail_on_converter_warnings=True)
    found = XmlParser(config=with_failures).from_bytes(xml, schema.ValidationReport)
    root = etree.fromstring(xml)
    _require_complete(found, "ValidationReport")
    _require_order(found, root)
    _require_references(root)
    return found


def _require_complete(value: Any, place: str) -> None:
    """Require what the schema requires, all the way down."""
    if isinstance(value, tuple | list):
        for item in value:
            _require_complete(item, place)
        return
    if not dataclasses.is_dataclass(value):
        return
    for field in dataclasses.fields(value):
        found = getattr(value, field.name)
        where = f"{place}/{field.metadata.get('name', field.name)}"
        if field.metadata.get("required"):
            assert found not in (None, ()), f"{where} is missing"
        if field.metadata.get("min_occurs") and field.metadata["name"] not in _WITHDRAWN:
            assert len(found) >= field.metadata["min_occurs"], f"{where} is missing"
        if field.metadata.get("type") == "Element":
            _require_complete(found, where)
    if isinstance(value, _CHOICES):
        assert any(getattr(value, one.name) for one in dataclasses.fields(value)), place


def _require_order(value: Any, element: Any) -> None:
    """Require the elements of the report in the order of the fields, all the way down."""
    names = [item.metadata.get("name", item.name) for item in dataclasses.fields(value)]
    children = [item for item in element if etree.QName(item).namespace == VR]
    places = [names.index(etree.QName(item).localname) for item in children]
    if not isinstance(value, _CHOICES):
        assert places == sorted(places), f"the parts of {element.tag} are out of order"
    seen: dict[int, int] = {}
    for place, child in zip(places, children, strict=True):
        found = getattr(value, dataclasses.fields(value)[place].name)
        if isinstance(found, tuple | list):
            found = found[seen.setdefault(place, 0)]
            seen[place] += 1
        if type(found).__module__ == schema.__name__ and dataclasses.is_dataclass(found):
            _require_order(found, child)


def _require_references(root: Any) -> None:
    """Require that identities are unique and that every reference leads to one of them."""
    identities = [item.get("id") for item in root.iter() if item.get("id")]
    assert len(identities) == len(set(identities))
    references = {one for item in root.iter() for one in item.get("VOReference", "").split()}
    assert references <= set(identities), references - set(identities)
