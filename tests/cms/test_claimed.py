"""What signers claim is read as they wrote it, bounded, and never stops a validation."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.cms import claimed as reading
from idservice.cms.claimed import IMPLIED, MAX_CLAIMS, MAX_TEXT, Claimed, ClaimedPolicy, read_claims
from idservice.cms.claims import Commitment, SignaturePolicy, SignerClaims
from idservice.cms.parsing import Attribute, SignerInfo, parse_signed_data
from idservice.crypto import der, der_reader
from idservice.crypto.algorithms import SHA512
from support import cms_forgery as forge
from support.cms_forgery import Forgery

DIGEST = hashlib.sha256(b"the policy").digest()
SIGNER = parse_signed_data(Forgery().encode(DIGEST)).signer_infos[0]
TITLE = "2.5.4.12"


def signer(*attributes: tuple[str, bytes]) -> SignerInfo:
    """A signer who says these things."""
    return replace(
        SIGNER, signed_attributes=tuple(Attribute(oid, (value,)) for oid, value in attributes)
    )


def text(value: str, tag: bytes = der.UTF8_STRING, encoding: str = "utf-8") -> bytes:
    """A text as DER."""
    return der.wrap(tag, value.encode(encoding))


def roles(*values: bytes) -> bytes:
    """A claimed attribute with values, as signer-attributes-v2."""
    return der.sequence(der.context(0, der.sequence(forge.attribute(TITLE, list(values)))))


def test_what_we_write_we_read() -> None:
    """Commitment, roles and policy come back as they were claimed."""
    policy = SignaturePolicy("1.3.6.1.4.1.10015.1000.3.2.1", DIGEST, "https://example.org/p.pdf")
    claims = SignerClaims(Commitment.APPROVAL, ("Juhatuse liige", "Õigusnõunik 董事"), policy)
    written = [der_reader.read(item).elements() for item in claims.attributes_der()]
    found = read_claims(
        signer(*((item.take().object_identifier(), item.take().contents) for item in written))
    )
    assert found == Claimed(
        claims.roles,
        (Commitment.APPROVAL.oid,),
        ClaimedPolicy(policy.oid, f"sha256:{DIGEST.hex()}", policy.uri),
    )


@pytest.mark.parametrize(
    ("tag", "encoding"),
    [
        (b"\x0c", "utf-8"),
        (b"\x13", "ascii"),
        (b"\x16", "ascii"),
        (b"\x14", "latin-1"),
        (b"\x1e", "utf-16-be"),
        (b"\x1c", "utf-32-be"),
    ],
)
def test_every_kind_of_text_is_read(tag: bytes, encoding: str) -> None:
    """All string types that names may have are read as the characters that they stand for."""
    written = text("Director", tag, encoding)
    assert read_claims(signer((reading.SIGNER_ATTRIBUTES_V2, roles(written)))).roles == (
        "Director",
    )


def test_the_older_attribute_names_roles_too() -> None:
    """signer-attributes of RFC 5126 is a list of claimed and certified attributes."""
    claimed = der.context(0, der.sequence(forge.attribute(TITLE, [text("Chair")])))
    certified = der.context(1, der.sequence())
    found = read_claims(signer((reading.SIGNER_ATTRIBUTES, der.sequence(claimed, certified))))
    assert (found.roles, found.unreadable) == (("Chair",), ())


def test_a_role_of_x509_is_read_by_its_name() -> None:
    """RoleSyntax names a role by a GeneralName; one that is no text is passed over."""
    uri = der.context(6, b"urn:role:notary", constructed=False)
    numbered = der.context(8, b"\x2a\x03", constructed=False)
    values = [der.sequence(der.context(1, item)) for item in (uri, numbered)]
    found = read_claims(signer((reading.SIGNER_ATTRIBUTES_V2, roles(*values))))
    assert (found.roles, found.unreadable) == (("urn:role:notary",), ())


def test_certified_attributes_are_no_claims() -> None:
    """An attribute certificate is another matter, and is not read here."""
    certified = der.sequence(der.context(1, der.sequence(der.integer(1))))
    found = read_claims(signer((reading.SIGNER_ATTRIBUTES_V2, certified)))
    assert found == Claimed()


def test_place_and_content_are_read() -> None:
    """The place is one text; the MIME type and the description are about the signed file."""
    address = der.context(2, der.sequence(text("Pikk 1"), text("10123")))
    place = der.sequence(
        der.context(0, text("EE", b"\x13")), der.context(1, text("Tallinn")), address
    )
    hints = der.sequence(text("a contract"), der.object_identifier(forge.ID_DATA))
    found = read_claims(
        signer(
            (reading.SIGNER_LOCATION, place),
            (reading.MIME_TYPE, text("text/plain")),
            (reading.CONTENT_HINTS, hints),
        )
    )
    assert found == Claimed(
        location="Pikk 1, 10123, Tallinn, EE", mime_type="text/plain", description="a contract"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (der.NULL, ClaimedPolicy(IMPLIED)),
        (der.sequence(der.object_identifier("1.2.3.4")), ClaimedPolicy("1.2.3.4")),
        (
            der.sequence(
                der.object_identifier("1.2.3.4"),
                der.sequence(forge.algorithm(SHA512.oid), der.octet_string(bytes(64))),
            ),
            ClaimedPolicy("1.2.3.4"),
        ),
        (
            der.sequence(
                der.object_identifier("1.2.3.4"),
                der.sequence(forge.algorithm("1.2.840.113549.2.5"), der.octet_string(b"\x01\x02")),
                der.sequence(
                    der.sequence(der.object_identifier("1.2.3"), der.integer(1)),
                    der.sequence(
                        der.object_identifier("1.2.840.113549.1.9.16.5.1"),
                        text("http://a.example/p", b"\x16"),
                    ),
                ),
            ),
            ClaimedPolicy("1.2.3.4", "1.2.840.113549.2.5:0102", "http://a.example/p"),
        ),
    ],
    ids=["implied", "without hash", "hash of zeros", "hash that nobody knows"],
)
def test_policies_of_others_are_read(value: bytes, expected: ClaimedPolicy) -> None:
    """What a policy leaves out is None, and a hash is only named, never computed."""
    assert read_claims(signer((reading.SIGNATURE_POLICY, value))).policy == expected


@pytest.mark.parametrize(
    "oid",
    [
        reading.SIGNER_ATTRIBUTES,
        reading.SIGNER_ATTRIBUTES_V2,
        reading.COMMITMENT_TYPE,
        reading.SIGNATURE_POLICY,
        reading.SIGNER_LOCATION,
        reading.MIME_TYPE,
        reading.CONTENT_HINTS,
    ],
)
@pytest.mark.parametrize("value", [der.integer(1), b"\x30\x03\x02\x01", der.sequence(der.NULL)])
def test_what_cannot_be_read_is_named(oid: str, value: bytes) -> None:
    """A damaged claim is passed over and told, and the others are read all the same."""
    found = read_claims(signer((oid, value), (reading.COMMITMENT_TYPE, _COMMITMENT)))
    assert found.unreadable == (oid,)
    assert found.commitments == ("1.2.3",)


_COMMITMENT = der.sequence(der.object_identifier("1.2.3"))


def test_texts_are_bounded_and_printable() -> None:
    """Nobody fills a report or steers a terminal with a claim."""
    hostile = text("\x1b[2J\u202eroot" + "x" * 5000)
    many = [text(f"role {number}") for number in range(2 * MAX_CLAIMS)]
    found = read_claims(signer((reading.SIGNER_ATTRIBUTES_V2, roles(hostile, *many)))).roles
    assert len(found) == MAX_CLAIMS
    assert len(found[0]) == MAX_TEXT
    assert all(item.isprintable() for item in found)


@given(st.binary(max_size=100), st.sampled_from([reading.SIGNATURE_POLICY, reading.MIME_TYPE]))
def test_random_claims_raise_nothing(value: bytes, oid: str) -> None:
    """Whatever stands in an attribute, reading it ends, with a claim or without."""
    found = read_claims(signer((oid, value)))
    assert found == Claimed() or found.unreadable == (oid,) or found.policy or found.mime_type
