"""What a signer claims in signed attributes: commitment, roles, signature policy.

EN 319 122-1 cl. 5.2.3 (commitment-type-indication), 5.2.6 (signer-attributes-v2) and 5.2.9
(signature-policy-identifier). Each is signed; none of them is proved by the signature.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from idservice.cms.attributes import attribute
from idservice.crypto import der
from idservice.crypto.algorithm_identifiers import digest_algorithm_der
from idservice.crypto.algorithms import SHA256, HashAlgorithm
from idservice.errors import MalformedRequest

COMMITMENT_TYPE = "1.2.840.113549.1.9.16.2.16"
SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15"
SIGNER_ATTRIBUTES_V2 = "0.4.0.19122.1.1"

# A claimed role is a `title`, the position or function that somebody holds (X.520 cl. 6.4.3):
# the values of X.509's `role` have a syntax without free text, and parsers refuse text there.
_TITLE = "2.5.4.12"
_SPURI = "1.2.840.113549.1.9.16.5.1"
_PROOF_OF = "1.2.840.113549.1.9.16.6"

_MAX_ROLES = 10
_MAX_ROLE = 200
_MAX_URI = 1000
_MAX_OID = 100
_SHORT_ARCS = 40
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,19})){2,30}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")


class Commitment(Enum):
    """What a signature is to prove about signer and document (RFC 5126 cl. 5.11.1)."""

    ORIGIN = "origin"
    RECEIPT = "receipt"
    DELIVERY = "delivery"
    SENDER = "sender"
    APPROVAL = "approval"
    CREATION = "creation"

    @property
    def oid(self) -> str:
        """The identifier id-cti-ets-proofOf…; they are numbered in the order above."""
        return f"{_PROOF_OF}.{list(Commitment).index(self) + 1}"


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """A signature policy: its OID, the digest of its document, and where that can be read."""

    oid: str
    digest: bytes
    uri: str | None = None
    hash: HashAlgorithm = SHA256

    def __post_init__(self) -> None:
        """Raise MalformedRequest for an identifier, digest or address that is none."""
        first, _, second = self.oid.partition(".")
        second = second.partition(".")[0]
        fits = _OID.fullmatch(self.oid) and len(self.oid) <= _MAX_OID
        # Below the arcs 0 and 1 there are 40 each (X.660 cl. 7.4).
        if not fits or (first != "2" and int(second) >= _SHORT_ARCS):
            raise MalformedRequest(
                f"The signature policy {self.oid[:80]!r} is no object identifier.",
                "Give it in dotted form, such as 1.3.6.1.4.1.10015.1000.3.2.1.",
            )
        if len(self.digest) != self.hash.size:
            raise MalformedRequest(
                f"The digest of the signature policy has {len(self.digest)} bytes where "
                f"{self.hash.name} makes {self.hash.size}.",
                "Digest the document of the policy: sha256sum policy.pdf",
            )
        if self.uri is not None and not (_URI.fullmatch(self.uri) and len(self.uri) <= _MAX_URI):
            raise MalformedRequest(
                "The address of the signature policy is no URI in ASCII.",
                "Give one such as https://example.org/policy.pdf.",
            )


@dataclass(frozen=True, slots=True)
class SignerClaims:
    """Everything that one signer claims; nothing by default."""

    commitment: Commitment | None = None
    roles: tuple[str, ...] = ()
    policy: SignaturePolicy | None = None

    def __post_init__(self) -> None:
        """Raise MalformedRequest for roles that nobody could read."""
        usable = all(0 < len(role) <= _MAX_ROLE and role.isprintable() for role in self.roles)
        if not usable or len(self.roles) > _MAX_ROLES:
            raise MalformedRequest(
                f"Claimed roles are up to {_MAX_ROLES} printable texts of 1 to {_MAX_ROLE} "
                "characters.",
                "Shorten them.",
            )

    @property
    def excludes_reason(self) -> bool:
        """Whether PAdES has no /Reason beside these claims (EN 319 142-1 cl. 6.3 d and m)."""
        return self.commitment is not None or self.policy is not None

    def attributes_der(self) -> tuple[bytes, ...]:
        """Encode the claims as signed attributes, each a DER Attribute."""
        found = []
        if self.commitment is not None:
            identifier = der.object_identifier(self.commitment.oid)
            found.append(attribute(COMMITMENT_TYPE, der.sequence(identifier)))
        if self.roles:
            found.append(attribute(SIGNER_ATTRIBUTES_V2, _signer_attributes(self.roles)))
        if self.policy is not None:
            found.append(attribute(SIGNATURE_POLICY, _policy(self.policy)))
        return tuple(found)


def _signer_attributes(roles: tuple[str, ...]) -> bytes:
    """SignerAttributeV2 with claimedAttributes [0] EXPLICIT SEQUENCE OF Attribute."""
    claimed = (attribute(_TITLE, der.wrap(der.UTF8_STRING, role.encode())) for role in roles)
    return der.sequence(der.context(0, der.sequence(*claimed)))


def _policy(policy: SignaturePolicy) -> bytes:
    """SignaturePolicyId: identifier, hash, and the qualifier that tells its address."""
    parts = [
        der.object_identifier(policy.oid),
        der.sequence(digest_algorithm_der(policy.hash), der.octet_string(policy.digest)),
    ]
    if policy.uri is not None:
        address = der.wrap(der.IA5_STRING, policy.uri.encode())
        parts.append(der.sequence(der.sequence(der.object_identifier(_SPURI), address)))
    return der.sequence(*parts)
