"""Sessions on the server's side: of each id only a digest is kept, in a file that survives a crash."""

from __future__ import annotations

import secrets
import threading
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from gatepost.engine.state import folder, state_errors
from gatepost.kit.files import read_regular, write_atomic
from gatepost.model.role import Role
from gatepost.server.identity import key_of

SESSIONS_MOST = 1000
"""Kept at once; the oldest make room."""
SESSIONS_OF_ONE = 20
"""Of one user."""

_BYTES = 32
_FILE_MOST = 1 << 20


class Vouched(msgspec.Struct, frozen=True):
    """What the configuration does not say of somebody, since a login provider does."""

    issuer: str
    subject: str
    role: Role


class Session(msgspec.Struct, frozen=True):
    """One login."""

    user: str
    """A local user's name, or what a vouched person is shown by."""
    mark: str
    """Of the user's password at login, or of the provider's settings."""
    began: datetime
    expires: datetime
    vouched: Vouched | None = None
    """Where a login provider vouched for this person: who is meant is told by it, not by the name."""

    @property
    def owner(self) -> tuple[str, str]:
        """Who it is of, whatever they are shown by."""
        return ("", self.user) if self.vouched is None else (self.vouched.issuer, self.vouched.subject)


class Sessions:
    """All logins. Reading is quick and may be done anywhere; ``begin`` and ``end`` write a file."""

    def __init__(self, state: Path | None, lasts: timedelta) -> None:
        """``state``: the site's state directory; None keeps them in memory. Raises StoreUnavailable."""
        self._lasts = lasts
        self._lock = threading.Lock()
        place = folder(state, "server")
        self._file = None if place is None else place / "sessions.json"
        self._known: dict[str, Session] = self._read()

    def find(self, id_: str, now: datetime) -> Session | None:
        """The session of an id, unless it is over."""
        found = self._known.get(key_of(id_))
        return (
            found if found is not None and found.began <= now + self._lasts and now < found.expires else None
        )

    def begin(
        self, user: str, mark: str, now: datetime, vouched: Vouched | None = None
    ) -> tuple[str, Session]:
        """A new session and its id, on disk when this returns. Raises StoreUnavailable."""
        id_ = secrets.token_urlsafe(_BYTES)
        session = Session(user, mark, now, now + self._lasts, vouched)
        with self._lock:
            self._write({**self._kept(session.owner, now), key_of(id_): session})
        return id_, session

    def end(self, id_: str) -> None:
        """Forget one, on disk when this returns. Raises StoreUnavailable."""
        with self._lock:
            self._write({key: one for key, one in self._known.items() if key != key_of(id_)})

    def _kept(self, owner: tuple[str, str], now: datetime) -> dict[str, Session]:
        """What stays when one more comes: what is not over, the newest of all and of this user."""
        live = sorted(
            ((key, one) for key, one in self._known.items() if now < one.expires),
            key=lambda item: item[1].began,
        )[-(SESSIONS_MOST - 1) :]
        own = [key for key, one in live if one.owner == owner]
        over = set(own[: max(0, len(own) - SESSIONS_OF_ONE + 1)])
        return {key: one for key, one in live if key not in over}

    def _write(self, known: dict[str, Session]) -> None:
        if self._file is not None:
            with state_errors():
                write_atomic(self._file, msgspec.json.encode(known), mode=0o600)
        self._known = known

    def _read(self) -> dict[str, Session]:
        """What was there; nothing where it cannot be read: people log in again."""
        if self._file is None:
            return {}
        try:
            with state_errors():
                data = read_regular(self._file, _FILE_MOST)
            return {} if data is None else msgspec.json.decode(data, type=dict[str, Session])
        except (ValueError, msgspec.MsgspecError):
            return {}
