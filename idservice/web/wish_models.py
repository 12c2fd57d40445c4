"""What a signature means, restricts and is made with, as JSON: in a body or as part of a form."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from idservice.services.signature_options import SignerWishes
from idservice.web.bodies import parse_json
from idservice.web.login_models import RequestModel

Permissions = Literal[1, 2, 3]
Role = Annotated[str, Field(min_length=1, max_length=200)]


class PolicyFields(RequestModel):
    """A signature policy: its identifier, the hash of its document, and where that is."""

    oid: Annotated[str, Field(min_length=3, max_length=100, examples=["1.2.3.4"])]
    sha256: Annotated[str, Field(pattern="^[0-9A-Fa-f]{64}$")]
    uri: Annotated[str | None, Field(min_length=1, max_length=1000)] = None


class WishFields(RequestModel):
    """Claims of the signer, restrictions from then on, and the algorithm; all optional."""

    commitment: Annotated[
        Literal["origin", "receipt", "delivery", "sender", "approval", "creation"] | None,
        Field(description="What the signature is to prove; not beside a reason."),
    ] = None
    roles: Annotated[
        tuple[Role, ...], Field(max_length=10, strict=False, description="Claimed roles.")
    ] = ()
    policy: Annotated[
        PolicyFields | None, Field(description="Signature policy; not beside a reason.")
    ] = None
    certify: Annotated[
        Permissions | None,
        Field(
            description="Certify the document: 1 nothing may change, 2 forms and signatures "
            "may, 3 annotations as well."
        ),
    ] = None
    lock: Annotated[
        str | None,
        Field(
            min_length=3,
            max_length=10_000,
            description="Lock form fields: all, include:NAME,… or exclude:NAME,….",
        ),
    ] = None
    lock_permits: Annotated[
        Permissions | None, Field(description="What may still change after the lock.")
    ] = None
    hash: Annotated[
        Literal["sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"] | None,
        Field(description="Hash instead of the usual one of the key."),
    ] = None
    pss: Annotated[bool, Field(description="RSASSA-PSS with an RSA key.")] = False

    def wishes(self) -> SignerWishes:
        """Return the wishes as the signing service takes them."""
        policy = self.policy
        return SignerWishes(
            commitment=self.commitment,
            roles=self.roles,
            policy=None if policy is None else policy.oid,
            policy_hash=None if policy is None else policy.sha256,
            policy_uri=None if policy is None else policy.uri,
            certify=self.certify,
            lock=self.lock,
            lock_permits=self.lock_permits,
            hash_name=self.hash,
            pss=self.pss,
        )


def _read_part(value: object) -> object:
    """A form has no members in members: there the field holds JSON."""
    return parse_json(value.encode()) if isinstance(value, str) else value


WishPart = Annotated[
    WishFields | None,
    BeforeValidator(_read_part),
    Field(description="What the signature means, restricts and is made with; as JSON in a form."),
]
