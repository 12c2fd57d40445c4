"""What a signer's certificate may be used for: commitment, signatures of any kind, or neither."""

from __future__ import annotations

from functools import cache

from cryptography import x509

from idservice.validation.report import SignatureReport
from support import long_term
from support.offline import validate
from support.pki import CertificatePair, extension, key_usage, leaf, root_ca
from support.policies import LENIENT, STRICT

WITHOUT = "certificate_without_commitment"


@cache
def root() -> CertificatePair:
    """An authority that says nothing of revocation, as many small ones."""
    return root_ca("TEST small authority", not_before=long_term.START)


def report(usage: x509.KeyUsage, *, lenient: bool = False) -> SignatureReport:
    """The report about a document that was signed under a certificate with this key usage."""
    signer = leaf(root(), not_before=long_term.START, extensions=[extension(usage, critical=True)])
    document = long_term.sign(stamp_at=None, by=signer)
    (found,) = validate(
        document, anchors=[root()], policy=LENIENT if lenient else STRICT
    ).signatures
    return found


def codes(found: SignatureReport) -> tuple[list[str], set[str]]:
    """The codes of errors, and those of warnings."""
    verdict = found.verdict
    return [item.code for item in verdict.errors], {item.code for item in verdict.warnings}


def test_a_certificate_for_commitment_is_for_documents() -> None:
    """Nobody is told anything of a certificate with nonRepudiation, alone or beside others."""
    for usage in (
        key_usage(content_commitment=True),
        key_usage(content_commitment=True, digital_signature=True),
    ):
        found = report(usage)
        assert found.passed
        assert WITHOUT not in codes(found)[1]


def test_a_certificate_for_signatures_is_refused_strictly_and_told_leniently() -> None:
    """With digitalSignature alone, a policy says whether it may be relied upon for documents."""
    usage = key_usage(digital_signature=True)
    strict = report(usage)
    assert strict.verdict.sub_indication is not None
    assert strict.verdict.sub_indication.value == "CHAIN_CONSTRAINTS_FAILURE"
    assert codes(strict)[0] == [WITHOUT]
    lenient = report(usage, lenient=True)
    assert lenient.passed
    assert WITHOUT in codes(lenient)[1]


def test_a_certificate_for_no_signature_is_refused_by_every_policy() -> None:
    """A key that may only be agreed upon signs nothing."""
    for lenient in (False, True):
        found = report(key_usage(key_agreement=True), lenient=lenient)
        assert codes(found)[0] == ["certificate_wrong_purpose"]
