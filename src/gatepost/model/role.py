"""Who may do what on the server: three roles, each with all that the one before may."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A role, least first."""

    VIEWER = "viewer"
    APPROVER = "approver"
    ADMIN = "admin"

    def covers(self, wanted: Role) -> bool:
        """Whether this role may do what ``wanted`` may."""
        return _RANK[self] >= _RANK[wanted]


_RANK = {role: rank for rank, role in enumerate(Role)}
