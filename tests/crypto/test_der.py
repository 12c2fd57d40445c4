"""The DER writer, the pre-scan, the reader and the BER reader, against asn1crypto."""

from collections.abc import Callable

import pytest
from asn1crypto import algos, core
from hypothesis import given
from hypothesis import strategies as st

from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import parse_algorithm, resolve_signature_algorithm
from idservice.crypto.algorithms import SIGNATURE_ALGORITHMS, SignatureAlgorithm
from idservice.crypto.ber import definite
from idservice.errors import MalformedDer, UnsupportedAlgorithm

OIDS = st.lists(st.integers(0, 2**70), min_size=1, max_size=6).flatmap(
    lambda rest: st.tuples(st.integers(0, 2), st.integers(0, 39)).map(
        lambda first: ".".join(str(arc) for arc in (*first, *rest))
    )
)


@given(st.integers(-(2**600), 2**600))
def test_integers_are_those_of_asn1crypto(value: int) -> None:
    """Any integer, top bit set or not, is encoded and read as asn1crypto does."""
    encoded = der.integer(value)
    assert encoded == core.Integer(value).dump()
    assert der_reader.read(encoded).integer() == value


@given(OIDS)
def test_object_identifiers_are_those_of_asn1crypto(dotted: str) -> None:
    """Arcs of any size survive writing and reading."""
    encoded = der.object_identifier(dotted)
    assert encoded == core.ObjectIdentifier(dotted).dump()
    assert der_reader.read(encoded).object_identifier() == dotted


@given(st.binary(max_size=70_000))
def test_strings_are_those_of_asn1crypto(data: bytes) -> None:
    """Lengths of one, two, three and four octets are encoded in the fewest."""
    assert der.octet_string(data) == core.OctetString(data).dump()
    assert (
        der.bit_string(data)
        == core.BitString(tuple(int(bit) for byte in data[:50] for bit in f"{byte:08b}")).dump()
        or len(data) > 50
    )
    assert der_reader.read(der.octet_string(data)).octets() == data
    der.check_der(der.octet_string(data))


def test_long_lengths_are_encoded_in_the_fewest_octets() -> None:
    """At each border of the length encoding one octet more is used."""
    for size in (0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0xFFFFFF, 0x1000000):
        encoded = der.length(size)
        assert encoded == core.OctetString(bytes(size)).dump()[1 : 1 + len(encoded)]


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_sets_are_sorted(items: list[bytes]) -> None:
    """A SET OF comes out sorted, and the reader insists on it."""
    encoded = der.set_of(*(der.octet_string(item) for item in items))
    element = der_reader.read(encoded, der_reader.SET)
    der_reader.require_sorted(element)
    assert sorted(item.octets() for item in element.elements().rest()) == sorted(items)


def test_an_unsorted_set_is_refused() -> None:
    """The reverse order is BER, not DER."""
    element = der_reader.read(der.wrap(der.SET, der.integer(2), der.integer(1)))
    with pytest.raises(MalformedDer, match="order"):
        der_reader.require_sorted(element)


NOT_DER: dict[str, bytes] = {
    "nothing": b"",
    "only a tag": b"\x30",
    "cut off": b"\x30\x03\x02\x01",
    "data behind": b"\x30\x00\x00",
    "indefinite": b"\x30\x80\x00\x00",
    "length in too many octets": b"\x04\x81\x01a",
    "length with leading zeros": b"\x04\x82\x00\x81" + bytes(0x81),
    "length of five octets": b"\x04\x85\x00\x00\x00\x00\x00",
    "length cut off": b"\x04\x82\x01",
    "high tag number": b"\x1f\x20\x00",
    "tag zero": b"\x00\x00",
    "element too long inside": b"\x30\x03\x02\x02\x00",
    "element cut off inside": b"\x30\x01\x02",
}


@pytest.mark.parametrize("name", list(NOT_DER))
def test_what_is_not_der_is_refused(name: str) -> None:
    """Each violation of the framing rules is found by the pre-scan."""
    with pytest.raises(MalformedDer):
        der.check_der(NOT_DER[name])


def test_budgets_hold() -> None:
    """Size, depth and count are bounded before any parser sees the data."""
    deep = b""
    for _ in range(40):
        deep = der.sequence(deep)
    with pytest.raises(MalformedDer, match="deeper"):
        der.check_der(deep)
    with pytest.raises(MalformedDer, match="bytes"):
        der.check_der(der.octet_string(bytes(100)), max_bytes=50)
    with pytest.raises(MalformedDer, match="elements"):
        der.check_der(der.sequence(*[der.NULL] * 50), max_nodes=20)


PRIMITIVES: dict[str, tuple[bytes, Callable[[der_reader.Element], object]]] = {
    "empty integer": (b"\x02\x00", der_reader.Element.integer),
    "integer with a surplus zero": (b"\x02\x02\x00\x01", der_reader.Element.integer),
    "integer with surplus ones": (b"\x02\x02\xff\xff", der_reader.Element.integer),
    "integer too long": (der.wrap(b"\x02", b"\x01" + bytes(200)), der_reader.Element.integer),
    "integer is a string": (b"\x04\x01\x01", der_reader.Element.integer),
    "empty OID": (b"\x06\x00", der_reader.Element.object_identifier),
    "OID cut off": (b"\x06\x02\x2a\x86", der_reader.Element.object_identifier),
    "OID with padding": (b"\x06\x03\x2a\x80\x01", der_reader.Element.object_identifier),
    "OID too long": (der.wrap(b"\x06", b"\x01" * 100), der_reader.Element.object_identifier),
    "string is an integer": (b"\x02\x01\x01", der_reader.Element.octets),
}


@pytest.mark.parametrize("name", list(PRIMITIVES))
def test_primitives_in_another_form_are_refused(name: str) -> None:
    """DER knows one form of each value; the reader takes no other."""
    encoded, read = PRIMITIVES[name]
    with pytest.raises(MalformedDer):
        read(der_reader.read(encoded))


@pytest.mark.parametrize(
    "inside", [b"\x02\x02\x00\x01", b"\x06\x02\x2a\x86", b"\x05\x01\x00", b"\x01\x01\x01"]
)
def test_every_primitive_inside_is_looked_at(inside: bytes) -> None:
    """A malformed integer, OID, NULL or boolean is found at any depth."""
    for depth in (0, 1, 5):
        encoded = inside
        for _ in range(depth):
            encoded = der.sequence(der.NULL, encoded)
        with pytest.raises(MalformedDer):
            der_reader.require_primitives(der_reader.read(encoded))
    der_reader.require_primitives(
        der_reader.read(
            der.sequence(der.integer(1), der.NULL, b"\x01\x01\xff", der.object_identifier("1.2.3"))
        )
    )


def test_the_cursor_insists_on_what_is_asked_for() -> None:
    """Missing, wrong and surplus elements are refused; optional ones are taken or left."""
    cursor = der_reader.read(der.sequence(der.integer(1), der.NULL)).elements()
    assert cursor.take_if(der_reader.NULL) is None
    with pytest.raises(MalformedDer, match="tag"):
        cursor.take(der_reader.NULL)
    assert cursor.take(der_reader.INTEGER).integer() == 1
    with pytest.raises(MalformedDer, match="more elements"):
        cursor.finish()
    assert cursor.take_if(der_reader.NULL) is not None
    assert cursor.take_if(der_reader.NULL) is None
    cursor.finish()
    with pytest.raises(MalformedDer, match="missing"):
        cursor.take()


@given(st.binary(max_size=200))
def test_random_bytes_raise_only_malformed_der(data: bytes) -> None:
    """Pre-scan, reader and BER reader take random bytes or raise MalformedDer."""
    for read in (der.check_der, der_reader.read, definite):
        try:
            read(data)
        except MalformedDer:
            continue
    try:
        der.check_der(data)
    except MalformedDer:
        return
    assert definite(data) == (data, len(data))


def test_indefinite_lengths_become_definite() -> None:
    """Nested indefinite lengths are written out, and what follows is left alone."""
    inner = b"\x30\x80" + der.integer(5) + b"\x00\x00"
    outer = b"\x30\x80" + inner + der.octet_string(b"x") + b"\x00\x00"
    expected = der.sequence(der.sequence(der.integer(5)), der.octet_string(b"x"))
    assert definite(outer + b"more") == (expected, len(outer))
    mixed = der.sequence(inner, der.NULL)
    assert definite(mixed) == (der.sequence(der.sequence(der.integer(5)), der.NULL), len(mixed))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x04\x80\x00\x00",
        b"\x30\x80",
        b"\x30\x80\x02\x01",
        b"\x30\x04\x30\x80\x02\x01\x00\x00",
        b"\x30\x80" * 50,
        b"\x30\x80" + der.NULL * 70_000 + b"\x00\x00",
    ],
)
def test_broken_ber_is_refused(data: bytes) -> None:
    """Cut off, primitive, lying, deep or endless BER is refused."""
    with pytest.raises(MalformedDer):
        definite(data)


@pytest.mark.parametrize("algorithm", SIGNATURE_ALGORITHMS, ids=lambda item: item.name)
def test_identifiers_of_all_algorithms_resolve(algorithm: SignatureAlgorithm) -> None:
    """What asn1crypto writes for each algorithm, and what we write, means that algorithm."""
    parameters = b""
    if algorithm.parameters == "null":
        parameters = der.NULL
    elif algorithm.parameters == "pss":
        parameters = algos.RSASSAPSSParams(
            {
                "hash_algorithm": {"algorithm": algorithm.hash.name},
                "mask_gen_algorithm": {
                    "algorithm": "mgf1",
                    "parameters": {"algorithm": algorithm.hash.name},
                },
                "salt_length": algorithm.hash.size,
            }
        ).dump()
    encoded = der.sequence(der.object_identifier(algorithm.oid), parameters)
    assert resolve_signature_algorithm(parse_algorithm(der_reader.read(encoded))) is algorithm


def pss(hash_name: str = "sha256", mask: str = "sha256", salt: int = 32, trailer: int = 1) -> bytes:
    """RSASSA-PSS with these parameters."""
    oid = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2"}
    mask_hash = der.sequence(der.object_identifier(oid[mask]))
    return der.sequence(
        der.object_identifier("1.2.840.113549.1.1.10"),
        der.sequence(
            der.context(0, der.sequence(der.object_identifier(oid[hash_name]))),
            der.context(1, der.sequence(der.object_identifier("1.2.840.113549.1.1.8"), mask_hash)),
            der.context(2, der.integer(salt)),
            der.context(3, der.integer(trailer)),
        ),
    )


PSS_OID = der.object_identifier("1.2.840.113549.1.1.10")


@pytest.mark.parametrize(
    "encoded",
    [
        pss(mask="sha384"),
        pss(salt=20),
        pss(trailer=2),
        der.sequence(PSS_OID),
        der.sequence(PSS_OID, der.sequence()),
        der.sequence(PSS_OID, der.NULL),
    ],
    ids=["mask", "salt", "trailer", "absent", "defaults", "null"],
)
def test_pss_parameters_must_belong_together(encoded: bytes) -> None:
    """Hash, mask, salt and trailer agree, and nothing is left to SHA-1 defaults."""
    with pytest.raises((MalformedDer, UnsupportedAlgorithm)):
        resolve_signature_algorithm(parse_algorithm(der_reader.read(encoded)))
    good = parse_algorithm(der_reader.read(pss()))
    assert resolve_signature_algorithm(good).name == "rsa-pss-sha256"


def test_a_mask_without_hash_is_malformed() -> None:
    """MGF1 must say which hash it uses."""
    parameters = der.sequence(
        der.context(0, der.sequence(der.object_identifier("2.16.840.1.101.3.4.2.1"))),
        der.context(1, der.sequence(der.object_identifier("1.2.840.113549.1.1.8"))),
        der.context(2, der.integer(32)),
    )
    with pytest.raises(MalformedDer, match="names no hash"):
        resolve_signature_algorithm(
            parse_algorithm(der_reader.read(der.sequence(PSS_OID, parameters)))
        )


def test_an_algorithm_identifier_has_its_tag() -> None:
    """A SET is no AlgorithmIdentifier."""
    encoded = der.wrap(der.SET, der.object_identifier("1.2.3"))
    with pytest.raises(MalformedDer, match="tag"):
        parse_algorithm(der_reader.read(encoded))
