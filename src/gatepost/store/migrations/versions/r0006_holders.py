"""Which targets hold a list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

PLANS = sa.table("plans", sa.column("target"), sa.column("list"))


def upgrade() -> None:
    """One table; until a list's next cycle all targets that it was ever planned for hold it."""
    holders = op.create_table(
        "holders",
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("list", "target"),
    )
    known = op.get_bind().execute(sa.select(PLANS.c.list, PLANS.c.target).distinct()).all()
    if known:
        op.bulk_insert(holders, [{"list": row.list, "target": row.target} for row in known])
