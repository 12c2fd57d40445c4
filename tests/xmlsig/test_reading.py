"""XML of strangers is read within budgets, without DTD, entities or other encodings."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idservice.errors import MalformedXml
from idservice.xmlsig.reading import (
    XmlLimits,
    attribute,
    child,
    child_text,
    decoded,
    optional_child,
    parse_xml,
    text,
)

BOMB = (
    b"""<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]><a>&y;</a>"""
)
OUTSIDE = (
    b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"""
)


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        OUTSIDE,
        b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>".encode("utf-16"),
        b"<?xml version='1.0' encoding='UTF-7'?><a/>",
        b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>",
        b"<a>&unknown;</a>",
        b"<a><b></a></b>",
        b"<a/><a/>",
        b"<a x='1' x='2'/>",
        b"<p:a/>",
        b"",
    ],
)
def test_what_is_not_plain_xml_is_refused(document: bytes) -> None:
    """Document types, entities, other encodings and faults have one error."""
    with pytest.raises(MalformedXml):
        parse_xml(document)


@pytest.mark.parametrize(
    ("document", "limits"),
    [
        (b"<a>" + b" " * 100 + b"</a>", XmlLimits(max_bytes=100)),
        (b"<a>" + b"<b/>" * 100 + b"</a>", XmlLimits(max_markup=100)),
        (b"<a>" * 65 + b"</a>" * 65, XmlLimits()),
        (
            b"<a " + b" ".join(b"a%d=''" % n for n in range(99)) + b"/>",
            XmlLimits(max_attributes=50),
        ),
    ],
)
def test_budgets(document: bytes, limits: XmlLimits) -> None:
    """Size, tags, depth and attributes are bounded."""
    with pytest.raises(MalformedXml, match="beyond"):
        parse_xml(document, limits)


def test_reading_says_how_often_something_may_stand() -> None:
    """A second element, a missing one, and text with anything in it are refused."""
    root = parse_xml(b"<a><b x='1'>te<!-- no -->xt</b><c/><c/><d> YQ = =\n</d></a>")
    assert optional_child(root, "e") is None
    assert attribute(child(root, "b"), "x") == "1"
    assert decoded(child(root, "d")) == b"a"
    for refused in (
        lambda: child(root, "c"),
        lambda: child(root, "e"),
        lambda: child_text(root, "b"),
        lambda: attribute(root, "x"),
        lambda: decoded(root),
    ):
        with pytest.raises(MalformedXml):
            refused()


def test_text_is_without_blanks_around() -> None:
    """Line ends around a text do not count."""
    assert text(parse_xml(b"<a>\n one two \n</a>")) == "one two"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text("<>/ab!?&;='\"- [x]", max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Whatever comes in, the only error is ours."""
    with contextlib.suppress(MalformedXml):
        assert parse_xml(data).tag
