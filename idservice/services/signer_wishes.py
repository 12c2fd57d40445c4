"""What a signer may choose beside texts: claims, restrictions, the algorithm; as people write it.

The command line and the HTTP interface take the same words; here they become values of the
core, or a refusal before a PIN is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from idservice.cms.claims import Commitment, SignaturePolicy, SignerClaims
from idservice.crypto.algorithms import (
    HASHES,
    KeyKind,
    SignatureAlgorithm,
    algorithm_for_key,
    require_allowed,
)
from idservice.crypto.keys import VersatileSigner, key_kind, load_public_key
from idservice.errors import MalformedRequest, UnsupportedAlgorithm
from idservice.pdf.fields import FieldLock
from idservice.pdf.signature_field import Restrictions
from idservice.services.key_custody import HeldKey

COMMITMENTS = tuple(item.value for item in Commitment)
HASH_NAMES = tuple(item.name.replace("_", "-") for item in HASHES)

_ADDRESS = re.compile(r"(?:https?://|urn:)[!-~]+\Z", re.IGNORECASE)
_ACTIONS = {"all": "All", "include": "Include", "exclude": "Exclude"}


@dataclass(frozen=True, slots=True)
class SignerWishes:
    """Everything that may be wished for; nothing by default.

    `lock` is "all", "include:NAME,NAME" or "exclude:NAME,NAME" with full names of fields;
    `lock_permits` are the permissions (1 to 3) that it leaves to the document. `hash_name` is
    such as "sha384" or "sha3-256". `policy_hash` is the SHA-256 of the policy in hexadecimal.
    """

    commitment: str | None = None
    roles: tuple[str, ...] = ()
    policy: str | None = None
    policy_hash: str | None = None
    policy_uri: str | None = None
    certify: int | None = None
    lock: str | None = None
    lock_permits: int | None = None
    hash_name: str | None = None
    pss: bool = False

    def claims(self) -> SignerClaims:
        """Return what the signer claims. Raises MalformedRequest."""
        if self.commitment is not None and self.commitment not in COMMITMENTS:
            raise MalformedRequest(
                f"There is no commitment named {self.commitment[:80]!r}.",
                f"Give one of {', '.join(COMMITMENTS)}.",
            )
        commitment = None if self.commitment is None else Commitment(self.commitment)
        return SignerClaims(commitment, self.roles, self._policy())

    def restrictions(self) -> Restrictions:
        """Return what the signature forbids from then on. Raises MalformedRequest."""
        return Restrictions(self.certify, self._lock())

    def algorithm(self, kind: KeyKind, *, experimental: bool) -> SignatureAlgorithm:
        """Return the algorithm for a kind of key.

        Raises UnsupportedAlgorithm when key and wishes do not go together, or the algorithm
        is an experiment and `experimental` ones are not allowed.
        """
        name = None if self.hash_name is None else self.hash_name.replace("-", "_")
        chosen = algorithm_for_key(kind, name, pss=self.pss)
        require_allowed(chosen, experimental=experimental)
        return chosen

    def applied_to(self, key: HeldKey, *, experimental: bool) -> HeldKey:
        """Return an open key that signs with the algorithm wished for. Raises as `algorithm`."""
        kind = key_kind(load_public_key(key.signer.public_key_der))
        chosen = self.algorithm(kind, experimental=experimental)
        if chosen is key.signer.algorithm or self._leaves_algorithm:
            return key
        if not isinstance(key.signer, VersatileSigner):
            raise UnsupportedAlgorithm(
                f"This key signs with {key.signer.algorithm.name} and nothing else.",
                "Leave hash and padding out.",
            )
        return replace(key, signer=key.signer.with_algorithm(chosen))

    @property
    def _leaves_algorithm(self) -> bool:
        return self.hash_name is None and not self.pss

    def _policy(self) -> SignaturePolicy | None:
        if self.policy is None and self.policy_hash is None and self.policy_uri is None:
            return None
        if self.policy is None or self.policy_hash is None:
            raise MalformedRequest(
                "A signature policy is given in part: without its identifier and the hash of "
                "its document nobody can tell which rules were meant.",
                "Give the policy's OID and the SHA-256 of its document; its address may follow.",
            )
        if self.policy_uri is not None and not _ADDRESS.match(self.policy_uri):
            raise MalformedRequest(
                f"{self.policy_uri[:80]!r} is no address of a policy, and whoever follows it from "
                "the signature would open something else.",
                "Give an address that begins with https://, http:// or urn:.",
            )
        try:
            digest = bytes.fromhex(self.policy_hash)
        except ValueError as exc:
            raise MalformedRequest(
                "The hash of the signature policy is not hexadecimal.",
                "Give what `sha256sum` prints for the document of the policy.",
            ) from exc
        return SignaturePolicy(self.policy, digest, self.policy_uri)

    def _lock(self) -> FieldLock | None:
        if self.lock is None:
            if self.lock_permits is None:
                return None
            raise MalformedRequest(
                "It is said what a lock permits, and there is no lock.",
                "Say which fields to lock, or certify the document instead.",
            )
        word, separator, listed = self.lock.partition(":")
        names = tuple(name.strip() for name in listed.split(",")) if separator else ()
        if word not in _ACTIONS or (word == "all") == bool(separator) or "" in names:
            raise MalformedRequest(
                f"The lock {self.lock[:80]!r} cannot be read.",
                "Write all, include:NAME,NAME or exclude:NAME,NAME.",
            )
        return FieldLock(_ACTIONS[word], names, self.lock_permits)
