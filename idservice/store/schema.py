"""The database schema, the same for SQLite and PostgreSQL.

What must be unique is UNIQUE here, what is used once has a column that a
compare-and-swap sets, and nothing is ever deleted that proves an act: certificates,
audit rows, tokens. Times are aware UTC datetimes outside, microseconds inside.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

SCHEMA_REVISION = "0002"
"""The migration that makes this schema; `store.database` refuses any other."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as microseconds since 1970 so that both databases agree."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the interface of SQLAlchemy
    ) -> int | None:
        """Turn an aware datetime into microseconds; a naive one is a programming error."""
        if value is None:
            return None
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(
        self,
        value: int | None,
        dialect: Dialect,  # noqa: ARG002 - the interface of SQLAlchemy
    ) -> datetime | None:
        """Turn microseconds into an aware UTC datetime."""
        return None if value is None else _EPOCH + value * _MICROSECOND


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# A row exists before its certificate does: status "pending" holds the serial and the
# to-be-signed bytes until the signed certificate is stored (write-ahead issuance).
certificates = Table(
    "certificates",
    metadata,
    Column("issuer", String(64), primary_key=True),
    Column("serial", String(40), primary_key=True),  # lower-case hex, no leading zeros
    Column("profile", String(64), nullable=False),
    Column("profile_version", String(16), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("custody", String(16), nullable=False),
    Column("person_code", String(32), ForeignKey("persons.code")),
    Column("subject", Text, nullable=False),
    Column("spki_sha256", String(64), nullable=False),
    Column("tbs_der", LargeBinary, nullable=False),
    Column("certificate_der", LargeBinary),
    Column("certificate_sha256", String(64)),
    Column("status", String(16), nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("not_after", UtcDateTime, nullable=False),
    Column("allocated_at", UtcDateTime, nullable=False),
    Column("issued_at", UtcDateTime),
    Column("suspended_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("revocation_reason", String(32)),
    Column("approver", String(64), nullable=False),
    UniqueConstraint("certificate_sha256"),
    CheckConstraint(
        "status IN ('pending', 'valid', 'suspended', 'revoked', 'abandoned')", name="status"
    ),
    Index("ix_certificates_person", "person_code", "purpose"),
    Index("ix_certificates_allocated", "allocated_at"),
    Index("ix_certificates_status", "status", "allocated_at"),
)

# One row per public key ever certified: the same key in two people's certificates is
# refused by the primary key, not by a query that may race.
public_keys = Table(
    "public_keys",
    metadata,
    Column("spki_sha256", String(64), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
)

persons = Table(
    "persons",
    metadata,
    Column("code", String(32), primary_key=True),
    Column("given_name", Text, nullable=False),
    Column("surname", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("suspended_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("revocation_reason", String(32)),
    CheckConstraint("status IN ('issuing', 'active', 'suspended', 'revoked')", name="status"),
)

# Keys in server custody, wrapped under the PIN and the key store's secret together; a
# second copy under the PUK lets a forgotten PIN be replaced.
private_keys = Table(
    "private_keys",
    metadata,
    Column("person_code", String(32), ForeignKey("persons.code"), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("spki_sha256", String(64), nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("kdf", String(80), nullable=False),
    Column("puk_wrapped_key", LargeBinary, nullable=False),
    Column("puk_salt", LargeBinary, nullable=False),
    Column("puk_kdf", String(80), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# Holder is "server:<personal code>" or "card:<SHA-256 of the card's file>".
pins = Table(
    "pins",
    metadata,
    Column("holder", String(80), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("tries_left", Integer, nullable=False),
    Column("evaluations", BigInteger, nullable=False),
    Column("verifier", LargeBinary),
    Column("salt", LargeBinary),
    Column("kdf", String(80)),
    Column("changed_at", UtcDateTime, nullable=False),
    CheckConstraint("tries_left >= 0 AND tries_left <= 3", name="tries_left"),
    CheckConstraint("purpose IN ('pin1', 'pin2', 'puk')", name="purpose"),
)

relying_parties = Table(
    "relying_parties",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

relying_party_origins = Table(
    "relying_party_origins",
    metadata,
    Column("relying_party", String(64), ForeignKey("relying_parties.id"), primary_key=True),
    Column("origin", String(255), primary_key=True),
    Column("position", Integer, nullable=False),
)

# Only hashes of nonce and session are kept: a dump cannot answer a challenge. Web eID signs
# over a hash of the nonce, of the size that the certificate's algorithm asks for: hence three.
challenges = Table(
    "challenges",
    metadata,
    Column("nonce_sha256", String(64), primary_key=True),
    Column("nonce_sha384", String(96), nullable=False),
    Column("nonce_sha512", String(128), nullable=False),
    Column("session_sha256", String(64), nullable=False),
    Column("relying_party", String(64), ForeignKey("relying_parties.id"), nullable=False),
    Column("origin", String(255), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    UniqueConstraint("session_sha256"),
    Index("ix_challenges_expiry", "expires_at"),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("jti", String(64), primary_key=True),
    Column("person_code", String(32), ForeignKey("persons.code"), nullable=False),
    Column("relying_party", String(64), ForeignKey("relying_parties.id"), nullable=False),
    Column("certificate_issuer", String(64), nullable=False),
    Column("certificate_serial", String(40), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Index("ix_access_tokens_expiry", "expires_at"),
)

# The keys of access tokens live here so that every process serves the same JWKS; the
# private half is encrypted under the key store's secret.
token_keys = Table(
    "token_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("algorithm", String(16), nullable=False),
    Column("public_jwk", Text, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("signs_from", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime),
    Column("published_until", UtcDateTime),
)

# The document itself waits in the state folder under the same identifier.
pending_signatures = Table(
    "pending_signatures",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("person_code", String(32), ForeignKey("persons.code"), nullable=False),
    Column("certificate_issuer", String(64), nullable=False),
    Column("certificate_serial", String(40), nullable=False),
    Column("document_sha256", String(64), nullable=False),
    Column("pending", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("completed_at", UtcDateTime),
    Column("signature_value", LargeBinary),
    Column("level", String(8), nullable=False, server_default="B-B"),
    # What follows the document at levels above B-B: made once, for the first completion.
    Column("finished", LargeBinary),
    Index("ix_pending_signatures_expiry", "expires_at"),
)

# Counts every revocation, suspension and its end, in the transaction of the change: what was
# answered before it is known to be old, in every process.
status_epochs = Table(
    "status_epochs",
    metadata,
    Column("issuer", String(64), primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

# Every list that was ever signed; the number is the primary key, so no two lists share one.
crls = Table(
    "crls",
    metadata,
    Column("issuer", String(64), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("this_update", UtcDateTime, nullable=False),
    Column("next_update", UtcDateTime, nullable=False),
    Column("crl_der", LargeBinary, nullable=False),
)

# The clock of a time-stamping unit: no token may be older than the one before it.
time_stamping_units = Table(
    "time_stamping_units",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("last_gen_time", UtcDateTime, nullable=False),
)

# The record of every time-stamp token, written before the token is signed.
time_stamps = Table(
    "time_stamps",
    metadata,
    Column("serial", String(40), primary_key=True),  # lower-case hex, no leading zeros
    Column("unit", String(64), nullable=False),
    Column("gen_time", UtcDateTime, nullable=False),
    Column("policy", String(64), nullable=False),
    Column("imprint_algorithm", String(16), nullable=False),
    Column("imprint", LargeBinary, nullable=False),
    Index("ix_time_stamps_gen_time", "gen_time"),
)

# Keys of people inside a hardware security module, found there by their identifier.
hsm_keys = Table(
    "hsm_keys",
    metadata,
    Column("person_code", String(32), ForeignKey("persons.code"), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("spki_sha256", String(64), nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("key_id"),
)

audit = Table(
    "audit",
    metadata,
    Column(
        "id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    ),
    Column("at", UtcDateTime, nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("details", Text, nullable=False),
    Index("ix_audit_subject", "subject", "id"),
)
