"""CRLReason: why a certificate is no longer good (RFC 5280 cl. 5.3.1)."""

from __future__ import annotations

REASON_NAMES = {
    0: "unspecified",
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    6: "certificateHold",
    8: "removeFromCRL",
    9: "privilegeWithdrawn",
    10: "aACompromise",
}
"""Names by code, spelled as the standard does; there is no code 7."""

REASON_CODES = {name: code for code, name in REASON_NAMES.items()}

CERTIFICATE_HOLD = "certificateHold"
"""A suspension: the one reason that can end."""
