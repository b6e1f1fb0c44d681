"""The file of a target and what stands beside it, read and written together. All of it blocks."""

from __future__ import annotations

import pwd
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

from gatepost.errors import TargetRejected
from gatepost.formats.base import Edition, Format
from gatepost.kit.files import NEW, Damaged, Staged, read_regular, stage, sync_directory, write_atomic
from gatepost.model.entry import Entry
from gatepost.model.moment import time_text
from gatepost.model.plan import Current
from gatepost.planning.digest import digest_entries
from gatepost.targets._file_reading import explain, rerendered, salvaged
from gatepost.targets._rows import Row

SIDECAR_MODE = 0o600
SIZE_MAX = 256 * 1024 * 1024
"""Bytes of a file that is read back."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Version(msgspec.Struct, frozen=True):
    """One content that we wrote, or were about to write, or adopted."""

    generation: int
    sha256: str | None
    """Of the file's bytes; None where there was no file."""
    list: str
    serial: int
    at: datetime
    entries: tuple[Row, ...]

    @classmethod
    def of(cls, generation: int, edition: Edition, data: bytes) -> Version:
        """Of an edition and its bytes."""
        rows = tuple(map(Row.of, edition.entries))
        return cls(generation, _hash(data), edition.list, edition.serial, edition.at, rows)

    def current(self) -> Current:
        """As the engine sees it."""
        entries = tuple(row.entry() for row in self.entries)
        return Current(self.generation, entries, digest_entries(entries))

    def edition(self, entries: tuple[Entry, ...] = ()) -> Edition:
        """The same edition with other entries."""
        return Edition(self.list, self.serial, self.at, entries)


class Sidecar(msgspec.Struct, frozen=True, omit_defaults=True):
    """What ``.NAME.gatepost.json`` says."""

    gatepost: Literal[1]
    """Our mark, and the form of this file."""
    format: str
    written: Version
    pending: Version | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What is at the place, and what we know of it."""

    data: bytes | None
    """What to come back to: the bytes that are there, or the last ones in force if those never were."""
    mode: int
    written: Version
    current: Current
    marked: bool = False
    """Whether there is a sidecar."""
    ours: bool = False
    """Whether the bytes that are there are ours, as we wrote them."""
    edited: bool = False
    """Whether they are those of nobody we know."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """One place: the file, its sidecar, its lock, and what is on its way."""

    path: Path
    format: Format
    reloads: bool
    """Whether a pending file still waits for its reload."""

    def beside(self, what: str) -> Path:
        """``.NAME.gatepost.WHAT``."""
        return self.path.with_name(f".{self.path.name}.gatepost.{what}")

    def read(self) -> Held:
        """File and sidecar of one moment: the sidecar must not change while the file is read."""
        before, data = self._bytes("json"), read_regular(self.path, SIZE_MAX)
        while before != (after := self._bytes("json")):
            before, data = after, read_regular(self.path, SIZE_MAX)
        mode = self.path.stat().st_mode & 0o777 if data is not None else 0
        if before is None:
            written = self._never_written(data)
            return Held(data, mode, written, written.current())
        sidecar = self._decode(before)
        found = None if data is None else _hash(data)
        known = _known(sidecar)
        return Held(
            self._last_good(sidecar, data),
            mode,
            sidecar.written,
            self._current(sidecar, data),
            marked=True,
            ours=found in known,
            edited=found not in {*known, None, sidecar.written.sha256},
        )

    def announce(self, held: Held, version: Version) -> Staged:
        """Record what is about to be written; gives the sidecar for when it is, ready to be put in place."""
        self._record(Sidecar(1, self.format.name, held.written, version))
        done = Sidecar(1, self.format.name, version)
        return stage(self.beside("json"), msgspec.json.encode(done), mode=SIDECAR_MODE)

    def restore(self, held: Held) -> None:
        """Put the old bytes back, or nothing where nothing was."""
        if held.data is not None:
            write_atomic(self.path, held.data, mode=held.mode)
            return
        self.path.unlink(missing_ok=True)
        sync_directory(self.path.parent)

    def leftovers(self) -> list[Path]:
        """What a writer that died left beside the file."""
        sidecar = self.beside("json").name
        ours = [self.path.with_name(NEW + name) for name in (self.path.name, sidecar)]
        return [each for each in (*ours, self.beside("old")) if each.is_symlink() or each.exists()]

    def settle(self) -> None:
        """Bring to an end what a writer that died began; needs the lock. Raises OSError or ValueError."""
        sidecar = self._bytes("json")
        if sidecar is not None:
            self._settle_sidecar(self._decode(sidecar))
        for each in self.leftovers():
            each.unlink()

    def put_aside(self) -> None:
        """Take the file away, so that it can come back as it is, owner and all."""
        self.path.rename(self.beside("old"))
        sync_directory(self.path.parent)

    def put_back(self) -> None:
        """Undo that."""
        self.beside("old").rename(self.path)
        sync_directory(self.path.parent)

    def forget(self) -> None:
        """Remove all that is ours beside the file; the sidecar, by which we know it, last but the lock."""
        for each in self.leftovers():
            each.unlink()
        self.beside("json").unlink(missing_ok=True)
        self.beside("lock").unlink(missing_ok=True)
        sync_directory(self.path.parent)

    def is_bare(self) -> bool:
        """Whether nothing of ours is here."""
        return not (self.leftovers() or self.beside("json").exists() or self.beside("lock").exists())

    def adopt(self, at: datetime) -> None:
        """Write a sidecar beside a file that has none; nothing where there is nothing to adopt.

        Raises TargetRejected where the format does not explain every byte of it.
        """
        data = read_regular(self.path, SIZE_MAX)
        if not data or self._bytes("json") is not None:
            return
        edition = Edition("", 0, at, ())
        entries = explain(self.format, edition, data)
        if not entries:
            msg = f"file {self.path}: what it holds is not the format {self.format.name}, nothing else"
            raise TargetRejected(msg, hint="Move it away, or choose the format that it has.")
        version = Version.of(1, Edition("", 0, at, entries), data)
        self._record(Sidecar(1, self.format.name, version))

    def stamp(self) -> str:
        """Of the file and its sidecar."""
        return " ".join(map(_stamp, (self.path, self.beside("json"))))

    def suspects(self) -> tuple[str, ...]:
        """Whose the file is, and when it was changed: all that a file system knows."""
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return ()
        changed = time_text(datetime.fromtimestamp(found.st_mtime, UTC))
        return (f"{self.path} belongs to {_user(found.st_uid)} and was last changed at {changed}",)

    def _settle_sidecar(self, sidecar: Sidecar) -> None:
        """Nothing is pending any more where the file is one of the two; but a reload may be."""
        data = read_regular(self.path, SIZE_MAX)
        found = None if data is None else _hash(data)
        if sidecar.pending is None or (self.reloads and found == sidecar.pending.sha256):
            return
        if found == sidecar.pending.sha256:
            self._record(Sidecar(1, sidecar.format, sidecar.pending))
        elif found == sidecar.written.sha256:
            self._record(Sidecar(1, sidecar.format, sidecar.written))

    def _record(self, sidecar: Sidecar) -> None:
        """Where nothing was written and nothing will be, there is no sidecar either."""
        if sidecar.written.generation == 0 and sidecar.pending is None:
            self.beside("json").unlink(missing_ok=True)
            return
        write_atomic(self.beside("json"), msgspec.json.encode(sidecar), mode=SIDECAR_MODE)

    def _current(self, sidecar: Sidecar, data: bytes | None) -> Current:
        written, pending = sidecar.written, sidecar.pending
        found = None if data is None else _hash(data)
        if sidecar.format != self.format.name:
            return Current(written.generation, (), f"sha256:{found}", unread=bool(data))
        if found == written.sha256:
            return written.current()
        if pending and found == pending.sha256:
            return written.current() if self.reloads else pending.current()
        return self._edited(written, data or b"")

    def _last_good(self, sidecar: Sidecar, data: bytes | None) -> bytes | None:
        written, pending = sidecar.written, sidecar.pending
        if not (self.reloads and pending and data is not None and _hash(data) == pending.sha256):
            return data
        if written.sha256 is None:
            return None
        earlier = self.format.render(written.edition(written.current().entries))
        return earlier if _hash(earlier) == written.sha256 else data

    def _edited(self, written: Version, data: bytes) -> Current:
        """What an edited file holds; in step with nothing unless all of it is as the format writes it."""
        entries = rerendered(self.format, written.edition(), data)
        if entries is not None:
            return Current(written.generation, entries, digest_entries(entries))
        found = salvaged(self.format, written.edition(), data)
        digest = f"sha256:{_hash(data)}"
        return Current(written.generation, found.entries, digest, unread=found.unread)

    def _bytes(self, what: str) -> bytes | None:
        return read_regular(self.beside(what), SIZE_MAX)

    def _decode(self, sidecar: bytes) -> Sidecar:
        try:
            return msgspec.json.decode(sidecar, type=Sidecar)
        except msgspec.DecodeError:
            place = self.beside("json")
            step = (
                f'Remove {place}, then run `gatepost adopt TARGET --why "…"`; '
                "or move the file away too and run `gatepost apply`."
            )
            msg = f"{place.name} is no sidecar of gatepost"
            raise Damaged(msg, step) from None

    def _never_written(self, data: bytes | None) -> Version:
        if data:
            msg = "it is not empty and has no sidecar of gatepost"
            raise ValueError(msg)
        return Version(0, None if data is None else _hash(data), "", 0, EPOCH, ())


def _known(sidecar: Sidecar) -> set[str | None]:
    """Digests of the bytes that we wrote; an empty file from before our first write is not ours."""
    versions = [each for each in (sidecar.written, sidecar.pending) if each and each.generation]
    return {each.sha256 for each in versions} - {None}


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


def _stamp(place: Path) -> str:
    try:
        found = place.lstat()
    except FileNotFoundError:
        return "-"
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def _user(number: int) -> str:
    try:
        return f"{pwd.getpwuid(number).pw_name} (uid {number})"
    except KeyError:
        return f"uid {number}"
