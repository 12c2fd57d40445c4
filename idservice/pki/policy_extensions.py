"""The two extensions that say under which rules a certificate was issued.

Certificate policies (RFC 5280 cl. 4.2.1.4) and QcStatements (RFC 3739 cl. 3.2.6,
EN 319 412-5 cl. 4), as rules of a profile in the manner of `pki.extensions`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from cryptography import x509
from pydantic import BaseModel, ConfigDict, Field

from idservice.crypto import der
from idservice.pki.extensions import (
    Address,
    ExtensionContext,
    ExtensionRule,
    Oid,
    ia5_string,
    printable_string,
    utf8_string,
)

_CPS_QUALIFIER = "1.3.6.1.5.5.7.2.1"
_NOTICE_QUALIFIER = "1.3.6.1.5.5.7.2.2"

QC_COMPLIANCE = "0.4.0.1862.1.1"
QC_SSCD = "0.4.0.1862.1.4"
QC_PDS = "0.4.0.1862.1.5"
QC_TYPE = "0.4.0.1862.1.6"


class Policy(BaseModel):
    """One policy with its optional qualifiers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    oid: Oid
    cps: Address | None = None
    notice: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    def information(self, context: ExtensionContext) -> x509.PolicyInformation:
        """Return the policy for the certificate builder."""
        qualifiers: list[str | x509.UserNotice] = []
        if self.cps:
            qualifiers.append(context.address(self.cps))
        if self.notice:
            qualifiers.append(x509.UserNotice(None, self.notice))
        return x509.PolicyInformation(x509.ObjectIdentifier(self.oid), qualifiers or None)

    def information_der(self, context: ExtensionContext) -> bytes:
        """Encode the PolicyInformation: CPS first, then the notice."""
        qualifiers = []
        if self.cps:
            address = ia5_string(context.address(self.cps))
            qualifiers.append(der.sequence(der.object_identifier(_CPS_QUALIFIER), address))
        if self.notice:
            text = der.sequence(utf8_string(self.notice))
            qualifiers.append(der.sequence(der.object_identifier(_NOTICE_QUALIFIER), text))
        tail = der.sequence(*qualifiers) if qualifiers else b""
        return der.sequence(der.object_identifier(self.oid), tail)


class CertificatePolicies(ExtensionRule):
    """The policies under which the certificate was issued, in their order."""

    oid: ClassVar[str] = "2.5.29.32"
    type: Literal["certificate_policies"]
    policies: tuple[Policy, ...] = Field(min_length=1)

    def value(self, context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder."""
        return x509.CertificatePolicies([policy.information(context) for policy in self.policies])

    def value_der(self, context: ExtensionContext) -> bytes:
        """Encode the policies in their order."""
        return der.sequence(*(policy.information_der(context) for policy in self.policies))


class PdsLocation(BaseModel):
    """Where a PKI disclosure statement is, and its language (EN 319 412-5 cl. 4.3.4)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Address
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]


class QcStatement(BaseModel):
    """One statement: its identifier, and what it says where it says something."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    oid: Oid
    types: tuple[Oid, ...] = ()
    pds: tuple[PdsLocation, ...] = ()

    def statement_der(self, context: ExtensionContext) -> bytes:
        """Encode the QCStatement."""
        info = b""
        if self.types:
            info = der.sequence(*(der.object_identifier(oid) for oid in self.types))
        elif self.pds:
            info = der.sequence(
                *(
                    der.sequence(
                        ia5_string(context.address(place.url)), printable_string(place.language)
                    )
                    for place in self.pds
                )
            )
        return der.sequence(der.object_identifier(self.oid), info)


class QcStatements(ExtensionRule):
    """What the issuer states about the certificate as a qualified one, in order."""

    oid: ClassVar[str] = "1.3.6.1.5.5.7.1.3"
    type: Literal["qc_statements"]
    statements: tuple[QcStatement, ...] = Field(min_length=1)

    def value(self, context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder, which does not know it."""
        oid = x509.ObjectIdentifier(self.oid)
        return x509.UnrecognizedExtension(oid, self.value_der(context))

    def value_der(self, context: ExtensionContext) -> bytes:
        """Encode the statements in their order."""
        return der.sequence(*(item.statement_der(context) for item in self.statements))
