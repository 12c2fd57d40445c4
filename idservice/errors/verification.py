"""Checks of signatures, certificates, tokens and challenges that failed."""

from __future__ import annotations

from idservice.errors.families import Challenge, Verification


class SignatureInvalid(Verification):
    """A signature value does not verify under the public key."""

    code = "signature_invalid"


class SignatureRoomTooSmall(Verification):
    """A signature or time-stamp is longer than the room that was kept for it."""

    code = "signature_room_too_small"


class CertificateNotTrusted(Verification):
    """A certificate does not chain to a trust anchor."""

    code = "certificate_not_trusted"


class CertificateUnknown(Verification):
    """A certificate names our issuer but was never issued here."""

    code = "certificate_unknown"


class CertificateExpired(Verification):
    """The validity period of a certificate has ended."""

    code = "certificate_expired"


class CertificateNotYetValid(Verification):
    """The validity period of a certificate has not begun."""

    code = "certificate_not_yet_valid"


class CertificateRevoked(Verification):
    """A certificate is revoked; this is final."""

    code = "certificate_revoked"


class CertificateSuspended(Verification):
    """A certificate is suspended; it may be resumed later."""

    code = "certificate_suspended"


class CertificateWrongPurpose(Verification):
    """A certificate may not be used for this purpose."""

    code = "certificate_wrong_purpose"


class CertificateConstraintsViolated(Verification):
    """A certificate chain breaks a constraint of RFC 5280 other than time and trust."""

    code = "certificate_constraints_violated"


class XmlSignatureRefused(Verification):
    """An XML signature does not cover the document, or is not built as it must be."""

    code = "xml_signature_refused"


class TrustedListNotTrusted(Verification):
    """A trusted list is signed by nobody who was named as its signer."""

    code = "trusted_list_not_trusted"


class TrustedListExpired(Verification):
    """The next update of a trusted list is overdue, or the list is from the future."""

    code = "trusted_list_expired"


class TrustedListOlder(Verification):
    """A trusted list is older than the one that was used before it."""

    code = "trusted_list_older"


class StatusAnswerInvalid(Verification):
    """An OCSP answer or CRL does not verify, or comes from somebody who may not give it."""

    code = "status_answer_invalid"


class StatusAnswerMismatch(Verification):
    """An OCSP answer or CRL is not about the certificate, or not the answer to the request."""

    code = "status_answer_mismatch"


class StatusAnswerStale(Verification):
    """An OCSP answer or CRL is too old, or from the future."""

    code = "status_answer_stale"


class OcspRefused(Verification):
    """An OCSP responder answered with an error instead of a status."""

    code = "ocsp_refused"


class AccessTokenInvalid(Verification):
    """An access token is missing, expired, revoked or not ours."""

    code = "access_token_invalid"


class OperatorTokenInvalid(Verification):
    """The operator's bearer token is missing or wrong."""

    code = "operator_token_invalid"


class CertificateLintFailed(Verification):
    """A certificate that was about to be signed does not match its profile."""

    code = "certificate_lint_failed"


class TimeStampMismatch(Verification):
    """A time-stamp token does not hold, or is not the answer to the request."""

    code = "time_stamp_mismatch"


class TimeStampNotTrusted(Verification):
    """A time-stamp comes from an authority that is not trusted, or tells an impossible time."""

    code = "time_stamp_not_trusted"


class ChallengeNotFound(Challenge):
    """No challenge was issued to this session, or it belongs to another session."""

    code = "challenge_not_found"


class ChallengeExpired(Challenge):
    """The challenge was answered too late."""

    code = "challenge_expired"


class ChallengeUsed(Challenge):
    """The challenge was already used; each is good for one try."""

    code = "challenge_used"


class OriginMismatch(Challenge):
    """The request comes from an origin for which the challenge was not issued."""

    code = "origin_mismatch"
