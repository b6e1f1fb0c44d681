"""Every file of a version, made from its entries: renditions, encodings, checksums, signatures."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import md5, sha256

from msgspec.structs import replace as replaced

from gatepost.formats.base import Collapse, Edition, Format, Proxy, collapses
from gatepost.model.address import Family, Prefix
from gatepost.model.content import Content
from gatepost.model.entry import Domain, Entry
from gatepost.model.plan import Capabilities
from gatepost.planning.canonical import canonical
from gatepost.planning.digest import digest_entries
from gatepost.planning.plan import project
from gatepost.targets._feed_manifest import File, Manifest, Rendition, Step, Suffix
from gatepost.targets._feed_signing import Signer
from gatepost.targets._rows import Row

RENDERING = 2
"""Raised where the same entries give other bytes, or more of them: feeds are then published anew."""
ENDINGS = {"gzip": ".gz", "zstd": ".zst"}
STEP_ROWS_MAX = 20_000
"""Entries that all remembered steps may name together."""
FAMILIES = (None, *Family)
_PLAIN = "text/plain; charset=utf-8"

Shown = tuple[tuple[Entry, ...], tuple[str, ...]]
Key = tuple[str, int | None, str, Collapse | None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What renditions are wanted."""

    formats: tuple[Format, ...]
    strict: bool
    """Whether the formats were named, so that one that cannot be made is an error."""
    proxy: Proxy | None
    steps: int
    """Changes remembered."""

    def text(self, signer: Signer | None) -> str:
        """Equal where the same entries give the same files."""
        names = ",".join(each.name for each in self.formats)
        ways = self.proxy.ways if self.proxy else ""
        return f"{RENDERING}|{names}|{','.join(encodings())}|{ways}|{signer.id if signer else ''}"


@dataclass(frozen=True, slots=True)
class Made:
    """A version that is not yet anywhere."""

    manifest: Manifest
    data: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a rendition is of."""

    form: Format
    family: Family | None
    entries: tuple[Entry, ...]
    variant: Collapse | None
    collapse: tuple[Collapse, ...]

    def path(self, name: str) -> str:
        """Within the version's directory."""
        family = None if self.family is None else str(int(self.family))
        return "/".join(each for each in (self.variant, family, name) if each is not None)


@dataclass(slots=True)
class _Press:
    """Makes the renditions of one edition."""

    edition: Edition
    recipe: Recipe
    signer: Signer | None
    before: Mapping[Key, Rendition]
    data: dict[str, bytes]
    seen: dict[tuple[object, ...], Shown]
    ways: dict[tuple[object, ...], Mapping[Collapse, tuple[Entry, ...]]]

    def renditions(self, form: Format) -> Iterator[Rendition]:
        """Of one format, whole and by family, merged and not; none where it shows nothing of the list."""
        for family in FAMILIES:
            entries, _ = self.shown(form.capabilities, family)
            if not entries:
                continue
            ways = self._ways(form.capabilities, family)
            same = tuple(way for way, found in ways.items() if found == entries)
            yield from self._one(_Shape(form, family, entries, None, same))
            for way, found in ways.items():
                if way not in same:
                    yield from self._one(_Shape(form, family, found, way, (way,)))

    def shown(self, able: Capabilities, family: Family | None) -> Shown:
        """What a format can show of the entries, canonical, and what it cannot."""
        key = (able.families, able.domains, able.ports, family)
        if key not in self.seen:
            self.seen[key] = project(Content((), self._of_family(family), ""), able)
        return self.seen[key]

    def _of_family(self, family: Family | None) -> tuple[Entry, ...]:
        entries = self.edition.entries
        if family is None:
            return entries
        return tuple(
            each for each in entries if isinstance(each.value, Prefix) and each.value.family is family
        )

    def _ways(self, able: Capabilities, family: Family | None) -> Mapping[Collapse, tuple[Entry, ...]]:
        """The same entries in each way that a format's addresses can be had."""
        key = (able.families, able.domains, able.ports, family)
        if key not in self.ways:
            entries, _ = self.shown(able, family)
            made = {
                Collapse.NONE: lambda: self._listed(able, family),
                Collapse.CIDR: lambda: canonical(entries),
            }
            self.ways[key] = {way: made[way]() for way in collapses(able)}
        return self.ways[key]

    def _listed(self, able: Capabilities, family: Family | None) -> tuple[Entry, ...]:
        """Each value once, as the list has it."""
        if able.ports:
            return self.shown(able, family)[0]
        values = dict.fromkeys(each.value for each in self._of_family(family))
        return tuple(Entry(value) for value in values if _is_shown(value, able))

    def _one(self, shape: _Shape) -> Iterator[Rendition]:
        form, family = shape.form, shape.family
        edition = replace(self.edition, entries=shape.entries, family=family, proxy=self.recipe.proxy)
        try:
            data = form.render(edition)
        except ValueError:
            if self.recipe.strict and shape.variant is None:
                raise
            return
        name = f"{self.edition.list}.{form.name}"
        yield self._rendition(shape, "", form.media_type, data)
        for suffix, beside in self._beside(data, name):
            yield self._rendition(shape, suffix, _PLAIN, beside)

    def _beside(self, data: bytes, name: str) -> Iterator[tuple[Suffix, bytes]]:
        """Checksums as ``sha256sum -c`` and ``md5sum -c`` read them, and the signature."""
        yield "sha256", f"{sha256(data).hexdigest()}  {name}\n".encode()
        yield "md5", f"{md5(data, usedforsecurity=False).hexdigest()}  {name}\n".encode()
        if self.signer is not None:
            moment = int(self.edition.at.timestamp())
            comment = f"timestamp:{moment}\tfile:{name}\thashed\tserial:{self.edition.serial}"
            yield "minisig", self.signer.sign(data, comment)

    def _rendition(self, shape: _Shape, suffix: Suffix, media: str, data: bytes) -> Rendition:
        name = f"{self.edition.list}.{shape.form.name}"
        path = shape.path(f"{name}.{suffix}" if suffix else name)
        files = {"identity": self._file(path, data)}
        for encoding, squeeze in encodings().items() if not suffix else ():
            short = squeeze(data)
            if len(short) < len(data):
                files[encoding] = self._file(path + ENDINGS[encoding], short)
        made = Rendition(
            format=shape.form.name,
            media_type=media,
            modified=self.edition.at,
            files=files,
            family=shape.family,
            suffix=suffix,
            variant=shape.variant,
            collapse=shape.collapse,
            count=len(shape.entries),
        )
        old = self.before.get(made.key)
        return replaced(made, modified=old.modified) if old and _is_same(old, made) else made

    def _file(self, path: str, data: bytes) -> File:
        self.data[path] = data
        return File(path, sha256(data).hexdigest(), len(data))


def _is_same(old: Rendition, new: Rendition) -> bool:
    """Whether whoever has one has the other, by any of its addresses: only then the old date is good."""
    return (old.files["identity"].sha256, old.collapse) == (new.files["identity"].sha256, new.collapse)


def _is_shown(value: Prefix | Domain, able: Capabilities) -> bool:
    return value.family in able.families if isinstance(value, Prefix) else able.domains


def make(edition: Edition, recipe: Recipe, signer: Signer | None, before: Manifest | None) -> Made:
    """A version of the list. Raises ValueError where a format that was named cannot be made, or none can."""
    known = {} if before is None else {each.key: each for each in before.renditions}
    press = _Press(edition, recipe, signer, known, {}, {}, {})
    renditions = tuple(each for form in recipe.formats for each in press.renditions(form))
    if not renditions:
        msg = "none of the formats shows anything of this list"
        raise ValueError(msg)
    made = {each.format for each in renditions}
    notes = {form.name: _notes(press, form, made=form.name in made) for form in recipe.formats}
    manifest = Manifest(
        gatepost=1,
        list=edition.list,
        serial=int(edition.serial),
        generation=1 if before is None else before.generation + 1,
        digest=digest_entries(edition.entries),
        at=edition.at,
        recipe=recipe.text(signer),
        entries=tuple(map(Row.of, edition.entries)),
        renditions=renditions,
        notes={name: found for name, found in notes.items() if found},
        steps=_steps(edition, before, recipe.steps),
    )
    return Made(manifest, press.data)


def _notes(press: _Press, form: Format, *, made: bool) -> tuple[str, ...]:
    entries, notes = press.shown(form.capabilities, None)
    told = tuple(note.replace("This target", "This format") for note in notes)
    if made:
        return told
    why = "It is not made: it can show nothing of this list." if not entries else "It is not made: too many."
    return (*told, why)


def _steps(edition: Edition, before: Manifest | None, most: int) -> tuple[Step, ...]:
    """Those of the version before, and what changed since; the oldest are dropped where they are too many."""
    if before is None:
        return ()
    rows = [*map(Row.of, edition.entries)]
    old, new = set(before.entries), set(rows)
    added = tuple(row for row in rows if row not in old)
    removed = tuple(row for row in before.entries if row not in new)
    steps = list(before.steps)
    if added or removed:
        steps.append(Step(int(edition.serial), before.serial, edition.at, added, removed))
    del steps[: max(0, len(steps) - most)]
    while steps and sum(len(step.added) + len(step.removed) for step in steps) > STEP_ROWS_MAX:
        del steps[0]
    return tuple(steps)


@lru_cache(maxsize=1)
def encodings() -> Mapping[str, Callable[[bytes], bytes]]:
    """What this installation can encode: gzip always, zstd with the extra ``server``."""
    found: dict[str, Callable[[bytes], bytes]] = {"gzip": lambda data: gzip.compress(data, 9, mtime=0)}
    try:
        import zstandard  # noqa: PLC0415 - an extra, used to publish
    except ImportError:
        return found
    return {**found, "zstd": lambda data: zstandard.ZstdCompressor(level=12).compress(data)}
