"""The first schema: certificates, people, keys, PINs, logins, pending signatures, audit.

Times are microseconds since 1970 in UTC.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables, those that others refer to first."""
    _create_audit()
    _create_persons()
    _create_pins()
    _create_public_keys()
    _create_relying_parties()
    _create_token_keys()
    _create_access_tokens()
    _create_certificates()
    _create_challenges()
    _create_pending_signatures()
    _create_private_keys()
    _create_relying_party_origins()


def downgrade() -> None:
    """Drop all tables, in the opposite order."""
    for table in (
        "relying_party_origins",
        "private_keys",
        "pending_signatures",
        "challenges",
        "certificates",
        "access_tokens",
        "token_keys",
        "relying_parties",
        "public_keys",
        "pins",
        "persons",
        "audit",
    ):
        op.drop_table(table)


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_subject", "audit", ["subject", "id"])


def _create_persons() -> None:
    op.create_table(
        "persons",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("surname", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("suspended_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revocation_reason", sa.String(length=32), nullable=True),
        sa.CheckConstraint(
            "status IN ('issuing', 'active', 'suspended', 'revoked')",
            name=op.f("ck_persons_status"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_persons")),
    )


def _create_pins() -> None:
    op.create_table(
        "pins",
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("evaluations", sa.BigInteger(), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("kdf", sa.String(length=80), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("purpose IN ('pin1', 'pin2', 'puk')", name=op.f("ck_pins_purpose")),
        sa.CheckConstraint("tries_left >= 0 AND tries_left <= 3", name=op.f("ck_pins_tries_left")),
        sa.PrimaryKeyConstraint("holder", "purpose", name=op.f("pk_pins")),
    )


def _create_public_keys() -> None:
    op.create_table(
        "public_keys",
        sa.Column("spki_sha256", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("spki_sha256", name=op.f("pk_public_keys")),
    )


def _create_relying_parties() -> None:
    op.create_table(
        "relying_parties",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relying_parties")),
    )


def _create_token_keys() -> None:
    op.create_table(
        "token_keys",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=16), nullable=False),
        sa.Column("public_jwk", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signs_from", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.Column("published_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_token_keys")),
    )


def _create_access_tokens() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("person_code", sa.String(length=32), nullable=False),
        sa.Column("relying_party", sa.String(length=64), nullable=False),
        sa.Column("certificate_issuer", sa.String(length=64), nullable=False),
        sa.Column("certificate_serial", sa.String(length=40), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_code"], ["persons.code"], name=op.f("fk_access_tokens_person_code")
        ),
        sa.ForeignKeyConstraint(
            ["relying_party"], ["relying_parties.id"], name=op.f("fk_access_tokens_relying_party")
        ),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_access_tokens")),
    )
    op.create_index("ix_access_tokens_expiry", "access_tokens", ["expires_at"])


def _create_certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("issuer", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("profile_version", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("custody", sa.String(length=16), nullable=False),
        sa.Column("person_code", sa.String(length=32), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("spki_sha256", sa.String(length=64), nullable=False),
        sa.Column("tbs_der", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_der", sa.LargeBinary(), nullable=True),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("allocated_at", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("suspended_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revocation_reason", sa.String(length=32), nullable=True),
        sa.Column("approver", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'valid', 'suspended', 'revoked', 'abandoned')",
            name=op.f("ck_certificates_status"),
        ),
        sa.ForeignKeyConstraint(
            ["person_code"], ["persons.code"], name=op.f("fk_certificates_person_code")
        ),
        sa.PrimaryKeyConstraint("issuer", "serial", name=op.f("pk_certificates")),
        sa.UniqueConstraint("certificate_sha256", name=op.f("uq_certificates_certificate_sha256")),
    )
    op.create_index("ix_certificates_person", "certificates", ["person_code", "purpose"])
    op.create_index("ix_certificates_allocated", "certificates", ["allocated_at"])
    op.create_index("ix_certificates_status", "certificates", ["status", "allocated_at"])


def _create_challenges() -> None:
    op.create_table(
        "challenges",
        sa.Column("nonce_sha256", sa.String(length=64), nullable=False),
        sa.Column("nonce_sha384", sa.String(length=96), nullable=False),
        sa.Column("nonce_sha512", sa.String(length=128), nullable=False),
        sa.Column("session_sha256", sa.String(length=64), nullable=False),
        sa.Column("relying_party", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=255), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["relying_party"], ["relying_parties.id"], name=op.f("fk_challenges_relying_party")
        ),
        sa.PrimaryKeyConstraint("nonce_sha256", name=op.f("pk_challenges")),
        sa.UniqueConstraint("session_sha256", name=op.f("uq_challenges_session_sha256")),
    )
    op.create_index("ix_challenges_expiry", "challenges", ["expires_at"])


def _create_pending_signatures() -> None:
    op.create_table(
        "pending_signatures",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person_code", sa.String(length=32), nullable=False),
        sa.Column("certificate_issuer", sa.String(length=64), nullable=False),
        sa.Column("certificate_serial", sa.String(length=40), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("pending", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("signature_value", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_code"], ["persons.code"], name=op.f("fk_pending_signatures_person_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_signatures")),
    )
    op.create_index("ix_pending_signatures_expiry", "pending_signatures", ["expires_at"])


def _create_private_keys() -> None:
    op.create_table(
        "private_keys",
        sa.Column("person_code", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("spki_sha256", sa.String(length=64), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("kdf", sa.String(length=80), nullable=False),
        sa.Column("puk_wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("puk_salt", sa.LargeBinary(), nullable=False),
        sa.Column("puk_kdf", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_code"], ["persons.code"], name=op.f("fk_private_keys_person_code")
        ),
        sa.PrimaryKeyConstraint("person_code", "purpose", name=op.f("pk_private_keys")),
    )


def _create_relying_party_origins() -> None:
    op.create_table(
        "relying_party_origins",
        sa.Column("relying_party", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=255), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["relying_party"],
            ["relying_parties.id"],
            name=op.f("fk_relying_party_origins_relying_party"),
        ),
        sa.PrimaryKeyConstraint("relying_party", "origin", name=op.f("pk_relying_party_origins")),
    )
