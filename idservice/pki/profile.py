"""A certificate profile: what the file says, and what may be issued from.

`ProfileConfig` is what the file says; only a `Profile`, which `pki.profiles` makes
after checking, can be issued from.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from idservice.crypto.algorithms import KeyKind, SignatureAlgorithm
from idservice.pki.extensions import (
    AuthorityInformationAccess,
    AuthorityKeyIdentifier,
    BasicConstraints,
    CrlDistributionPoints,
    ExtendedKeyUsage,
    ExtensionRule,
    KeyUsage,
    OcspNoCheck,
    SubjectAlternativeName,
    SubjectKeyIdentifier,
)
from idservice.pki.policy_extensions import CertificatePolicies, QcStatements
from idservice.pki.subject import Subject

AnyExtension = Annotated[
    BasicConstraints
    | KeyUsage
    | ExtendedKeyUsage
    | SubjectKeyIdentifier
    | AuthorityKeyIdentifier
    | AuthorityInformationAccess
    | SubjectAlternativeName
    | CertificatePolicies
    | QcStatements
    | CrlDistributionPoints
    | OcspNoCheck,
    Field(discriminator="type"),
]
_Rule = TypeVar("_Rule", bound=ExtensionRule)


class Role(Enum):
    """What a certificate is for; decides which rules its profile must keep."""

    ROOT = "root"
    ISSUING = "issuing"
    OCSP = "ocsp"
    TSA = "tsa"
    AUTHENTICATION = "authentication"
    SIGNING = "signing"

    @property
    def is_authority(self) -> bool:
        """Whether such certificates issue others."""
        return self in (Role.ROOT, Role.ISSUING)

    @property
    def is_personal(self) -> bool:
        """Whether such certificates belong to people."""
        return self in (Role.AUTHENTICATION, Role.SIGNING)


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProfileConfig(_Config):
    """One profile as the file states it, nothing checked but form."""

    role: Role
    issuer: str
    key_kinds: tuple[KeyKind, ...] = Field(min_length=1)
    signature: str
    max_days: int = Field(ge=1)
    subject: tuple[tuple[str, str], ...] = ()
    subject_order: tuple[Literal["C", "CN", "SN", "GN", "serialNumber"], ...] = ()
    extensions: tuple[AnyExtension, ...]


class LintException(_Config):
    """A finding of pkilint that stays: of which profiles, which, and why."""

    profiles: tuple[str, ...] = Field(min_length=1)
    code: str
    reason: str = Field(min_length=20)


class ProfilesConfig(_Config):
    """The whole profiles file."""

    version: str = Field(pattern=r"^[0-9A-Za-z.-]{1,16}$")
    profiles: dict[str, ProfileConfig]
    pkilint_exceptions: tuple[LintException, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """A checked profile: the only thing that certificates are issued from."""

    name: str
    version: str
    role: Role
    issuer: str
    key_kinds: tuple[KeyKind, ...]
    signature: SignatureAlgorithm
    max_days: int
    subject: Subject | None
    subject_order: tuple[str, ...]
    extensions: tuple[ExtensionRule, ...]

    def find(self, kind: type[_Rule]) -> _Rule | None:
        """Return the extension of a class, or None."""
        return next((item for item in self.extensions if isinstance(item, kind)), None)
