"""The whole exception tree of idservice.

Every leaf class has one stable `code`. The problem type of an HTTP answer, the
exit code of a command and the row in docs/errors.md derive from it. This module
imports nothing and knows no HTTP: which status a family gets is decided where
errors become answers (`web.problems`) or exit codes (`cli.failures`).

`detail` says what is wrong and why it matters; `fix` says what to do about it.
Neither may hold a secret, a token or a whole personal code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class IdServiceError(Exception):
    """Base of every error that idservice raises on purpose."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str, fix: str = "") -> None:
        """Keep `detail` (what is wrong, why it matters) and `fix` (what to do)."""
        super().__init__(detail)
        self.detail = detail
        self.fix = fix

    def __reduce__(self) -> tuple[type[IdServiceError], tuple[str, str]]:
        """Make errors survive the trip between worker processes."""
        return type(self), (self.detail, self.fix)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reader noticed without ending the reading.

    Validation goes on after the first fault, so that a report names all of them:
    what a module would raise it then returns in this form. `code` is stable, and
    validation.rules tells what each code means for the verdict.
    """

    code: str
    message: str
    fix: str = ""


# ---------------------------------------------------------------- families


class MalformedInput(IdServiceError):
    """The input does not have the form that its format requires."""

    code = "malformed_input"


class Unsupported(IdServiceError):
    """The input is well formed but uses something that idservice does not do."""

    code = "unsupported"


class Verification(IdServiceError):
    """A check of a signature, certificate or token failed."""

    code = "verification_failed"


class Challenge(IdServiceError):
    """A login challenge cannot be used."""

    code = "challenge_refused"


class RequestRefused(IdServiceError):
    """The request is understood and refused."""

    code = "request_refused"


class Dependency(IdServiceError):
    """Something that the service needs does not answer; trying again may help."""

    code = "dependency_failed"


class Configuration(IdServiceError):
    """The installation is not fit to run; the process does not start."""

    code = "configuration_invalid"


# --------------------------------------------------------- malformed input


class MalformedDer(MalformedInput):
    """Bytes that should be DER are not, or exceed the limits for size, depth or count."""

    code = "malformed_der"


class MalformedCertificate(MalformedInput):
    """A certificate cannot be read."""

    code = "malformed_certificate"


class MalformedCms(MalformedInput):
    """A CMS SignedData structure cannot be read."""

    code = "malformed_cms"


class MalformedPdf(MalformedInput):
    """A PDF is damaged: its structure cannot be read without guessing."""

    code = "malformed_pdf"


class NotAPdf(MalformedInput):
    """The file does not begin as a PDF."""

    code = "not_a_pdf"


class MalformedToken(MalformedInput):
    """A token (Web eID token or access token) does not have the required form."""

    code = "malformed_token"


class MalformedRequest(MalformedInput):
    """A request body or parameter is missing, has the wrong type or the wrong form."""

    code = "malformed_request"


class MalformedPersonalCode(MalformedInput):
    """A personal code has the wrong length, an impossible date or a wrong check digit."""

    code = "malformed_personal_code"


class MalformedKey(MalformedInput):
    """A public or private key cannot be read."""

    code = "malformed_key"


class MalformedCard(MalformedInput):
    """A card file is not a PKCS#12 file of the expected form."""

    code = "malformed_card"


class InputTooLarge(MalformedInput):
    """The input exceeds a size limit and is not read further."""

    code = "input_too_large"


# ------------------------------------------------------------- unsupported


class UnsupportedAlgorithm(Unsupported):
    """An algorithm, curve or key size is not on the allow-list."""

    code = "unsupported_algorithm"


class UnsupportedPdf(Unsupported):
    """The PDF uses a feature that cannot be signed or validated here."""

    code = "unsupported_pdf"


class UnsupportedMediaType(Unsupported):
    """The request body has a media type that the endpoint does not take."""

    code = "unsupported_media_type"


# ------------------------------------------------------------ verification


class SignatureInvalid(Verification):
    """A signature value does not verify under the public key."""

    code = "signature_invalid"


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


class AccessTokenInvalid(Verification):
    """An access token is missing, expired, revoked or not ours."""

    code = "access_token_invalid"


class OperatorTokenInvalid(Verification):
    """The operator's bearer token is missing or wrong."""

    code = "operator_token_invalid"


class CertificateLintFailed(Verification):
    """A certificate that was about to be signed does not match its profile."""

    code = "certificate_lint_failed"


# --------------------------------------------------------------- challenge


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


# --------------------------------------------------------- request refused


class NotFound(RequestRefused):
    """The thing asked for does not exist here, or is not visible to the caller."""

    code = "not_found"


class PersonUnknown(RequestRefused):
    """No person with this personal code has been issued here."""

    code = "person_unknown"


class PersonExists(RequestRefused):
    """A person with this personal code already has valid certificates."""

    code = "person_exists"


class PersonSuspended(RequestRefused):
    """The person is suspended; keys are not used until resumed."""

    code = "person_suspended"


class PersonRevoked(RequestRefused):
    """The person's certificates are revoked for good."""

    code = "person_revoked"


class IllegalTransition(RequestRefused):
    """The life cycle of a person or certificate does not allow this step."""

    code = "illegal_transition"


class PublicKeyInUse(RequestRefused):
    """The public key already belongs to another person."""

    code = "public_key_in_use"


class PinWrong(RequestRefused):
    """The PIN is wrong; the try was counted."""

    code = "pin_wrong"


class PinLocked(RequestRefused):
    """The PIN is locked after three wrong tries; the PUK unlocks it."""

    code = "pin_locked"


class PinMissing(RequestRefused):
    """A PIN is needed and none was given."""

    code = "pin_missing"


class PinUnacceptable(RequestRefused):
    """A new PIN or PUK does not have the required form."""

    code = "pin_unacceptable"


class KeyNotHeld(RequestRefused):
    """The service holds no key of this person; the person's card does."""

    code = "key_not_held"


class RelyingPartyUnknown(RequestRefused):
    """The relying party is not registered."""

    code = "relying_party_unknown"


class RelyingPartyExists(RequestRefused):
    """A relying party with this identifier is already registered."""

    code = "relying_party_exists"


class OriginUnacceptable(RequestRefused):
    """An origin is not https (or http on loopback), or is not a bare origin."""

    code = "origin_unacceptable"


class CertificateNotYours(RequestRefused):
    """The signing certificate does not belong to the person who is logged in."""

    code = "certificate_not_yours"


class SignatureNotPending(RequestRefused):
    """The signature was already completed, or its document is no longer kept."""

    code = "signature_not_pending"


class SignatureExpired(RequestRefused):
    """The pending signature was completed too late."""

    code = "signature_expired"


class PdfPasswordWrong(RequestRefused):
    """The PDF is encrypted and the password is missing or wrong."""

    code = "pdf_password_wrong"


class PdfSigningForbidden(RequestRefused):
    """An earlier signature or the document's permissions forbid another signature."""

    code = "pdf_signing_forbidden"


class OutputExists(RequestRefused):
    """The output would replace an existing file or the input."""

    code = "output_exists"


class FileNotReadable(RequestRefused):
    """A file named on the command line cannot be read."""

    code = "file_not_readable"


class FileNotWritable(RequestRefused):
    """An output file cannot be written."""

    code = "file_not_writable"


class UnknownFormat(RequestRefused):
    """The file is of no format that can be validated here."""

    code = "unknown_format"


class MethodNotAllowed(RequestRefused):
    """The endpoint does not take this HTTP method."""

    code = "method_not_allowed"


class TooManyRequests(RequestRefused):
    """A limit on requests is reached; try again later."""

    code = "too_many_requests"


class AlreadyInitialised(RequestRefused):
    """Keys or state already exist and are never overwritten."""

    code = "already_initialised"


# -------------------------------------------------------------- dependency


class DatabaseUnavailable(Dependency):
    """The database does not answer or refuses the transaction."""

    code = "database_unavailable"


class KeyStoreUnavailable(Dependency):
    """The key store does not answer."""

    code = "key_store_unavailable"


class ServiceUnavailable(Dependency):
    """A running service was expected and cannot be reached, or answers with an error."""

    code = "service_unavailable"


class StorageUnavailable(Dependency):
    """A file of the service cannot be written or synced."""

    code = "storage_unavailable"


class InternalError(Dependency):
    """Something failed that the service did not expect; its log has the details."""

    code = "internal_error"


# ----------------------------------------------------------- configuration


class SettingsInvalid(Configuration):
    """A settings file or environment variable has an unknown key or a wrong value."""

    code = "settings_invalid"


class NotInitialised(Configuration):
    """Keys or database are missing; the service never creates them by itself."""

    code = "not_initialised"


class SchemaOutdated(Configuration):
    """The database schema does not belong to this version."""

    code = "schema_outdated"


class UnsafeDatabase(Configuration):
    """The database would acknowledge data that is not durable."""

    code = "unsafe_database"


class UnsafePermissions(Configuration):
    """A secret file can be read by others."""

    code = "unsafe_permissions"


class KeyStoreInvalid(Configuration):
    """A key file is missing, damaged, or does not belong to its certificate."""

    code = "key_store_invalid"


class ProfileInvalid(Configuration):
    """A certificate profile is not usable."""

    code = "profile_invalid"
