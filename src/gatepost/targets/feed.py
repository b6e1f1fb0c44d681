"""A list published for devices that pull it: formats, encodings, checksums, signatures, made once a version.

One version is one directory that never changes; ``current`` is a link to the one
that is published and is swapped at once, under the lock, after the version was
written whole and synced. So a reader sees one version or the next, and whoever
dies half-way leaves a directory that nobody looks at and the next writer clears.
The manifest in it has the serial, the generation, the entries and the SHA-256 of
each file: reading back compares every byte.

The server serves these bytes and makes none of its own; anything else that serves
files (a web server, a bucket) can be pointed at ``current`` as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import msgspec
from anyio import to_thread

from gatepost.errors import ConfigInvalid, StalePlan, TargetForeign, TargetRejected, cut
from gatepost.formats.base import Edition, Format, Proxy
from gatepost.kit.clock import Clock, SystemClock
from gatepost.kit.discovery import plugins
from gatepost.kit.files import FileLock
from gatepost.model.entry import Direction, Entry
from gatepost.model.finding import Finding
from gatepost.model.plan import Capabilities, Current, Granularity, Plan
from gatepost.planning.digest import digest_entries
from gatepost.targets._feed_findings import findings
from gatepost.targets._feed_folder import Folder, Held
from gatepost.targets._feed_manifest import (
    File,
    Manifest,
    Rendition,
    Step,
    Version,
    link_of,
    read_version,
)
from gatepost.targets._feed_rendering import Made, Recipe, make
from gatepost.targets._feed_signing import Signer, read_key
from gatepost.targets._local import Local
from gatepost.targets._rows import Row
from gatepost.targets.base import Target, require_fit

__all__ = ["Feed", "File", "Manifest", "Rendition", "Row", "Step", "Version", "link_of", "read_version"]


class Feed(Target):
    """A list in every format that devices pull, served by `run` under `/v1/lists/NAME.FORMAT`."""

    kind = "feed"

    @dataclass(frozen=True, slots=True)
    class Options:
        """Where, in which formats, and signed by which key."""

        path: Path
        """Directory of this feed alone, relative to the configuration file; made if the one above is."""
        formats: tuple[str, ...] = ()
        """Names of formats; without: every format that can show anything of the list."""
        proxy: str = ""
        """For the format `pac`: what reaches unlisted hosts, as in `PROXY proxy.example.com:3128; DIRECT`."""
        sign: Path | None = None
        """Key of minisign without password (`minisign -G -W`), mode 0600; read at each publishing."""
        keep: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2
        """Versions that stay on the disk beside the one that is published."""
        changes: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
        """Changes that `/v1/changes` can tell."""
        timeout: float = 30.0
        """Seconds to wait for another gatepost to finish with the feed."""

    def __init__(self, name: str, options: Options, *, clock: Clock | None = None) -> None:  # noqa: ARG002 - known by its path
        """Raises ConfigInvalid for an unknown format, a proxy that is missing or is none."""
        self._options = options
        proxy = _proxy(options.proxy)
        self._formats = _formats(options.formats, proxy)
        strict = bool(options.formats)
        self._recipe = Recipe(self._formats, strict, proxy, options.changes)
        self._folder = Folder(options.path.absolute(), self._formats, options.keep)
        hint = "Check that the directory above exists, its permissions and the free space."
        self._local = Local(f"feed {self._folder.path}", self._folder.lock, hint, options.timeout)
        self._clock = clock or SystemClock()

    @property
    def capabilities(self) -> Capabilities:
        """Everything: what one format cannot show, another does, and the manifest says which."""
        return Capabilities(domains=True, ports=True, necessity=True, granularity=Granularity.FILE)

    @property
    def path(self) -> Path:
        """The directory, for whoever serves it."""
        return self._folder.path

    @property
    def place(self) -> str:
        """The directory."""
        return f"feed {self._folder.path}"

    @property
    def place_key(self) -> str:
        """The directory itself, links followed. Raises RuntimeError for a circle of links."""
        return f"feed {self._folder.path.resolve()}"

    async def current(self) -> Current:
        """See :meth:`Target.current`; compares every byte, and is mixed where other formats are wanted."""
        await self._local.do(self._tidy)
        return (await self._read(await self._signer())).current

    async def apply(self, plan: Plan, desired: tuple[Entry, ...]) -> None:
        """See :meth:`Target.apply`: a whole version, then one swap."""
        require_fit(desired, self.capabilities)
        signer = await self._signer()
        async with self._local.alone():
            held = await self._read(signer)
            self._require(held, plan.generation, plan.current)
            if digest_entries(desired) != plan.desired:
                raise self._stale()
            edition = Edition(plan.list, plan.serial, self._clock.now(), desired)
            with anyio.CancelScope(shield=True):
                await self._local.do(lambda: self._publish(held, edition, signer))

    async def purge(self, current: Current) -> None:
        """See :meth:`Target.purge`: the link, the versions, the lock; the directory where we made it."""
        held = await self._local.do(partial(self._folder.read, ""))
        self._require(held, current.generation, current.digest)
        if await self._local.do(self._folder.is_bare):
            return
        async with self._local.alone():
            held = await self._local.do(partial(self._folder.read, ""))
            self._require(held, current.generation, current.digest)
            if held.edited:
                msg = f"{self.place} was edited by hand, so it is not ours to remove"
                raise TargetRejected(msg, hint="Apply the list again, or remove the directory yourself.")
            with anyio.CancelScope(shield=True):
                await self._local.do(partial(self._folder.remove, held))

    async def adopt(self) -> Current:
        """See :meth:`Target.adopt`: one list alone in the directory, as one of the formats would write it."""
        signer = await self._signer()
        try:
            async with self._local.alone():
                maker = partial(self._make, signer)
                await self._local.do(lambda: self._folder.adopt(self._clock.now(), maker))
            return await self.current()
        except TargetForeign as error:
            raise TargetRejected(error.message, hint=error.next_step) from None

    async def stamp(self) -> str:
        """See :meth:`Target.stamp`: the link, and number, size and times of each file of the version."""
        return await self._local.do(self._folder.stamp)

    async def suspects(self) -> tuple[str, ...]:
        """See :meth:`Target.suspects`: whose the changed files are, and when they were changed."""
        return await self._local.do(self._folder.suspects)

    async def findings(self, direction: Direction) -> tuple[Finding, ...]:  # noqa: ARG002 - devices know the side
        """See :meth:`Target.findings`: what is published, who may write it, what formats leave out."""
        held = await self._local.do(partial(self._folder.read, ""))
        manifest = held.version.manifest if held.version else None
        if manifest is None:
            await self._local.do(self._local.require_place)
        signed = self._options.sign is not None
        return await self._local.do(lambda: findings(self._folder.path, manifest, signed=signed))

    async def _read(self, signer: Signer | None) -> Held:
        recipe = self._recipe.text(signer)
        return await self._local.do(lambda: self._folder.read(recipe))

    async def _signer(self) -> Signer | None:
        """The key as it stands in its file now. Raises TargetUnavailable or TargetRejected."""
        path = self._options.sign
        return None if path is None else await to_thread.run_sync(read_key, path)

    def _make(self, signer: Signer | None, edition: Edition, before: Manifest | None) -> Made:
        try:
            return make(edition, self._recipe, signer, before)
        except ValueError as error:
            msg = f"{self.place}: {error}"
            raise TargetRejected(msg) from None

    def _publish(self, held: Held, edition: Edition, signer: Signer | None) -> None:
        self._folder.publish(held, edition, partial(self._make, signer))

    def _tidy(self) -> None:
        """Clear up after a writer that died; somebody who may only read cannot, and it waits."""
        lock = FileLock(self._folder.lock)
        try:
            if self._folder.leftovers() and lock.acquire():
                self._folder.clear()
        except (OSError, ValueError):
            return
        finally:
            lock.release()

    def _require(self, held: Held, generation: int, digest: str) -> None:
        if (held.current.generation, held.current.digest) != (generation, digest):
            raise self._stale()

    def _stale(self) -> StalePlan:
        return StalePlan(f"{self.place} or its list has changed since the plan was made")


def _proxy(ways: str) -> Proxy | None:
    try:
        return Proxy(ways) if ways else None
    except ValueError as error:
        raise ConfigInvalid(str(error)) from None


def _formats(names: tuple[str, ...], proxy: Proxy | None) -> tuple[Format, ...]:
    """Those named, or all that can be made here; in order of their names."""
    known = {found.name: found for found in plugins("gatepost.formats", Format)}
    if unknown := sorted({*names} - {*known}):
        msg = f"no format {cut(unknown[0])}; there are {', '.join(sorted(known))}"
        raise ConfigInvalid(msg)
    wanted = {*names} or {name for name, one in known.items() if proxy or not one.needs_proxy}
    if lacking := sorted(name for name in wanted if known[name].needs_proxy and proxy is None):
        msg = f"the format {lacking[0]} needs `proxy`"
        raise ConfigInvalid(msg)
    return tuple(known[name]() for name in sorted(wanted))
