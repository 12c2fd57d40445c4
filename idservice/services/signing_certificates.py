"""Whether a certificate may sign for a person at this moment, and what it puts in a signature."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from idservice.cms.signed_data import CmsTemplate, cms_template
from idservice.crypto.keys import key_kind
from idservice.errors import CertificateNotYours, CertificateWrongPurpose, MalformedCertificate
from idservice.services.certificate_state import require_active_person, require_valid_certificate
from idservice.services.signer_wishes import SignerWishes
from idservice.store.certificates import CertificateRecord
from idservice.store.database import Connection

SIGNING = "signing"


def require_signing_certificate(
    connection: Connection, certificate_der: bytes, person_code: str, at: datetime
) -> CertificateRecord:
    """Return the record of a certificate that may sign for this person now.

    In a write transaction the answer holds until its end: neither person nor certificate
    can be suspended or revoked in between. Raises CertificateNotYours,
    CertificateWrongPurpose, and what `certificate_state` raises for state and time.
    """
    record = require_valid_certificate(connection, certificate_der, at)
    if record.person_code != person_code:
        raise CertificateNotYours(
            "The signing certificate belongs to somebody else.",
            "Send the signing certificate of the person who is logged in.",
        )
    if record.purpose != SIGNING:
        raise CertificateWrongPurpose(
            f"The certificate is for {record.purpose}, not for signing documents.",
            "Send the person's signing certificate.",
        )
    require_active_person(connection, person_code)
    return record


def template_for(
    certificate_der: bytes,
    chain_der: tuple[bytes, ...],
    wishes: SignerWishes | None = None,
    *,
    experimental: bool = False,
) -> CmsTemplate:
    """Prepare what is the same in all signatures of one certificate.

    The algorithm is the usual one of its key unless `wishes` name another. Raises
    MalformedCertificate, and UnsupportedAlgorithm for an algorithm that the key does not
    take, or an experiment where `experimental` ones are not allowed.
    """
    try:
        public_key = x509.load_der_x509_certificate(certificate_der).public_key()
    except ValueError as exc:
        raise MalformedCertificate(
            "The signing certificate cannot be read.", "Send it as PEM or as Base64 of DER."
        ) from exc
    kind = key_kind(public_key)  # type: ignore[arg-type] # refuses others
    algorithm = (wishes or SignerWishes()).algorithm(kind, experimental=experimental)
    return cms_template(certificate_der, chain_der, algorithm)
