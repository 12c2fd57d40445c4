"""Certificate extensions as rules of a profile, each encoded in two independent ways.

`value` gives the extension to the certificate builder; `value_der` encodes the same
rule with our own DER writer. The lint compares the two byte by byte, so that a mistake
in either shows before anything is signed. Addresses that begin with "/" are paths
below the service's public address.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from cryptography import x509
from pydantic import BaseModel, ConfigDict, Field

from idservice.crypto import der, der_reader
from idservice.crypto.keys import PublicKey, public_key_der
from idservice.pki.subject import Holder

_IA5_STRING = b"\x16"
_UTF8_STRING = b"\x0c"
_PRINTABLE_STRING = b"\x13"
_TRUE = b"\x01\x01\xff"
_EMAIL_CHOICE = 1
_URI_CHOICE = 6

Oid = Annotated[str, Field(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$")]
Address = Annotated[str, Field(pattern=r"^(/|https?://)[!-~]*$")]

KEY_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
)
"""Names of RFC 5280 cl. 4.2.1.3 in the order of their bits."""

_BUILDER_FLAGS = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)

PURPOSES = {
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "timeStamping": "1.3.6.1.5.5.7.3.8",
    "OCSPSigning": "1.3.6.1.5.5.7.3.9",
}
"""Extended key usages of RFC 5280 cl. 4.2.1.12 and their identifiers."""


@dataclass(frozen=True, slots=True)
class ExtensionContext:
    """What the extensions of one certificate depend on, besides their rules."""

    subject_key: PublicKey
    issuer_key: PublicKey
    public_url: str
    holder: Holder | None

    def address(self, value: str) -> str:
        """Complete a path to an address below the service's public address."""
        return f"{self.public_url}{value}" if value.startswith("/") else value


class ExtensionRule(BaseModel):
    """One extension of a profile; `type` in the file chooses the class."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    oid: ClassVar[str]
    critical: bool = False

    @abstractmethod
    def value(self, context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder."""

    @abstractmethod
    def value_der(self, context: ExtensionContext) -> bytes:
        """Encode the extension's value on our own."""


class BasicConstraints(ExtensionRule):
    """Whether the subject is a CA, and how many CAs may follow (RFC 5280 cl. 4.2.1.9)."""

    oid: ClassVar[str] = "2.5.29.19"
    type: Literal["basic_constraints"]
    ca: bool
    path_length: Annotated[int, Field(ge=0, le=9)] | None = None

    def value(self, _context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder."""
        return x509.BasicConstraints(self.ca, self.path_length)

    def value_der(self, _context: ExtensionContext) -> bytes:
        """Encode the extension's value; cA FALSE is the default and therefore absent."""
        length = b"" if self.path_length is None else der.integer(self.path_length)
        return der.sequence(_TRUE if self.ca else b"", length)


class KeyUsage(ExtensionRule):
    """What the key may do (RFC 5280 cl. 4.2.1.3)."""

    oid: ClassVar[str] = "2.5.29.15"
    type: Literal["key_usage"]
    usages: frozenset[
        Literal[
            "digitalSignature",
            "nonRepudiation",
            "keyEncipherment",
            "dataEncipherment",
            "keyAgreement",
            "keyCertSign",
            "cRLSign",
        ]
    ] = Field(min_length=1)

    def value(self, _context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder."""
        flags = {
            flag: name in self.usages for name, flag in zip(KEY_USAGES, _BUILDER_FLAGS, strict=True)
        }
        return x509.KeyUsage(**flags, encipher_only=False, decipher_only=False)

    def value_der(self, _context: ExtensionContext) -> bytes:
        """Encode the named bits without trailing zeros (X.690 cl. 11.2.2)."""
        bits = sum(0x80 >> index for index, name in enumerate(KEY_USAGES) if name in self.usages)
        unused = (bits & -bits).bit_length() - 1
        return der.wrap(der.BIT_STRING, bytes((unused, bits)))


class ExtendedKeyUsage(ExtensionRule):
    """What the certificate may be used for (RFC 5280 cl. 4.2.1.12)."""

    oid: ClassVar[str] = "2.5.29.37"
    type: Literal["extended_key_usage"]
    purposes: tuple[
        Literal["clientAuth", "emailProtection", "timeStamping", "OCSPSigning"], ...
    ] = Field(min_length=1)

    def value(self, _context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder."""
        return x509.ExtendedKeyUsage(
            [x509.ObjectIdentifier(PURPOSES[purpose]) for purpose in self.purposes]
        )

    def value_der(self, _context: ExtensionContext) -> bytes:
        """Encode the purposes in their order."""
        return der.sequence(
            *(der.object_identifier(PURPOSES[purpose]) for purpose in self.purposes)
        )


class SubjectKeyIdentifier(ExtensionRule):
    """SHA-1 of the subject's public key (RFC 5280 cl. 4.2.1.2, method 1)."""

    oid: ClassVar[str] = "2.5.29.14"
    type: Literal["subject_key_identifier"]

    def value(self, context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder."""
        return x509.SubjectKeyIdentifier.from_public_key(context.subject_key)

    def value_der(self, context: ExtensionContext) -> bytes:
        """Encode the key identifier."""
        return der.octet_string(key_identifier(public_key_der(context.subject_key)))


class AuthorityKeyIdentifier(ExtensionRule):
    """The key identifier of the issuer and nothing else (RFC 5280 cl. 4.2.1.1)."""

    oid: ClassVar[str] = "2.5.29.35"
    type: Literal["authority_key_identifier"]

    def value(self, context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder."""
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(context.issuer_key)

    def value_der(self, context: ExtensionContext) -> bytes:
        """Encode the key identifier of the issuer."""
        identifier = key_identifier(public_key_der(context.issuer_key))
        return der.sequence(der.context(0, identifier, constructed=False))


class AuthorityInformationAccess(ExtensionRule):
    """Where the issuer answers about status, and where its certificate is (cl. 4.2.2.1)."""

    oid: ClassVar[str] = "1.3.6.1.5.5.7.1.1"
    type: Literal["authority_information_access"]
    ocsp: Address | None = None
    ca_issuers: Address | None = None

    def value(self, context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder."""
        return x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(
                    x509.ObjectIdentifier(method), x509.UniformResourceIdentifier(address)
                )
                for method, address in self._locations(context)
            ]
        )

    def value_der(self, context: ExtensionContext) -> bytes:
        """Encode the access descriptions, OCSP first."""
        return der.sequence(
            *(
                der.sequence(
                    der.object_identifier(method),
                    der.context(_URI_CHOICE, address.encode("ascii"), constructed=False),
                )
                for method, address in self._locations(context)
            )
        )

    def _locations(self, context: ExtensionContext) -> list[tuple[str, str]]:
        named = (("1.3.6.1.5.5.7.48.1", self.ocsp), ("1.3.6.1.5.5.7.48.2", self.ca_issuers))
        return [(method, context.address(path)) for method, path in named if path]


class SubjectAlternativeName(ExtensionRule):
    """An e-mail address of the person (RFC 5280 cl. 4.2.1.6)."""

    oid: ClassVar[str] = "2.5.29.17"
    type: Literal["subject_alternative_name"]
    email_domain: Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]

    def value(self, context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder."""
        return x509.SubjectAlternativeName([x509.RFC822Name(self._email(context))])

    def value_der(self, context: ExtensionContext) -> bytes:
        """Encode the rfc822Name."""
        email = self._email(context).encode("ascii")
        return der.sequence(der.context(_EMAIL_CHOICE, email, constructed=False))

    def _email(self, context: ExtensionContext) -> str:
        code = context.holder.personal_code if context.holder else "nobody"
        return f"{code}@{self.email_domain}"


class CrlDistributionPoints(ExtensionRule):
    """Where the issuer's revocation list is (RFC 5280 cl. 4.2.1.13)."""

    oid: ClassVar[str] = "2.5.29.31"
    type: Literal["crl_distribution_points"]
    url: Address

    def value(self, context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder."""
        address = x509.UniformResourceIdentifier(context.address(self.url))
        return x509.CRLDistributionPoints([x509.DistributionPoint([address], None, None, None)])

    def value_der(self, context: ExtensionContext) -> bytes:
        """Encode one distribution point with one address."""
        address = context.address(self.url).encode("ascii")
        uri = der.context(_URI_CHOICE, address, constructed=False)
        return der.sequence(der.sequence(der.context(0, der.context(0, uri))))


class OcspNoCheck(ExtensionRule):
    """The responder's certificate need not be checked for revocation (RFC 6960 cl. 4.2.2.2.1)."""

    oid: ClassVar[str] = "1.3.6.1.5.5.7.48.1.5"
    type: Literal["ocsp_no_check"]

    def value(self, _context: ExtensionContext) -> x509.ExtensionType:
        """Return the extension for the certificate builder."""
        return x509.OCSPNoCheck()

    def value_der(self, _context: ExtensionContext) -> bytes:
        """Encode NULL."""
        return der.NULL


def key_identifier(spki_der: bytes) -> bytes:
    """Return SHA-1 over the subjectPublicKey bits, without tag, length and unused-bits octet.

    SHA-1 names the key here and proves nothing (RFC 5280 cl. 4.2.1.2, method 1).
    """
    fields = der_reader.read(spki_der, der_reader.SEQUENCE).elements()
    fields.take(der_reader.SEQUENCE)
    bits = fields.take(der_reader.BIT_STRING).contents
    return hashlib.sha1(bits[1:], usedforsecurity=False).digest()


def ia5_string(text: str) -> bytes:
    """Encode an IA5String."""
    return der.wrap(_IA5_STRING, text.encode("ascii"))


def utf8_string(text: str) -> bytes:
    """Encode a UTF8String."""
    return der.wrap(_UTF8_STRING, text.encode())


def printable_string(text: str) -> bytes:
    """Encode a PrintableString."""
    return der.wrap(_PRINTABLE_STRING, text.encode("ascii"))
