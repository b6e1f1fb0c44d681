"""A list straight out of gatepost's store, with the source and age of each entry."""

from __future__ import annotations

from pathlib import Path

from gatepost.errors import ConfigInvalid, ListUnavailable
from gatepost.gate.listing import Edition, Listing
from gatepost.model.record import SerialRecord

_FILE = "sqlite:///"


class StoreOrigin:
    """``sqlite:///PATH#LIST`` or ``postgresql+psycopg://…#LIST``. The store is opened for each look alone.

    Follows what the list's targets hold, so that what a guard or a person holds back is held back here too.
    """

    every = 5.0
    is_local = True

    def __init__(self, url: str) -> None:
        """Raises ConfigInvalid where no list is named."""
        self._url, _, self._list = url.partition("#")
        if not self._list:
            msg = "a list of the store is named behind a #, such as sqlite:////var/lib/gatepost/gatepost.db#webhooks"
            raise ConfigInvalid(msg)
        self.place = f"the list {self._list} of the store"
        self._record: SerialRecord | None = None

    def look(self, *, whole: bool) -> Listing | None:
        """As :class:`Origin` says. A store that is not there is not made, an older one not migrated."""
        from gatepost.store.store import Store  # noqa: PLC0415 - loads the database library

        if self._url.startswith(_FILE) and not Path(self._url.removeprefix(_FILE)).exists():
            msg = f"there is no store {self._url}"
            raise ListUnavailable(msg)
        with Store.open_to_read(self._url) as store:
            serial = store.carried_out(self._list)
            record = None if serial is None else store.serial_record(self._list, serial)
            if record is not None and record == self._record and not whole:
                return None
            snapshot = None if serial is None else store.snapshot(self._list, serial)
        if snapshot is None:
            msg = f"{self.place} has no content yet that was carried out"
            raise ListUnavailable(msg)
        edition = Edition(self._list, snapshot.serial, snapshot.at)
        listing = Listing.of_content(edition, snapshot.content)
        self._record = record
        return listing
