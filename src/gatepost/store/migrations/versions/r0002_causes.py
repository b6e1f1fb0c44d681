"""Why a target was written, what its counters said, and how it drifted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One column and two tables."""
    op.add_column("intents", sa.Column("cause", sa.Text(), nullable=False, server_default="sync"))
    op.create_table(
        "counts",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=False),
        sa.Column("packets", sa.BigInteger(), nullable=False),
        sa.Column("rose_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("target", "place"),
    )
    op.create_table(
        "drifts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("drift", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("drifts_target", "drifts", ["target", "ended_at"], unique=False)
