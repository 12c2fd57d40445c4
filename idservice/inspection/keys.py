"""Keys in files: public ones are explained, of private ones nothing but their kind is told."""

from __future__ import annotations

from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import pkcs12 as asn1_pkcs12

from idservice.errors import Finding, MalformedDer
from idservice.inspection.certificates import public_key
from idservice.inspection.plain import load, oid_text

Explained = tuple[dict[str, Any], tuple[Finding, ...]]

_NEVER = "A private key is never shown."


def public_key_file(der: bytes) -> Explained:
    """Explain a SubjectPublicKeyInfo. Raises MalformedDer."""
    value = load(asn1_keys.PublicKeyInfo, der)
    algorithm = oid_text(value["algorithm"]["algorithm"].dotted)
    return {"algorithm": algorithm, **public_key(der)}, ()


def private_key(der: bytes) -> Explained:
    """Say that this is a private key (RFC 5958) or a PKCS#12 file. Raises MalformedDer."""
    if (value := _loaded(asn1_keys.EncryptedPrivateKeyInfo, der)) is not None:
        method = oid_text(value["encryption_algorithm"]["algorithm"].dotted)
        return {"encrypted": True, "encryption": method, "shown": _NEVER}, ()
    if _loaded(asn1_pkcs12.Pfx, der) is not None:
        return {"container": "PKCS#12", "encrypted": True, "shown": _NEVER}, ()
    value = load(asn1_keys.PrivateKeyInfo, der)
    algorithm = oid_text(value["private_key_algorithm"]["algorithm"].dotted)
    plain_key = Finding(
        "private_key_not_encrypted",
        "The file holds a private key that is not encrypted: whoever has the file has the key.",
        "Encrypt it, or treat the file as a secret.",
    )
    return {"encrypted": False, "algorithm": algorithm, "shown": _NEVER}, (plain_key,)


def _loaded(kind: type[Any], der: bytes) -> Any:
    try:
        return load(kind, der)
    except MalformedDer:
        return None
