"""Which certificates may authenticate: one property at a time."""

import contextlib
import datetime as dt

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from idservice.crypto.algorithms import KeyKind
from idservice.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateWrongPurpose,
    IdServiceError,
    MalformedCertificate,
    MalformedKey,
    UnsupportedAlgorithm,
)
from idservice.webeid.certificate import (
    MAX_CERTIFICATE_BYTES,
    UnverifiedCertificate,
    load_unverified_certificate,
    require_authentication_purpose,
    require_signing_companion,
)
from support.pki import (
    AT,
    CertificatePair,
    Extension,
    chain,
    extension,
    intermediate_ca,
    key_usage,
    leaf,
    name,
    new_key,
    root_ca,
)

ISSUER = chain().intermediate
AUTHENTICATION = extension(key_usage(digital_signature=True, key_agreement=True), critical=True)
CLIENT = extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
KEY = new_key(KeyKind.P384)


def policies(*oids: str) -> Extension:
    """Certificate policies without qualifiers."""
    items = [x509.PolicyInformation(ObjectIdentifier(oid), None) for oid in oids]
    return extension(x509.CertificatePolicies(items), critical=False)


def certificate(*extensions: Extension) -> UnverifiedCertificate:
    """A certificate for authentication, with some extensions replaced."""
    made = leaf(
        ISSUER,
        key=KEY,
        extensions=(AUTHENTICATION, CLIENT, policies("0.4.0.2042.1.2"), *extensions),
    )
    return load_unverified_certificate(made.der)


def signing(**arguments: object) -> UnverifiedCertificate:
    """A signing certificate beside it."""
    pair: CertificatePair = leaf(ISSUER, key=new_key(KeyKind.P384), **arguments)  # type: ignore[arg-type] # arguments of leaf
    return load_unverified_certificate(pair.der)


def test_an_authentication_certificate_passes() -> None:
    """Digital signature, client authentication and a policy are what it takes."""
    require_authentication_purpose(certificate())


def test_extended_key_usage_may_be_absent() -> None:
    """Only a present extended key usage must name client authentication."""
    made = leaf(ISSUER, key=KEY, extensions=(AUTHENTICATION, policies("0.4.0.2042.1.2")))
    require_authentication_purpose(load_unverified_certificate(made.der))


@pytest.mark.parametrize(
    "replacement",
    [
        extension(key_usage(key_agreement=True), critical=True),
        extension(key_usage(content_commitment=True), critical=True),
        extension(key_usage(digital_signature=True, content_commitment=True), critical=True),
        extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False),
        policies("1.3.6.1.4.1.10015.1.3"),
        policies("0.4.0.2042.1.2", "1.3.6.1.4.1.10015.1.3.3"),
    ],
    ids=["no digital signature", "signing", "both", "e-mail only", "Mobile-ID", "one of two"],
)
def test_each_wrong_purpose_is_refused(replacement: Extension) -> None:
    """One extension changed makes the certificate one for something else."""
    with pytest.raises(CertificateWrongPurpose):
        require_authentication_purpose(certificate(replacement))


def test_a_certificate_without_policies_is_refused() -> None:
    """The official validators cannot judge a certificate that names no policy."""
    made = leaf(ISSUER, key=KEY, extensions=(AUTHENTICATION, CLIENT))
    with pytest.raises(CertificateWrongPurpose):
        require_authentication_purpose(load_unverified_certificate(made.der))


def test_a_certificate_without_key_usage_is_refused() -> None:
    """A key usage must be there: a root of ours has one, a bare certificate has not."""
    key = new_key()
    bare = (
        x509.CertificateBuilder()
        .subject_name(name("bare"))
        .issuer_name(name("bare"))
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(AT)
        .not_valid_after(AT + dt.timedelta(days=1))
        .sign(chain().root.key, chain().root.certificate.signature_hash_algorithm)  # type: ignore[arg-type] # P-384 root
    )
    from cryptography.hazmat.primitives.serialization import Encoding

    with pytest.raises(CertificateWrongPurpose):
        require_authentication_purpose(load_unverified_certificate(bare.public_bytes(Encoding.DER)))


def test_a_weak_key_is_refused() -> None:
    """RSA below 2048 bits is on no list."""
    made = leaf(ISSUER, key=new_key(KeyKind.RSA, rsa_bits=1024))
    with pytest.raises(UnsupportedAlgorithm):
        load_unverified_certificate(made.der)


def test_a_huge_certificate_is_not_parsed() -> None:
    """The limit comes before the parser."""
    with pytest.raises(MalformedCertificate):
        load_unverified_certificate(b"\x30" * (MAX_CERTIFICATE_BYTES + 1))


def test_a_signing_certificate_belongs_beside_it() -> None:
    """Same subject, same issuer key, for signing, valid: a companion."""
    require_signing_companion(signing(), certificate(), AT)


def test_each_fault_of_a_companion_is_refused() -> None:
    """Another person, another issuer, another purpose or another time is no companion."""
    beside = certificate()
    other_issuer = intermediate_ca(root_ca())
    stranger = load_unverified_certificate(leaf(other_issuer).der)
    for wrong in (signing(subject=name("somebody else")), stranger, beside):
        with pytest.raises(CertificateWrongPurpose):
            require_signing_companion(wrong, beside, AT)
    with pytest.raises(CertificateExpired):
        require_signing_companion(signing(not_after=AT - dt.timedelta(1)), beside, AT)
    with pytest.raises(CertificateNotYetValid):
        require_signing_companion(signing(not_before=AT + dt.timedelta(1)), beside, AT)


@given(st.binary(max_size=300))
def test_random_bytes_are_malformed(data: bytes) -> None:
    """No bytes make the reader fail in another way than ours."""
    with pytest.raises(IdServiceError):
        load_unverified_certificate(data)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_changed_certificate_is_read_or_refused(position: int, value: int) -> None:
    """Any one byte changed still leads to our errors or to a certificate."""
    der = bytearray(chain().leaf.der)
    der[position] = value
    with contextlib.suppress(
        MalformedCertificate, MalformedKey, UnsupportedAlgorithm, CertificateWrongPurpose
    ):
        require_authentication_purpose(load_unverified_certificate(bytes(der)))
