"""Canonical XML 1.0 and 1.1, and Exclusive Canonical XML 1.0, of documents and elements."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from lxml import etree

from idservice.errors import MalformedXml, UnsupportedAlgorithm
from idservice.xmlsig.algorithms import Canonicalisation
from idservice.xmlsig.reading import XML_NAMESPACE, XmlElement

_BASE, _ID = f"{{{XML_NAMESPACE}}}base", f"{{{XML_NAMESPACE}}}id"


def canonical_element(
    element: XmlElement, form: Canonicalisation, prefixes: Sequence[str] = ()
) -> bytes:
    """Write an element in canonical form, as it stands in its document.

    `prefixes` are those that exclusive canonicalisation treats like the inclusive one
    (InclusiveNamespaces). Raises MalformedXml, UnsupportedAlgorithm for an inherited
    xml:base, which Canonical XML 1.1 would have to join.
    """
    if element.getparent() is None:
        # The library would write the instructions around the root as well.
        element = copy.deepcopy(element)
    if form.exclusive:
        return _written(element, form, prefixes)
    inherited = _inherited(element, form)
    for name, value in inherited.items():
        element.set(name, value)
    try:
        return _written(element, form, ())
    finally:
        for name in inherited:
            del element.attrib[name]


def canonical_document(
    root: XmlElement, form: Canonicalisation, prefixes: Sequence[str] = ()
) -> bytes:
    """Write a whole document in canonical form, instructions around its root included."""
    return _written(root.getroottree(), form, prefixes)


def _written(
    node: XmlElement | etree._ElementTree,
    form: Canonicalisation,
    prefixes: Sequence[str],
) -> bytes:
    try:
        return bytes(
            etree.tostring(
                node,
                method="c14n",
                exclusive=form.exclusive,
                with_comments=form.comments,
                inclusive_ns_prefixes=list(prefixes) if form.exclusive and prefixes else None,
            )
        )
    except (etree.LxmlError, ValueError) as exc:
        raise MalformedXml(
            f"The XML has no canonical form: {str(exc)[:200]}.",
            "Get the document again from where it is published.",
        ) from exc


def _inherited(element: XmlElement, form: Canonicalisation) -> dict[str, str]:
    """Attributes of ancestors that an element alone carries too (C14N 1.0 and 1.1 cl. 2.4)."""
    found: dict[str, str] = {}
    for ancestor in element.iterancestors():
        for name, value in ancestor.attrib.items():
            if str(name).startswith(f"{{{XML_NAMESPACE}}}"):
                found.setdefault(str(name), str(value))
    if form.version_11:
        found.pop(_ID, None)
        if _BASE in found:
            raise UnsupportedAlgorithm(
                "The signature uses Canonical XML 1.1 below an xml:base, which is not done here.",
                "Have the document signed with exclusive canonical XML.",
            )
    return {name: value for name, value in found.items() if element.get(name) is None}
