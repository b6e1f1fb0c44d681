"""What the clocks said at each look, and what was made of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ACCEPTED = sa.table("accepted", sa.column("at", sa.BigInteger))


def upgrade() -> None:
    """One column and one table; a history goes on from the last answer it accepted."""
    op.add_column("accepted", sa.Column("reckoned_at", sa.BigInteger(), nullable=True))
    looks = op.create_table(
        "looks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("uptime", sa.BigInteger(), nullable=False),
        sa.Column("wall", sa.BigInteger(), nullable=False),
        sa.Column("reckoned", sa.BigInteger(), nullable=False),
        sa.Column("believed", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("doubted_since", sa.BigInteger(), nullable=True),
        sa.Column("off", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("boot"),
    )
    last = op.get_bind().scalar(sa.select(sa.func.max(ACCEPTED.c.at)))
    if last is not None:
        times = dict.fromkeys(("wall", "reckoned", "believed"), last)
        op.bulk_insert(looks, [{"id": 1, "boot": "", "uptime": 0, "step": 0, **times}])
