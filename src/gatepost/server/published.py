"""One published version of a feed in memory: every representation with its tags, ready to send."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from gatepost.formats.base import Collapse
from gatepost.model.address import Family
from gatepost.server.conditions import date_text
from gatepost.server.endpoints import Changes, endpoints, version_of
from gatepost.server.pages import Pages, pages_of
from gatepost.targets.feed import Manifest, Version, link_of, read_version

JSON_TYPE = "application/json"
Headers = list[tuple[bytes, bytes]]
Place = tuple[str, int | None, Collapse | None]
Stamp = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Representation:
    """Bytes in one encoding. The tag is of these bytes, so no two encodings share one."""

    body: bytes
    etag: bytes
    """Strong, quoted: SHA-256 of ``body``."""
    pages: Pages | None
    """Of ``body``, where it is long."""

    @classmethod
    def of(cls, body: bytes) -> Representation:
        """Tag them."""
        return cls(body, b'"' + sha256(body).hexdigest().encode() + b'"', pages_of(body))


@dataclass(frozen=True, slots=True)
class Resource:
    """What one URL answers in a version."""

    media_type: bytes
    modified: datetime
    encodings: dict[str, Representation]
    """``identity`` is always there."""
    count: int = 0
    """Values of a list in it; 0 where they were not counted."""

    @classmethod
    def of_document(cls, body: bytes, modified: datetime) -> Resource:
        """A JSON document of ours, not of the feed's files."""
        found = {"identity": Representation.of(body)}
        squeezed = gzip.compress(body, 6, mtime=0)
        if len(squeezed) < len(body):
            found["gzip"] = Representation.of(squeezed)
        return cls(JSON_TYPE.encode(), modified, found)

    def headers(self, chosen: str, *, unchanged: bool, private: bool, max_age: int) -> Headers:
        """Of 200, or of 304, which has those that a cache keeps with what it has."""
        one = self.encodings[chosen]
        private_ = b"private" if private else b"public"
        found = [
            (b"etag", one.etag),
            (b"last-modified", date_text(self.modified)),
            (b"cache-control", b"%s, max-age=%d" % (private_, max_age)),
            (b"vary", b"accept-encoding, authorization" if private else b"accept-encoding"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if unchanged:
            return found
        if chosen != "identity":
            found.append((b"content-encoding", chosen.encode()))
        return [
            (b"content-type", self.media_type),
            (b"content-length", b"%d" % len(one.body)),
            *found,
        ]


@dataclass(frozen=True, slots=True)
class Published:
    """One version of one list."""

    manifest: Manifest
    resources: dict[Place, Resource]
    """By file ending (``txt``, ``gdc.json.sha256``), family, and how addresses shall be written."""
    endpoints: dict[int | None, Resource]
    version: Resource
    changes: Changes

    @property
    def since(self) -> datetime:
        """When it was published."""
        return self.manifest.at.astimezone(UTC)


def stamp_of(folder: Path) -> Stamp | None:
    """Another one whenever something else is published; None where nothing is. Raises OSError."""
    link = link_of(folder)
    if link is None:
        return None
    status = (folder / "current").lstat()
    return link, status.st_ino, status.st_mtime_ns


def load(folder: Path, name: str) -> Published | None:
    """What is published, or None; blocks. Raises OSError, or ValueError where it is not whole."""
    version = read_version(folder)
    if version is None:
        return None
    manifest = version.manifest
    if manifest.list != name:
        msg = f"{folder} holds the list {manifest.list[:40]!r}, not {name!r}"
        raise ValueError(msg)
    if not version.is_whole or not manifest.entries:
        msg = f"files of the version in {folder} are missing, or are not as they were published"
        raise ValueError(msg)
    return Published(
        manifest,
        _resources(version),
        _endpoints(manifest),
        Resource.of_document(version_of(manifest), manifest.at),
        Changes(manifest),
    )


def _resources(version: Version) -> dict[Place, Resource]:
    found: dict[Place, Resource] = {}
    for each in version.manifest.renditions:
        ending = f"{each.format}.{each.suffix}" if each.suffix else each.format
        encodings = {
            encoding: Representation.of(version.data[file.path]) for encoding, file in each.files.items()
        }
        media = each.media_type.encode("ascii")
        one = Resource(media, each.modified.astimezone(UTC), encodings, each.count)
        ways = each.collapse if each.variant else (None, *each.collapse)
        found |= {(ending, each.family, way): one for way in ways}
    return found


def _endpoints(manifest: Manifest) -> dict[int | None, Resource]:
    found: dict[int | None, Resource] = {}
    for family in (None, *Family):
        body = endpoints(manifest, family)
        if body.strip() != b"[]":
            found[family] = Resource.of_document(body, manifest.at)
    return found
