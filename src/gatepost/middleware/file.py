"""A list in a file, as the file target or anybody writes it: read when it changes."""

from __future__ import annotations

import os
from pathlib import Path

from gatepost.errors import ListUnavailable, TooLarge
from gatepost.gate.listing import Listing
from gatepost.kit.files import read_regular
from gatepost.middleware.reading import BYTES_MAX, read_listing

Stamp = tuple[int, int, int, int]


class FileOrigin:
    """``txt`` or ``json``. A link is followed: whoever may change it is the owner's choice."""

    every = 2.0
    is_local = True

    def __init__(self, path: Path, name: str | None = None) -> None:
        """``name``: of the list, for people; else the file says it."""
        self.place = str(path)
        self._path = path
        self._name = name
        self._stamp: Stamp | None = None

    def look(self, *, whole: bool) -> Listing | None:
        """As :class:`Origin` says."""
        try:
            place = self._path.resolve(strict=True)
            stamp = _stamp(place.stat())
            if stamp == self._stamp and not whole:
                return None
            data = read_regular(place, BYTES_MAX)
        except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
            why = error.strerror if isinstance(error, OSError) else "links in a circle"
            msg = f"{self.place} cannot be read: {why}"
            raise ListUnavailable(msg) from None
        except ValueError as error:
            raise TooLarge(str(error)) from None
        listing = read_listing(data or b"", self.place, self._name)
        self._stamp = stamp
        return listing


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev
