"""Revocation lists, time-stamps, keys in hardware, and signatures above level B-B.

Every change is an addition, and the new columns of old tables have defaults: code of
the first schema goes on working beside it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns."""
    _create_status()
    _create_time_stamps()
    _create_hsm_keys()
    with op.batch_alter_table("pending_signatures") as table:
        table.add_column(sa.Column("level", sa.String(8), nullable=False, server_default="B-B"))
        table.add_column(sa.Column("finished", sa.LargeBinary()))


def downgrade() -> None:
    """Drop them again."""
    with op.batch_alter_table("pending_signatures") as table:
        table.drop_column("finished")
        table.drop_column("level")
    for name in ("hsm_keys", "time_stamps", "time_stamping_units", "crls", "status_epochs"):
        op.drop_table(name)


def _create_status() -> None:
    op.create_table(
        "status_epochs",
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", name="pk_status_epochs"),
    )
    op.create_table(
        "crls",
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("this_update", sa.BigInteger(), nullable=False),
        sa.Column("next_update", sa.BigInteger(), nullable=False),
        sa.Column("crl_der", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "number", name="pk_crls"),
    )


def _create_time_stamps() -> None:
    op.create_table(
        "time_stamping_units",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("last_gen_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_time_stamping_units"),
    )
    op.create_table(
        "time_stamps",
        sa.Column("serial", sa.String(40), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("gen_time", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("imprint_algorithm", sa.String(16), nullable=False),
        sa.Column("imprint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_time_stamps"),
    )
    op.create_index("ix_time_stamps_gen_time", "time_stamps", ["gen_time"])


def _create_hsm_keys() -> None:
    op.create_table(
        "hsm_keys",
        sa.Column("person_code", sa.String(32), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("spki_sha256", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_code"], ["persons.code"], name="fk_hsm_keys_person_code"),
        sa.PrimaryKeyConstraint("person_code", "purpose", name="pk_hsm_keys"),
        sa.UniqueConstraint("key_id", name="uq_hsm_keys_key_id"),
    )
