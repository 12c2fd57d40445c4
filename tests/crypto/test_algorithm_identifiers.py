"""AlgorithmIdentifiers are written in one place, and read back as what was written."""

import pytest
from asn1crypto import algos

from idservice.crypto import der_reader
from idservice.crypto.algorithm_identifiers import (
    digest_algorithm_der,
    parse_algorithm,
    resolve_signature_algorithm,
    signature_algorithm_der,
)
from idservice.crypto.algorithms import (
    HASHES,
    SIGNATURE_ALGORITHMS,
    HashAlgorithm,
    SignatureAlgorithm,
)


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
