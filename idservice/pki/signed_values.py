"""Signature values under the key of a certificate: of certificates, answers and lists.

What is relied upon for login and issuing is signed with the algorithms of `crypto.algorithms`.
Validation of documents also reads what was signed long ago: with `legacy`, everything in
`crypto.recognised` is verified, and the caller judges it by the dates of its policy.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idservice.crypto.algorithm_identifiers import AlgorithmIdentifier, resolve_signature_algorithm
from idservice.crypto.certificates import subject_public_key_info
from idservice.crypto.keys import public_key_of, verify_signature
from idservice.crypto.recognised import SignedWith, recognised_algorithm, signed_with
from idservice.crypto.recognised_keys import recognise_key, verify_recognised
from idservice.errors import IdServiceError


def verify_value(
    issuer: x509.Certificate,
    claimed: AlgorithmIdentifier,
    value: bytes,
    data: bytes,
    *,
    legacy: bool = False,
) -> None:
    """Verify a signature value over `data` with the key of a certificate.

    Raises SignatureInvalid, UnsupportedAlgorithm, MalformedKey, and MalformedDer for
    parameters of the algorithm that do not belong to it.
    """
    if legacy:
        verify_recognised(_key_info(issuer), recognised_algorithm(claimed), value, data)
        return
    verify_signature(public_key_of(issuer), resolve_signature_algorithm(claimed), value, data)


def describe_value(issuer: x509.Certificate, claimed: AlgorithmIdentifier) -> SignedWith | None:
    """Tell with what something was signed; None for what could not even be verified."""
    try:
        return signed_with(recognised_algorithm(claimed), recognise_key(_key_info(issuer)).bits)
    except IdServiceError:
        return None


def _key_info(certificate: x509.Certificate) -> bytes:
    return subject_public_key_info(certificate.public_bytes(Encoding.DER))


class SignedBytes:
    """Signed bytes that may be many: under each key they are verified once."""

    def __init__(
        self, whole: bytes, signed: slice, algorithm: AlgorithmIdentifier, value: bytes
    ) -> None:
        """Take what holds the bytes, where they stand in it, and the value over them."""
        self._whole, self._signed = whole, signed
        self._algorithm, self._value = algorithm, value
        self._failures: dict[tuple[x509.Certificate, bool], IdServiceError | None] = {}

    def verify(self, signer: x509.Certificate, *, legacy: bool) -> None:
        """Verify the value with the key of a certificate. Raises as `verify_value`."""
        key = (signer, legacy)
        if key not in self._failures:
            self._failures[key] = self._failure(signer, legacy=legacy)
        if (failure := self._failures[key]) is not None:
            raise failure

    def _failure(self, signer: x509.Certificate, *, legacy: bool) -> IdServiceError | None:
        signed = self._whole[self._signed]
        verify = _verify_remembered if len(signed) <= _REMEMBERED_BYTES else verify_value
        try:
            verify(signer, self._algorithm, self._value, signed, legacy=legacy)
        except IdServiceError as exc:
            return exc
        return None


_REMEMBERED_BYTES = 32 * 1024
# One small list is in many documents: what held is remembered, for it depends on these bytes alone.
_verify_remembered = lru_cache(maxsize=64)(verify_value)
