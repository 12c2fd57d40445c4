"""Project Wycheproof: signature values that broken implementations accept."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idservice.crypto.algorithms import KeyKind, SignatureAlgorithm, signature_algorithm
from idservice.crypto.keys import der_from_raw, load_public_key, verify_signature
from idservice.errors import SignatureInvalid, UnsupportedAlgorithm
from support.wycheproof import ACCEPTABLE, CURVES, FOLDER, groups, hash_of, key_of, vectors_of

HASHES = {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"}


def files(pattern: str, hashes: set[str], *, raw: bool = False) -> list[str]:
    """Files about an allowed hash, with DER or raw ECDSA values."""
    return [
        path.name
        for path in sorted(FOLDER.glob(pattern))
        if hash_of(path.name) in hashes and ("_p1363_" in path.name) is raw
    ]


def check(group: dict[str, Any], algorithm: SignatureAlgorithm, kind: KeyKind | None = None) -> int:
    """Require the expected result of every test of a group; return how many there are."""
    public_key = load_public_key(key_of(group))
    for vector in vectors_of(group, ACCEPTABLE):
        accepted = True
        try:
            value = vector.signature
            signature = value if kind is None else der_from_raw(value, kind)
            verify_signature(public_key, algorithm, signature, vector.message)
        except SignatureInvalid:
            accepted = False
        assert accepted is vector.accepted, vector
    return len(group["tests"])


@pytest.mark.parametrize("name", files("ecdsa_secp*r1_*_test.json", HASHES))
def test_ecdsa_values_in_der(name: str) -> None:
    """Curves and hashes that are allowed, values in DER."""
    curve = name.split("_")[1]
    algorithm = signature_algorithm("ecdsa", hash_of(name))
    for group in groups(name):
        if curve in CURVES:
            assert check(group, algorithm) > 0
        else:
            with pytest.raises(UnsupportedAlgorithm):
                load_public_key(key_of(group))


@pytest.mark.parametrize("name", files("ecdsa_secp*r1_*_test.json", HASHES, raw=True))
def test_ecdsa_values_in_raw_form(name: str) -> None:
    """The same with r and s of fixed length, as JOSE carries them."""
    curve = name.split("_")[1]
    algorithm = signature_algorithm("ecdsa", hash_of(name))
    for group in groups(name):
        if curve in CURVES:
            assert check(group, algorithm, CURVES[curve]) > 0


@pytest.mark.parametrize("name", files("ecdsa_secp256k1_*_test.json", HASHES))
def test_other_curves_are_refused(name: str) -> None:
    """A curve that is not on the list is refused before any value is looked at."""
    for group in groups(name):
        with pytest.raises(UnsupportedAlgorithm):
            load_public_key(key_of(group))


@pytest.mark.parametrize("name", files("rsa_signature_*_test.json", {"sha256", "sha384", "sha512"}))
def test_rsa_pkcs1_values(name: str) -> None:
    """RSASSA-PKCS1-v1_5 with keys of 2048 to 8192 bits."""
    algorithm = signature_algorithm("rsa", hash_of(name))
    assert sum(check(group, algorithm) for group in groups(name)) > 100


@pytest.mark.parametrize(
    "name",
    ["rsa_pss_2048_sha256_mgf1_32_test.json", "rsa_pss_2048_sha384_mgf1_48_test.json",
     "rsa_pss_3072_sha256_mgf1_32_test.json", "rsa_pss_4096_sha256_mgf1_32_test.json",
     "rsa_pss_4096_sha384_mgf1_48_test.json", "rsa_pss_4096_sha512_mgf1_64_test.json"],
)  # fmt: skip
def test_rsa_pss_values(name: str) -> None:
    """RSASSA-PSS with a salt as long as the hash."""
    algorithm = signature_algorithm("rsa-pss", hash_of(name))
    assert sum(check(group, algorithm) for group in groups(name)) > 0


@pytest.mark.parametrize(
    "name", ["rsa_pss_2048_sha256_mgf1_0_test.json", "rsa_pss_4096_sha512_mgf1_32_test.json"]
)
def test_rsa_pss_with_another_salt_is_refused(name: str) -> None:
    """A salt of another length than the hash is never accepted, though others accept it."""
    algorithm = signature_algorithm("rsa-pss", hash_of(name))
    for group in groups(name):
        public_key = load_public_key(key_of(group))
        for test in group["tests"]:
            if test["result"] == "valid":
                with pytest.raises(SignatureInvalid):
                    verify_signature(
                        public_key,
                        algorithm,
                        bytes.fromhex(test["sig"]),
                        bytes.fromhex(test["msg"]),
                    )


def test_ed25519_values() -> None:
    """Ed25519, with values that are malleable in loose implementations."""
    algorithm = signature_algorithm("eddsa", "sha512")
    assert sum(check(group, algorithm) for group in groups("ed25519_test.json")) > 100


def test_small_rsa_keys_are_refused() -> None:
    """Keys below 2048 bits are not loaded at all."""
    for name in ("rsa_pkcs1_1024_sig_gen_test.json", "rsa_pkcs1_1536_sig_gen_test.json"):
        for group in groups(name):
            key = group.get("publicKeyDer") or group.get("keyDer")
            if key is not None:
                with pytest.raises(UnsupportedAlgorithm):
                    load_public_key(bytes.fromhex(key))


def test_the_order_of_the_curve_is_no_value() -> None:
    """R = s = 0 and r = s = n are refused (the psychic signature)."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    algorithm = signature_algorithm("ecdsa", "sha256")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for number in (0, order):
        raw = number.to_bytes(32, "big") * 2
        with pytest.raises(SignatureInvalid):
            verify_signature(key, algorithm, der_from_raw(raw, KeyKind.P256), b"message")
