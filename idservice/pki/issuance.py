"""Making certificates: build, lint, and sign exactly the linted bytes.

1. `build_lint_certificate` has the builder encode the request and sign it with a
   throw-away key of the issuer's kind.
2. `lint` compares the result with the request and hands out its to-be-signed bytes.
3. `sign_linted` redeems them for one signature of the real key and assembles the
   certificate. There is no other way to a signature.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idservice.crypto import der
from idservice.crypto.algorithm_identifiers import signature_algorithm_der
from idservice.crypto.keys import (
    Signer,
    key_kind,
    load_public_key,
    public_key_der,
    verify_signature,
)
from idservice.errors import CertificateLintFailed
from idservice.pki.lint import LintedTbs
from idservice.pki.request import IssuanceRequest

ThrowAwayKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_HASHES: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def build_lint_certificate(request: IssuanceRequest, throw_away_key: ThrowAwayKey) -> bytes:
    """Encode the request as a DER certificate signed by a key that nobody trusts.

    Raises CertificateLintFailed when that key is not of the issuer's kind, or is the
    issuer's own.
    """
    throw_away = throw_away_key.public_key()
    if key_kind(throw_away) is not key_kind(request.issuer.public_key):
        raise _refused("the throw-away key is not of the issuer's kind")
    if public_key_der(throw_away) == request.issuer.public_key_der:
        raise _refused("the issuer's own key must not sign before the lint")
    context = request.extension_context
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject.name())
        .issuer_name(request.issuer.name)
        .public_key(context.subject_key)
        .serial_number(request.serial)
        .not_valid_before(request.not_before)
        .not_valid_after(request.not_after)
    )
    for rule in request.profile.extensions:
        builder = builder.add_extension(rule.value(context), critical=rule.critical)
    certificate = builder.sign(throw_away_key, _HASHES[request.profile.signature.hash.name])
    return certificate.public_bytes(serialization.Encoding.DER)


def sign_linted(linted: LintedTbs, signer: Signer) -> bytes:
    """Sign linted bytes with the issuer's key and return the DER certificate.

    The value is verified before it is used, so that a fault in a key store cannot get
    out. Raises CertificateLintFailed when the signer is not the issuer or the bytes
    were signed before, SignatureInvalid when the signer makes wrong values.
    """
    if signer.public_key_der != linted.issuer_key_der:
        raise _refused("the signer is not the issuer that was linted for")
    if signer.algorithm != linted.algorithm:
        raise _refused("the signer's algorithm is not that of the profile")
    tbs_der = linted.redeem()
    value = signer.sign(tbs_der)
    verify_signature(load_public_key(signer.public_key_der), signer.algorithm, value, tbs_der)
    return der.sequence(tbs_der, signature_algorithm_der(signer.algorithm), der.bit_string(value))


def _refused(reason: str) -> CertificateLintFailed:
    return CertificateLintFailed(
        f"The certificate is not signed: {reason}.", "This is a fault of the program; report it."
    )
