"""What a published version says of itself: ``manifest.json``, the last file written into its directory.

::

    PATH/current -> versions/00000007      one link, swapped at once: the version that is published
    PATH/versions/00000007/manifest.json   this
    PATH/versions/00000007/NAME.txt        each rendition, and beside it .gz, .zst, .sha256, .md5, .minisig
    PATH/versions/00000007/4/NAME.txt      the same of one family
    PATH/versions/00000007/none/NAME.txt   the same not merged (and none/4/…), where that differs
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

from gatepost.formats.base import Collapse
from gatepost.kit.files import read_regular
from gatepost.model.address import Family
from gatepost.model.entry import Entry
from gatepost.targets._rows import Row

Suffix = Literal["", "sha256", "md5", "minisig"]
MANIFEST = "manifest.json"
CURRENT = "current"
VERSIONS = "versions"
LINK = re.compile(rf"{VERSIONS}/([0-9]{{8}})")
SIZE_MAX = 256 * 1024 * 1024
"""Bytes of a file that is read back."""


class File(msgspec.Struct, frozen=True):
    """One file of a version."""

    path: str
    """Within the version's directory."""
    sha256: str
    size: int


class Rendition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A list in one format, whole or of one family; or a checksum or signature of that."""

    format: str
    media_type: str
    modified: datetime
    """Since when the bytes are these, to the second."""
    files: dict[str, File]
    """By encoding: ``identity`` always, ``gzip`` and ``zstd`` where they are shorter."""
    family: Family | None = None
    suffix: Suffix = ""
    variant: Collapse | None = None
    """None: what is given to whoever does not say how addresses shall be written."""
    collapse: tuple[Collapse, ...] = ()
    """What else it is: that of whoever says one of these."""
    count: int = 0
    """Values in it; 0 in versions before they were counted."""

    @property
    def key(self) -> tuple[str, int | None, str, Collapse | None]:
        """Where it stands."""
        return self.format, self.family, self.suffix, self.variant


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """What changed from one published content to the next."""

    serial: int
    previous: int
    at: datetime
    added: tuple[Row, ...] = ()
    removed: tuple[Row, ...] = ()


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version of a feed."""

    gatepost: Literal[1]
    """Our mark, and the form of this file."""
    list: str
    serial: int
    generation: int
    digest: str
    """Of ``entries``."""
    at: datetime
    """When it was published, to the second; later than that of every version before."""
    recipe: str
    """What renditions were wanted; another one makes the version incomplete."""
    entries: tuple[Row, ...]
    renditions: tuple[Rendition, ...]
    notes: dict[str, tuple[str, ...]] = {}
    """By format: what it cannot show, one sentence each."""
    steps: tuple[Step, ...] = ()
    """Newest last, without a gap; older ones were dropped."""
    made: bool = False
    """Whether we made the directory."""

    def current_entries(self) -> tuple[Entry, ...]:
        """Raises OSError or ValueError where somebody edited the file."""
        return tuple(row.entry() for row in self.entries)


@dataclass(frozen=True, slots=True)
class Version:
    """A manifest and its bytes, by path; a file that is missing or not as it was published is not there."""

    manifest: Manifest
    data: dict[str, bytes]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing or changed."""
        return all(each.path in self.data for each in files(self.manifest))


def files(manifest: Manifest) -> Iterable[File]:
    """Every file of a version."""
    return (each for rendition in manifest.renditions for each in rendition.files.values())


def encode(manifest: Manifest) -> bytes:
    """As it stands in the directory."""
    return msgspec.json.encode(manifest) + b"\n"


def link_of(folder: Path) -> str | None:
    """Where ``current`` points to, None where it is not. Raises OSError for what is no link."""
    try:
        return (folder / CURRENT).readlink().as_posix()
    except FileNotFoundError:
        return None


def read_manifest(place: Path) -> Manifest:
    """Of a version's directory. Raises OSError or ValueError."""
    data = read_regular(place / MANIFEST, SIZE_MAX)
    if data is None:
        msg = f"{place / MANIFEST} is missing"
        raise ValueError(msg)
    try:
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.DecodeError:
        msg = f"{place / MANIFEST} is no manifest of gatepost"
        raise ValueError(msg) from None


def read_version(folder: Path) -> Version | None:
    """The version that is published, of one moment, or None. Raises OSError or ValueError."""
    link = link_of(folder)
    while link is not None:
        if not LINK.fullmatch(link):
            msg = f"{folder / CURRENT} is no link to a version of ours"
            raise ValueError(msg)
        version = _read(folder / link)
        again = link_of(folder)
        if again == link and version is not None:
            return version
        if again == link:
            msg = f"{folder / link} is gone"
            raise ValueError(msg)
        link = again
    return None


def _read(place: Path) -> Version | None:
    """None where it was pruned meanwhile."""
    if not place.is_dir():
        return None
    manifest = read_manifest(place)
    data = {}
    for each in files(manifest):
        found = read_regular(place / each.path, SIZE_MAX) if _is_plain(each.path) else None
        if found is not None and sha256(found).hexdigest() == each.sha256:
            data[each.path] = found
    return Version(manifest, data)


def _is_plain(path: str) -> bool:
    """Whether it stays within the directory, whatever wrote the manifest."""
    return not path.startswith("/") and ".." not in path.split("/")
