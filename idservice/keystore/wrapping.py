"""Keys in server custody, wrapped so that it takes the PIN and the key store's secret.

key-encryption key = HKDF-SHA-256 over (Argon2id(PIN, salt) and HMAC(secret, person, purpose,
salt)); the key itself is AES-256-GCM over PKCS#8, bound to person, purpose and public key.
Whoever has the database but not the secret cannot tell a right PIN from a wrong one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idservice.crypto.keys import PrivateKey, public_key_der
from idservice.errors import KeyStoreInvalid, PinWrong
from idservice.keystore.secret import NONCE_BYTES, KeyStoreSecret, encode_parts

SALT_BYTES = 16
_KDF_PATTERN = re.compile(r"argon2id;v=1;m=(\d{1,7});t=(\d{1,3});p=(\d{1,2})")


@dataclass(frozen=True, slots=True)
class PinCost:
    """Cost of one PIN try: Argon2id memory in KiB, passes and lanes (RFC 9106)."""

    memory_kib: int
    iterations: int
    lanes: int

    def label(self) -> str:
        """Return the cost as it is stored beside what was made with it."""
        return f"argon2id;v=1;m={self.memory_kib};t={self.iterations};p={self.lanes}"


@dataclass(frozen=True, slots=True)
class Stretched:
    """A PIN or PUK after Argon2id, with the salt and cost that made it. Secret."""

    value: bytes = field(repr=False)
    salt: bytes
    kdf: str


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A wrapped key or a verifier: the bytes, their salt, and the cost they were made with."""

    value: bytes
    salt: bytes
    kdf: str


@dataclass(frozen=True, slots=True)
class Slot:
    """What a secret opens: whose, for which purpose, and with which code (PIN or PUK)."""

    person: str
    purpose: str
    code: str

    def parts(self) -> tuple[bytes, ...]:
        """The slot as bytes to bind keys to."""
        return self.person.encode(), self.purpose.encode(), self.code.encode()


def stretch(code: str, cost: PinCost) -> Stretched:
    """Stretch a PIN or PUK with Argon2id under a fresh salt: the costly step, done once."""
    salt = os.urandom(SALT_BYTES)
    return Stretched(_argon2id(code, salt, cost), salt, cost.label())


def wrap_key(
    private_key: PrivateKey, stretched: Stretched, *, slot: Slot, secret: KeyStoreSecret
) -> Wrapped:
    """Wrap a private key under a stretched PIN and the key store's secret."""
    nonce = os.urandom(NONCE_BYTES)
    key = _combine(stretched.value, stretched.salt, slot, secret)
    pkcs8 = private_key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    spki_sha256 = hashlib.sha256(public_key_der(private_key.public_key())).digest()
    ciphertext = AESGCM(key).encrypt(nonce, pkcs8, encode_parts(*slot.parts(), spki_sha256))
    return Wrapped(nonce + ciphertext, stretched.salt, stretched.kdf)


def unwrap_key(
    wrapped: Wrapped, pin: str, *, slot: Slot, spki_sha256: str, secret: KeyStoreSecret
) -> PrivateKey:
    """Open a wrapped key.

    Raises PinWrong when the PIN, the secret or the slot is another, or the bytes were
    changed: nothing tells these apart. Raises KeyStoreInvalid when what opens is no key.
    """
    stretched = _argon2id(pin, wrapped.salt, _cost(wrapped.kdf))
    key = _combine(stretched, wrapped.salt, slot, secret)
    nonce, ciphertext = wrapped.value[:NONCE_BYTES], wrapped.value[NONCE_BYTES:]
    bound_to = encode_parts(*slot.parts(), bytes.fromhex(spki_sha256))
    try:
        pkcs8 = AESGCM(key).decrypt(nonce, ciphertext, bound_to)
    except (InvalidTag, ValueError) as exc:
        raise wrong_code(slot.code) from exc
    private_key = serialization.load_der_private_key(pkcs8, password=None)
    if not isinstance(private_key, PrivateKey):
        raise _corrupt()
    return private_key


def make_verifier(stretched: Stretched, *, slot: Slot, secret: KeyStoreSecret) -> Wrapped:
    """Make a value by which `check_verifier` later recognises a PUK."""
    value = _combine(stretched.value, stretched.salt, slot, secret)
    return Wrapped(value, stretched.salt, stretched.kdf)


def check_verifier(verifier: Wrapped, code: str, *, slot: Slot, secret: KeyStoreSecret) -> None:
    """Raise PinWrong unless the code is the one that the verifier was made from."""
    stretched = _argon2id(code, verifier.salt, _cost(verifier.kdf))
    if not hmac.compare_digest(_combine(stretched, verifier.salt, slot, secret), verifier.value):
        raise wrong_code(slot.code)


def wrong_code(code: str) -> PinWrong:
    """Make the error for a wrong PIN1, PIN2 or PUK."""
    return PinWrong(
        f"The {code.upper()} is wrong; the try was counted, and three wrong ones lock it.",
        "Try again with care; the PUK unlocks a locked PIN.",
    )


def _argon2id(code: str, salt: bytes, cost: PinCost) -> bytes:
    kdf = Argon2id(
        salt=salt,
        length=32,
        iterations=cost.iterations,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    )
    return kdf.derive(code.encode())


def _combine(stretched: bytes, salt: bytes, slot: Slot, secret: KeyStoreSecret) -> bytes:
    """Combine the stretched code with the secret's share; the slot keeps uses apart."""
    share = secret.mac("PIN share", *slot.parts(), salt)
    info = encode_parts(b"idservice key-encryption key", *slot.parts())
    return HKDF(hashes.SHA256(), length=32, salt=salt, info=info).derive(
        encode_parts(stretched, share)
    )


def _cost(label: str) -> PinCost:
    found = _KDF_PATTERN.fullmatch(label)
    if found is None:
        raise _corrupt()
    memory, iterations, lanes = (int(group) for group in found.groups())
    return PinCost(memory, iterations, lanes)


def _corrupt() -> KeyStoreInvalid:
    return KeyStoreInvalid(
        "A wrapped key in the database is damaged, so its owner cannot sign.",
        "Restore the database from a backup.",
    )
