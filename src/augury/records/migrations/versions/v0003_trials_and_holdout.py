"""Every configuration scored, what is sealed and every opening: three tables that only grow.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from augury.records.migrations import append_only

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
HASH = sa.String(64)
SCORED = ("dataset", "data_version", "kind", "config_hash", "metric")


def upgrade() -> None:
    """Create the tables, then close them against edits."""
    _trials()
    for table, who, when in (("holdout_seals", "sealed_by", "sealed_at"), ("holdout_opens", "opened_by", "opened_at")):
        opens = table == "holdout_opens"
        op.create_table(
            table,
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column("dataset", sa.Text(), nullable=False),
            sa.Column("sealed_from", MOMENT, nullable=False),
            sa.Column(who, sa.Text(), nullable=False),
            sa.Column(when, MOMENT, nullable=False),
            *([sa.Column("reason", sa.Text(), nullable=False)] if opens else []),
            *([sa.CheckConstraint("reason <> ''", name=op.f("ck_holdout_opens_reason"))] if opens else []),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
        op.create_index(f"ix_{table}_dataset", table, ["dataset"], unique=False)
        append_only.guard(op.get_bind(), table)


def _trials() -> None:
    op.create_table(
        "trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("data_version", HASH, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("config_hash", HASH, nullable=False),
        sa.Column("settings_json", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("n", sa.Double(), nullable=False),
        sa.Column("horizon_bars", sa.Integer(), nullable=False),
        sa.Column("series", sa.LargeBinary()),
        sa.Column("series_hash", HASH),
        sa.Column("scored_at", MOMENT, nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.CheckConstraint("(series IS NULL) = (series_hash IS NULL)", name=op.f("ck_trials_series")),
        sa.CheckConstraint("n >= 0 AND horizon_bars >= 1", name=op.f("ck_trials_periods")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trials")),
        sa.UniqueConstraint(*SCORED, name=op.f("uq_trials_scored")),
    )
    op.create_index("ix_trials_data_version", "trials", ["data_version"], unique=False)
    append_only.guard(op.get_bind(), "trials", SCORED)


def downgrade() -> None:
    """Open the tables, then drop them."""
    for table in ("holdout_opens", "holdout_seals", "trials"):
        append_only.unguard(op.get_bind(), table)
        op.drop_table(table)
