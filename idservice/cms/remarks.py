"""What stands in a CMS structure without being signed or needed.

Only the signed attributes are signed (RFC 5652 cl. 5.4). Whatever else a structure carries
can be put in, changed or taken out by anybody, so its presence is told. A time-stamp and
the certificates are looked at elsewhere.
"""

from __future__ import annotations

from idservice.cms.carried_data import carried_data
from idservice.cms.parsing import SignedData, SignerInfo
from idservice.errors import Finding

SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"

_MAX_NAMED = 5


def unsigned_remarks(
    signed_data: SignedData, signer: SignerInfo, known: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Return a finding for each kind of thing that is carried and not looked at.

    `known` are unsigned attributes that are looked at elsewhere, besides time-stamps.
    """
    remarks = []
    found = sorted(
        {item.oid for item in signer.unsigned_attributes} - {SIGNATURE_TIME_STAMP} - known
    )
    if found:
        remarks.append(
            Finding(
                "unsigned_attribute_unknown",
                f"The signature carries attributes that nobody signed and that are not looked at "
                f"here ({', '.join(found[:_MAX_NAMED])}); anybody can have put them in.",
                "",
            )
        )
    elif unreadable := carried_data(signed_data, signer).unreadable:
        remarks.append(
            Finding(
                "unsigned_attribute_unknown",
                f"The signature carries revocation data of which {unreadable} parts cannot be "
                "read; they are passed over.",
                "",
            )
        )
    if {item.oid for item in signed_data.digest_algorithms} - {signer.digest_algorithm.oid}:
        remarks.append(
            Finding(
                "digest_algorithm_unused",
                "The CMS structure lists a digest algorithm that its signer does not use.",
                "",
            )
        )
    return tuple(remarks)
