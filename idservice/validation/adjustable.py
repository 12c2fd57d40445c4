"""The findings about which a policy may think differently, each with its price when refused.

These are departures from a profile, old habits of honest producers, and what is merely
missing. Nothing here tells of broken cryptography, of bytes that a signature does not
cover, of a certificate that is not good, or of a changed content: whoever adds such a code
gives every policy file the power to accept forgeries.
"""

from __future__ import annotations

from idservice.validation.rules import SubIndication

ADJUSTABLE: dict[str, SubIndication] = {
    **dict.fromkeys(
        (
            # Departures from the profile of PAdES (EN 319 142-1 cl. 6.3) that change no meaning.
            "attribute_forbidden",
            "cert_entry",
            "certificate_unrelated",
            "claimed_time_missing",
            "digest_algorithm_unused",
            "filter_missing",
            "location_twice",
            "not_pades",
            "reason_twice",
            "security_store_damaged",
            "signature_policy_not_applied",
            "signing_time_in_cms",
            "unsigned_attribute_unknown",
            "usage_rights_not_validated",
            # Old forms of a CMS signature.
            "cms_not_der",
            "cms_version",
            "signer_version",
            # Time-stamps that prove nothing, are none at all, or are made with small faults.
            "signature_time_stamp_broken",
            "time_stamp_expired",
            "time_stamp_name_mismatch",
            "time_stamp_not_der",
            "time_stamp_not_trusted",
            "time_stamp_not_valid",
            "time_stamp_revoked",
        ),
        SubIndication.SIG_CONSTRAINTS_FAILURE,
    ),
    **dict.fromkeys(
        ("algorithm_experimental", "signing_certificate_sha1", "time_stamp_reference_sha1"),
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
    ),
    # Older forms of a signature in PDF, and small faults of a file that change nothing read.
    "sub_filter_pkcs7_sha1": SubIndication.FORMAT_FAILURE,
    "sub_filter_x509_rsa_sha1": SubIndication.FORMAT_FAILURE,
    "pdf_fault_harmless": SubIndication.FORMAT_FAILURE,
    "signing_certificate_attribute_missing": SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
    "certificate_without_commitment": SubIndication.CHAIN_CONSTRAINTS_FAILURE,
    "revocation_list_older": SubIndication.TRY_LATER,
    "revocation_not_available": SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
}
"""Each adjustable code, and the sub-indication when a policy refuses it."""
