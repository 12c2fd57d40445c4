"""What each finding is worth: its step of EN 319 102-1 cl. 5.3.4 and its sub-indication.

A code that is in no table is treated as a format failure, so a new finding can never
pass by being forgotten. Warnings have no sub-indication: they are told and do not decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum


class Indication(Enum):
    """The three main indications of EN 319 102-1 cl. 5.1.3."""

    TOTAL_PASSED = "TOTAL-PASSED"
    TOTAL_FAILED = "TOTAL-FAILED"
    INDETERMINATE = "INDETERMINATE"


class SubIndication(Enum):
    """Why a signature is not TOTAL-PASSED (EN 319 102-1 table 5)."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    REVOCATION_OUT_OF_BOUNDS_NO_POE = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    TRY_LATER = "TRY_LATER"

    @property
    def indication(self) -> Indication:
        """The main indication that goes with it."""
        return Indication.TOTAL_FAILED if self in _FAILED else Indication.INDETERMINATE


_FAILED = frozenset(
    {
        SubIndication.FORMAT_FAILURE,
        SubIndication.HASH_FAILURE,
        SubIndication.SIG_CRYPTO_FAILURE,
        SubIndication.REVOKED,
        SubIndication.EXPIRED,
        SubIndication.NOT_YET_VALID,
    }
)


class Step(IntEnum):
    """The steps of validation, in their order (EN 319 102-1 cl. 5.3.4, then 5.5.4)."""

    FORMAT_CHECK = 1
    IDENTIFICATION_OF_SIGNING_CERTIFICATE = 2
    VALIDATION_CONTEXT = 3
    X509_VALIDATION = 4
    CRYPTOGRAPHIC_VERIFICATION = 5
    ACCEPTANCE = 6
    TIME_STAMPS = 7


@dataclass(frozen=True, slots=True)
class Rule:
    """The step that a finding belongs to, and the sub-indication; None for a warning."""

    step: Step
    sub_indication: SubIndication | None


def _rules(step: Step, sub: SubIndication | None, *codes: str) -> dict[str, Rule]:
    return dict.fromkeys(codes, Rule(step, sub))


RULES: dict[str, Rule] = {
    **_rules(
        Step.FORMAT_CHECK,
        SubIndication.FORMAT_FAILURE,
        "pdf_damaged",
        "signature_not_in_field",
        "dictionary_ambiguous",
        "sub_filter_unsupported",
        "sub_filter_pkcs7_sha1",
        "sub_filter_x509_rsa_sha1",
        "signature_type",
        "contents_missing",
        "contents_repeated",
        "contents_malformed",
        "byte_range_missing",
        "byte_range_repeated",
        "byte_range_malformed",
        "byte_range_start",
        "byte_range_order",
        "byte_range_outside",
        "byte_range_collision",
        "gap_not_contents",
        "gap_elsewhere",
        "gap_shared",
        "coverage_no_revision",
        "xref_not_covered",
        "signed_revision_differs",
        "changes_forbidden",
        "changes_refused",
        "cms_unreadable",
        "cms_trailing_data",
        "cms_signer_count",
        "cms_content_present",
        "cms_content_type",
        "cms_no_signed_attributes",
        "signed_attributes_not_der",
        "attribute_duplicated",
        "digest_algorithm_mismatch",
        "digest_algorithm_not_listed",
        "digest_algorithm_repeated",
        "algorithm_parameters",
        "algorithm_protection_mismatch",
    ),
    **_rules(
        Step.FORMAT_CHECK,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "pdf_unsupported",
        "cms_not_der",
        "cms_version",
        "signer_version",
    ),
    **_rules(
        Step.FORMAT_CHECK, None, "change_covers_content", "changes_not_judged", "changes_warned"
    ),
    **_rules(
        Step.IDENTIFICATION_OF_SIGNING_CERTIFICATE,
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        "signing_certificate_missing",
        "signing_certificate_mismatch",
        "signing_certificate_unreadable",
        "signing_certificate_attribute_missing",
    ),
    **_rules(
        Step.IDENTIFICATION_OF_SIGNING_CERTIFICATE,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "signing_certificate_attribute_duplicated",
        "signing_certificate_attribute_unreadable",
    ),
    **_rules(
        Step.X509_VALIDATION,
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        "certificate_not_trusted",
        "trust_service_not_granted",
    ),
    **_rules(
        Step.X509_VALIDATION,
        SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
        "certificate_constraints_violated",
        "certificate_chain_malformed",
        "certificate_unknown",
        "revocation_data_missing",
    ),
    **_rules(
        Step.X509_VALIDATION,
        SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        "certificate_without_commitment",
        "certificate_wrong_purpose",
    ),
    **_rules(
        Step.X509_VALIDATION,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        "certificate_expired",
        "certificate_ca_expired",
        "certificate_not_yet_valid",
    ),
    **_rules(
        Step.X509_VALIDATION,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        "certificate_algorithm_not_allowed",
        "revocation_algorithm_not_allowed",
    ),
    **_rules(
        Step.X509_VALIDATION,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        "certificate_algorithm_expired",
        "revocation_algorithm_expired",
    ),
    **_rules(Step.X509_VALIDATION, SubIndication.NOT_YET_VALID, "certificate_issued_later"),
    **_rules(Step.X509_VALIDATION, SubIndication.REVOKED, "signed_after_revocation"),
    **_rules(Step.X509_VALIDATION, SubIndication.EXPIRED, "signed_after_expiry"),
    **_rules(
        Step.X509_VALIDATION,
        SubIndication.REVOCATION_OUT_OF_BOUNDS_NO_POE,
        "revocation_issuer_expired",
    ),
    **_rules(Step.X509_VALIDATION, SubIndication.REVOKED_NO_POE, "certificate_revoked"),
    **_rules(Step.X509_VALIDATION, SubIndication.REVOKED_CA_NO_POE, "certificate_ca_revoked"),
    **_rules(
        Step.X509_VALIDATION,
        SubIndication.TRY_LATER,
        "certificate_suspended",
        "revocation_data_stale",
    ),
    **_rules(
        Step.X509_VALIDATION,
        None,
        "revocation_not_available",
        "revocation_data_refused",
        "revocation_list_older",
        "revocation_status_disputed",
        "status_host_not_allowed",
        "status_source_unavailable",
        "revoked_later",
    ),
    **_rules(Step.CRYPTOGRAPHIC_VERIFICATION, SubIndication.HASH_FAILURE, "digest_mismatch"),
    **_rules(
        Step.CRYPTOGRAPHIC_VERIFICATION, SubIndication.SIG_CRYPTO_FAILURE, "signature_invalid"
    ),
    **_rules(
        Step.ACCEPTANCE,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "content_type_attribute",
        "message_digest_missing",
        "attribute_forbidden",
        "attribute_repeated",
        "changes_not_analysed",
        "certificate_altered",
        "integrity_unverifiable",
        "level_too_low",
        "qualification_not_reached",
        "time_stamp_delay",
    ),
    **_rules(
        Step.ACCEPTANCE,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        "algorithm_not_allowed",
        "algorithm_experimental",
        "algorithm_ended_before_signing",
        "signing_certificate_sha1",
    ),
    **_rules(Step.ACCEPTANCE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "algorithm_expired"),
    **_rules(
        Step.ACCEPTANCE,
        None,
        "not_pades",
        "signing_time_in_cms",
        "cert_entry",
        "filter_missing",
        "claimed_time_missing",
        "cms_ber",
        "signing_time_missing",
        "signature_policy_not_applied",
        "claim_unreadable",
        "archive_time_stamp_not_judged",
        "reason_twice",
        "location_twice",
        "usage_rights_not_validated",
        "pdf_fault_harmless",
        "certificate_unrelated",
        "unsigned_attribute_unknown",
        "digest_algorithm_unused",
        "algorithm_experimental_allowed",
        "algorithm_legacy",
    ),
    **_rules(
        Step.TIME_STAMPS,
        SubIndication.FORMAT_FAILURE,
        "time_stamp_unreadable",
        "time_stamp_version",
        "time_stamp_imprint_length",
    ),
    **_rules(Step.TIME_STAMPS, SubIndication.HASH_FAILURE, "time_stamp_imprint_mismatch"),
    **_rules(
        Step.TIME_STAMPS,
        SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        "time_stamp_certificate_purpose",
    ),
    **_rules(
        Step.TIME_STAMPS,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "time_stamp_extension_unknown",
        "archive_time_stamp_index",
        "time_stamp_in_future",
        "document_time_stamp_broken",
        "signature_time_stamp_broken",
    ),
    **_rules(
        Step.TIME_STAMPS,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        "time_stamp_algorithm_not_allowed",
    ),
    **_rules(
        Step.TIME_STAMPS,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        "time_stamp_algorithm_expired",
    ),
    **_rules(Step.TIME_STAMPS, SubIndication.TIMESTAMP_ORDER_FAILURE, "time_stamp_order"),
    **_rules(
        Step.TIME_STAMPS,
        None,
        "time_stamp_not_valid",
        "time_stamp_expired",
        "time_stamp_revoked",
        "time_stamp_not_trusted",
        "time_stamp_not_der",
        "time_stamp_name_mismatch",
        "time_stamp_reference_sha1",
        "security_store_damaged",
    ),
}
"""Every finding code that exists, and what it is worth."""

_UNKNOWN = Rule(Step.FORMAT_CHECK, SubIndication.FORMAT_FAILURE)


def rule_for(code: str) -> Rule:
    """Return what a finding code is worth; an unknown code fails."""
    return RULES.get(code, _UNKNOWN)
