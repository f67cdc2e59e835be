"""Where data came from: the table of lineage, which only grows.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from augury.records.migrations import append_only

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, then close it against edits."""
    op.create_table(
        "lineage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("child_hash", sa.String(64), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parents_json", sa.Text(), nullable=False),
        sa.Column("parameters_json", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer()),
        sa.Column("dataset", sa.Text()),
        sa.Column("change", sa.Text()),
        sa.Column("version", sa.Text()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('file', 'source', 'import', 'symbol', 'append', 'resample', 'features')",
            name=op.f("ck_lineage_kind"),
        ),
        sa.CheckConstraint("(dataset IS NULL) = (version IS NULL)", name=op.f("ck_lineage_dataset")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lineage")),
    )
    op.create_index("ix_lineage_child_hash", "lineage", ["child_hash"], unique=False)
    op.create_index("ix_lineage_dataset", "lineage", ["dataset"], unique=False)
    append_only.guard(op.get_bind(), "lineage")


def downgrade() -> None:
    """Open the table, then drop it."""
    append_only.unguard(op.get_bind(), "lineage")
    op.drop_table("lineage")
