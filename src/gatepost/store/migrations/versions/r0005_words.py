"""Up to which word an acceptance has used words up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ACCEPTED = sa.table("accepted", sa.column("at", sa.BigInteger), sa.column("words_until", sa.BigInteger))
WORDS = sa.table("words", sa.column("id", sa.Integer), sa.column("at", sa.BigInteger))


def upgrade() -> None:
    """One column; words given before the last acceptance are used up, as they were by their times."""
    op.add_column("accepted", sa.Column("words_until", sa.BigInteger(), nullable=True))
    until = sa.select(sa.func.max(WORDS.c.id)).where(WORDS.c.at <= ACCEPTED.c.at).scalar_subquery()
    op.execute(sa.update(ACCEPTED).values(words_until=until))
