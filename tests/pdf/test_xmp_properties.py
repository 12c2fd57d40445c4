"""XMP says the same in several forms of RDF; what it says must be compared, not how."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.pdf.xmp_properties import read_properties, words

_HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:m="http://ns.adobe.com/xap/1.0/mm/">'
)


def packet(body: str) -> bytes:
    """A packet with these descriptions."""
    return f"{_HEAD}{body}</rdf:RDF></x:xmpmeta>".encode()


def described(inner: str, attributes: str = "") -> bytes:
    """A packet with one description."""
    return packet(f'<rdf:Description rdf:about="" {attributes}>{inner}</rdf:Description>')


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (described("<xmp:A>x</xmp:A>"), described("", 'xmp:A="x"')),
        (described("<xmp:A> x\n</xmp:A>"), described("<xmp:A>x</xmp:A>")),
        (
            described("<xmp:A>2022-08-25T12:10:57+00:00</xmp:A>"),
            described("", 'xmp:A="2022-08-25T14:10:57+02:00"'),
        ),
        (
            described('<m:D rdf:parseType="Resource"><m:a>1</m:a><m:b>2</m:b></m:D>'),
            described('<m:D m:b="2" m:a="1"/>'),
        ),
        (
            described('<m:D><rdf:Description m:a="1"><m:b>2</m:b></rdf:Description></m:D>'),
            described('<m:D m:b="2" m:a="1"/>'),
        ),
        (
            described("<dc:s><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Bag></dc:s>"),
            described("<dc:s><rdf:Bag><rdf:li>b</rdf:li><rdf:li>a</rdf:li></rdf:Bag></dc:s>"),
        ),
        (
            described('<xmp:A>x</xmp:A><dc:f rdf:resource="http://a.example/"/>'),
            packet(
                '<rdf:Description dc:f="http://a.example/"/><rdf:Description xmp:A="x" '
                'rdf:about="uuid:1"/>'
            ),
        ),
    ],
)
def test_two_forms_of_one_value_are_equal(one: bytes, other: bytes) -> None:
    """Attributes and elements, structures in three forms, times in any zone, bags in any order."""
    assert read_properties(one) == read_properties(other) != {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (described("<xmp:A>x</xmp:A>"), described("<xmp:A>y</xmp:A>")),
        (
            described("<dc:s><rdf:Seq><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Seq></dc:s>"),
            described("<dc:s><rdf:Seq><rdf:li>b</rdf:li><rdf:li>a</rdf:li></rdf:Seq></dc:s>"),
        ),
        (
            described("<dc:s><rdf:Seq><rdf:li>a</rdf:li></rdf:Seq></dc:s>"),
            described("<dc:s><rdf:Bag><rdf:li>a</rdf:li></rdf:Bag></dc:s>"),
        ),
        (
            described('<dc:t xml:lang="en">a</dc:t>'),
            described('<dc:t xml:lang="et">a</dc:t>'),
        ),
        (
            described("<xmp:A>2022-08-25T12:10:57Z</xmp:A>"),
            described("<xmp:A>2022-08-25T12:10:57+01:00</xmp:A>"),
        ),
        (described('<m:D m:a="1"/>'), described('<m:D m:a="2"/>')),
    ],
)
def test_two_values_are_not(one: bytes, other: bytes) -> None:
    """Order where it counts, kinds of lists, languages, times and parts all differ."""
    assert read_properties(one) != read_properties(other)


@pytest.mark.parametrize(
    "bad",
    [
        described("<xmp:A>x</xmp:A>", 'xmp:A="y"'),
        packet("<xmp:Thing/>"),
        described('<xmp:A rdf:parseType="Literal">x</xmp:A>'),
        described("<xmp:A>text<m:b/></xmp:A>"),
        described("<xmp:A><m:b/><m:c/></xmp:A>"),
        described("<m:D>" * 40 + "</m:D>" * 40),
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + described("<xmp:A>&b;</xmp:A>"),
        b"no XML",
    ],
)
def test_what_cannot_be_read_for_sure_is_refused(bad: bytes) -> None:
    """Two values of one property, other forms of RDF, depth and declarations are errors."""
    with pytest.raises((ValueError, ElementTree.ParseError)):
        read_properties(bad)


def test_words_are_those_that_people_read() -> None:
    """The text of a property is that of its items, whatever their languages are called."""
    data = described(
        '<dc:t><rdf:Alt><rdf:li xml:lang="x-default">Title</rdf:li></rdf:Alt></dc:t>'
        "<dc:s><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Bag></dc:s><xmp:A>x</xmp:A>"
    )
    assert {words(value) for value in read_properties(data).values()} == {"Title", "a, b", "x"}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing else comes out of the reader than properties or its two errors."""
    for candidate in (data, packet(data.decode("latin-1"))):
        try:
            read_properties(candidate)
        except (ValueError, ElementTree.ParseError):
            continue


def test_a_usual_prefix_needs_no_declaration() -> None:
    """Packets in which a program forgot to declare a prefix are read with its usual meaning."""
    (name,) = read_properties(
        b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description>'
        b"<xmp:ModifyDate>2026</xmp:ModifyDate></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    assert name == "{http://ns.adobe.com/xap/1.0/}ModifyDate"


def test_an_unknown_prefix_is_no_name() -> None:
    """What an undeclared prefix of another name means is not guessed."""
    with pytest.raises(ElementTree.ParseError):
        read_properties(b"<a:b/>")


@pytest.mark.parametrize("repeatable", [True, False])
def test_two_values_only_where_that_is_said(*, repeatable: bool) -> None:
    """A property has two values only where it is told that it may; both are then told."""
    packet = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:a="a:">'
        b'<rdf:Description a:b="1"><a:b>2</a:b></rdf:Description></rdf:RDF>'
    )
    if repeatable:
        (value,) = read_properties(packet, repeatable={"{a:}b"}).values()
        assert value[0] == "several"
        return
    with pytest.raises(ValueError, match="two values"):
        read_properties(packet)
