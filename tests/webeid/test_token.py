"""The Web eID token: reading it strictly, and what the card signs."""

import base64
import contextlib
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.crypto.algorithms import ECDSA_SHA384, RSA_PSS_SHA256, KeyKind
from idservice.crypto.keys import SoftwareSigner, raw_from_der
from idservice.errors import MalformedToken, SignatureInvalid, UnsupportedAlgorithm
from idservice.webeid.token import (
    AuthToken,
    data_to_be_signed,
    parse_auth_token,
    require_algorithm,
    verify_token_signature,
)
from support.pki import new_key

ORIGIN = "https://rp.example.org"
NONCE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
# The vector of the protocol's description: SHA-384(origin) ‖ SHA-384(nonce text).
TO_BE_SIGNED = (
    "4f00e960efb1328e0109729b9af9b18885dedbc647d883634f682bc7bbbca5f584eb0fd7fe69c08c67a9727b02a0"
    "2def9bcf5f939fd4793fc53e9b196848f6798293b054ab6a0686fa32c6aead8620311f2e81822b21c84c1c42e80e"
    "9d0170ab"
)
CARD_VALUE = (
    "0732e81a9e3b2f0118c2446ea18e47c270a71bc207c5395852f8a8499694a4fa"
    "572b1f4d6b448bbbee84c41740f33706"
)
SUPPORTED = {"cryptoAlgorithm": "ECC", "hashFunction": "SHA-384", "paddingScheme": "NONE"}


def nonce_hash(name: str = "sha384") -> bytes:
    """The nonce's text hashed, as the store keeps it."""
    return hashlib.new(name, NONCE.encode()).digest()


def token(**changes: Any) -> dict[str, Any]:
    """A well-formed token 1.0 with some members changed; None removes one."""
    members: dict[str, Any] = {
        "unverifiedCertificate": base64.b64encode(b"c" * 60).decode(),
        "algorithm": "ES384",
        "signature": base64.b64encode(b"s" * 96).decode(),
        "format": "web-eid:1.0",
        "appVersion": "https://web-eid.eu/web-eid-app/releases/2.5.0+0",
    } | changes
    return {name: value for name, value in members.items() if value is not None}


def token_1_1(**entry: Any) -> dict[str, Any]:
    """A token 1.1 with one signing certificate, some of whose members are changed."""
    certificate = base64.b64encode(b"signing").decode()
    entry = {"certificate": certificate, "supportedSignatureAlgorithms": [SUPPORTED]} | entry
    return token(format="web-eid:1.1", unverifiedSigningCertificates=[entry])


def test_the_published_vector_of_what_is_signed() -> None:
    """Origin and nonce are hashed apart, the nonce as its Base64 text, then joined."""
    data = data_to_be_signed(ECDSA_SHA384, ORIGIN, nonce_hash())
    assert data.hex() == TO_BE_SIGNED
    assert hashlib.sha384(data).hexdigest() == CARD_VALUE


def test_a_well_formed_token_is_read() -> None:
    """The members come out decoded, and nothing else about them is promised."""
    assert parse_auth_token(token()) == AuthToken(b"c" * 60, "ES384", b"s" * 96)


@pytest.mark.parametrize("form", ["web-eid:1", "web-eid:1.0", "web-eid:1.7"])
def test_every_minor_version_of_1_is_read(form: str) -> None:
    """The format must begin with web-eid:1, as the official validators hold it."""
    assert parse_auth_token(token(format=form)).unverified_algorithm == "ES384"


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "web-eid:2"},
        {"format": "web-eid:10"},
        {"format": "web-eid:1.x"},
        {"format": "WEB-EID:1"},
        {"format": "web-eid:1.0\n"},
        {"format": ""},
        {"format": None},
        {"format": 1},
        {"algorithm": None},
        {"algorithm": ["ES384"]},
        {"signature": None},
        {"signature": ""},
        {"signature": 5},
        {"signature": "not base64!"},
        {"signature": "YWJj\nZGVm"},
        {"signature": "_-_-"},
        {"signature": "YWJjZA"},
        {"signature": "YWJjZB=="},
        {"unverifiedCertificate": None},
        {"unverifiedCertificate": {}},
        {"unverifiedCertificate": "AAAA" * 3000},
        {"unverifiedSigningCertificates": []},
        {"unverifiedSigningCertificate": "AAAA"},
    ],
    ids=str,
)
def test_each_fault_of_form_is_refused(changes: dict[str, Any]) -> None:
    """One member changed for the worse makes the whole token malformed."""
    with pytest.raises(MalformedToken):
        parse_auth_token(token(**changes))


@pytest.mark.parametrize("value", [None, [], "text", 5, {}, {"format": "web-eid:1"}])
def test_what_is_no_token_at_all_is_refused(value: Any) -> None:
    """Anything but an object of at least 100 characters is malformed."""
    with pytest.raises(MalformedToken):
        parse_auth_token(value)


@pytest.mark.parametrize(
    ("length", "reads"), [(99, False), (100, True), (10_000, True), (10_001, False)]
)
def test_the_limits_of_length(length: int, *, reads: bool) -> None:
    """Compact JSON of 100 to 10,000 characters is read; one less or more is not."""
    shortest = token(
        unverifiedCertificate="AAAA", signature="AAAA", format="web-eid:1", appVersion=None, x=""
    )
    members = shortest | {"x": "y" * (length - len(json.dumps(shortest, separators=(",", ":"))))}
    assert len(json.dumps(members, separators=(",", ":"))) == length
    if reads:
        parse_auth_token(members)
    else:
        with pytest.raises(MalformedToken):
            parse_auth_token(members)


def test_version_1_1_brings_signing_certificates() -> None:
    """The array and the older single member both give the certificates."""
    single = token(
        format="web-eid:1.1",
        unverifiedSigningCertificate=base64.b64encode(b"signing").decode(),
        supportedSignatureAlgorithms=[SUPPORTED],
    )
    assert parse_auth_token(token_1_1()).unverified_signing_certificates == (b"signing",)
    assert parse_auth_token(single).unverified_signing_certificates == (b"signing",)
    assert parse_auth_token(token(format="web-eid:1.1")).unverified_signing_certificates == ()


@pytest.mark.parametrize(
    "entry",
    [
        {"certificate": None},
        {"certificate": "-"},
        {"supportedSignatureAlgorithms": []},
        {"supportedSignatureAlgorithms": None},
        {"supportedSignatureAlgorithms": ["ES384"]},
        {"supportedSignatureAlgorithms": [SUPPORTED | {"cryptoAlgorithm": "DSA"}]},
        {"supportedSignatureAlgorithms": [SUPPORTED | {"hashFunction": "SHA-1"}]},
        {"supportedSignatureAlgorithms": [SUPPORTED | {"paddingScheme": "none"}]},
    ],
    ids=str,
)
def test_each_fault_of_a_signing_certificate_is_refused(entry: dict[str, Any]) -> None:
    """Version 1.1 has strict values for what it adds."""
    with pytest.raises(MalformedToken):
        parse_auth_token(token_1_1(**entry))


def test_a_1_0_token_with_signing_certificates_is_refused() -> None:
    """What belongs to 1.1 makes a token that calls itself 1.0 malformed."""
    with pytest.raises(MalformedToken):
        parse_auth_token(token_1_1() | {"format": "web-eid:1.0"})


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (KeyKind.P256, "ES256"),
        (KeyKind.P384, "ES384"),
        (KeyKind.P521, "ES512"),
        (KeyKind.RSA, "RS256"),
        (KeyKind.RSA, "PS512"),
    ],
)
def test_an_algorithm_that_fits_the_key_is_allowed(kind: KeyKind, name: str) -> None:
    """Each ECDSA name belongs to one curve, RS and PS to RSA."""
    assert require_algorithm(name, new_key(kind).public_key()).jose == name


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (KeyKind.P384, "ES256"),
        (KeyKind.P256, "ES384"),
        (KeyKind.P384, "ES512"),
        (KeyKind.P384, "RS384"),
        (KeyKind.RSA, "ES256"),
        (KeyKind.ED25519, "ES256"),
        (KeyKind.P384, "none"),
        (KeyKind.P384, "HS384"),
        (KeyKind.P384, "es384"),
        (KeyKind.P384, "EdDSA"),
    ],
)
def test_an_algorithm_that_does_not_fit_is_refused(kind: KeyKind, name: str) -> None:
    """Another curve, another kind of key or a name off the list: none verifies anything."""
    with pytest.raises(UnsupportedAlgorithm):
        require_algorithm(name, new_key(kind).public_key())


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P384, KeyKind.P521])
def test_a_signature_over_origin_and_nonce_verifies(kind: KeyKind) -> None:
    """r‖s of exactly twice the field length is the only form of an ECDSA value."""
    key = new_key(kind)
    signer = SoftwareSigner(key)
    digest = nonce_hash(signer.algorithm.hash.name)
    value = signer.sign(data_to_be_signed(signer.algorithm, ORIGIN, digest))
    raw = raw_from_der(value, kind)
    public_key, algorithm = key.public_key(), signer.algorithm
    verify_token_signature(AuthToken(b"", "", raw), public_key, algorithm, ORIGIN, digest)
    for wrong in (value, raw + b"\0", raw[:-1], b"\0" + raw, raw[1:] + raw[:1]):
        with pytest.raises(SignatureInvalid):
            verify_token_signature(AuthToken(b"", "", wrong), public_key, algorithm, ORIGIN, digest)


def test_another_origin_or_nonce_does_not_verify() -> None:
    """The signature binds both: one changed letter of either breaks it."""
    key = new_key(KeyKind.RSA)
    signer = SoftwareSigner(key, RSA_PSS_SHA256)
    digest = nonce_hash("sha256")
    sent = AuthToken(b"", "", signer.sign(data_to_be_signed(RSA_PSS_SHA256, ORIGIN, digest)))
    verify_token_signature(sent, key.public_key(), RSA_PSS_SHA256, ORIGIN, digest)
    other = hashlib.sha256(b"another nonce").digest()
    for origin, hashed in (
        (ORIGIN + ":8443", digest),
        ("http://rp.example.org", digest),
        (ORIGIN, other),
    ):
        with pytest.raises(SignatureInvalid):
            verify_token_signature(sent, key.public_key(), RSA_PSS_SHA256, origin, hashed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*token(), *token_1_1()]), JSON))
def test_any_json_is_read_or_refused_as_malformed(changes: dict[str, Any]) -> None:
    """Whatever a member holds, the reader knows only one way to fail."""
    with contextlib.suppress(MalformedToken):
        parse_auth_token(token() | changes)
