"""The directory of a feed: what is published, and how the next version takes its place. All of it blocks."""

from __future__ import annotations

import os
import pwd
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec

from gatepost.errors import TargetRejected
from gatepost.formats.base import Edition, Format
from gatepost.kit.files import Damaged, read_regular, sync_directory
from gatepost.model.entry import Entry
from gatepost.model.moment import time_text
from gatepost.model.plan import Current
from gatepost.planning.digest import digest_entries
from gatepost.targets._feed_manifest import (
    CURRENT,
    LINK,
    MANIFEST,
    SIZE_MAX,
    VERSIONS,
    Manifest,
    Rendition,
    Version,
    encode,
    link_of,
    read_version,
)
from gatepost.targets._feed_rendering import Made
from gatepost.targets._file_reading import rerendered

NEW = ".gatepost-new"
"""A version being written, in ``versions``; a link being made, in the directory itself."""
NUMBER = re.compile(r"[0-9]{8}")
FILE_MODE, FOLDER_MODE = 0o644, 0o755
_SECOND = timedelta(seconds=1)

Maker = Callable[[Edition, Manifest | None], Made]


@dataclass(frozen=True, slots=True)
class Held:
    """What is published, and what we know of it."""

    version: Version | None
    current: Current
    edited: bool = False
    """Whether files are missing, or are not as they were published."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One feed's place."""

    path: Path
    formats: tuple[Format, ...]
    keep: int
    """Versions that stay beside the one that is published."""

    @property
    def lock(self) -> Path:
        """Beside the directory, so that it is there before the directory is."""
        return self.path.with_name(f".{self.path.name}.gatepost.lock")

    def read(self, recipe: str) -> Held:
        """What is published; ``recipe`` is what should be. Raises OSError or ValueError."""
        version, entries = self._published()
        if version is None:
            self._require_bare()
            return Held(None, Current(0, (), digest_entries(())))
        manifest = version.manifest
        if version.is_whole and digest_entries(entries) == manifest.digest:
            mixed = manifest.recipe != recipe
            return Held(version, Current(manifest.generation, entries, manifest.digest, mixed))
        return Held(version, self._edited(version), edited=True)

    def _published(self) -> tuple[Version | None, tuple[Entry, ...]]:
        """The version and its entries. Raises OSError, or Damaged where these cannot be read."""
        try:
            version = read_version(self.path)
            return version, version.manifest.current_entries() if version else ()
        except ValueError as error:
            ours = (self.path / CURRENT, self.path / VERSIONS)
            step = f"If nobody else needs them, remove {ours[0]} and {ours[1]}, then run `gatepost apply`."
            raise Damaged(str(error), step) from None

    def publish(self, held: Held, edition: Edition, make: Maker) -> None:
        """Write a version whole, then swap the link to it. Raises OSError, or ValueError of a renderer."""
        before = held.version.manifest if held.version else None
        made = make(replace(edition, at=_moment(edition.at, before)), before)
        created = self._make_folder()
        manifest = msgspec.structs.replace(
            made.manifest, made=created or (before is not None and before.made)
        )
        try:
            self._swap(self._write(manifest, made))
        except BaseException:
            self._undo(created=created)
            raise
        self._prune(manifest.generation)

    def adopt(self, at: datetime, make: Maker) -> None:
        """Publish the one list that stands in the directory, and move it in; nothing where there is none.

        Raises TargetRejected where it is not, byte for byte, what one of the formats would write.
        """
        found = self._visible()
        if not found or link_of(self.path) is not None or self._is_ours(found):
            return
        alone = found[0] if len(found) == 1 and found[0].is_file() and not found[0].is_symlink() else None
        read = None if alone is None else self._explained(alone)
        if alone is None or read is None:
            names = ", ".join(f".{each.name}" for each in self.formats)
            msg = f"feed {self.path}: what is there is not one list as gatepost writes it ({names})"
            raise TargetRejected(msg, hint="Move it away, or choose another directory.")
        form, entries = read
        edition = Edition(alone.name.removesuffix(f".{form.name}"), 0, at, entries)
        self.publish(Held(None, Current(0, (), "")), edition, make)
        alone.unlink()
        sync_directory(self.path)

    def remove(self, held: Held) -> None:
        """Take away all that is ours; the link first, since without it nothing is published."""
        (self.path / CURRENT).unlink(missing_ok=True)
        for each in self._numbered():
            shutil.rmtree(each)
        self.clear()
        with suppress(OSError):  # somebody else's files are in it
            (self.path / VERSIONS).rmdir()
            if held.version is not None and held.version.manifest.made:
                self.path.rmdir()
        self.lock.unlink(missing_ok=True)

    def is_bare(self) -> bool:
        """Whether nothing of ours is here."""
        return not (self.lock.exists() or (self.path / VERSIONS).exists() or link_of(self.path))

    def leftovers(self) -> list[Path]:
        """What a writer that died left."""
        link = link_of(self.path)
        number = LINK.fullmatch(link or "")
        beyond = [each for each in self._numbered() if number is None or each.name > number[1]]
        begun = [self.path / VERSIONS / NEW, self.path / NEW]
        return [*(each for each in begun if each.is_symlink() or each.exists()), *beyond]

    def clear(self) -> None:
        """Remove that; needs the lock."""
        for each in self.leftovers():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink()

    def stamp(self) -> str:
        """Of the link and of every file of the version it points to."""
        link = link_of(self.path)
        if link is None:
            return "-"
        return f"{link} " + " ".join(f"{name}:{_stamp(status)}" for name, status in _walk(self.path / link))

    def suspects(self) -> tuple[str, ...]:
        """Whose the files are that are not as they were published, and when they were changed."""
        version = read_version(self.path)
        if version is None:
            return ()
        place = self.path / f"{VERSIONS}/{version.manifest.generation:08}"
        return tuple(_suspect(place / path) for path in _changed(version))

    def _require_bare(self) -> None:
        found = self._visible()
        if found and not self._is_ours(found):
            msg = "it is not empty and has no link of ours"
            raise ValueError(msg)

    def _visible(self) -> list[Path]:
        """What stands in the directory but for our own traces; none where there is no directory."""
        try:
            return sorted(each for each in self.path.iterdir() if each.name != NEW)
        except FileNotFoundError:
            return []

    def _is_ours(self, found: Iterable[Path]) -> bool:
        """Whether there are but versions that never were published, or whose link was lost."""
        inside = self.path / VERSIONS
        if [*found] != [inside] or not inside.is_dir():
            return False
        return all(NUMBER.fullmatch(each.name) or each.name == NEW for each in inside.iterdir())

    def _numbered(self) -> list[Path]:
        inside = self.path / VERSIONS
        if not inside.is_dir():
            return []
        return sorted(each for each in inside.iterdir() if NUMBER.fullmatch(each.name))

    def _edited(self, version: Version) -> Current:
        """What an edited file holds, where it is still of its form; else that it is not what it should be."""
        manifest = version.manifest
        edition = Edition(manifest.list, manifest.serial, manifest.at, ())
        place = self.path / f"{VERSIONS}/{manifest.generation:08}"
        forms = {each.name: each for each in self.formats}
        for each in manifest.renditions:
            plain = each.family is None and each.variant is None and not each.suffix
            if plain and each.format in forms:
                data = self._changed_bytes(place, version, each)
                entries = None if data is None else rerendered(forms[each.format], edition, data)
                if entries is not None:
                    return Current(manifest.generation, entries, digest_entries(entries))
        text = " ".join(_changed(version)) + encode(manifest).decode("utf-8", "replace")
        return Current(manifest.generation, (), f"sha256:{sha256(text.encode()).hexdigest()}", unread=True)

    def _changed_bytes(self, place: Path, version: Version, each: Rendition) -> bytes | None:
        path = each.files["identity"].path
        return None if path in version.data else read_regular(place / path, SIZE_MAX)

    def _explained(self, place: Path) -> tuple[Format, tuple[Entry, ...]] | None:
        data = read_regular(place, SIZE_MAX)
        for form in sorted(self.formats, key=lambda one: -len(one.name)):
            stem = place.name.removesuffix(f".{form.name}")
            if data and stem != place.name:
                found = rerendered(form, Edition(stem, 0, datetime.now(UTC), ()), data)
                return (form, found) if found else None
        return None

    def _make_folder(self) -> bool:
        """Whether it had to be made."""
        try:
            self.path.mkdir(mode=FOLDER_MODE)
        except FileExistsError:
            return False
        self.path.chmod(FOLDER_MODE)
        sync_directory(self.path.parent)
        return True

    def _write(self, manifest: Manifest, made: Made) -> int:
        inside = self.path / VERSIONS
        _folder(inside)
        self.clear()
        new = inside / NEW
        _folder(new)
        folders = {new, *((new / path).parent for path in made.data)}
        for each in sorted(folders):
            _folder(each)
        whole = {**made.data, MANIFEST: encode(manifest)}
        for path, data in whole.items():
            _write(new / path, data)
        for path in whole:
            _sync(new / path)
        for each in folders:
            sync_directory(each)
        new.rename(inside / f"{manifest.generation:08}")
        sync_directory(inside)
        sync_directory(self.path)
        return manifest.generation

    def _swap(self, generation: int) -> None:
        new = self.path / NEW
        new.unlink(missing_ok=True)
        new.symlink_to(f"{VERSIONS}/{generation:08}")
        new.rename(self.path / CURRENT)
        sync_directory(self.path)

    def _undo(self, *, created: bool) -> None:
        """What could not be finished goes; where that fails too, the next one clears it."""
        with suppress(OSError):
            self.clear()
            if created:
                (self.path / VERSIONS).rmdir()
                self.path.rmdir()

    def _prune(self, generation: int) -> None:
        """Older versions than are kept; a reader that is still at one of them has it in memory."""
        with suppress(OSError):
            for each in self._numbered():
                if int(each.name) < generation - self.keep:
                    shutil.rmtree(each)


def _moment(now: datetime, before: Manifest | None) -> datetime:
    """To the second, and later than the last, so that two versions never share a ``Last-Modified``."""
    at = now.astimezone(UTC).replace(microsecond=0)
    return at if before is None else max(at, before.at.astimezone(UTC) + _SECOND)


def _changed(version: Version) -> list[str]:
    paths = (each.path for rendition in version.manifest.renditions for each in rendition.files.values())
    return [path for path in paths if path not in version.data]


def _folder(place: Path) -> None:
    place.mkdir(mode=FOLDER_MODE, exist_ok=True)
    place.chmod(FOLDER_MODE)


def _write(place: Path, data: bytes) -> None:
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    with open(handle, "wb") as file:  # noqa: PTH123 - the handle was opened exclusively
        os.fchmod(handle, FILE_MODE)
        file.write(data)


def _sync(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _walk(place: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every file below, in order."""
    for root, folders, names in os.walk(place):
        folders.sort()
        for name in sorted(names):
            with suppress(FileNotFoundError):
                yield name, os.lstat(os.path.join(root, name))  # noqa: PTH118 - asked each second


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _suspect(place: Path) -> str:
    try:
        found = place.lstat()
    except FileNotFoundError:
        return f"{place} was removed"
    changed = time_text(datetime.fromtimestamp(found.st_mtime, UTC))
    return f"{place} belongs to {_user(found.st_uid)} and was last changed at {changed}"


def _user(number: int) -> str:
    try:
        return f"{pwd.getpwuid(number).pw_name} (uid {number})"
    except KeyError:
        return f"uid {number}"
