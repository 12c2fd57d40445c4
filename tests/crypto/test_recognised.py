"""Algorithms that are verified in what others signed, and are good enough for nothing else."""

import hashlib
from collections.abc import Callable

import pytest
from cryptography.exceptions import UnsupportedAlgorithm as LibraryUnsupported
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import (
    AlgorithmIdentifier,
    parse_algorithm,
    resolve_signature_algorithm,
)
from idservice.crypto.algorithms import HASHES, SHA256, SIGNATURE_ALGORITHMS, hash_by_oid
from idservice.crypto.keys import load_public_key
from idservice.crypto.recognised import (
    LEGACY_HASHES,
    SHA1,
    SHAKE256,
    RecognisedAlgorithm,
    SignedWith,
    hash_parameters_fit,
    recognised_algorithm,
    recognised_hash,
    signed_with,
)
from idservice.crypto.recognised_keys import recognise_key, verify_recognised
from idservice.errors import IdServiceError, MalformedDer, SignatureInvalid, UnsupportedAlgorithm
from support.source import package_modules

DATA = b"what was signed"
OLD_HASH = hashes.SHA1()  # noqa: S303 - what is tested
RSA_1024 = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - what is tested
RSA_2048 = rsa.generate_private_key(public_exponent=65537, key_size=2048)
P256 = ec.generate_private_key(ec.SECP256R1())
BRAINPOOL = ec.generate_private_key(ec.BrainpoolP384R1())
DSA = dsa.generate_private_key(2048)
ED448 = ed448.Ed448PrivateKey.generate()
SHA1_RSA = "1.2.840.113549.1.1.5"
PLAIN_SHA256 = "0.4.0.127.0.7.1.1.4.1.3"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey | ed448.Ed448PrivateKey


def spki(key: Key) -> bytes:
    """The public key as DER SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def identifier(oid: str, *parameters: bytes) -> AlgorithmIdentifier:
    """An AlgorithmIdentifier as it stands in a signature."""
    return parse_algorithm(der_reader.read(der.sequence(der.object_identifier(oid), *parameters)))


def plain(key: ec.EllipticCurvePrivateKey, digest: hashes.HashAlgorithm) -> bytes:
    """A signature value as r||s."""
    size = (key.key_size + 7) // 8
    r, s = decode_dss_signature(key.sign(DATA, ec.ECDSA(digest)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def pss(salt: int, *, explicit: bool = True) -> bytes:
    """RSASSA-PSS-params for SHA-1: written out, or left to the defaults but the salt."""
    sha1 = der.sequence(der.object_identifier(SHA1.oid), der.NULL)
    mask = der.sequence(der.object_identifier("1.2.840.113549.1.1.8"), sha1)
    head = (der.context(0, sha1), der.context(1, mask)) if explicit else ()
    return der.sequence(*head, der.context(2, der.integer(salt)))


def legacy_pss_value(salt: int) -> bytes:
    """A PSS value over the data with SHA-1."""
    scheme = padding.PSS(mgf=padding.MGF1(OLD_HASH), salt_length=salt)
    return RSA_1024.sign(DATA, scheme, OLD_HASH)


def other_mask(salt: int = 32) -> bytes:
    """RSASSA-PSS-params for SHA-256 with a mask that SHA-1 generates."""
    sha1 = der.sequence(der.object_identifier(SHA1.oid), der.NULL)
    sha256 = der.sequence(der.object_identifier(SHA256.oid), der.NULL)
    mask = der.sequence(der.object_identifier("1.2.840.113549.1.1.8"), sha1)
    return der.sequence(
        der.context(0, sha256), der.context(1, mask), der.context(2, der.integer(salt))
    )


def under_pss(key: rsa.RSAPrivateKey, parameters: bytes) -> bytes:
    """The public key under id-RSASSA-PSS with parameters."""
    numbers = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.PKCS1
    )
    identified = der.sequence(der.object_identifier("1.2.840.113549.1.1.10"), parameters)
    return der.sequence(identified, der.wrap(b"\x03", b"\x00" + numbers))


CASES: dict[str, tuple[AlgorithmIdentifier, Key, bytes, SignedWith]] = {
    "SHA-1 with RSA": (
        identifier(SHA1_RSA, der.NULL),
        RSA_2048,
        RSA_2048.sign(DATA, padding.PKCS1v15(), OLD_HASH),
        SignedWith("rsa", "sha1", 2048),
    ),
    "SHA-224 with RSA": (
        identifier("1.2.840.113549.1.1.14", der.NULL),
        RSA_2048,
        RSA_2048.sign(DATA, padding.PKCS1v15(), hashes.SHA224()),
        SignedWith("rsa", "sha224", 2048),
    ),
    "SHA-256 with RSA of 1024 bits": (
        identifier("1.2.840.113549.1.1.11", der.NULL),
        RSA_1024,
        RSA_1024.sign(DATA, padding.PKCS1v15(), hashes.SHA256()),
        SignedWith("rsa", "sha256", 1024),
    ),
    "SHA3-224 with RSA": (
        identifier("2.16.840.1.101.3.4.3.13", der.NULL),
        RSA_2048,
        RSA_2048.sign(DATA, padding.PKCS1v15(), hashes.SHA3_224()),
        SignedWith("rsa", "sha3_224", 2048),
    ),
    "PSS with the defaults of its parameters": (
        identifier("1.2.840.113549.1.1.10", der.sequence()),
        RSA_1024,
        legacy_pss_value(20),
        SignedWith("rsa-pss", "sha1", 1024),
    ),
    "PSS with a salt of its own": (
        identifier("1.2.840.113549.1.1.10", pss(8)),
        RSA_1024,
        legacy_pss_value(8),
        SignedWith("rsa-pss", "sha1", 1024),
    ),
    "PSS with a mask by another hash": (
        identifier("1.2.840.113549.1.1.10", other_mask()),
        RSA_2048,
        RSA_2048.sign(
            DATA, padding.PSS(mgf=padding.MGF1(OLD_HASH), salt_length=32), hashes.SHA256()
        ),
        SignedWith("rsa-pss", "sha256", 2048, "sha1"),
    ),
    "ECDSA with SHA-1": (
        identifier("1.2.840.10045.4.1"),
        P256,
        P256.sign(DATA, ec.ECDSA(OLD_HASH)),
        SignedWith("ecdsa", "sha1", 256),
    ),
    "ECDSA on a brainpool curve": (
        identifier("1.2.840.10045.4.3.2"),
        BRAINPOOL,
        BRAINPOOL.sign(DATA, ec.ECDSA(hashes.SHA256())),
        SignedWith("ecdsa", "sha256", 384),
    ),
    "plain ECDSA": (
        identifier(PLAIN_SHA256),
        P256,
        plain(P256, hashes.SHA256()),
        SignedWith("plain-ecdsa", "sha256", 256),
    ),
    "DSA": (
        identifier("2.16.840.1.101.3.4.3.2"),
        DSA,
        DSA.sign(DATA, hashes.SHA256()),
        SignedWith("dsa", "sha256", 2048),
    ),
    "Ed448": (
        identifier("1.3.101.113"),
        ED448,
        ED448.sign(DATA),
        SignedWith("ed448", None, None),
    ),
}

every_case = pytest.mark.parametrize("name", list(CASES))


@every_case
def test_what_was_in_use_is_verified(name: str) -> None:
    """The value holds over the data, and what it was made with is told."""
    claimed, key, value, expected = CASES[name]
    algorithm = recognised_algorithm(claimed)
    found = verify_recognised(spki(key), algorithm, value, DATA)
    assert signed_with(algorithm, found.bits) == expected
    assert algorithm.allowed is None or found.allowed is None


@every_case
def test_other_data_and_other_values_do_not_verify(name: str) -> None:
    """A recognised algorithm is verified in earnest."""
    claimed, key, value, _ = CASES[name]
    algorithm = recognised_algorithm(claimed)
    for bad_value, data in ((value, DATA + b"!"), (value[:-1], DATA), (b"", DATA)):
        with pytest.raises(SignatureInvalid):
            verify_recognised(spki(key), algorithm, bad_value, data)


def _refuses(call: Callable[[], object], *others: type[Exception]) -> bool:
    """Whether a call raises UnsupportedAlgorithm, or one of the others."""
    try:
        call()
    except UnsupportedAlgorithm:
        return True
    except others:
        return True
    return False


@every_case
def test_what_is_only_recognised_is_allowed_nowhere(name: str) -> None:
    """The allow-list that signing, login and issuing use knows the algorithm or the key not."""
    claimed, key, _, _ = CASES[name]
    refused = [
        _refuses(lambda: resolve_signature_algorithm(claimed), MalformedDer),
        _refuses(lambda: load_public_key(spki(key))),
    ]
    assert any(refused)


@pytest.mark.parametrize("name", list(CASES))
def test_a_key_of_another_kind_is_refused(name: str) -> None:
    """An algorithm is never computed with a key that is not for it."""
    claimed, key, value, _ = CASES[name]
    other = P256 if not isinstance(key, ec.EllipticCurvePrivateKey) else RSA_2048
    with pytest.raises(UnsupportedAlgorithm):
        verify_recognised(spki(other), recognised_algorithm(claimed), value, DATA)


def test_only_validation_looks_at_what_is_recognised() -> None:
    """No module of login, keys, records or time-stamping imports the second table."""
    users = {
        module.part
        for module in package_modules()
        if any(name.startswith("idservice.crypto.recognised") for name in module.imports())
    }
    assert users <= {"crypto", "cms", "ades", "pades", "cades", "pki", "inspection", "trustlists"}


def test_legacy_hashes_are_on_no_allow_list() -> None:
    """The two tables of hashes have nothing in common, and both are found by number."""
    assert not set(LEGACY_HASHES) & set(HASHES)
    for item in LEGACY_HASHES:
        assert recognised_hash(item.oid) is item
        with pytest.raises(UnsupportedAlgorithm):
            hash_by_oid(item.oid)
    assert recognised_hash(SHA256.oid) is SHA256


def test_shake256_has_512_bits() -> None:
    """Beside Ed448 the digest is SHAKE256 with 64 bytes, in pieces as in one call."""
    state = SHAKE256.new(b"a")
    state.update(b"b")
    assert state.digest() == SHAKE256.digest(b"ab") == hashlib.shake_256(b"ab").digest(64)


@pytest.mark.parametrize(
    "oid", ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.2", "1.2.3.4", "1.2.840.113549.2.5"]
)
def test_md5_and_unknown_algorithms_are_not_recognised(oid: str) -> None:
    """MD5, MD2 and numbers that nobody gave are refused by name."""
    with pytest.raises(UnsupportedAlgorithm):
        recognised_algorithm(identifier(oid, der.NULL))
    with pytest.raises(UnsupportedAlgorithm):
        recognised_hash(oid)


def test_an_allowed_algorithm_is_recognised_as_itself() -> None:
    """What is on the allow-list keeps its entry, so that the strict code verifies it."""
    plain_ones = [item for item in SIGNATURE_ALGORITHMS if item.parameters != "pss"]
    for item in plain_ones:
        assert recognised_algorithm(identifier(item.oid)).allowed is item


def test_the_hash_beside_an_identifier_of_a_key_counts() -> None:
    """The identifier rsaEncryption names no hash: the digest algorithm of the signer does."""
    claimed = identifier("1.2.840.113549.1.1.1", der.NULL)
    assert recognised_algorithm(claimed, SHA1) == RecognisedAlgorithm("rsa", SHA1)
    assert recognised_algorithm(claimed, SHA256).name == "rsa-sha256"
    assert recognised_algorithm(claimed, SHA1).name == "rsa-sha1"
    with pytest.raises(UnsupportedAlgorithm):
        recognised_algorithm(claimed)


@pytest.mark.parametrize("bits", [512, 768])
def test_rsa_that_was_factored_is_not_recognised(bits: int) -> None:
    """Below 1024 bits nothing is computed."""
    numbers = der.sequence(der.integer((1 << (bits - 1)) + 1), der.integer(65537))
    key = der.sequence(
        der.sequence(der.object_identifier("1.2.840.113549.1.1.1"), der.NULL),
        der.wrap(b"\x03", b"\x00" + numbers),
    )
    with pytest.raises(IdServiceError) as caught:
        recognise_key(key)
    assert not isinstance(caught.value.__cause__, LibraryUnsupported)


@pytest.mark.parametrize("curve", [ec.SECP256K1()])
def test_curves_of_other_purposes_are_not_recognised(curve: ec.EllipticCurve) -> None:
    """A curve that no list of signature algorithms ever had is refused."""
    with pytest.raises(UnsupportedAlgorithm):
        recognise_key(spki(ec.generate_private_key(curve)))


@pytest.mark.parametrize("salt", [20, 32])
def test_a_key_for_pss_alone_makes_what_its_parameters_say(salt: int) -> None:
    """The same hashes, and a salt that is at least as long as the key asks for, verify."""
    claimed, _, value, expected = CASES["PSS with a mask by another hash"]
    algorithm = recognised_algorithm(claimed)
    found = verify_recognised(under_pss(RSA_2048, other_mask(salt)), algorithm, value, DATA)
    assert signed_with(algorithm, found.bits) == expected


@pytest.mark.parametrize("parameters", [other_mask(40), pss(20)], ids=["longer salt", "hash"])
def test_a_key_for_pss_alone_makes_nothing_else(parameters: bytes) -> None:
    """Another hash than that of the key, or a shorter salt, is refused."""
    claimed, _, value, _ = CASES["PSS with a mask by another hash"]
    key = under_pss(RSA_2048, parameters)
    with pytest.raises(UnsupportedAlgorithm):
        verify_recognised(key, recognised_algorithm(claimed), value, DATA)


def test_a_mask_by_another_hash_is_named() -> None:
    """The name tells both hashes."""
    claimed = CASES["PSS with a mask by another hash"][0]
    assert recognised_algorithm(claimed).name == "rsa-pss-sha256-mgf1-sha1"


def test_shake256_with_a_length_has_512_bits_alone() -> None:
    """Under the identifier with a length its parameter is required, without it none is allowed."""
    with_length, bits = "2.16.840.1.101.3.4.2.18", der.integer(512)
    assert recognised_hash(with_length) is SHAKE256
    assert hash_parameters_fit(identifier(with_length, bits))
    assert hash_parameters_fit(identifier(SHAKE256.oid))
    for wrong in (
        identifier(with_length),
        identifier(with_length, der.integer(256)),
        identifier(SHAKE256.oid, bits),
    ):
        assert not hash_parameters_fit(wrong)


@pytest.mark.parametrize("salt", [-1, 2000])
def test_an_impossible_salt_is_malformed(salt: int) -> None:
    """Salts that no key could hold are refused before anything is computed."""
    with pytest.raises(MalformedDer):
        recognised_algorithm(identifier("1.2.840.113549.1.1.10", pss(salt)))


@given(st.binary(max_size=80))
def test_random_parameters_raise_only_our_errors(parameters: bytes) -> None:
    """Whatever stands behind an identifier, it is recognised, unsupported or malformed."""
    claimed = AlgorithmIdentifier("1.2.840.113549.1.1.10", parameters, b"")
    try:
        assert recognised_algorithm(claimed).scheme == "rsa-pss"
    except (UnsupportedAlgorithm, MalformedDer):
        return
