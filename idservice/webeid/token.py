"""The Web eID authentication token, versions 1.0 and 1.1: reading it and what it signs.

Nothing in an `AuthToken` is verified: it is what a browser sent. The order of the
checks is the caller's (`services.authentication`); this module has the single steps.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idservice.crypto.algorithms import (
    KeyKind,
    SignatureAlgorithm,
    signature_algorithm_by_jose,
)
from idservice.crypto.keys import PublicKey, der_from_raw, key_kind, verify_signature
from idservice.errors import MalformedToken, UnsupportedAlgorithm

MIN_TOKEN_CHARACTERS = 100
MAX_TOKEN_CHARACTERS = 10_000
MAX_SIGNING_CERTIFICATES = 8

# "web-eid:1", "web-eid:1.0", "web-eid:1.1" … but not "web-eid:10" or "web-eid:2".
_FORMAT = re.compile(r"web-eid:1(?:\.(?P<minor>[0-9]{1,4}))?")

# RFC 7518 cl. 3.4 ties each ECDSA name to one curve.
_CURVE_OF = {"ES256": KeyKind.P256, "ES384": KeyKind.P384, "ES512": KeyKind.P521}

_CRYPTO_ALGORITHMS = frozenset({"ECC", "RSA"})
_HASH_FUNCTIONS = frozenset(
    {
        "SHA-224",
        "SHA-256",
        "SHA-384",
        "SHA-512",
        "SHA3-224",
        "SHA3-256",
        "SHA3-384",
        "SHA3-512",
    }
)
_PADDING_SCHEMES = frozenset({"NONE", "PKCS1.5", "PSS"})


@dataclass(frozen=True, slots=True)
class AuthToken:
    """A token as it was sent: well formed, and nothing more."""

    unverified_certificate_der: bytes
    unverified_algorithm: str
    unverified_signature: bytes
    unverified_signing_certificates: tuple[bytes, ...] = ()


def parse_auth_token(members: Any) -> AuthToken:
    """Read the JSON object of a token (already decoded JSON); unknown members are ignored.

    Checks length (100 to 10,000 characters of compact JSON), format, the presence and
    the Base64 of the members, and the shape of what version 1.1 adds. Raises MalformedToken.
    """
    if not isinstance(members, Mapping):
        raise _malformed("it is not a JSON object")
    _require_length(members)
    form = _FORMAT.fullmatch(_text(members, "format"))
    if form is None:
        raise _malformed('its format is not "web-eid:1" or "web-eid:1.x"')
    return AuthToken(
        unverified_certificate_der=_binary(members, "unverifiedCertificate"),
        unverified_algorithm=_text(members, "algorithm"),
        unverified_signature=_binary(members, "signature"),
        unverified_signing_certificates=_signing_certificates(members, form["minor"]),
    )


def require_algorithm(name: str, public_key: PublicKey) -> SignatureAlgorithm:
    """Return the algorithm that a token names, if it is allowed and fits the key and curve.

    Raises UnsupportedAlgorithm. RFC 7518 cl. 3.1 lists the nine names.
    """
    algorithm = signature_algorithm_by_jose(name)
    kind = key_kind(public_key)
    if kind is not _CURVE_OF.get(name, KeyKind.RSA):
        raise UnsupportedAlgorithm(
            f"The token says {name}, but the certificate holds a {kind.value} key, so the "
            "signature cannot be of that kind.",
            "Send the algorithm that belongs to the key: ES256 with P-256, ES384 with P-384, "
            "ES512 with P-521, RS or PS with RSA.",
        )
    return algorithm


def data_to_be_signed(algorithm: SignatureAlgorithm, origin: str, nonce_hash: bytes) -> bytes:
    """Return H(origin) ‖ H(nonce text): the bytes over which the card signs.

    `nonce_hash` is the nonce's Base64 text hashed with the algorithm's own hash; both
    halves are hashed first, so that no origin can borrow characters of a nonce.
    """
    return algorithm.hash.digest(origin.encode()) + nonce_hash


def verify_token_signature(
    token: AuthToken,
    public_key: PublicKey,
    algorithm: SignatureAlgorithm,
    origin: str,
    nonce_hash: bytes,
) -> None:
    """Verify that the key signed this origin and this nonce; raise SignatureInvalid otherwise.

    Origin and nonce come from our own state, never from the token. ECDSA values are
    r‖s of exactly twice the field length.
    """
    signature = token.unverified_signature
    kind = key_kind(public_key)
    if kind is not KeyKind.RSA:
        signature = der_from_raw(signature, kind)
    verify_signature(
        public_key, algorithm, signature, data_to_be_signed(algorithm, origin, nonce_hash)
    )


def _require_length(members: Mapping[str, Any]) -> None:
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    if not MIN_TOKEN_CHARACTERS <= len(text) <= MAX_TOKEN_CHARACTERS:
        raise _malformed(
            f"it has {len(text)} characters where {MIN_TOKEN_CHARACTERS} to "
            f"{MAX_TOKEN_CHARACTERS} are allowed"
        )


def _signing_certificates(members: Mapping[str, Any], minor: str | None) -> tuple[bytes, ...]:
    entries = members.get("unverifiedSigningCertificates")
    single = members.get("unverifiedSigningCertificate")
    if entries is None and single is not None:
        # Drafts of 1.1 and some builds of the app name one certificate beside its algorithms.
        algorithms = members.get("supportedSignatureAlgorithms")
        entries = [{"certificate": single, "supportedSignatureAlgorithms": algorithms}]
    if entries is None:
        return ()
    if minor in (None, "0"):
        raise _malformed("signing certificates are no part of format web-eid:1.0")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_SIGNING_CERTIFICATES:
        raise _malformed(
            "unverifiedSigningCertificates is not an array of 1 to "
            f"{MAX_SIGNING_CERTIFICATES} entries"
        )
    return tuple(_signing_certificate(entry) for entry in entries)


def _signing_certificate(entry: Any) -> bytes:
    if not isinstance(entry, Mapping):
        raise _malformed("a signing certificate is not a JSON object")
    algorithms = entry.get("supportedSignatureAlgorithms")
    if not isinstance(algorithms, list) or not algorithms:
        raise _malformed("a signing certificate has no supportedSignatureAlgorithms")
    for item in algorithms:
        _require_supported_algorithm(item)
    return _binary(entry, "certificate")


def _require_supported_algorithm(item: Any) -> None:
    allowed = {
        "cryptoAlgorithm": _CRYPTO_ALGORITHMS,
        "hashFunction": _HASH_FUNCTIONS,
        "paddingScheme": _PADDING_SCHEMES,
    }
    for name, values in allowed.items():
        if not isinstance(item, Mapping) or _text(item, name) not in values:
            raise _malformed(f"a supported signature algorithm has no known {name}")


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise _malformed(f"its member {name} is missing, empty or not a string")
    return value


def _binary(members: Mapping[str, Any], name: str) -> bytes:
    text = _text(members, name)
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    # Decoders disagree about stray bits and padding; one spelling per value is accepted.
    if not value or base64.b64encode(value).decode() != text:
        raise _malformed(f"its member {name} is not standard Base64")
    return value


def _malformed(reason: str) -> MalformedToken:
    return MalformedToken(
        f"The authentication token cannot be read: {reason}.",
        "Send the token exactly as the Web eID application returned it.",
    )
