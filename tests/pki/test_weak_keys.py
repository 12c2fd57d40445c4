"""Keys that can be broken are told by the public key alone."""

import math

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from idservice.crypto.algorithms import KeyKind
from idservice.errors import CertificateLintFailed
from idservice.pki.weak_keys import require_strong_key
from support.pki import new_key

GENERATOR = 65537


def is_prime(number: int) -> bool:
    """Miller-Rabin with fixed bases: good enough for numbers that nobody chose to deceive."""
    if any(number % prime == 0 for prime in (2, 3, 5, 7, 11, 13, 17, 19, 23)):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29):
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def next_prime(number: int) -> int:
    """The first prime above an odd number."""
    number += 2
    while not is_prime(number):
        number += 2
    return number


def roca_prime(exponent: int, start: int) -> int:
    """A prime as the flawed library made them: k * M + (65537^a mod M)."""
    primorial = math.prod(prime for prime in range(2, 168) if is_small_prime(prime))
    residue = pow(GENERATOR, exponent, primorial)
    factor = start
    while not is_prime(factor * primorial + residue):
        factor += 1
    return factor * primorial + residue


def is_small_prime(number: int) -> bool:
    """Whether a number below 168 is prime."""
    return all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


def public_key(modulus: int, exponent: int = GENERATOR) -> rsa.RSAPublicKey:
    """An RSA public key of these numbers."""
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


@pytest.mark.parametrize("kind", KeyKind)
def test_ordinary_keys_pass(kind: KeyKind) -> None:
    """Fresh keys of every allowed kind are strong."""
    require_strong_key(new_key(kind).public_key())


def test_the_fingerprint_of_roca_is_found() -> None:
    """A modulus built the flawed library's way is refused by name."""
    top = 1 << 800
    modulus = roca_prime(123456789, top) * roca_prime(987654321, top + (1 << 700))
    with pytest.raises(CertificateLintFailed, match="ROCA"):
        require_strong_key(public_key(modulus))


def test_a_small_factor_is_found() -> None:
    """A modulus with a factor below 752 is refused."""
    modulus = 751 * next_prime((1 << 2040) + 1)
    with pytest.raises(CertificateLintFailed, match="small factor"):
        require_strong_key(public_key(modulus))


def test_close_primes_are_found() -> None:
    """A modulus of two neighbouring primes is refused."""
    first = next_prime((1 << 1024) + 12345 * 2 + 1)
    with pytest.raises(CertificateLintFailed, match="close together"):
        require_strong_key(public_key(first * next_prime(first)))


def test_an_unusual_exponent_is_refused() -> None:
    """Only 65537 is taken as the public exponent."""
    key = rsa.generate_private_key(public_exponent=3, key_size=2048).public_key()
    with pytest.raises(CertificateLintFailed, match="exponent"):
        require_strong_key(key)
