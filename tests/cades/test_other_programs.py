"""Detached signatures that openssl and pyHanko make, with every kind of key that they have."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import algos as asn1_algos
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from pyhanko.sign.signers.pdf_cms import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from idservice.cades.facts import read_facts
from idservice.services.validation import Validation
from idservice.validation.facts import AlgorithmFacts, Integrity, SignatureFacts
from support.offline import LIMITS, NOW
from support.pki import CertificatePair, intermediate_ca, leaf, root_ca

CONTENT = b"what other programs sign"
ROOT = root_ca()
ISSUING = intermediate_ca(ROOT)
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

PSS = ("-keyopt", "rsa_padding_mode:pss")
OPENSSL: dict[str, tuple[Any, tuple[str, ...], AlgorithmFacts]] = {
    "RSA": (RSA_KEY, (), AlgorithmFacts("rsa", "sha256", 2048)),
    "PSS": (RSA_KEY, PSS, AlgorithmFacts("rsa-pss", "sha256", 2048)),
    "PSS with a mask by SHA-512": (
        RSA_KEY,
        (*PSS, "-keyopt", "rsa_mgf1_md:sha512"),
        AlgorithmFacts("rsa-pss", "sha256", 2048, "sha512"),
    ),
    "P-256": (ec.generate_private_key(ec.SECP256R1()), (), AlgorithmFacts("ecdsa", "sha256", 256)),
    "P-521": (ec.generate_private_key(ec.SECP521R1()), (), AlgorithmFacts("ecdsa", "sha256", 521)),
}


def signer(key: Any) -> CertificatePair:
    """A signer with this key below the standing authorities."""
    return leaf(ISSUING, key=key)


def private(key: Any) -> bytes:
    """A private key as PKCS#8 in DER."""
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    encoded: bytes = key.private_bytes(serialization.Encoding.DER, form, plain)
    return encoded


def only(signature: bytes) -> SignatureFacts:
    """The facts of the one signature."""
    (found,) = read_facts(signature, CONTENT, max_bytes=1 << 20).signatures
    return found


def errors(signature: bytes) -> list[str]:
    """What the strict policy has against a signature, when its root is trusted."""
    validation = Validation(LIMITS, clock=lambda: NOW, anchors=[ROOT.certificate])
    report = validation.validate(signature, "a.p7s", content=CONTENT).to_json()
    return [item["code"] for item in report["signatures"][0]["errors"]]


def by_openssl(folder: Path, pair: CertificatePair, *options: str) -> bytes:
    """Sign with `openssl cms -cades`."""
    (folder / "key.der").write_bytes(private(pair.key))
    (folder / "cert.pem").write_bytes(pair.pem)
    (folder / "chain.pem").write_bytes(ISSUING.pem)
    (folder / "content").write_bytes(CONTENT)
    command = [
        "openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha256", "-in", "content",
        "-signer", "cert.pem", "-certfile", "chain.pem", "-inkey", "key.der", "-keyform", "DER",
        *options, "-outform", "DER", "-out", "made",
    ]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "made").read_bytes()


@pytest.mark.parametrize("name", list(OPENSSL))
def test_openssl_signs_what_holds(name: str, tmp_path: Path) -> None:
    """It is a baseline signature, and nothing is held against it."""
    key, options, algorithms = OPENSSL[name]
    made = by_openssl(tmp_path, signer(key), *options)
    found = only(made)
    assert (found.integrity, found.level) == (Integrity.INTACT, "CAdES_BASELINE_B")
    assert found.algorithms == algorithms
    assert errors(made) == []


def test_a_mask_by_an_old_hash_is_judged_and_not_malformed(tmp_path: Path) -> None:
    """The value holds, and that nobody relies on SHA-1 any more is what the policy says."""
    made = by_openssl(tmp_path, signer(RSA_KEY), *PSS, "-keyopt", "rsa_mgf1_md:sha1")
    found = only(made)
    assert found.integrity is Integrity.INTACT
    assert found.algorithms == AlgorithmFacts("rsa-pss", "sha256", 2048, "sha1")
    assert "algorithm_expired" in errors(made)


def by_pyhanko(pair: CertificatePair, digest: str, mechanism: Any = None, **options: Any) -> bytes:
    """Sign with pyHanko, in the CAdES profile of its own."""
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register(asn1_x509.Certificate.load(ISSUING.der))
    made = SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(pair.der),
        signing_key=asn1_keys.PrivateKeyInfo.load(private(pair.key)),
        cert_registry=store,
        signature_mechanism=mechanism,
        **options,
    )
    found = asyncio.run(made.async_sign_general_data(CONTENT, digest, detached=True))
    encoded: bytes = found.dump()
    return encoded


def other_mask() -> asn1_algos.SignedDigestAlgorithm:
    """RSASSA-PSS with SHA-256 and a mask by SHA-384."""
    mask = {"algorithm": "mgf1", "parameters": {"algorithm": "sha384"}}
    parameters = {"hash_algorithm": {"algorithm": "sha256"}, "mask_gen_algorithm": mask}
    return asn1_algos.SignedDigestAlgorithm(
        {"algorithm": "rsassa_pss", "parameters": {**parameters, "salt_length": 32}}
    )


PYHANKO: dict[str, tuple[Callable[[], bytes], AlgorithmFacts]] = {
    "RSA": (lambda: by_pyhanko(signer(RSA_KEY), "sha256"), AlgorithmFacts("rsa", "sha256", 2048)),
    "PSS": (
        lambda: by_pyhanko(signer(RSA_KEY), "sha384", prefer_pss=True),
        AlgorithmFacts("rsa-pss", "sha384", 2048),
    ),
    "PSS with a mask by SHA-384": (
        lambda: by_pyhanko(signer(RSA_KEY), "sha256", other_mask()),
        AlgorithmFacts("rsa-pss", "sha256", 2048, "sha384"),
    ),
    "P-384": (
        lambda: by_pyhanko(signer(ec.generate_private_key(ec.SECP384R1())), "sha384"),
        AlgorithmFacts("ecdsa", "sha384", 384),
    ),
    "Ed25519": (
        lambda: by_pyhanko(signer(ed25519.Ed25519PrivateKey.generate()), "sha512"),
        AlgorithmFacts("ed25519", None, None),
    ),
    "Ed448": (
        lambda: by_pyhanko(signer(ed448.Ed448PrivateKey.generate()), "shake256"),
        AlgorithmFacts("ed448", None, None),
    ),
}


@pytest.mark.parametrize("name", list(PYHANKO))
def test_pyhanko_signs_what_holds(name: str) -> None:
    """The value holds, and the policy has nothing against the algorithms."""
    make, algorithms = PYHANKO[name]
    made = make()
    found = only(made)
    assert found.integrity is Integrity.INTACT
    assert found.algorithms == algorithms
    assert errors(made) == []


def test_pyhanko_names_the_length_of_shake256() -> None:
    """Its Ed448 signatures name the hash by the identifier with a length (RFC 8419)."""
    made = by_pyhanko(signer(ed448.Ed448PrivateKey.generate()), "shake256")
    assert bytes.fromhex("60864801650304021202020200") in made
