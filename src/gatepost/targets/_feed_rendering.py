"""Every file of a version, made from its entries: renditions, encodings, checksums, signatures."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import md5, sha256

from gatepost.formats.base import Edition, Format, Proxy
from gatepost.model.address import Family, Prefix
from gatepost.model.content import Content
from gatepost.model.entry import Entry
from gatepost.model.plan import Capabilities
from gatepost.planning.digest import digest_entries
from gatepost.planning.plan import project
from gatepost.targets._feed_manifest import File, Manifest, Rendition, Step
from gatepost.targets._feed_signing import Signer
from gatepost.targets._rows import Row

RENDERING = 1
"""Raised where a rendition of the same entries becomes other bytes: feeds are then published anew."""
ENDINGS = {"gzip": ".gz", "zstd": ".zst"}
STEP_ROWS_MAX = 20_000
"""Entries that all remembered steps may name together."""
FAMILIES = (None, *Family)
_PLAIN = "text/plain; charset=utf-8"

Shown = tuple[tuple[Entry, ...], tuple[str, ...]]


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


@dataclass(slots=True)
class _Press:
    """Makes the renditions of one edition."""

    edition: Edition
    recipe: Recipe
    signer: Signer | None
    before: Mapping[tuple[str, int | None, str], Rendition]
    data: dict[str, bytes]
    seen: dict[tuple[object, ...], Shown]

    def renditions(self, form: Format) -> Iterator[Rendition]:
        """Of one format, whole and by family; none where it shows nothing of the list."""
        for family in FAMILIES:
            entries, _ = self.shown(form.capabilities, family)
            if entries:
                yield from self._one(form, family, entries)

    def shown(self, able: Capabilities, family: Family | None) -> Shown:
        """What a format can show of the entries, canonical, and what it cannot."""
        key = (able.families, able.domains, able.ports, family)
        if key not in self.seen:
            entries = self.edition.entries
            if family is not None:
                entries = tuple(
                    each for each in entries if isinstance(each.value, Prefix) and each.value.family is family
                )
            self.seen[key] = project(Content((), entries, ""), able)
        return self.seen[key]

    def _one(self, form: Format, family: Family | None, entries: tuple[Entry, ...]) -> Iterator[Rendition]:
        edition = replace(self.edition, entries=entries, family=family, proxy=self.recipe.proxy)
        try:
            data = form.render(edition)
        except ValueError:
            if self.recipe.strict:
                raise
            return
        name = f"{self.edition.list}.{form.name}"
        path = name if family is None else f"{int(family)}/{name}"
        yield self._rendition((form.name, family, ""), form.media_type, path, data, squeezed=True)
        for suffix, beside in self._beside(data, name):
            yield self._rendition((form.name, family, suffix), _PLAIN, f"{path}.{suffix}", beside)

    def _beside(self, data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
        """Checksums as ``sha256sum -c`` and ``md5sum -c`` read them, and the signature."""
        yield "sha256", f"{sha256(data).hexdigest()}  {name}\n".encode()
        yield "md5", f"{md5(data, usedforsecurity=False).hexdigest()}  {name}\n".encode()
        if self.signer is not None:
            moment = int(self.edition.at.timestamp())
            comment = f"timestamp:{moment}\tfile:{name}\thashed\tserial:{self.edition.serial}"
            yield "minisig", self.signer.sign(data, comment)

    def _rendition(
        self,
        key: tuple[str, Family | None, str],
        media: str,
        path: str,
        data: bytes,
        *,
        squeezed: bool = False,
    ) -> Rendition:
        form, family, suffix = key
        files = {"identity": self._file(path, data)}
        for name, squeeze in encodings().items() if squeezed else ():
            short = squeeze(data)
            if len(short) < len(data):
                files[name] = self._file(path + ENDINGS[name], short)
        number = None if family is None else int(family)
        old = self.before.get((form, number, suffix))
        same = old is not None and old.files["identity"].sha256 == files["identity"].sha256
        modified = old.modified if same and old is not None else self.edition.at
        return Rendition(form, media, modified, files, number, suffix)  # type: ignore[arg-type]  # closed above

    def _file(self, path: str, data: bytes) -> File:
        self.data[path] = data
        return File(path, sha256(data).hexdigest(), len(data))


def make(edition: Edition, recipe: Recipe, signer: Signer | None, before: Manifest | None) -> Made:
    """A version of the list. Raises ValueError where a format that was named cannot be made, or none can."""
    known = {} if before is None else {each.key: each for each in before.renditions}
    press = _Press(edition, recipe, signer, known, {}, {})
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
