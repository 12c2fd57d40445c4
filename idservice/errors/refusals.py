"""Requests that are understood and refused."""

from __future__ import annotations

from idservice.errors.families import RequestRefused


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
    """A PIN or PUK does not have the required form; no try was counted."""

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


class FieldNotFound(RequestRefused):
    """The document has no signature field of this name."""

    code = "field_not_found"


class PageNotFound(RequestRefused):
    """The document has no page of this number."""

    code = "page_not_found"


class StampOffPage(RequestRefused):
    """The place for a visible signature does not lie wholly on the page as it is seen."""

    code = "stamp_off_page"


class StampNoRoom(RequestRefused):
    """The page has no free place for a visible signature, and none was named."""

    code = "stamp_no_room"


class StampTooSmall(RequestRefused):
    """What a visible signature is to show does not fit into its place."""

    code = "stamp_too_small"


class StampFieldUnusable(RequestRefused):
    """The signature field has no place of its own in which a visible signature could stand."""

    code = "stamp_field_unusable"


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


class RequestTimeout(RequestRefused):
    """The body of a request did not arrive in time."""

    code = "request_timeout"


class TimeStampPolicyUnacceptable(RequestRefused):
    """A time-stamp was asked for under a policy that the unit does not serve."""

    code = "time_stamp_policy_unacceptable"


class HostNotAllowed(RequestRefused):
    """An address names a host that nobody configured, so nothing is fetched from it."""

    code = "host_not_allowed"


class NothingToExtend(RequestRefused):
    """The document has no signature whose level could be raised."""

    code = "nothing_to_extend"


class AlreadyInitialised(RequestRefused):
    """Keys or state already exist and are never overwritten."""

    code = "already_initialised"


class BatchNotResumable(RequestRefused):
    """The output folder belongs to another batch, or to one that was not asked to go on."""

    code = "batch_not_resumable"


class BatchBusy(RequestRefused):
    """Another process is signing into this output folder."""

    code = "batch_busy"


class SourceChanged(RequestRefused):
    """A file was changed since the batch signed it, so its output is of an earlier version."""

    code = "source_changed"


class WorkerDied(RequestRefused):
    """A worker process ended while it was at this file, and again when it was tried once more."""

    code = "worker_died"
