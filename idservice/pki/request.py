"""What the certificate authority is asked to issue: every input of one certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from idservice.crypto.certificates import load_certificate, subject_public_key_info
from idservice.crypto.keys import PublicKey, load_public_key
from idservice.errors import CertificateLintFailed
from idservice.pki.extensions import ExtensionContext
from idservice.pki.profile import Profile
from idservice.pki.subject import Holder, Subject, holder_subject


@dataclass(frozen=True, slots=True)
class Issuer:
    """Under whose name and key certificates are issued, and how long that may go on."""

    name: x509.Name
    public_key_der: bytes
    not_before: datetime
    not_after: datetime

    @property
    def public_key(self) -> PublicKey:
        """The issuer's public key."""
        return load_public_key(self.public_key_der)


@dataclass(frozen=True, slots=True)
class IssuanceRequest:
    """One certificate to be issued: profile, person or none, key, serial and times."""

    profile: Profile
    issuer: Issuer
    holder: Holder | None
    public_key_der: bytes
    serial: int
    not_before: datetime
    not_after: datetime
    public_url: str

    @property
    def subject(self) -> Subject:
        """The subject: derived from the person, or as the profile states it.

        Raises CertificateLintFailed when a personal profile comes without a person or
        another profile with one.
        """
        if self.profile.subject is not None and self.holder is None:
            return self.profile.subject
        if self.profile.subject is None and self.holder is not None:
            return holder_subject(self.holder, self.profile.subject_order)
        raise CertificateLintFailed(
            f"The profile {self.profile.name} and the holder do not belong together.",
            "Name a person for a personal profile, and none for any other.",
        )

    @property
    def extension_context(self) -> ExtensionContext:
        """What the extensions depend on."""
        return ExtensionContext(
            subject_key=load_public_key(self.public_key_der),
            issuer_key=self.issuer.public_key,
            public_url=self.public_url,
            holder=self.holder,
        )


def issuer_from_certificate(certificate_der: bytes) -> Issuer:
    """Take the issuer from its own certificate. Raises MalformedCertificate."""
    certificate = load_certificate(certificate_der)
    return Issuer(
        name=certificate.subject,
        public_key_der=subject_public_key_info(certificate_der),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )
