"""Project Wycheproof through login tokens and access tokens, whose values are those of JOSE.

What a login token signs is fixed, and the suite chose its own messages; so the message of each
vector takes the place of origin and nonce, and all else is read from a token as a browser sends
it.
"""

import base64
from typing import Any

import jwt
import pytest

from idservice.crypto.certificates import subject_public_key_info
from idservice.crypto.keys import load_public_key
from idservice.errors import MalformedToken, SignatureInvalid
from idservice.webeid import token as tokens
from idservice.webeid.token import parse_auth_token, require_algorithm, verify_token_signature
from support.wycheproof import ACCEPTABLE, FOLDER, certificate_of, groups, loaded, vectors_of

ORIGIN = "https://login.example"

FILES = {
    # RFC 7518 cl. 3.4: a name of ECDSA stands for one curve and one hash.
    "ES256": ["ecdsa_secp256r1_sha256_p1363_test.json"],
    "ES384": ["ecdsa_secp384r1_sha384_p1363_test.json"],
    "ES512": ["ecdsa_secp521r1_sha512_p1363_test.json"],
    # RFC 7518 cl. 3.5: the salt is as long as the hash.
    "PS256": [f"rsa_pss_{bits}_sha256_mgf1_32_test.json" for bits in (2048, 3072, 4096)],
    "PS384": [f"rsa_pss_{bits}_sha384_mgf1_48_test.json" for bits in (2048, 4096)],
    "PS512": ["rsa_pss_4096_sha512_mgf1_64_test.json"],
    **{
        f"RS{size}": sorted(
            path.name for path in FOLDER.glob(f"rsa_signature_*_sha{size}_test.json")
        )
        for size in (256, 384, 512)
    },
}
CASES = [(name, file) for name, files in FILES.items() for file in files]


def token_of(certificate_der: bytes, algorithm: str, value: bytes) -> dict[str, Any]:
    """A token as a browser sends it."""
    return {
        "format": "web-eid:1.0",
        "unverifiedCertificate": base64.b64encode(certificate_der).decode(),
        "algorithm": algorithm,
        "signature": base64.b64encode(value).decode(),
    }


@pytest.mark.parametrize(("algorithm", "file"), CASES)
def test_values_in_login_tokens(algorithm: str, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token with the value holds when the suite calls the value valid, and never otherwise."""
    count = 0
    for group in groups(file):
        certificate_der = certificate_of(loaded(group)).der
        key = load_public_key(subject_public_key_info(certificate_der))
        for vector in vectors_of(group, ACCEPTABLE):
            monkeypatch.setattr(tokens, "data_to_be_signed", lambda *_, of=vector: of.message)
            accepted = True
            try:
                read = parse_auth_token(token_of(certificate_der, algorithm, vector.signature))
                allowed = require_algorithm(read.unverified_algorithm, key)
                verify_token_signature(read, key, allowed, ORIGIN, b"")
            except (SignatureInvalid, MalformedToken):
                accepted = False
            assert accepted is vector.accepted, vector
            count += 1
    assert count > 100


@pytest.mark.parametrize("file", FILES["ES256"])
def test_values_in_the_library_of_access_tokens(file: str) -> None:
    """What verifies access tokens agrees with the suite on every value of ES256."""
    es256 = jwt.get_algorithm_by_name("ES256")
    for group in groups(file):
        key = loaded(group)
        for vector in vectors_of(group, ACCEPTABLE):
            assert es256.verify(vector.message, key, vector.signature) is vector.accepted, vector
