"""Answers that leave out the certificate of who signed them (RFC 6960 cl. 4.2.1)."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from idservice.services.evidence_at_hand import OutsideEvidence
from idservice.services.validation import Validation
from support.long_term import (
    DAY,
    MINUTE,
    answer,
    authorities,
    responder,
    revocation_list,
    sign,
    store,
)
from support.offline import LIMITS, NOW, codes
from support.pki import AT, CertificatePair, root_ca


def report(document: bytes, *given: CertificatePair) -> dict[str, Any]:
    """What is said of the one signature, with certificates given beside the document."""
    anchor = authorities().root.certificate
    validation = Validation(LIMITS, clock=lambda: NOW, anchors=[anchor])
    outside = OutsideEvidence(certificates=tuple(item.certificate for item in given))
    found: dict[str, Any] = validation.validate(document, "a.pdf", outside=outside).to_json()
    signature: dict[str, Any] = found["signatures"][0]
    return signature


def document(
    *stored: CertificatePair, by: CertificatePair | None = None, chain: tuple[bytes, ...] = ()
) -> bytes:
    """A B-LT document whose answers do not bring their signer, with certificates in its store."""
    found = authorities()
    return store(
        sign(chain=chain),
        ocsps=[
            answer(item, AT + MINUTE, by=by, bare=True) for item in (found.signer, found.stamper)
        ],
        crls=[revocation_list(found.root, AT - 20 * DAY)],
        certs=[found.issuing.der, *(item.der for item in stored)],
    )


def test_nobody_is_believed_without_a_certificate() -> None:
    """An answer whose signer's certificate is nowhere says nothing."""
    found = report(document())
    assert found["indication"] == "INDETERMINATE"
    assert "revocation_data_missing" in codes(found)
    told = [item["message"] for item in found["warnings"] if item["code"].endswith("refused")]
    assert any("neither in it nor known here" in item for item in told)


def test_the_certificate_may_stand_in_the_security_store() -> None:
    """The store's certificate of the responder makes its bare answers count, level included."""
    found = report(document(authorities().responder))
    assert (found["indication"], found["level"]) == ("TOTAL-PASSED", "PAdES_BASELINE_LT")


def test_the_certificate_may_come_in_the_signature() -> None:
    """So does one among the certificates of the CMS."""
    found = report(document(chain=(authorities().responder.der,)))
    assert found["indication"] == "TOTAL-PASSED"
    assert "certificate_unrelated" not in codes(found, "warnings")


def test_the_certificate_may_be_given_beside_the_document() -> None:
    """So does one that somebody gives (--certificates)."""
    assert report(document(), authorities().responder)["indication"] == "TOTAL-PASSED"


@pytest.mark.parametrize("fault", ["purpose", "issuer", "key"])
def test_no_other_certificate_will_do(fault: str) -> None:
    """A stored certificate must be a responder's, of the same authority, and have the key."""
    issuing = authorities().issuing
    by = {
        "purpose": lambda: responder(issuing, purpose=ExtendedKeyUsageOID.TIME_STAMPING),
        "issuer": lambda: responder(root_ca("TEST somebody else")),
        "key": lambda: responder(issuing),
    }[fault]()
    stored = authorities().responder if fault == "key" else by
    found = report(document(stored, by=by))
    assert found["indication"] == "INDETERMINATE"
    assert "revocation_data_missing" in codes(found)
