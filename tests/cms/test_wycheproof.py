"""Project Wycheproof through CMS: identifiers, certificate and value as a signature has them.

Each key of the suite gets a certificate, each group a CMS structure that names scheme and hash.
The suite chose its messages itself, so they take the place of the signed attributes, which are
what a value in CMS is over.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from idservice.cms.parsing import parse_signed_data
from idservice.cms.verification import INTACT, verify_signer
from idservice.crypto import der
from support.cms_forgery import Forgery, algorithm
from support.wycheproof import (
    ACCEPTABLE,
    FOLDER,
    Vector,
    certificate_of,
    groups,
    loaded,
    vectors_of,
)

NIST = "2.16.840.1.101.3.4"
SHA1, SHAKE256 = "1.3.14.3.2.26", f"{NIST}.2.12"
HASHES = {
    "sha1": SHA1, "sha224": f"{NIST}.2.4", "sha256": f"{NIST}.2.1", "sha384": f"{NIST}.2.2",
    "sha512": f"{NIST}.2.3", "sha512_224": f"{NIST}.2.5", "sha512_256": f"{NIST}.2.6",
    "sha3_224": f"{NIST}.2.7", "sha3_256": f"{NIST}.2.8", "sha3_384": f"{NIST}.2.9",
    "sha3_512": f"{NIST}.2.10",
}  # fmt: skip
_ECDSA, _RSA, _PLAIN = "1.2.840.10045.4", "1.2.840.113549.1.1", "0.4.0.127.0.7.1.1.4.1"
SCHEMES = {
    # RFC 5758 cl. 3.2, and the identifiers of NIST for SHA-3.
    "ecdsa": {
        "sha224": f"{_ECDSA}.3.1", "sha256": f"{_ECDSA}.3.2", "sha384": f"{_ECDSA}.3.3",
        "sha512": f"{_ECDSA}.3.4", "sha3_224": f"{NIST}.3.9", "sha3_256": f"{NIST}.3.10",
        "sha3_384": f"{NIST}.3.11", "sha3_512": f"{NIST}.3.12",
    },
    # RFC 8017 appendix A.2.4, RFC 3279 cl. 2.2.1.
    "rsa": {
        "sha1": f"{_RSA}.5", "sha224": f"{_RSA}.14", "sha256": f"{_RSA}.11",
        "sha384": f"{_RSA}.12", "sha512": f"{_RSA}.13", "sha512_224": f"{_RSA}.15",
        "sha512_256": f"{_RSA}.16", "sha3_224": f"{NIST}.3.13", "sha3_256": f"{NIST}.3.14",
        "sha3_384": f"{NIST}.3.15", "sha3_512": f"{NIST}.3.16",
    },
    # BSI TR-03111 cl. 5.2.1: r and s of fixed length.
    "plain": {
        "sha224": f"{_PLAIN}.2", "sha256": f"{_PLAIN}.3", "sha384": f"{_PLAIN}.4",
        "sha512": f"{_PLAIN}.5",
    },
    # RFC 5758 cl. 3.1.
    "dsa": {"sha224": f"{NIST}.3.1", "sha256": f"{NIST}.3.2"},
}  # fmt: skip
_PSS, _MGF1 = f"{_RSA}.10", f"{_RSA}.8"
FIXED = {
    "ed25519": ("1.3.101.112", HASHES["sha512"]),
    "ed448": ("1.3.101.113", SHAKE256),
    "mldsa_44": (f"{NIST}.3.17", HASHES["sha512"]),
    "mldsa_65": (f"{NIST}.3.18", HASHES["sha512"]),
    "mldsa_87": (f"{NIST}.3.19", HASHES["sha512"]),
}

DECIDED = ACCEPTABLE | {
    # X.690 cl. 8.3.3: without its leading zero the number is negative.
    "MissingZero": False,
    # Verified, so that integrity is honest; the policy judges them by their dates.
    "SmallModulus": True,
    "WeakHash": True,
    "SmallPublicKey": True,
}
"""What the suite leaves open, as it is decided for documents of others."""

UNSUPPORTED = ("sha512_224", "sha512_256", "secp256k1", "mldsa_44", "mldsa_87")
"""Hashes, curves and schemes that are not recognised at all, so that no value is accepted."""

FILES = [
    path.name
    for path in sorted(FOLDER.glob("*.json"))
    # No identifier of CMS stands for DSA values of fixed length; the others make signatures.
    if not (path.name.startswith("dsa") and "_p1363_" in path.name)
    and not (path.name.startswith("mldsa") and "_sign_" in path.name)
]


def identifiers(file: str, group: dict[str, Any]) -> tuple[bytes, str]:
    """The signature algorithm of a group in DER, and the OID of the hash beside it."""
    for scheme, (oid, digest_oid) in FIXED.items():
        if file.startswith(scheme):
            return algorithm(oid), digest_oid
    if file.startswith("rsa_pss"):
        return _pss(group)
    name = _spelled(group["sha"])
    scheme = "plain" if "_p1363_" in file else file.split("_", maxsplit=1)[0]
    parameters = (der.NULL,) if scheme == "rsa" else ()
    return algorithm(SCHEMES[scheme][name], *parameters), HASHES[name]


def _pss(group: dict[str, Any]) -> tuple[bytes, str]:
    """RFC 4055 cl. 3.1; what is left out of the parameters stands for SHA-1 and 20 bytes."""
    digest, mask = (HASHES[_spelled(group[name])] for name in ("sha", "mgfSha"))
    parts = [
        b"" if digest == SHA1 else der.context(0, algorithm(digest, der.NULL)),
        b"" if mask == SHA1 else der.context(1, algorithm(_MGF1, algorithm(mask, der.NULL))),
        b"" if group["sLen"] == 20 else der.context(2, der.integer(group["sLen"])),
    ]
    return algorithm(_PSS, der.sequence(*parts)), digest


def _spelled(name: str) -> str:
    return name.lower().replace("-", "_").replace("sha_", "sha").replace("/", "_")


def outcomes(file: str, group: dict[str, Any]) -> Iterator[tuple[Vector, str, list[str]]]:
    """Verify the values of a group; give each with its integrity and the codes of findings."""
    signature_algorithm, digest_oid = identifiers(file, group)
    listed = algorithm(digest_oid)
    pair = certificate_of(loaded(group))
    encoded = Forgery(
        signer=pair,
        signature_algorithm=signature_algorithm,
        digest_algorithm=listed,
        digest_algorithms=(listed,),
        value=b"value",
    ).encode(b"digest")
    signed_data = parse_signed_data(encoded)
    (signer,) = signed_data.signer_infos
    for vector in vectors_of(group, DECIDED):
        one = replace(signer, signature=vector.signature, signed_attributes_der=vector.message)
        facts = verify_signer(signed_data, one, (), lambda _: b"digest")
        yield vector, facts.integrity, [item.code for item in facts.findings]


@pytest.mark.parametrize("file", FILES)
def test_values_in_cms(file: str) -> None:
    """A value is intact when the suite calls it valid, and broken when it does not."""
    count = 0
    for group in groups(file):
        try:
            found = list(outcomes(file, group))
        except ValueError:
            assert not any(test["result"] == "valid" for test in group["tests"])
            continue
        for vector, integrity, codes in found:
            expected = vector.accepted and not any(item in file for item in UNSUPPORTED)
            assert (integrity == INTACT) is expected, (vector, integrity, codes)
            count += 1
    assert count > 20
