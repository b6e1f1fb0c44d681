"""What a terminal or the environment gave, as text."""

from __future__ import annotations


def as_text(given: str) -> str:
    """Bytes that were no UTF-8 become question marks: what is left can be written and shown anywhere."""
    return given.encode("utf-8", "replace").decode()
