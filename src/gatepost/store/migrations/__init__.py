"""Alembic's environment: how the tables come to be and change."""
