"""Keys, algorithms and certificates: what is allowed works, everything else is refused."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, x25519
from hypothesis import given
from hypothesis import strategies as st

from idservice.crypto import algorithms
from idservice.crypto.algorithms import DEFAULT_FOR_KEY, SIGNATURE_ALGORITHMS, KeyKind
from idservice.crypto.certificates import (
    load_certificate,
    load_pem_certificates,
    subject_public_key_info,
)
from idservice.crypto.keys import (
    SoftwareSigner,
    der_from_raw,
    key_kind,
    load_public_key,
    public_key_der,
    public_key_of,
    raw_from_der,
    verify_signature,
)
from idservice.errors import (
    MalformedCertificate,
    MalformedDer,
    MalformedKey,
    SignatureInvalid,
    UnsupportedAlgorithm,
)
from support.pki import chain, leaf, new_key, root_ca

SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
DER = serialization.Encoding.DER


@pytest.mark.parametrize("algorithm", SIGNATURE_ALGORITHMS, ids=lambda item: item.name)
def test_every_algorithm_signs_and_verifies(algorithm: algorithms.SignatureAlgorithm) -> None:
    """A value verifies over its data and over nothing else."""
    for kind in algorithm.key_kinds:
        signer = SoftwareSigner(chain(kind).leaf.key, algorithm)
        value = signer.sign(b"data")
        public_key = load_public_key(signer.public_key_der)
        verify_signature(public_key, algorithm, value, b"data")
        with pytest.raises(SignatureInvalid):
            verify_signature(public_key, algorithm, value, b"dat")
        with pytest.raises(SignatureInvalid):
            verify_signature(public_key, algorithm, value[:-1], b"data")


def test_each_kind_of_key_has_a_default_and_is_told_apart() -> None:
    """The default algorithm of a kind fits it, and no algorithm of another kind does."""
    for kind in KeyKind:
        signer = SoftwareSigner(chain(kind).leaf.key)
        assert signer.algorithm is DEFAULT_FOR_KEY[kind]
        public_key = load_public_key(signer.public_key_der)
        assert key_kind(public_key) is kind
        assert public_key_der(public_key) == signer.public_key_der
        for algorithm in SIGNATURE_ALGORITHMS:
            if kind not in algorithm.key_kinds:
                with pytest.raises(UnsupportedAlgorithm):
                    SoftwareSigner(chain(kind).leaf.key, algorithm)
                with pytest.raises(UnsupportedAlgorithm):
                    verify_signature(public_key, algorithm, b"", b"")


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP224R1()),
        ed448.Ed448PrivateKey.generate(),
        x25519.X25519PrivateKey.generate(),
        dsa.generate_private_key(2048),
        new_key(KeyKind.RSA, rsa_bits=1024),
    ],
    ids=["secp256k1", "P-224", "Ed448", "X25519", "DSA", "RSA-1024"],
)
def test_other_keys_are_refused(key: ec.EllipticCurvePrivateKey) -> None:
    """Kinds, curves and sizes that are not on the list are refused when loaded."""
    with pytest.raises(UnsupportedAlgorithm):
        load_public_key(key.public_key().public_bytes(DER, SPKI))


@given(st.binary(max_size=200))
def test_random_bytes_are_no_key(data: bytes) -> None:
    """Random bytes raise MalformedKey and nothing else."""
    with pytest.raises((MalformedKey, UnsupportedAlgorithm)):
        load_public_key(data)


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P384, KeyKind.P521])
def test_raw_and_der_values_are_the_same(kind: KeyKind) -> None:
    """r||s and DER convert into each other without loss."""
    value = SoftwareSigner(chain(kind).leaf.key).sign(b"data")
    assert der_from_raw(raw_from_der(value, kind), kind) == value


@given(st.binary(max_size=140))
def test_values_of_another_form_are_refused(data: bytes) -> None:
    """What is no DER value, or has another length than r||s, raises SignatureInvalid."""
    for kind in (KeyKind.P256, KeyKind.P521):
        if len(data) != 2 * algorithms.EC_FIELD_BYTES[kind]:
            with pytest.raises(SignatureInvalid):
                der_from_raw(data, kind)
    with pytest.raises(SignatureInvalid):
        raw_from_der(b"\x04" + data, KeyKind.P256)


def test_a_value_that_is_too_large_for_the_curve_is_refused() -> None:
    """R of a larger curve does not fit into the field."""
    value = SoftwareSigner(chain(KeyKind.P521).leaf.key).sign(b"data")
    with pytest.raises(SignatureInvalid):
        raw_from_der(value, KeyKind.P256)


def test_algorithms_are_found_by_each_of_their_names() -> None:
    """Name, OID, JOSE name and family with hash lead to one object."""
    for item in SIGNATURE_ALGORITHMS:
        assert algorithms.signature_algorithm_by_name(item.name) is item
        assert algorithms.signature_algorithm(item.family, item.hash.name) is item
        if item.jose is not None:
            assert algorithms.signature_algorithm_by_jose(item.jose) is item
        if item.parameters != "pss":
            assert algorithms.signature_algorithm_by_oid(item.oid) is item
    for found in algorithms.HASHES:
        assert algorithms.hash_by_oid(found.oid) is algorithms.hash_by_name(found.name) is found
        assert len(found.digest(b"")) == found.size


def test_what_is_not_on_the_list_is_refused() -> None:
    """SHA-1, MD5, "none" and the PSS OID alone are no algorithms."""
    for attempt in (
        lambda: algorithms.hash_by_oid("1.3.14.3.2.26"),
        lambda: algorithms.hash_by_name("md5"),
        lambda: algorithms.signature_algorithm_by_jose("none"),
        lambda: algorithms.signature_algorithm_by_jose("HS256"),
        lambda: algorithms.signature_algorithm_by_oid("1.2.840.113549.1.1.10"),
        lambda: algorithms.signature_algorithm_by_oid("1.2.840.113549.1.1.5"),
        lambda: algorithms.signature_algorithm_by_name("rsa-sha1"),
        lambda: algorithms.signature_algorithm("ecdsa", "sha1"),
    ):
        with pytest.raises(UnsupportedAlgorithm):
            attempt()


def test_keys_come_out_of_certificates() -> None:
    """Through the library or cut out of the DER, the key is the same."""
    for kind in KeyKind:
        pair = chain(kind).leaf
        key = public_key_of(pair.certificate)
        assert public_key_der(key) == subject_public_key_info(pair.der)
    odd = leaf(root_ca(), key=new_key(KeyKind.RSA, rsa_bits=1024))
    with pytest.raises(UnsupportedAlgorithm):
        public_key_of(odd.certificate)


def test_certificates_are_read_whole_or_not_at_all() -> None:
    """Cut off, with data behind, or with a broken extension, a certificate is refused."""
    encoded = chain().leaf.der
    assert load_certificate(encoded) == chain().leaf.certificate
    broken = encoded.replace(b"\x55\x1d\x0e", b"\x55\x1d\x0f")
    for data in (encoded[:-1], encoded + b"\x00", b"", broken, bytes(70_000)):
        with pytest.raises(MalformedCertificate):
            load_certificate(data)


def test_certificates_come_in_pem_as_well() -> None:
    """All certificates of a PEM file are returned; a file without any is refused."""
    first, second = chain().root, chain().intermediate
    assert load_pem_certificates(first.pem + second.pem) == (
        first.certificate,
        second.certificate,
    )
    for data in (b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(MalformedCertificate):
            load_pem_certificates(data)


@given(st.binary(max_size=300))
def test_random_bytes_are_no_certificate(data: bytes) -> None:
    """Random bytes raise MalformedCertificate, and MalformedDer when only the key is wanted."""
    with pytest.raises(MalformedCertificate):
        load_certificate(data)
    with pytest.raises(MalformedDer):
        subject_public_key_info(data)


def test_a_certificate_with_a_key_of_an_unknown_kind_is_unsupported() -> None:
    """A certificate for a key that the library does not know can be read, its key cannot."""
    pair = chain().leaf
    place = pair.der.index(b"\x2a\x86\x48\xce\x3d\x02\x01")
    odd = pair.der[: place + 6] + b"\x7f" + pair.der[place + 7 :]
    with pytest.raises(UnsupportedAlgorithm):
        public_key_of(x509.load_der_x509_certificate(odd))
    place = pair.der.index(b"\x03\x42\x00\x04")
    off_curve = pair.der[: place + 3] + b"\x09" + pair.der[place + 4 :]
    with pytest.raises((MalformedKey, UnsupportedAlgorithm)):
        public_key_of(x509.load_der_x509_certificate(off_curve))
