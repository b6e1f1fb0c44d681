"""The door of the history: one class, its methods by subject in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from gatepost.kit.clock import Clock, SystemClock
from gatepost.store.database import Database, connect
from gatepost.store.lists import Lists
from gatepost.store.observations import Observations
from gatepost.store.opening import make_ready, require_current
from gatepost.store.plans import Plans
from gatepost.store.retention import Retention
from gatepost.store.sources import Sources


class Store(Sources, Lists, Plans, Observations, Retention):
    """Everything gatepost remembers. Safe to use from several threads and processes.

    Every method may raise StoreUnavailable (disk full, no permission, locked) and
    StoreCorrupt; a method that writes has then changed nothing.
    """

    @classmethod
    def open(cls, url: str, *, clock: Clock | None = None, wait: float = 10.0) -> Self:
        """Open a history, made or migrated if need be.

        ``url`` is ``sqlite:///PATH``, ``sqlite://`` (in memory) or
        ``postgresql+psycopg://…``; ``wait`` is how many seconds a lock is waited for.
        Raises ConfigInvalid, StoreTooNew, StoreCorrupt, StoreUnavailable.
        """
        now = (clock or SystemClock()).now()
        return cls._opened(connect(url, wait), lambda database: make_ready(database, now))

    @classmethod
    def open_to_read(cls, url: str, *, wait: float = 10.0) -> Self:
        """Open a history of this very version, for somebody who only looks: it is not migrated.

        Raises StoreTooOld, and what :meth:`open` raises.
        """
        return cls._opened(connect(url, wait), require_current)

    @classmethod
    def _opened(cls, database: Database, make_sure: Callable[[Database], None]) -> Self:
        try:
            make_sure(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def close(self) -> None:
        """Give back all connections; the store cannot be relied on afterwards."""
        self._database.close()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()
