"""The algorithms that XML signatures name by URI, in terms of the one allow-list.

XMLDSig 1.1 cl. 6, RFC 9231. HMAC is absent on purpose: a secret that both sides know proves
nothing. So are SHA-1, XPath and XSLT.
"""

from __future__ import annotations

from dataclasses import dataclass

from idservice.crypto.algorithms import (
    HashAlgorithm,
    KeyKind,
    SignatureAlgorithm,
    hash_by_name,
    signature_algorithm,
)
from idservice.crypto.keys import der_from_raw
from idservice.errors import UnsupportedAlgorithm

_MORE_2001 = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"

ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

_HASHES = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    f"{_MORE_2001}sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    f"{_MORE_2007}sha3-256": "sha3_256",
    f"{_MORE_2007}sha3-384": "sha3_384",
    f"{_MORE_2007}sha3-512": "sha3_512",
}
_SIGNATURES = {
    **{f"{_MORE_2001}rsa-sha{bits}": ("rsa", f"sha{bits}") for bits in (256, 384, 512)},
    **{f"{_MORE_2001}ecdsa-sha{bits}": ("ecdsa", f"sha{bits}") for bits in (256, 384, 512)},
    **{f"{_MORE_2007}sha{bits}-rsa-MGF1": ("rsa-pss", f"sha{bits}") for bits in (256, 384, 512)},
    **{
        f"{_MORE_2007}sha3-{bits}-rsa-MGF1": ("rsa-pss", f"sha3_{bits}") for bits in (256, 384, 512)
    },
    **{f"{_MORE_2021}ecdsa-sha3-{bits}": ("ecdsa", f"sha3_{bits}") for bits in (256, 384, 512)},
    f"{_MORE_2021}eddsa-ed25519": ("eddsa", "sha512"),
}


@dataclass(frozen=True, slots=True)
class Canonicalisation:
    """A way to write XML in its one canonical form, as a URI names it."""

    uri: str
    exclusive: bool
    comments: bool
    version_11: bool = False


def _with_comments(
    uri: str, comments_uri: str, *, exclusive: bool, version_11: bool = False
) -> tuple[Canonicalisation, Canonicalisation]:
    return (
        Canonicalisation(uri, exclusive, comments=False, version_11=version_11),
        Canonicalisation(comments_uri, exclusive, comments=True, version_11=version_11),
    )


_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

CANONICALISATIONS = {
    item.uri: item
    for item in (
        *_with_comments(_C14N, f"{_C14N}#WithComments", exclusive=False),
        *_with_comments(_C14N_11, f"{_C14N_11}#WithComments", exclusive=False, version_11=True),
        *_with_comments(_EXCLUSIVE, f"{_EXCLUSIVE}WithComments", exclusive=True),
    )
}
INCLUSIVE = CANONICALISATIONS[_C14N]
"""Canonical XML 1.0 without comments: what XMLDSig cl. 4.4.3.2 takes where none is named."""


def digest_algorithm(uri: str) -> HashAlgorithm:
    """Return the hash that a URI names. Raises UnsupportedAlgorithm."""
    if uri not in _HASHES:
        raise _unsupported(uri)
    return hash_by_name(_HASHES[uri])


def signature_algorithm_by_uri(uri: str) -> SignatureAlgorithm:
    """Return the signature algorithm that a URI names. Raises UnsupportedAlgorithm."""
    if uri not in _SIGNATURES:
        raise _unsupported(uri)
    return signature_algorithm(*_SIGNATURES[uri])


def canonicalisation(uri: str) -> Canonicalisation:
    """Return the canonical form that a URI names. Raises UnsupportedAlgorithm."""
    if uri not in CANONICALISATIONS:
        raise _unsupported(uri)
    return CANONICALISATIONS[uri]


def signature_value(value: bytes, algorithm: SignatureAlgorithm, kind: KeyKind) -> bytes:
    """Return a signature value as X.509 writes it: DER for ECDSA (XMLDSig cl. 6.4.3 has r‖s).

    Raises SignatureInvalid when the length is not that of the curve, UnsupportedAlgorithm
    when the key is of another kind than the algorithm.
    """
    if algorithm.family != "ecdsa":
        return value
    if kind not in algorithm.key_kinds:
        raise _unsupported(f"{algorithm.name} with a key of {kind.value}")
    return der_from_raw(value, kind)


def _unsupported(name: str) -> UnsupportedAlgorithm:
    return UnsupportedAlgorithm(
        f"The XML signature uses {name[:120]!r}, which is not on the list of allowed algorithms, "
        "so nothing signed with it can be relied upon.",
        "Have it signed with ECDSA or RSA and SHA-256 or stronger, exclusive canonical XML, and "
        "no other transforms than the enveloped signature.",
    )
