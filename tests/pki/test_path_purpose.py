"""What a path may be used for: key usage, extended key usage and policies."""

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from idservice.errors import CertificateWrongPurpose
from idservice.pki.path import AUTHENTICATION, SIGNING, Purpose, ValidPath, build_path
from support.pki import (
    AT,
    CertificatePair,
    Extension,
    extension,
    intermediate_ca,
    key_usage,
    leaf,
    root_ca,
)

ROOT = root_ca()
ISSUING = intermediate_ca(ROOT)
LEAF = leaf(ISSUING)


def path(
    end: CertificatePair,
    intermediates: tuple[CertificatePair, ...] = (ISSUING,),
    anchor: CertificatePair = ROOT,
    *,
    purpose: Purpose | None = None,
) -> ValidPath:
    """Build a path among pairs."""
    bag = [item.certificate for item in intermediates]
    return build_path(end.certificate, bag, [anchor.certificate], AT, purpose=purpose)


def test_a_certificate_for_authentication_does_not_sign_documents() -> None:
    """Without non-repudiation a certificate is refused for documents, and the reverse."""
    login = leaf(
        ISSUING,
        extensions=[
            extension(key_usage(digital_signature=True, key_agreement=True), critical=True),
            extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False),
        ],
    )
    path(login, purpose=AUTHENTICATION)
    path(LEAF, purpose=SIGNING)
    with pytest.raises(CertificateWrongPurpose, match="content commitment"):
        path(login, purpose=SIGNING)
    with pytest.raises(CertificateWrongPurpose, match="digital signature"):
        path(LEAF, purpose=AUTHENTICATION)


def test_a_certificate_that_lists_other_purposes_is_refused() -> None:
    """When extended key usages are listed, the one asked for must be among them."""
    other = leaf(
        ISSUING,
        extensions=[
            extension(key_usage(digital_signature=True), critical=True),
            extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
            ),
        ],
    )
    with pytest.raises(CertificateWrongPurpose, match="lists"):
        path(other, purpose=AUTHENTICATION)


@pytest.mark.parametrize(
    ("oid", "critical", "allowed"),
    [
        ("1.3.6.1.5.5.7.3.1", True, False),  # serverAuth
        ("1.3.6.1.5.5.7.3.8", True, False),  # timeStamping
        ("1.3.6.1.5.5.7.3.9", True, False),  # OCSPSigning
        ("1.3.6.1.5.5.7.3.1", False, False),
        ("1.3.6.1.5.5.7.3.3", False, False),  # codeSigning
        ("1.3.6.1.5.5.7.3.4", False, True),
        ("1.3.6.1.5.5.7.3.4", True, True),  # emailProtection
        ("1.3.6.1.5.5.7.3.36", True, True),  # documentSigning
        ("2.5.29.37.0", True, True),  # any
    ],
)
def test_a_list_of_other_purposes_does_not_sign(oid: str, *, critical: bool, allowed: bool) -> None:
    """What may only stamp time, serve pages or sign code signs no documents, critical or not."""
    usage = extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid)]), critical=critical)
    end = leaf(ISSUING, extensions=[usage])
    if allowed:
        path(end, purpose=SIGNING)
        return
    with pytest.raises(CertificateWrongPurpose, match="lists"):
        path(end, purpose=SIGNING)


@pytest.mark.parametrize("purpose", [SIGNING, AUTHENTICATION], ids=["signing", "login"])
def test_an_authority_neither_signs_documents_nor_logs_in(purpose: Purpose) -> None:
    """A certificate of an authority is refused even where its key usage would allow it."""
    everything = key_usage(
        content_commitment=True, digital_signature=True, key_cert_sign=True, crl_sign=True
    )
    authority = intermediate_ca(ROOT, extensions=[extension(everything, critical=True)])
    path(authority, ())
    with pytest.raises(CertificateWrongPurpose, match="authority"):
        path(authority, (), purpose=purpose)


def policies(*oids: str) -> Extension:
    """A certificatePolicies extension."""
    infos = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]
    return extension(x509.CertificatePolicies(infos), critical=False)


ANY = "2.5.29.32.0"


@pytest.mark.parametrize(
    ("authority", "end", "expected"),
    [
        ([ANY], ["1.2.3"], {"1.2.3"}),
        (["1.2.3", "1.2.4"], ["1.2.3", "1.2.5"], {"1.2.3"}),
        (["1.2.4"], ["1.2.3"], set()),
        (["1.2.4"], [ANY], {"1.2.4"}),
        ([ANY], [ANY], None),
    ],
)
def test_policies_agree_along_the_path(
    authority: list[str], end: list[str], expected: set[str] | None
) -> None:
    """The policies of a path are those that every certificate below the anchor allows."""
    issuing = intermediate_ca(ROOT, extensions=[policies(*authority)])
    found = path(leaf(issuing, extensions=[policies(*end)]), (issuing,))
    assert found.policies == (None if expected is None else frozenset(expected))


def test_a_policy_that_is_asked_for_must_hold() -> None:
    """A purpose may ask for policies; a path under none of them is refused."""
    wanted = Purpose("login", ("content_commitment",), policies=frozenset({"1.2.3"}))
    end = leaf(ISSUING, extensions=[policies("1.2.3")])
    path(end, (), ISSUING, purpose=wanted)
    with pytest.raises(CertificateWrongPurpose, match="policy"):
        path(LEAF, (), ISSUING, purpose=wanted)
    with pytest.raises(CertificateWrongPurpose, match="policy"):
        path(end, (ISSUING,), ROOT, purpose=wanted)
