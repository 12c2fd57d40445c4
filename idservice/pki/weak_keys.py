"""Public keys that must never be certified, told by the key alone.

RSA keys of the ROCA flaw (CVE-2017-15361), with small factors or with primes close
together. Elliptic-curve points are checked for being on their curve when they are
read (`crypto.keys.load_public_key`).
"""

from __future__ import annotations

import math

from cryptography.hazmat.primitives.asymmetric import rsa

from idservice.crypto.keys import PublicKey
from idservice.errors import CertificateLintFailed

_GENERATOR = 65537
_FERMAT_ROUNDS = 100


def _primes_below(limit: int) -> tuple[int, ...]:
    return tuple(n for n in range(2, limit) if all(n % p for p in range(2, math.isqrt(n) + 1)))


_SMALL_PRIMES = _primes_below(752)
# The flawed library chose primes as powers of 65537 modulo the product of the primes
# up to 167 or more, so its moduli are such powers modulo each of these primes.
_ROCA_RESIDUES = {
    prime: frozenset(pow(_GENERATOR, exponent, prime) for exponent in range(prime))
    for prime in _primes_below(168)[1:]
}


def require_strong_key(public_key: PublicKey) -> None:
    """Raise CertificateLintFailed for an RSA key that is known to be breakable.

    Says nothing about keys that were generated with too little chance.
    """
    if not isinstance(public_key, rsa.RSAPublicKey):
        return
    numbers = public_key.public_numbers()
    modulus = numbers.n
    if numbers.e != _GENERATOR:
        raise _weak("its public exponent is not 65537 (TS 119 312 cl. 6.2.1)")
    if modulus % 2 == 0 or math.gcd(modulus, math.prod(_SMALL_PRIMES)) != 1:
        raise _weak("its modulus has a small factor")
    if all(modulus % prime in residues for prime, residues in _ROCA_RESIDUES.items()):
        raise _weak("it has the fingerprint of the ROCA flaw (CVE-2017-15361)")
    if _has_close_primes(modulus):
        raise _weak("its primes are close together (CVE-2022-26320)")


def _has_close_primes(modulus: int) -> bool:
    """Try Fermat's factorisation for a few rounds."""
    a = math.isqrt(modulus)
    for _ in range(_FERMAT_ROUNDS):
        b_squared = a * a - modulus
        if b_squared >= 0 and math.isqrt(b_squared) ** 2 == b_squared:
            return True
        a += 1
    return False


def _weak(reason: str) -> CertificateLintFailed:
    return CertificateLintFailed(
        f"The public key must not be certified: {reason}, so others could use the person's key.",
        "Make a new key pair with another program.",
    )
