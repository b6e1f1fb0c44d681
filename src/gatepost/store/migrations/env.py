"""Run by Alembic, in the transaction that :mod:`gatepost.store.opening` began."""

from __future__ import annotations

from alembic import context

from gatepost.store import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    version_table=schema.VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
