"""Retention: when the files of a version that never served were removed.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment; until it is set the files are there."""
    op.add_column("model_versions", sa.Column("files_removed_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Forget the moments."""
    op.drop_column("model_versions", "files_removed_at")
