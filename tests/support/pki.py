"""Certificates for tests: good defaults everywhere, so that a test states only what it is about.

`chain(KeyKind.P384)` is a ready root, intermediate and signing certificate. For a special
case build the pieces: `root_ca()`, `intermediate_ca(root)`, `leaf(intermediate, …)`; every
argument has a default that makes a valid certificate, and `extensions` replaces defaults of
the same type or adds to them.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from idservice.crypto.algorithms import KeyKind, SignatureAlgorithm
from idservice.crypto.keys import PrivateKey, PublicKey, SoftwareSigner

NOT_BEFORE = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
NOT_AFTER = dt.datetime(2044, 1, 1, tzinfo=dt.UTC)
AT = dt.datetime(2026, 6, 1, 12, 0, 0, tzinfo=dt.UTC)
"""A time at which everything built here with defaults is valid."""

PERSON = {
    NameOID.COUNTRY_NAME: "EE",
    NameOID.COMMON_NAME: "JÕEORG,JAAK-KRISTJAN,38001085718",
    NameOID.SURNAME: "JÕEORG",
    NameOID.GIVEN_NAME: "JAAK-KRISTJAN",
    NameOID.SERIAL_NUMBER: "PNOEE-38001085718",
}

_CURVES: dict[KeyKind, ec.EllipticCurve] = {
    KeyKind.P256: ec.SECP256R1(),
    KeyKind.P384: ec.SECP384R1(),
    KeyKind.P521: ec.SECP521R1(),
}


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension with its criticality, which no test should leave to chance."""

    value: x509.ExtensionType
    critical: bool


@dataclass(frozen=True, slots=True)
class CertificatePair:
    """A certificate and the private key that belongs to it."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def public_key(self) -> PublicKey:
        """The public key."""
        return self.key.public_key()

    def signer(self, algorithm: SignatureAlgorithm | None = None) -> SoftwareSigner:
        """A signer over the private key, by default with the algorithm of its kind."""
        return SoftwareSigner(self.key, algorithm)


@dataclass(frozen=True, slots=True)
class Chain:
    """A root, an intermediate that it issued, and a leaf below that."""

    root: CertificatePair
    intermediate: CertificatePair
    leaf: CertificatePair


def extension(value: x509.ExtensionType, *, critical: bool) -> Extension:
    """Name an extension together with its criticality."""
    return Extension(value, critical)


def new_key(kind: KeyKind = KeyKind.P256, *, rsa_bits: int = 2048) -> PrivateKey:
    """Make a fresh private key of any allowed kind."""
    if kind is KeyKind.RSA:
        return rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
    if kind is KeyKind.ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    if kind is KeyKind.ML_DSA_65:
        return mldsa.MLDSA65PrivateKey.generate()
    return ec.generate_private_key(_CURVES[kind])


def name(common_name: str) -> x509.Name:
    """Build a name that is obviously one of a test."""
    return _name({NameOID.COUNTRY_NAME: "EE", NameOID.COMMON_NAME: common_name})


def root_ca(
    common_name: str = "TEST Root",
    *,
    key: PrivateKey | None = None,
    not_before: dt.datetime = NOT_BEFORE,
    not_after: dt.datetime = NOT_AFTER,
    extensions: Sequence[Extension] = (),
) -> CertificatePair:
    """Make a self-signed root (P-384 unless a key is given)."""
    key = key or new_key(KeyKind.P384)
    defaults = _ca_extensions(key, path_length=None)
    subject = name(common_name)
    return _issue(subject, key, subject, key, (not_before, not_after), (*defaults, *extensions))


def intermediate_ca(
    issuer: CertificatePair,
    common_name: str = "TEST Intermediate",
    *,
    key: PrivateKey | None = None,
    path_length: int | None = 0,
    not_before: dt.datetime = NOT_BEFORE,
    not_after: dt.datetime = NOT_AFTER,
    extensions: Sequence[Extension] = (),
) -> CertificatePair:
    """Make a CA certificate below `issuer` (P-384 unless a key is given)."""
    key = key or new_key(KeyKind.P384)
    defaults = (*_ca_extensions(key, path_length=path_length), _authority_key(issuer))
    return _issue(
        name(common_name),
        key,
        issuer.certificate.subject,
        issuer.key,
        (not_before, not_after),
        (*defaults, *extensions),
    )


def leaf(
    issuer: CertificatePair,
    subject: x509.Name | None = None,
    *,
    key: PrivateKey | None = None,
    serial: int | None = None,
    not_before: dt.datetime = NOT_BEFORE,
    not_after: dt.datetime = NOT_AFTER,
    extensions: Sequence[Extension] = (),
) -> CertificatePair:
    """Make a signing certificate (non-repudiation) below `issuer`, P-256 unless a key is given."""
    key = key or new_key()
    usage = key_usage(content_commitment=True)
    defaults = (
        extension(x509.BasicConstraints(ca=False, path_length=None), critical=True),
        extension(usage, critical=True),
        extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False),
        _authority_key(issuer),
    )
    return _issue(
        subject or _name(PERSON),
        key,
        issuer.certificate.subject,
        issuer.key,
        (not_before, not_after),
        (*defaults, *extensions),
        serial,
    )


def chain(kind: KeyKind = KeyKind.P256) -> Chain:
    """Return the standing test chain whose leaf has a key of this kind, always the same one."""
    return _chain(kind)


@cache
def _chain(kind: KeyKind) -> Chain:
    root = root_ca()
    intermediate = intermediate_ca(root)
    return Chain(root, intermediate, leaf(intermediate, key=new_key(kind)))


def key_usage(**bits: bool) -> x509.KeyUsage:
    """Build a key usage with the named bits set and all others clear."""
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{item: bits.get(item, False) for item in names})


def _name(attributes: dict[ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes.items()])


def _ca_extensions(key: PrivateKey, *, path_length: int | None) -> tuple[Extension, ...]:
    usage = key_usage(key_cert_sign=True, crl_sign=True)
    return (
        extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True),
        extension(usage, critical=True),
        extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False),
    )


def _authority_key(issuer: CertificatePair) -> Extension:
    value = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key)
    return extension(value, critical=False)


def _issue(
    subject: x509.Name,
    key: PrivateKey,
    issuer: x509.Name,
    issuer_key: PrivateKey,
    validity: tuple[dt.datetime, dt.datetime],
    extensions: Sequence[Extension],
    serial: int | None = None,
) -> CertificatePair:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
    )
    # A later extension of the same type replaces the default.
    for item in {item.value.oid: item for item in extensions}.values():
        builder = builder.add_extension(item.value, critical=item.critical)
    return CertificatePair(builder.sign(issuer_key, _hash_for(issuer_key)), key)


def _hash_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | None:
    if isinstance(key, (ed25519.Ed25519PrivateKey, mldsa.MLDSA65PrivateKey)):
        return None
    large = isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 256
    return hashes.SHA384() if large else hashes.SHA256()
