"""A moment as text, the same in every document."""

from __future__ import annotations

from datetime import UTC, datetime


def time_text(at: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
