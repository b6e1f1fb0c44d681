"""Which targets hold a list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

PLANS = sa.table("plans", *map(sa.column, ("id", "target", "list", "at")))


def upgrade() -> None:
    """One table; until the next cycle a target holds the list that its newest plan was for."""
    holders = op.create_table(
        "holders",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("target"),
    )
    op.create_index("holders_list", "holders", ["list"])
    query = sa.select(PLANS.c.target, PLANS.c.list).order_by(PLANS.c.at, PLANS.c.id)
    last = {row.target: row.list for row in op.get_bind().execute(query)}
    if last:
        op.bulk_insert(holders, [{"target": target, "list": list_} for target, list_ in last.items()])
