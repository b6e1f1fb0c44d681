"""What a list holds: its sources, pins, exclusions and grace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from gatepost.model.answer import Accepted
from gatepost.model.content import Allowlist, Content


def compose(allowlist: Allowlist, accepted: Mapping[str, Accepted], at: datetime) -> Content:
    """The content of a list at a moment."""
    raise NotImplementedError
