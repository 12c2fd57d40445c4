"""What the evidence of a document may cost, however it was made to cost much."""

import time
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from idservice.crypto import der
from idservice.crypto.der_times import time as der_time
from idservice.pades import evidence
from idservice.pades.evidence import CarriedEvidence
from idservice.validation.evidence import RevocationState
from idservice.validation.facts import EvidenceKind, StoredEvidence
from support.pki import AT, CertificatePair, intermediate_ca, leaf, root_ca
from support.status import HOUR

ISSUER = intermediate_ca(root_ca())
ECDSA_SHA256 = der.sequence(der.object_identifier("1.2.840.10045.4.3.2"))
ENTRY = der.sequence(der.integer(5), der_time(AT - HOUR))
MANY = 20_000


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    """An extension of a list."""
    flag = b"\x01\x01\xff" if critical else b""
    return der.sequence(der.object_identifier(oid), flag, der.octet_string(value))


@cache
def indirect_list(number: int, entries: int = MANY) -> bytes:
    """A genuine indirect list about the same serial number many times."""
    assert isinstance(ISSUER.key, ec.EllipticCurvePrivateKey)
    scope = der.sequence(der.context(4, b"\xff", constructed=False))
    signed = der.sequence(
        der.integer(1),
        ECDSA_SHA256,
        ISSUER.certificate.subject.public_bytes(),
        der_time(AT),
        der_time(AT + HOUR),
        der.sequence(ENTRY * entries),
        der.context(
            0,
            der.sequence(
                extension("2.5.29.20", der.integer(number)),
                extension("2.5.29.28", scope, critical=True),
            ),
        ),
    )
    value = ISSUER.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    return der.sequence(signed, ECDSA_SHA256, der.bit_string(value))


def stored(*lists: bytes) -> CarriedEvidence:
    """Lists as a document carries them."""
    return CarriedEvidence([StoredEvidence(EvidenceKind.CRL, item, 1) for item in lists])


def states(carried: CarriedEvidence, subject: CertificatePair) -> list[RevocationState]:
    """What they say about a certificate."""
    found = carried.statements(subject.certificate, ISSUER.certificate)
    return [item.state for item in found.verified]


def test_many_long_lists_are_asked_about_many_certificates_in_time() -> None:
    """20 indirect lists of 20,000 entries are asked about 30 certificates within 5 seconds."""
    carried = stored(*map(indirect_list, range(20)))
    subjects = [leaf(ISSUER) for _ in range(30)]
    started = time.process_time()
    assert {tuple(states(carried, item)) for item in subjects} == {(RevocationState.VALID,) * 20}
    assert time.process_time() - started < 5


def test_lists_have_one_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists beyond the limit are not read, and whoever asks about a certificate is told."""
    lists = [indirect_list(number, 10) for number in range(4)]
    monkeypatch.setattr(evidence, "MAX_LISTS_BYTES", sum(map(len, lists[:3])))
    carried, subject = stored(*lists), leaf(ISSUER)
    found = carried.statements(subject.certificate, ISSUER.certificate)
    assert len(found.verified) == 3
    assert "1 of them were not read" in found.refused[0]
    assert carried.unreadable == 0
    assert not stored(*lists[:3]).statements(subject.certificate, ISSUER.certificate).refused
