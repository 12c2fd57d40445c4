"""Keys in files: public ones are explained, of private ones nothing but their kind is told."""

from __future__ import annotations

from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import pkcs12 as asn1_pkcs12
from asn1crypto.core import BitString

from idservice.errors import Finding, MalformedDer
from idservice.inspection.certificates import public_key
from idservice.inspection.plain import guarded, load, oid_text

Explained = tuple[dict[str, Any], tuple[Finding, ...]]

_NEVER = "A private key is never shown."


def public_key_file(der: bytes) -> Explained:
    """Explain a SubjectPublicKeyInfo. Raises MalformedDer."""
    value = load(asn1_keys.PublicKeyInfo, der)
    algorithm = oid_text(value["algorithm"]["algorithm"].dotted)
    if value["public_key"].tag != BitString.tag:
        raise ValueError("there is no key in it")
    return {"algorithm": algorithm, **public_key(der)}, ()


def private_key(der: bytes) -> Explained:
    """Say that this is a private key (RFC 5958) or a PKCS#12 file. Raises MalformedDer."""
    for explain in (_encrypted, _container):
        try:
            return guarded(explain, der), ()
        except MalformedDer:
            continue
    value = load(asn1_keys.PrivateKeyInfo, der)
    algorithm = oid_text(value["private_key_algorithm"]["algorithm"].dotted)
    plain_key = Finding(
        "private_key_not_encrypted",
        "The file holds a private key that is not encrypted: whoever has the file has the key.",
        "Encrypt it, or treat the file as a secret.",
    )
    return {"encrypted": False, "algorithm": algorithm, "shown": _NEVER}, (plain_key,)


def _encrypted(der: bytes) -> dict[str, Any]:
    value = load(asn1_keys.EncryptedPrivateKeyInfo, der)
    method = oid_text(value["encryption_algorithm"]["algorithm"].dotted)
    if not value["encrypted_data"].native:
        raise ValueError("nothing is encrypted")
    return {"encrypted": True, "encryption": method, "shown": _NEVER}


def _container(der: bytes) -> dict[str, Any]:
    value = load(asn1_pkcs12.Pfx, der)
    if value["version"].native != "v3":
        raise ValueError("it is another version")
    holds = oid_text(value["auth_safe"]["content_type"].dotted)
    return {"container": "PKCS#12", "holds": holds, "encrypted": True, "shown": _NEVER}
