"""Which places a certificate names that know whether it was revoked (RFC 5280 cl. 4.2)."""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID


@lru_cache(maxsize=256)
def names_responder(certificate: x509.Certificate) -> bool:
    """Whether a certificate names an OCSP responder, which answers at any time (cl. 4.2.2.1)."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except x509.ExtensionNotFound:
        return False
    return any(item.access_method == AuthorityInformationAccessOID.OCSP for item in access.value)


@lru_cache(maxsize=256)
def names_lists(certificate: x509.Certificate) -> bool:
    """Whether a certificate names a place that has its revocation list (cl. 4.2.1.13)."""
    try:
        certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    except x509.ExtensionNotFound:
        return False
    return True
