"""Signatures of older programs, by other producers: read, computed, and named for what they are.

The collection is not part of this project; the tests are skipped where it does not stand
beside it.
"""

from pathlib import Path

import pytest

from idservice.pades.facts import read_facts
from idservice.validation.facts import AlgorithmFacts, DocumentFacts, EvidenceKind, Integrity

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "signed"

pytestmark = [
    pytest.mark.skipif(
        not CORPUS.exists(), reason="corpus: the collection is not beside the project"
    ),
    pytest.mark.filterwarnings("ignore"),
]


def facts_of(name: str) -> DocumentFacts:
    """Read a file of the collection."""
    return read_facts((CORPUS / name).read_bytes())


def test_a_bare_value_of_another_producer_is_intact() -> None:
    """An adbe.x509.rsa_sha1 signature holds over its byte range, with a key of 1024 bits."""
    (found,) = facts_of("endesive/pdf-adobe-webcapture-x509.rsa_sha1.pdf").signatures
    assert found.integrity is Integrity.INTACT
    assert found.algorithms == AlgorithmFacts("rsa", "sha1", 1024)
    assert "sub_filter_x509_rsa_sha1" in {item.code for item in found.findings}


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("dss/adbe_crl_signed.pdf", {EvidenceKind.CRL}),
        ("dss/adbe_ocsp_signed.pdf", {EvidenceKind.OCSP}),
    ],
)
def test_revocation_data_in_signed_attributes_is_evidence(
    name: str, kinds: set[EvidenceKind]
) -> None:
    """What the attribute adbe-revocationInfoArchival holds is found, and stands in the file."""
    found = facts_of(name)
    assert kinds <= {item.kind for item in found.evidence}
    assert all(item.end is not None for item in found.evidence)


@pytest.mark.parametrize("name", ["dss/adbe_crl_signed.pdf", "dss/wrong-digest-algo.pdf"])
def test_tokens_with_attribute_certificates_are_read(name: str) -> None:
    """Certificates of another kind in a token say nothing, and are no reason to refuse it."""
    stamps = facts_of(name).time_stamps
    assert len(stamps) >= 2
    assert {item.integrity for item in stamps} == {Integrity.INTACT}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dss/TeleSec_PKS_eIDAS_QES_CA_1-baseline-b.pdf", ("plain-ecdsa", "sha256", 256)),
        ("dss/hello_signed_INCSAVE_signed.pdf", ("rsa", "sha256", 1024)),
        ("pyhanko/ed448-shake256-nolen.pdf", ("ed448", None, None)),
    ],
)
def test_algorithms_of_others_are_named(name: str, expected: tuple[str, str, int]) -> None:
    """The signature is intact, and the policy is told with what it was made."""
    found = facts_of(name).signatures[0]
    assert found.integrity is Integrity.INTACT
    assert found.algorithms == AlgorithmFacts(*expected)
    assert "algorithm_legacy" in {item.code for item in found.findings}


def test_another_digest_beside_ed448_is_refused() -> None:
    """RFC 8419 names the one digest that belongs to Ed448."""
    (found,) = facts_of("pyhanko/ed448-disallowed-hash.pdf").signatures
    assert found.integrity is Integrity.UNVERIFIABLE
    assert "digest_algorithm_mismatch" in {item.code for item in found.findings}
