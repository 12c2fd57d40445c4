"""AlgorithmIdentifiers are written in one place, and read back as what was written."""

import pytest
from asn1crypto import algos

from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import (
    RSASSA_PSS,
    digest_algorithm_der,
    parse_algorithm,
    require_fits_key_identifier,
    resolve_signature_algorithm,
    signature_algorithm_der,
)
from idservice.crypto.algorithms import (
    HASHES,
    RSA_PSS_SHA256,
    RSA_PSS_SHA384,
    RSA_SHA256,
    RSA_SHA384,
    SIGNATURE_ALGORITHMS,
    HashAlgorithm,
    KeyKind,
    SignatureAlgorithm,
    algorithm_for_key,
    require_allowed,
)
from idservice.errors import UnsupportedAlgorithm
from support.pki import chain


@pytest.mark.parametrize("algorithm", SIGNATURE_ALGORITHMS, ids=lambda item: item.name)
def test_signature_algorithms_come_back(algorithm: SignatureAlgorithm) -> None:
    """What is written for an algorithm is read as that algorithm and no other."""
    element = der_reader.read(signature_algorithm_der(algorithm), der_reader.SEQUENCE)
    assert resolve_signature_algorithm(parse_algorithm(element)) is algorithm


@pytest.mark.parametrize("algorithm", HASHES, ids=lambda item: item.name)
def test_hashes_come_back(algorithm: HashAlgorithm) -> None:
    """A hash is named by its identifier, without parameters."""
    element = der_reader.read(digest_algorithm_der(algorithm), der_reader.SEQUENCE)
    found = parse_algorithm(element)
    assert (found.oid, found.parameters_der) == (algorithm.oid, None)


@pytest.mark.parametrize("algorithm", SIGNATURE_ALGORITHMS, ids=lambda item: item.name)
def test_another_library_reads_the_same(algorithm: SignatureAlgorithm) -> None:
    """The encoding is the one that another implementation makes of what it read."""
    encoded = signature_algorithm_der(algorithm)
    read = algos.SignedDigestAlgorithm.load(encoded)
    assert read["algorithm"].dotted == algorithm.oid
    assert read.copy().dump(force=True) == encoded


def pss_key(parameters: bytes) -> bytes:
    """A SubjectPublicKeyInfo under id-RSASSA-PSS; what the key is does not matter here."""
    identifier = der.sequence(der.object_identifier(RSASSA_PSS), parameters)
    return der.sequence(identifier, der.bit_string(b"key"))


PSS_PARAMETERS = (
    parse_algorithm(der_reader.read(signature_algorithm_der(RSA_PSS_SHA384))).parameters_der or b""
)


@pytest.mark.parametrize(
    ("parameters", "algorithm", "fits"),
    [
        (b"", RSA_PSS_SHA256, True),
        (b"", RSA_PSS_SHA384, True),
        (b"", RSA_SHA256, False),
        (PSS_PARAMETERS, RSA_PSS_SHA384, True),
        (PSS_PARAMETERS, RSA_PSS_SHA256, False),
        (PSS_PARAMETERS, RSA_SHA384, False),
    ],
)
def test_keys_for_pss_make_nothing_else(
    parameters: bytes, algorithm: SignatureAlgorithm, *, fits: bool
) -> None:
    """A key under id-RSASSA-PSS serves PSS alone, with the hash of its parameters if it has any."""
    spki_der = pss_key(parameters)
    if fits:
        require_fits_key_identifier(spki_der, algorithm)
        return
    with pytest.raises(UnsupportedAlgorithm, match="RSASSA-PSS"):
        require_fits_key_identifier(spki_der, algorithm)


@pytest.mark.parametrize("kind", KeyKind)
def test_other_keys_fit_by_their_kind(kind: KeyKind) -> None:
    """Keys of all other identifiers are left to their kind."""
    signer = chain(kind).leaf.signer()
    require_fits_key_identifier(signer.public_key_der, signer.algorithm)


@pytest.mark.parametrize(
    ("kind", "hash_name", "pss", "expected"),
    [
        (KeyKind.P256, None, False, "ecdsa-sha256"),
        (KeyKind.P521, "sha3_384", False, "ecdsa-sha3-384"),
        (KeyKind.RSA, None, True, "rsa-pss-sha256"),
        (KeyKind.RSA, "sha512", True, "rsa-pss-sha512"),
        (KeyKind.RSA, "sha3_256", False, "rsa-sha3-256"),
        (KeyKind.ED25519, "sha512", False, "ed25519"),
        (KeyKind.ED25519, "sha256", False, None),
        (KeyKind.ED25519, None, True, None),
        (KeyKind.P384, None, True, None),
        (KeyKind.ML_DSA_65, "sha256", False, None),
        (KeyKind.P256, "md5", False, None),
    ],
)
def test_an_algorithm_is_chosen_for_a_key(
    kind: KeyKind, hash_name: str | None, expected: str | None, *, pss: bool
) -> None:
    """Hash and padding are taken where the kind of key leaves them open, and refused elsewhere."""
    if expected is not None:
        assert algorithm_for_key(kind, hash_name, pss=pss).name == expected
        return
    with pytest.raises(UnsupportedAlgorithm, match=kind.value):
        algorithm_for_key(kind, hash_name, pss=pss)


def test_experiments_are_allowed_by_name_only() -> None:
    """Only ML-DSA-65 is an experiment; allowing experiments changes nothing for others."""
    assert [item.name for item in SIGNATURE_ALGORITHMS if item.experimental] == ["ml-dsa-65"]
    for item in SIGNATURE_ALGORITHMS:
        require_allowed(item, experimental=True)
        if item.experimental:
            with pytest.raises(UnsupportedAlgorithm, match="experiment"):
                require_allowed(item, experimental=False)
        else:
            require_allowed(item, experimental=False)
