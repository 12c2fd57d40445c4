"""Objects read from the bytes: kinds, positions, repeated keys, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import MalformedPdf
from idservice.pdf.raw_objects import MAX_TOKENS, RawReader, read_indirect, skip


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (b"/Name", "name", "Name"),
        (b"/Byte#52ange", "name", "ByteRange"),
        (b"/", "name", ""),
        (b"42", "integer", 42),
        (b"-1", "integer", -1),
        (b"1.5", "real", None),
        (b".5", "real", None),
        (b"12 0 R", "reference", (12, 0)),
        (b"true", "word", "true"),
        (b"null", "word", "null"),
        (b"<0a 0B>", "hex", None),
        (b"(a(b)\\)c)", "literal", None),
        (b"[1 [2] /x]", "array", None),
        (b"<< /A 1 /B << /C [] >> >>", "dictionary", None),
    ],
)
def test_each_kind_is_read_with_its_place(text: bytes, kind: str, value: object) -> None:
    """Start and end are those of the object, blanks and comments before it left out."""
    node = RawReader(b" % comment\n " + text + b" ").node(0)
    assert (node.kind, node.start, node.end) == (kind, 12, 12 + len(text))
    if value is not None:
        assert node.value == value


def test_repeated_keys_are_all_kept() -> None:
    """What a library would drop is what an attack is made of."""
    node = RawReader(b"<< /A 1 /#41 2 /B 3 >>").node(0)
    assert [item.value for item in node.all("A")] == [1, 2]
    assert (node.repeated(), node.integer("A"), node.integer("C")) == (("A",), 2, None)
    assert node.get("C") is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<<",
        b"<< /A",
        b"<< /A >>",
        b"<< 1 2 >>",
        b"[1 2",
        b"(open",
        b"(open\\)",
        b"<0a",
        b"]",
        b"endobj",
        b"truest",
        b"9" * 30,
        b"[" * 100,
        b"<</A" * 100,
        b"[" + b"1 " * (MAX_TOKENS + 1) + b"]",
        b"(" + b"\\a" * (MAX_TOKENS + 1) + b")",
    ],
)
def test_what_is_no_object_is_refused(text: bytes) -> None:
    """Cut off, wrong, deep or endless objects raise MalformedPdf."""
    with pytest.raises(MalformedPdf):
        RawReader(text).node(0)


def test_indirect_objects_have_a_number() -> None:
    """A few blanks in front are tolerated, anything else is not."""
    item = read_indirect(b"\r\n12 3 obj\n<< >>\nendobj", 0)
    assert (item.number, item.generation, item.node.kind) == (12, 3, "dictionary")
    for data in (b"12 obj << >>", b"x12 0 obj << >>", b"12 0 object", b"12 0 obj"):
        with pytest.raises(MalformedPdf):
            read_indirect(data, 0)


@given(st.binary(max_size=200))
def test_random_bytes_raise_only_malformed_pdf(data: bytes) -> None:
    """Random bytes are an object or raise MalformedPdf."""
    assert 0 <= skip(data, 0) <= len(data)
    try:
        node = RawReader(data).node(0)
    except MalformedPdf:
        return
    assert 0 <= node.start <= node.end <= len(data)
