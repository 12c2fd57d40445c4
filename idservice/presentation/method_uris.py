"""The names of algorithms in XML (RFC 6931, RFC 9231), which reports use for CMS as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.crypto import der
from idservice.crypto.algorithms import hash_by_name
from idservice.errors import Unsupported

if TYPE_CHECKING:
    from idservice.validation.facts import AlgorithmFacts

_MORE_2001 = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
_FIRST = "http://www.w3.org/2000/09/xmldsig#"
_OWN = "urn:idservice:signature-algorithm:"

_SPACES = {
    "rsa": _MORE_2001,
    "ecdsa": _MORE_2001,
    "dsa": "http://www.w3.org/2009/xmldsig11#",
    "rsa-pss": _MORE_2007,
}
_EDWARDS = {"ed25519": "eddsa-ed25519", "ed448": "eddsa-ed448"}

_DIGESTS = {
    "sha1": _FIRST + "sha1",
    "sha224": _MORE_2001 + "sha224",
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": _MORE_2001 + "sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
    "sha3-256": _MORE_2007 + "sha3-256",
    "sha3-384": _MORE_2007 + "sha3-384",
    "sha3-512": _MORE_2007 + "sha3-512",
}


def method_uri(algorithms: AlgorithmFacts | None) -> str:
    """Return the URI of a signature algorithm; a URN of ours where the standards have none."""
    if algorithms is None:
        return _OWN + "unknown"
    scheme, digest = algorithms.signature, algorithms.digest or ""
    if scheme in _EDWARDS:
        return _MORE_2021 + _EDWARDS[scheme]
    if digest and scheme in _SPACES:
        return _with_digest(scheme, digest)
    return _OWN + "-".join(filter(None, (scheme, digest)))


def _with_digest(scheme: str, digest: str) -> str:
    if scheme == "rsa-pss":
        return f"{_MORE_2007}{digest}-rsa-MGF1"
    if digest == "sha1" and scheme != "ecdsa":
        return f"{_FIRST}{scheme}-sha1"
    space = _MORE_2021 if digest.startswith("sha3-") else _SPACES[scheme]
    return f"{space}{scheme}-{digest}"


def digest_uri(name: str) -> str:
    """Return the URI of a digest; a URN of ours where the standards have none."""
    return _DIGESTS.get(name.lower(), f"urn:idservice:digest-algorithm:{name.lower()}")


def imprint_der(digest_name: str, value: bytes) -> bytes | None:
    """Encode a MessageImprint (RFC 3161 cl. 2.4.1) with NULL as parameters; None if unknown."""
    try:
        algorithm = hash_by_name(digest_name)
    except Unsupported:
        return None
    identifier = der.sequence(der.object_identifier(algorithm.oid), der.NULL)
    return der.sequence(identifier, der.octet_string(value))
