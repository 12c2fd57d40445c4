"""What signers claim in signed attributes, as facts, and what is to be said about it."""

from __future__ import annotations

from collections.abc import Iterator

from idservice.cms.claimed import IMPLIED, Claimed
from idservice.errors import Finding
from idservice.validation.facts import Claims


def signer_claims(
    claimed: Claimed,
    *,
    reason: str | None = None,
    location: str | None = None,
    contact: str | None = None,
) -> Claims:
    """Put the claims in the attributes together with those that stand in a PDF."""
    policy = claimed.policy
    return Claims(
        reason,
        claimed.location if location is None else location,
        contact,
        claimed.roles,
        claimed.commitments,
        None if policy is None else policy.oid,
        None if policy is None else policy.digest,
        None if policy is None else policy.uri,
        claimed.mime_type,
        claimed.description,
    )


def claim_remarks(claimed: Claimed) -> Iterator[Finding]:
    """Tell of a signature policy, whose rules nobody here knows, and of unreadable claims.

    EN 319 102-1 cl. 5.2.4: what applies is the policy that the driving application gave.
    """
    if claimed.policy is not None:
        named = "an implied one" if claimed.policy.oid == IMPLIED else claimed.policy.oid
        yield Finding(
            "signature_policy_not_applied",
            f"The signer names a signature policy ({named}), whose rules are not applied here: the "
            "verdict is by the policy of this validation alone.",
            "If that policy matters to you, hold the signature against its document yourself.",
        )
    if claimed.unreadable:
        yield Finding(
            "claim_unreadable",
            f"What the signer claims in {', '.join(claimed.unreadable)} cannot be read; it is "
            "passed over.",
            "",
        )
