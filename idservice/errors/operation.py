"""Dependencies that do not answer, and installations not fit to run."""

from __future__ import annotations

from idservice.errors.families import Configuration, Dependency


class DatabaseUnavailable(Dependency):
    """The database does not answer or refuses the transaction."""

    code = "database_unavailable"


class KeyStoreUnavailable(Dependency):
    """The key store, such as a token with keys in it, does not answer."""

    code = "key_store_unavailable"


class ServiceUnavailable(Dependency):
    """A running service was expected and cannot be reached, or answers with an error."""

    code = "service_unavailable"


class StorageUnavailable(Dependency):
    """A file of the service cannot be written or synced."""

    code = "storage_unavailable"


class DemonstrationFailed(Dependency):
    """A step of the demonstration did not end as it should."""

    code = "demonstration_failed"


class AddressInUse(Dependency):
    """The port to listen on is taken by another program."""

    code = "address_in_use"


class ClockWentBack(Dependency):
    """The clock stands before what was recorded last, so nothing can be dated truthfully."""

    code = "clock_went_back"


class ClockDrifted(Dependency):
    """The clock was changed while the service ran, so nothing can be dated truthfully."""

    code = "clock_drifted"


class TimeStampRefused(Dependency):
    """The time-stamping authority answered that it makes no time-stamp for this request."""

    code = "time_stamp_refused"


class TsaUnavailable(Dependency):
    """No time-stamping authority gave an answer within the deadline."""

    code = "tsa_unavailable"


class OcspUnavailable(Dependency):
    """No OCSP responder gave an answer within the deadline."""

    code = "ocsp_unavailable"


class RevocationListUnavailable(Dependency):
    """A certificate revocation list could not be fetched within the deadline."""

    code = "revocation_list_unavailable"


class InternalError(Dependency):
    """Something failed that the service did not expect; its log has the details."""

    code = "internal_error"


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
    """A key is missing, damaged, not safe, or does not belong to its certificate."""

    code = "key_store_invalid"


class ProfileInvalid(Configuration):
    """A certificate profile is not usable."""

    code = "profile_invalid"


class ValidationPolicyInvalid(Configuration):
    """A validation policy has an unknown entry or a wrong value, or adjusts what may not be."""

    code = "validation_policy_invalid"
