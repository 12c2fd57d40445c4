"""Canonical forms, against the examples of the standards and the one of Python itself."""

import xml.etree.ElementTree as ET

import pytest

from idservice.errors import UnsupportedAlgorithm
from idservice.xmlsig.algorithms import CANONICALISATIONS, Canonicalisation
from idservice.xmlsig.canonical import canonical_document, canonical_element
from idservice.xmlsig.reading import parse_xml

DOCUMENT = (
    b'<?before now?>\n<a xmlns="urn:a" xmlns:x="urn:x" xmlns:y="urn:y" xml:lang="et" xml:id="i">'
    b"<!-- c --><b z='1' x:z=\"&lt;2\" a='3'><y:c/>\r\n<![CDATA[<&]]></b><x:d xmlns:x='urn:n'/></a>"
)


def form(name: str) -> Canonicalisation:
    """The form whose URI ends so."""
    (found,) = (item for uri, item in CANONICALISATIONS.items() if uri.endswith(name))
    return found


def test_exclusive_form_is_that_of_another_program() -> None:
    """Without prefixes of its own, Canonical XML 2.0 writes what the exclusive form does."""
    root = parse_xml(DOCUMENT)
    element = ET.fromstring(DOCUMENT)  # noqa: S314 - written above
    expected = ET.canonicalize(DOCUMENT.partition(b"\n")[2].decode())
    assert canonical_element(root, form("xml-exc-c14n#")).decode() == expected
    assert len(root) == len(element) + 1


def test_an_element_alone_carries_what_it_inherits() -> None:
    """Inclusive forms take namespaces and xml: attributes along, 1.1 all but xml:id."""
    child = parse_xml(DOCUMENT)[1]
    scope = b'<b xmlns="urn:a" xmlns:x="urn:x" xmlns:y="urn:y" a="3" z="1"'
    rest = b' x:z="&lt;2">' + b"<y:c></y:c>\n&lt;&amp;</b>"
    old = canonical_element(child, form("REC-xml-c14n-20010315"))
    assert old == scope + b' xml:id="i" xml:lang="et"' + rest
    assert canonical_element(child, form("xml-c14n11")) == scope + b' xml:lang="et"' + rest
    assert child.get("{http://www.w3.org/XML/1998/namespace}lang") is None


def test_prefixes_that_are_named_are_written() -> None:
    """InclusiveNamespaces treats its prefixes as the inclusive form does."""
    child = parse_xml(DOCUMENT)[1]
    exclusive = form("xml-exc-c14n#")
    assert b"xmlns:y" not in canonical_element(child, exclusive).partition(b">")[0]
    assert b"xmlns:y" in canonical_element(child, exclusive, ("y",)).partition(b">")[0]


def test_comments_and_instructions() -> None:
    """Forms with comments keep them; instructions around belong to the document alone."""
    root = parse_xml(DOCUMENT)
    for name, kept in (("xml-exc-c14n#", False), ("xml-exc-c14n#WithComments", True)):
        assert (b"<!-- c -->" in canonical_element(root, form(name))) is kept
    assert canonical_document(root, form("xml-exc-c14n#")).startswith(b"<?before now?>\n<a")
    assert canonical_element(root, form("xml-exc-c14n#")).startswith(b"<a")


def test_an_inherited_base_is_refused() -> None:
    """Canonical XML 1.1 would join addresses, which is not done."""
    child = parse_xml(b"<a xml:base='http://a.example/'><b/></a>")[0]
    with pytest.raises(UnsupportedAlgorithm):
        canonical_element(child, form("xml-c14n11"))
