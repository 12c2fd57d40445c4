"""Objects as values: equal for every reader means equal here, and nothing else does."""

from decimal import Decimal

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import MalformedPdf
from idservice.pdf.decryption import Decryptor
from idservice.pdf.document import Encryption
from idservice.pdf.encryption import Encryptor
from idservice.pdf.object_values import Keyword, Reference, Value, read_value
from idservice.pdf.xref_entries import Entry, stream_entries, table_entries


def value(data: bytes) -> Value:
    """Read one object."""
    return read_value(data, 0)[0]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"null", None),
        (b" true ", Keyword.TRUE),
        (b"%comment\nfalse", Keyword.FALSE),
        (b"12", 12),
        (b"-3", -3),
        (b"+.5", Decimal("0.5")),
        (b"4.", Decimal(4)),
        (b"/Name", "Name"),
        (b"/A#42", "AB"),
        (b"/", ""),
        (b"(text)", b"text"),
        (b"(a(b)c)", b"a(b)c"),
        (rb"(\n\r\t\b\f\(\)\\)", b"\n\r\t\b\f()\\"),
        (rb"(\101\12\0)", b"A\n\0"),
        (b"(a\\\r\nb\rc)", b"ab\nc"),
        (rb"(\q)", b"q"),
        (b"<41 4>", b"A@"),
        (b"<>", b""),
        (b"7 0 R", Reference(7, 0)),
        (b"[]", []),
        (b"[1 0 R 2 0 R]", [Reference(1, 0), Reference(2, 0)]),
        (b"[1 0 R 2]", [Reference(1, 0), 2]),
        (b"[1 0 R[2 0 R]]", [Reference(1, 0), [Reference(2, 0)]]),
        (b"[1 2 3 0 R/A(b)]", [1, 2, Reference(3, 0), "A", b"b"]),
        (b"<</A 1/B<</C[null true]>>>>", {"A": 1, "B": {"C": [None, Keyword.TRUE]}}),
        (b"<< /A null /B 2 >>", {"B": 2}),
        (b"<< /A 1 /A 1 >>", {"A": 1}),
        (b"<< /A#42 1 /AB 1 >>", {"AB": 1}),
    ],
)
def test_objects_are_read_as_what_they_mean(data: bytes, expected: Value) -> None:
    """Every way to write an object gives the same value."""
    found, end = read_value(data + b" tail", 0)
    assert found == expected
    assert type(found) is type(expected)
    assert end <= len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"]",
        b">>",
        b"[1",
        b"[1>>",
        b"<< /A",
        b"<< /A 1 ]",
        b"<< /A >>",
        b"<< 1 2 >>",
        b"<< /A 1 /A 2 >>",
        b"(open",
        b"<4G>",
        b"12abc",
        b"truely",
        b"obj",
        b"[1 0 Rx]",
        b"5 %comment\n0 R ]",
        b"+7 0 R ]",
        b"9" * 60,
        b"[" * 70 + b"]" * 70,
    ],
)
def test_what_is_no_object_is_refused(data: bytes) -> None:
    """Nothing is guessed: what two readers could take in two ways is an error."""
    with pytest.raises(MalformedPdf):
        read_value(b"[" + data if data.endswith(b" ]") else data, 0)


DIFFERENT: list[Value] = [
    None,
    Keyword.TRUE,
    Keyword.FALSE,
    0,
    1,
    "A",
    b"A",
    [],
    {},
    [1, 0],
    Reference(1, 0),
    [Reference(1, 0)],
]


def test_no_two_kinds_of_objects_are_equal() -> None:
    """True is no 1, a name is no string, and a reference is no array."""
    for index, one in enumerate(DIFFERENT):
        for other in DIFFERENT[index + 1 :]:
            assert one != other


@given(st.binary(max_size=60))
def test_strings_are_read_as_qpdf_writes_them(text: bytes) -> None:
    """Any string that qpdf writes, in either form, is read as the same bytes."""
    assert value(pikepdf.String(text).unparse()) == text
    assert value(b"<" + text.hex().encode() + b">") == text


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Whatever stands there, there is a value or one error."""
    try:
        found, end = read_value(data, 0)
    except MalformedPdf:
        return
    assert 0 < end <= len(data)
    assert found == read_value(data, 0)[0]


def test_strings_are_decrypted_where_they_stand() -> None:
    """A function that decrypts sees every string, however it is written, and no name."""
    found, _ = read_value(b"<< /A (ab) /B [<6162>] /C /ab >>", 0, lambda text: text[::-1])
    assert found == {"A": b"ba", "B": [b"ba"], "C": "ab"}


@pytest.mark.parametrize("method", ["none", "rc4", "aes", "aesv3"])
@given(st.binary(max_size=70))
def test_what_was_encrypted_is_decrypted(method: str, data: bytes) -> None:
    """Both directions agree for every method, for strings and for streams."""
    key = bytes(32 if method == "aesv3" else 16)
    encryption = Encryption(6, 5, key, method, method)
    encryptor, decryptor = Encryptor(encryption), Decryptor(encryption)
    assert decryptor.string(encryptor.string(data, (7, 0)), (7, 0)) == data
    assert decryptor.stream(encryptor.stream(data, (7, 0)), (7, 0)) == data


@pytest.mark.parametrize("data", [b"short", bytes(16), bytes(33)])
def test_what_is_not_encrypted_is_left_alone(data: bytes) -> None:
    """Bytes of another length than encryption gives come back as they are."""
    decryptor = Decryptor(Encryption(6, 5, bytes(32), "aesv3", "aesv3"))
    assert decryptor.string(data, (7, 0)) == data


def test_tables_are_read_with_any_line_ends() -> None:
    """Entries of 20 bytes, and of 19 as some producers write them, say the same."""
    rows = b"0000000000 65535 f%b0000000017 00003 n%b"
    for end in (b" \n", b"\r\n", b"\n"):
        table = b"xref\n0 2%b" % end + rows % (end, end) + b"trailer"
        assert table_entries(table, 0) == {0: Entry(0, 0, 65535), 1: Entry(1, 17, 3)}


@pytest.mark.parametrize(
    "table",
    [
        b"xref\n0 2\n0000000000 65535 f \ntrailer",
        b"xref\n0 1\n000000000x 65535 f \ntrailer",
        b"xref\n1 1\n0000000017 00000 n \n1 1\n0000000018 00000 n \ntrailer",
        b"xref\n0 9999999\n",
    ],
)
def test_tables_that_say_two_things_are_refused(table: bytes) -> None:
    """A table that is cut off, wrong, or gives one object two places is an error."""
    with pytest.raises(MalformedPdf):
        table_entries(table, 0)


def test_streams_of_entries_are_read() -> None:
    """Kinds, places and generations come from the columns; place 0 is never in use."""
    rows = bytes((0, 0, 9, 1, 17, 2, 2, 5, 1, 1, 0, 0))
    found = stream_entries({"W": [1, 1, 1], "Size": 4}, rows)
    assert found == {0: Entry(0, 0, 9), 1: Entry(1, 17, 2), 2: Entry(2, 5, 1), 3: Entry(0, 0, 0)}
    assert [entry.generation for entry in found.values()] == [0, 2, 0, 0]
    assert stream_entries({"W": [0, 1, 0], "Index": [7, 1]}, b"\x11") == {7: Entry(1, 17, 0)}


@pytest.mark.parametrize(
    ("dictionary", "rows"),
    [
        ({"Size": 1}, b"\x01\x01\x01"),
        ({"W": [1, 1], "Size": 1}, b"\x01\x01"),
        ({"W": [1, 1, 9], "Size": 1}, bytes(11)),
        ({"W": [1, 1, "A"], "Size": 1}, b"\x01\x01\x01"),
        ({"W": [1, 1, 1], "Size": 2}, b"\x01\x01\x01"),
        ({"W": [0, 0, 0], "Size": 1}, b""),
        ({"W": [1, 1, 1], "Size": 1}, b"\x07\x01\x01"),
        ({"W": [1, 1, 1]}, b"\x01\x01\x01"),
        ({"W": [1, 1, 1], "Index": [1, 1, 1, 1]}, b"\x01\x01\x01\x01\x02\x01"),
        ({"W": [1, 1, 1], "Index": [1, "A"]}, b"\x01\x01\x01"),
        ({"W": [1, 1, 1], "Index": [1, 1, 2]}, b"\x01\x01\x01"),
    ],
)
def test_streams_that_do_not_say_what_they_list_are_refused(
    dictionary: dict[str, Value], rows: bytes
) -> None:
    """Columns and numbers must be given, and the data must be as long as they say."""
    with pytest.raises(MalformedPdf):
        stream_entries(dictionary, rows)
