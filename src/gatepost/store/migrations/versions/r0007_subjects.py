"""Whom a login provider meant, beside the name that it showed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """One column; of words before, nobody knows."""
    op.add_column("words", sa.Column("subject", sa.Text(), nullable=False, server_default=""))
