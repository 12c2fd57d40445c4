"""Verifying signature values with recognised algorithms and keys (see `crypto.recognised`).

Only validation of what others signed comes here. The keys that may log in, sign or issue
are those of `crypto.keys`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.exceptions import UnsupportedAlgorithm as LibraryUnsupported
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    encode_dss_signature,
)

from idservice.crypto import der, der_reader
from idservice.crypto.algorithm_identifiers import (
    RSASSA_PSS,
    key_algorithm,
    parse_algorithm,
    require_fits_key_identifier,
)
from idservice.crypto.algorithms import MAX_RSA_BITS, HashAlgorithm
from idservice.crypto.keys import PublicKey, load_public_key, verify_signature
from idservice.crypto.recognised import RecognisedAlgorithm, recognised_pss
from idservice.errors import (
    MalformedDer,
    MalformedKey,
    SignatureInvalid,
    UnsupportedAlgorithm,
)

MIN_RSA_BITS = 1024
"""Smaller moduli were factored in public: nothing is computed with them."""

_MAX_DSA_BITS = 4096
# Besides those on the allow-list: older ones of NIST, and those of RFC 5639.
_CURVES = frozenset(
    {
        "secp192r1",
        "secp224r1",
        "secp256r1",
        "secp384r1",
        "secp521r1",
        "brainpoolP256r1",
        "brainpoolP384r1",
        "brainpoolP512r1",
    }
)

LegacyKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | dsa.DSAPublicKey | ed448.Ed448PublicKey

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - to say honestly what holds; policy refuses it
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_224": hashes.SHA3_224(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}


@dataclass(frozen=True, slots=True)
class RecognisedKey:
    """A public key of a known kind and its size in bits.

    `allowed` is the same key where it is on the allow-list of `crypto.keys`, else None.
    """

    key: PublicKey | LegacyKey
    bits: int | None
    allowed: PublicKey | None


@lru_cache(maxsize=256)
def recognise_key(spki_der: bytes) -> RecognisedKey:
    """Read a DER SubjectPublicKeyInfo of an allowed or recognised kind; the last are remembered.

    Raises MalformedKey for bytes that are no key, UnsupportedAlgorithm for a kind, curve or
    size that is not even recognised.
    """
    try:
        allowed = load_public_key(spki_der)
    except UnsupportedAlgorithm:
        key = _load_legacy(spki_der)
        return RecognisedKey(key, _bits(key), None)
    except MalformedKey:
        # The library reads no key whose parameters for PSS name two hashes.
        plain = _without_pss_parameters(spki_der)
        if plain == spki_der:
            raise
        return recognise_key(plain)
    return RecognisedKey(allowed, _bits(allowed), allowed)


def _without_pss_parameters(spki_der: bytes) -> bytes:
    """Leave out the parameters of a key under id-RSASSA-PSS; keep everything else."""
    try:
        parts = der_reader.read(spki_der, der_reader.SEQUENCE).elements()
        key = parse_algorithm(parts.take())
        numbers = parts.take().encoded
        parts.finish()
    except MalformedDer:
        return spki_der
    if key.oid != RSASSA_PSS:
        return spki_der
    return der.sequence(der.sequence(der.object_identifier(RSASSA_PSS)), numbers)


def verify_recognised(
    spki_der: bytes, algorithm: RecognisedAlgorithm, signature: bytes, data: bytes
) -> RecognisedKey:
    """Verify a signature value over `data` with the key of a DER SubjectPublicKeyInfo.

    Returns the key. Raises SignatureInvalid when the equation does not hold, MalformedKey,
    MalformedDer, and UnsupportedAlgorithm for a key that does not fit the algorithm.
    """
    _require_fits(spki_der, algorithm)
    found = recognise_key(spki_der)
    if found.allowed is not None and algorithm.allowed is not None:
        verify_signature(found.allowed, algorithm.allowed, signature, data)
        return found
    try:
        _verify(found.key, algorithm, signature, data)
    except (InvalidSignature, ValueError, OverflowError) as exc:
        raise _invalid() from exc
    except LibraryUnsupported as exc:
        raise _unfit(algorithm) from exc
    return found


def verify_rsa_digest(
    spki_der: bytes, algorithm: HashAlgorithm, signature: bytes, digest: bytes
) -> RecognisedKey:
    """Verify an RSA PKCS#1 v1.5 value over data of which the digest is known; return the key.

    Raises as `verify_recognised` does.
    """
    described = RecognisedAlgorithm("rsa", algorithm)
    _require_fits(spki_der, described)
    found = recognise_key(spki_der)
    if not isinstance(found.key, rsa.RSAPublicKey):
        raise _unfit(described)
    try:
        found.key.verify(
            signature, digest, padding.PKCS1v15(), Prehashed(_library_hash(algorithm.name))
        )
    except (InvalidSignature, ValueError) as exc:
        raise _invalid() from exc
    return found


def _require_fits(spki_der: bytes, algorithm: RecognisedAlgorithm) -> None:
    """A key under id-RSASSA-PSS makes nothing but PSS, and with parameters nothing but that.

    Its salt may be longer than the parameters say, not shorter (RFC 4055 cl. 1.2 and 3.3).
    """
    if algorithm.allowed is not None:
        require_fits_key_identifier(spki_der, algorithm.allowed)
        return
    key = key_algorithm(spki_der)
    if key.oid != RSASSA_PSS:
        return
    if algorithm.scheme != "rsa-pss":
        raise _unfit(algorithm)
    if key.parameters_der is None:
        return
    only = recognised_pss(key.parameters_der)
    same = (only.hash, only.mask_hash) == (algorithm.hash, algorithm.mask_hash)
    if not same or (algorithm.salt_bytes or 0) < (only.salt_bytes or 0):
        raise _unfit(algorithm)


def _load_legacy(spki_der: bytes) -> LegacyKey:
    try:
        key = serialization.load_der_public_key(spki_der)
    except LibraryUnsupported as exc:
        raise _unrecognised() from exc
    except (ValueError, TypeError, OverflowError) as exc:
        # load_public_key told bytes that are no key at all from a kind that is refused.
        raise MalformedKey(
            "The public key cannot be read, so nothing can be verified with it.",
            "Give a DER SubjectPublicKeyInfo.",
        ) from exc
    if not isinstance(key, LegacyKey):
        raise _unrecognised()
    if isinstance(key, rsa.RSAPublicKey):
        fits = MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS
    elif isinstance(key, dsa.DSAPublicKey):
        fits = MIN_RSA_BITS <= key.key_size <= _MAX_DSA_BITS
    elif isinstance(key, ec.EllipticCurvePublicKey):
        fits = key.curve.name in _CURVES
    else:
        fits = True
    if not fits:
        raise _unrecognised()
    return key


def _bits(key: PublicKey | LegacyKey) -> int | None:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.key_size
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
        return key.key_size
    return None


def _verify(
    key: PublicKey | LegacyKey, algorithm: RecognisedAlgorithm, signature: bytes, data: bytes
) -> None:
    """Verify with what the library has; raise its errors, UnsupportedAlgorithm for a misfit."""
    scheme = algorithm.scheme
    if isinstance(key, rsa.RSAPublicKey) and scheme in ("rsa", "rsa-pss"):
        key.verify(signature, data, _padding(algorithm), _library_hash(algorithm.hash.name))
    elif isinstance(key, ec.EllipticCurvePublicKey) and scheme in ("ecdsa", "plain-ecdsa"):
        value = signature if scheme == "ecdsa" else _from_plain(signature, key.curve.key_size)
        key.verify(value, data, ec.ECDSA(_library_hash(algorithm.hash.name)))
    elif isinstance(key, dsa.DSAPublicKey) and scheme == "dsa":
        key.verify(signature, data, _library_hash(algorithm.hash.name))
    elif isinstance(key, ed448.Ed448PublicKey) and scheme == "ed448":
        key.verify(signature, data)
    else:
        raise _unfit(algorithm)


def _from_plain(signature: bytes, bits: int) -> bytes:
    """Turn r||s, each as long as the order of the curve (BSI TR-03111 cl. 5.2.2), into DER."""
    size = (bits + 7) // 8
    if len(signature) != 2 * size:
        msg = f"{len(signature)} bytes are not r and s of {size} bytes each"
        raise ValueError(msg)
    r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
    return encode_dss_signature(r, s)


def _padding(algorithm: RecognisedAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.scheme == "rsa":
        return padding.PKCS1v15()
    mask = _library_hash((algorithm.mask_hash or algorithm.hash).name)
    salt = algorithm.hash.size if algorithm.salt_bytes is None else algorithm.salt_bytes
    return padding.PSS(mgf=padding.MGF1(mask), salt_length=salt)


def _library_hash(name: str) -> hashes.HashAlgorithm:
    found = _HASHES.get(name)
    if found is None:
        raise UnsupportedAlgorithm(
            f"No signature scheme here uses the hash {name}.", "Ask for a signature with SHA-256."
        )
    return found


def _invalid() -> SignatureInvalid:
    return SignatureInvalid(
        "The signature value does not verify under the public key: the data was changed, "
        "or another key signed it.",
        "Sign the exact bytes again with the key of the certificate.",
    )


def _unfit(algorithm: RecognisedAlgorithm) -> UnsupportedAlgorithm:
    return UnsupportedAlgorithm(
        f"The key of the certificate cannot be used with {algorithm.name}, so the signature "
        "cannot have been made as it says.",
        "Sign again with an algorithm that fits the key.",
    )


def _unrecognised() -> UnsupportedAlgorithm:
    return UnsupportedAlgorithm(
        "The public key is of a kind, curve or size that is not even recognised, so nothing can "
        "be said about what it signed.",
        "Ask for a signature with P-256, P-384, P-521, Ed25519, or RSA of at least 2048 bits.",
    )
