"""What a key in a token must be: made there, for signatures alone, and never to come out.

Attributes are asked for when a key is made, and read back from the token then and whenever a
key is opened: a token may ignore a template, and somebody may have put another key there.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, Session
from pkcs11 import PrivateKey as TokenPrivateKey
from pkcs11 import PublicKey as TokenPublicKey
from pkcs11.exceptions import AttributeTypeInvalid

from idservice.crypto import der
from idservice.crypto.algorithms import EC_FIELD_BYTES, KeyKind
from idservice.crypto.keys import key_kind, public_key_der
from idservice.errors import KeyStoreInvalid, UnsupportedAlgorithm

RSA_BITS = 3072
"""Size of RSA keys that are made here (ETSI TS 119 312 cl. 6: usable beyond 2030)."""

_CURVES: dict[KeyKind, ec.EllipticCurve] = {
    KeyKind.P256: ec.SECP256R1(),
    KeyKind.P384: ec.SECP384R1(),
    KeyKind.P521: ec.SECP521R1(),
}
# CKA_EC_PARAMS: the OID of a curve, or for Edwards curves its name (PKCS#11 v3.0 cl. 2.3.10).
_PARAMETERS = {
    bytes.fromhex("06082a8648ce3d030107"): KeyKind.P256,
    bytes.fromhex("06052b81040022"): KeyKind.P384,
    bytes.fromhex("06052b81040023"): KeyKind.P521,
    bytes.fromhex("130c656477617264733235353139"): KeyKind.ED25519,
    bytes.fromhex("06032b6570"): KeyKind.ED25519,
}
_EDWARDS_NAME = bytes.fromhex("130c656477617264733235353139")
_ED25519_BYTES = 32

_REQUIRED = {
    Attribute.TOKEN: True,
    Attribute.PRIVATE: True,
    Attribute.LOCAL: True,
    Attribute.SENSITIVE: True,
    Attribute.ALWAYS_SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.NEVER_EXTRACTABLE: True,
    Attribute.SIGN: True,
}
_WHY = {
    Attribute.TOKEN: "it would be gone after the session",
    Attribute.PRIVATE: "it can be used without the PIN",
    Attribute.LOCAL: "it was not made inside the token, so copies may exist",
    Attribute.SENSITIVE: "its value can be read",
    Attribute.ALWAYS_SENSITIVE: "its value could be read at some time",
    Attribute.EXTRACTABLE: "it can be taken out of the token",
    Attribute.NEVER_EXTRACTABLE: "it could be taken out of the token at some time",
    Attribute.SIGN: "it may not sign",
}
_PRIVATE_TEMPLATE = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.SIGN: True,
}


def generate(
    session: Session, kind: KeyKind, *, key_id: bytes, label: str, rsa_bits: int = RSA_BITS
) -> tuple[TokenPublicKey, TokenPrivateKey]:
    """Have the token make a key pair that stays in it, for signatures alone.

    `session` must be one that may write. Raises UnsupportedAlgorithm, and what the
    binding raises.
    """
    wanted: dict[str, Any] = {
        "id": key_id,
        "label": label,
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": _PRIVATE_TEMPLATE,
    }
    if kind is KeyKind.RSA:
        return session.generate_keypair(KeyType.RSA, key_length=rsa_bits, **wanted)
    key_type, mechanism = KeyType.EC, Mechanism.EC_KEY_PAIR_GEN
    if kind is KeyKind.ED25519:
        key_type, mechanism = KeyType.EC_EDWARDS, Mechanism.EC_EDWARDS_KEY_PAIR_GEN
    domain = session.create_domain_parameters(
        key_type, {Attribute.EC_PARAMS: _parameters_of(kind)}, local=True
    )
    return domain.generate_keypair(mechanism=mechanism, **wanted)


def require_safe(private_key: TokenPrivateKey, name: str) -> None:
    """Read the attributes of a private key back from the token.

    `name` says which key in the message. Raises KeyStoreInvalid naming each attribute
    that is not as it must be; a token that does not tell one is refused as well.
    """
    wrong = [
        attribute
        for attribute, expected in _REQUIRED.items()
        if _value(private_key, attribute) is not expected
    ]
    if wrong:
        reasons = "; ".join(f"CKA_{item.name}: {_WHY[item]}" for item in wrong)
        raise KeyStoreInvalid(
            f"The key {name} in the token is not safe to sign with ({reasons}).",
            "Make a new key inside the token, and revoke what this one was certified for.",
        )


def require_same_kind(private_key: TokenPrivateKey, spki_kind: KeyKind, name: str) -> None:
    """Compare type and curve of a private key with its public key. Raises KeyStoreInvalid."""
    if _kind_of(private_key) is not spki_kind:
        raise KeyStoreInvalid(
            f"The key {name} in the token is not of the kind {spki_kind.value} that its public "
            "key has.",
            "Restore the token, or make a new key inside it.",
        )


def read_public_key(key: TokenPublicKey, name: str) -> bytes:
    """Return the public key of a pair as DER SubjectPublicKeyInfo. Raises KeyStoreInvalid."""
    try:
        return public_key_der(_public_key(key))
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise KeyStoreInvalid(
            f"The public key of {name} in the token cannot be read.",
            "Restore the token, or make a new key inside it.",
        ) from exc


def _public_key(
    key: TokenPublicKey,
) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey:
    kind = _kind_of(key)
    if kind is KeyKind.RSA:
        modulus = int.from_bytes(key[Attribute.MODULUS], "big")
        exponent = int.from_bytes(key[Attribute.PUBLIC_EXPONENT], "big")
        public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        key_kind(public)
        return public
    if kind is KeyKind.ED25519:
        return ed25519.Ed25519PublicKey.from_public_bytes(_point(key, _ED25519_BYTES))
    point = _point(key, 1 + 2 * EC_FIELD_BYTES[kind])
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[kind], point)


def _point(key: TokenPublicKey, size: int) -> bytes:
    """CKA_EC_POINT is the point in a DER OCTET STRING; some libraries give it bare."""
    value: bytes = key[Attribute.EC_POINT]
    wrapping = len(value) - size
    if wrapping < 0 or (wrapping and value != der.octet_string(value[wrapping:])):
        raise ValueError("neither a point nor an OCTET STRING with one")
    return value[wrapping:]


def _kind_of(key: TokenPublicKey | TokenPrivateKey) -> KeyKind:
    if _value(key, Attribute.KEY_TYPE) == KeyType.RSA:
        return KeyKind.RSA
    kind = _PARAMETERS.get(_value(key, Attribute.EC_PARAMS) or b"")
    if kind is None:
        raise KeyStoreInvalid(
            "A key in the token is of a kind that nothing is signed with here.",
            "Use P-256, P-384, P-521, Ed25519 or RSA.",
        )
    return kind


def _parameters_of(kind: KeyKind) -> bytes:
    if kind is KeyKind.ED25519:
        return _EDWARDS_NAME
    found = next((item for item, known in _PARAMETERS.items() if known is kind), None)
    if found is None:
        raise UnsupportedAlgorithm(
            f"No key of the kind {kind.value} is made in a token.",
            "Use P-256, P-384, P-521, Ed25519 or RSA.",
        )
    return found


def _value(key: TokenPublicKey | TokenPrivateKey, attribute: Attribute) -> Any:
    try:
        return key[attribute]
    except AttributeTypeInvalid:
        return None
