"""Files that are whole or not there: write beside, sync, rename, sync the directory.

Nothing here catches ``OSError``: what a full disk or a missing right means,
only the caller knows.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NEW = ".gatepost-new."
"""Start of the name of a file being written; hidden, so that ``include dir/*.conf`` does not see it."""


class Damaged(ValueError):
    """A file of ours that cannot be read any more."""

    def __init__(self, what: str, step: str) -> None:
        """``step``: what helps."""
        super().__init__(what)
        self.next_step = step


@dataclass(frozen=True, slots=True)
class Staged:
    """A file written whole beside its place, synced, and not yet in it."""

    place: Path
    temporary: Path

    def commit(self) -> None:
        """Put it in its place, at once and for good: after this no crash loses it."""
        self.temporary.rename(self.place)
        sync_directory(self.place.parent)

    def discard(self) -> None:
        """Remove it, if it is still beside its place."""
        self.temporary.unlink(missing_ok=True)


def stage(place: Path, data: bytes, *, mode: int) -> Staged:
    """Write ``data`` beside ``place``, with ``mode`` and the owner that the file there has.

    One writer at a time: hold a :class:`FileLock`. What a crashed writer left
    beside the place is overwritten. Raises OSError; nothing is left then.
    """
    staged = Staged(place, place.with_name(NEW + place.name))
    staged.discard()
    try:
        _write(staged.temporary, data, mode=mode, owner=_owner(place))
    except BaseException:
        staged.discard()
        raise
    return staged


def write_atomic(place: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace ``place`` whole: a reader and a crash see the old file or the new one. Raises OSError."""
    staged = stage(place, data, mode=mode)
    try:
        staged.commit()
    except BaseException:
        staged.discard()
        raise


def read_regular(place: Path, limit: int) -> bytes | None:
    """Bytes of a regular file, None where nothing is.

    Raises ValueError for anything else (links, pipes, directories) and for a
    file larger than ``limit`` bytes, OSError where reading fails.
    """
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        msg = f"{place} is a symbolic link"
        raise ValueError(msg) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        msg = f"{place} is not a regular file"
        raise ValueError(msg)
    with open(handle, "rb") as file:  # noqa: PTH123 - Path.open cannot refuse links
        data = file.read(limit + 1)
    if len(data) > limit:
        msg = f"{place} is larger than {limit} bytes"
        raise ValueError(msg)
    return data


class FileLock:
    """Advisory lock of a lock file: released by the kernel when we die.

    The file stays, or its holder removes it: a lock that is not that of the
    file at the place is none, so two holders cannot be.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Try once, without waiting; whether it is held now. Raises OSError."""
        handle = os.open(self._place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            if error.errno != errno.EWOULDBLOCK:
                raise
            return False
        if not self._is_placed(handle):
            os.close(handle)
            return False
        self._handle = handle
        return True

    def _is_placed(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), self._place.lstat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let the next one in."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Wait until nobody else who asks so is at work in a directory. Raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync_directory(directory: Path) -> None:
    """Make renames in a directory survive a power loss."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _owner(place: Path) -> tuple[int, int] | None:
    try:
        found = place.lstat()
    except FileNotFoundError:
        return None
    return found.st_uid, found.st_gid


def _write(place: Path, data: bytes, *, mode: int, owner: tuple[int, int] | None) -> None:
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(handle, "wb") as file:  # noqa: PTH123 - the handle was opened exclusively
        file.write(data)
        file.flush()
        if owner is not None and owner != (os.geteuid(), os.getegid()):
            os.fchown(handle, *owner)
        os.fchmod(handle, mode)
        os.fsync(handle)
