"""Any format as a file: written whole, checked by one command, reloaded by another.

Beside ``NAME`` stand ``.NAME.gatepost.json`` (the sidecar: our mark, the
generation, the entries and the SHA-256 of the bytes we wrote) and
``.NAME.gatepost.lock``. A write goes through these steps, each durable before
the next:

1. the new file is written beside its place and checked there;
2. the sidecar says what is *pending* beside what is *written*;
3. the new file takes the place of the old one;
4. the reload runs;
5. the sidecar says that the new content is written.

Wherever it stops, the file is the old or the new one, whole, and the next run
recognises which by its digest: a file that is the pending one counts as written
if nothing had to be reloaded, and else as not yet in force, so that the next
apply writes and reloads again. What lies beside the file by then is cleared up
by whoever reads next and can have the lock. A file that is neither was edited
by somebody: that is drift, shown as what is really there. A file without a
sidecar that is not empty is not ours and is never overwritten; a person may
let it be adopted.

Removing goes the other way: the file is put aside, the reload runs, and the
sidecar goes last. Where that stops, the file counts as removed by hand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import msgspec

from gatepost.errors import (
    ConfigInvalid,
    ProgramFailed,
    StalePlan,
    TargetForeign,
    TargetRejected,
    TargetUnavailable,
    cut,
)
from gatepost.formats.base import Edition, Format
from gatepost.kit.clock import Clock, SystemClock
from gatepost.kit.discovery import plugins
from gatepost.kit.files import FileLock, Staged, stage
from gatepost.kit.process import Finished, Runner, SystemRunner
from gatepost.model.entry import Direction, Entry
from gatepost.model.finding import Finding
from gatepost.model.plan import Capabilities, Current, Plan
from gatepost.planning.digest import digest_entries
from gatepost.targets._file_findings import Examination
from gatepost.targets._file_ledger import Held, Ledger, Version
from gatepost.targets._local import Local
from gatepost.targets.base import Target, require_fit

MODE = "^0?[0-7]{3}$"


class File(Target):
    """A file in any of the formats, for every program that reads its list from one."""

    kind = "file"

    @dataclass(frozen=True, slots=True)
    class Options:
        """Where, how, and which programs have a say."""

        path: Path
        """The file, relative to the configuration file; its directory must exist and be writable."""
        format: str = "txt"
        """Name of a format."""
        mode: Annotated[str, msgspec.Meta(pattern=MODE)] = "0644"
        """Permissions, octal."""
        check: tuple[str, ...] = ()
        """Program and arguments, run before the file takes its place; ``{path}`` is the new file."""
        reload: tuple[str, ...] = ()
        """Program and arguments, run after. If it fails the old file comes back and it runs once more."""
        timeout: float = 30.0
        """Seconds for each of the two, and for another gatepost to finish with the file."""

    def __init__(
        self,
        name: str,  # noqa: ARG002 - a file is known by its path
        options: Options,
        *,
        runner: Runner | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Raises ConfigInvalid for an unknown format, a wrong mode or a NUL in a program's arguments."""
        if not re.fullmatch(MODE, options.mode):
            msg = "mode must be three octal digits like 0644"
            raise ConfigInvalid(msg)
        for key, argv in (("check", options.check), ("reload", options.reload)):
            if "\0" in "".join(argv):
                msg = f"{key} holds a NUL, which no program can be given"
                raise ConfigInvalid(msg)
        self._options = options
        self._format = _format(options.format)
        self._ledger = Ledger(options.path.absolute(), self._format, reloads=bool(options.reload))
        self._runner = runner or SystemRunner()
        hint = "Check that the directory exists, its permissions and the free space."
        self._local = Local(f"file {self._ledger.path}", self._ledger.beside("lock"), hint, options.timeout)
        self._clock = clock or SystemClock()

    @property
    def capabilities(self) -> Capabilities:
        """Those of the format."""
        return self._format.capabilities

    @property
    def place(self) -> str:
        """Path and format."""
        return f"file {self._ledger.path} ({self._format.name})"

    @property
    def place_key(self) -> str:
        """The file itself, links followed, whatever its format. Raises RuntimeError for a circle of links."""
        return f"file {self._ledger.path.resolve()}"

    async def current(self) -> Current:
        """See :meth:`Target.current`; a file that is not as we wrote it gives what is really there."""
        await self._local.do(self._tidy)
        return (await self._local.do(self._ledger.read)).current

    async def apply(self, plan: Plan, desired: tuple[Entry, ...]) -> None:
        """See :meth:`Target.apply`: check, rename, reload."""
        require_fit(desired, self.capabilities)
        async with self._local.alone():
            held = await self._local.do(self._ledger.read)
            self._require(held, plan.generation, plan.current)
            if digest_entries(desired) != plan.desired:
                raise self._stale()
            edition = Edition(plan.list, plan.serial, self._clock.now(), desired)
            await self._replace(held, edition)

    async def purge(self, current: Current) -> None:
        """See :meth:`Target.purge`: the file, its sidecar and its lock; then the reload runs."""
        held = await self._local.do(self._ledger.read)
        self._require(held, current.generation, current.digest)
        if await self._local.do(self._ledger.is_bare):
            return
        async with self._local.alone():
            held = await self._local.do(self._ledger.read)
            self._require(held, current.generation, current.digest)
            if held.edited:
                msg = f"{self.place} was edited by hand, so it is not ours to remove"
                raise TargetRejected(msg, hint="Apply the list again, or remove the file yourself.")
            with anyio.CancelScope(shield=True):
                await self._remove(held)

    async def adopt(self) -> Current:
        """See :meth:`Target.adopt`: a file without a sidecar, whose format explains every byte of it."""
        try:
            async with self._local.alone():
                await self._local.do(partial(self._ledger.adopt, self._clock.now()))
            return await self.current()
        except TargetForeign as error:
            raise TargetRejected(error.message, hint=error.next_step) from None

    async def stamp(self) -> str:
        """See :meth:`Target.stamp`: number, size and times of the file and of its sidecar."""
        return await self._local.do(self._ledger.stamp)

    async def suspects(self) -> tuple[str, ...]:
        """See :meth:`Target.suspects`: whose the file is, and when it was changed."""
        return await self._local.do(self._ledger.suspects)

    async def findings(self, direction: Direction) -> tuple[Finding, ...]:  # noqa: ARG002 - a file has no side
        """See :meth:`Target.findings`: who can read the file, who may write it, who is told of it."""
        place, options = self._ledger.path, self._options
        if not await self._local.do(place.exists):
            await self._local.do(self._local.require_place)
        return await self._local.do(Examination(place, options.check, options.reload).findings)

    def _tidy(self) -> None:
        """Clear up after a writer that died; somebody who may only read cannot, and it waits."""
        lock = FileLock(self._ledger.beside("lock"))
        try:
            if self._ledger.leftovers() and lock.acquire():
                self._ledger.settle()
        except (OSError, ValueError):
            return
        finally:
            lock.release()

    def _require(self, held: Held, generation: int, digest: str) -> None:
        if (held.current.generation, held.current.digest) != (generation, digest):
            raise self._stale()

    def _stale(self) -> StalePlan:
        return StalePlan(f"{self.place} or its list has changed since the plan was made")

    async def _remove(self, held: Held) -> None:
        if held.ours:
            await self._local.do(self._ledger.put_aside)
        words = await self._reload_words() if held.marked else None
        if words is None:
            await self._local.do(self._ledger.forget)
            return
        if held.ours:
            await self._local.do(self._ledger.put_back)
        again = await self._reload_words()
        msg = f"{self.place}: the reload without it failed: {words}; {_state(again)}"
        raise TargetRejected(msg)

    async def _replace(self, held: Held, edition: Edition) -> None:
        data = self._render(edition)
        version = Version.of(held.current.generation + 1, edition, data)
        staged = await self._local.do(
            partial(stage, self._ledger.path, data, mode=int(self._options.mode, 8))
        )
        try:
            await self._check(staged)
            final = await self._local.do(partial(self._ledger.announce, held, version))
            with anyio.CancelScope(shield=True):
                await self._swap(held, staged, final)
        finally:
            staged.discard()

    async def _swap(self, held: Held, staged: Staged, final: Staged) -> None:
        try:
            await self._local.do(staged.commit)
            await self._reload(held)
            await self._local.do(final.commit)
        finally:
            final.discard()

    def _render(self, edition: Edition) -> bytes:
        try:
            return self._format.render(edition)
        except ValueError as error:
            msg = f"{self.place}: {error}"
            raise TargetRejected(msg) from None

    async def _check(self, staged: Staged) -> None:
        argv = [part.replace("{path}", str(staged.temporary)) for part in self._options.check]
        try:
            answer = await self._run(argv)
        except ProgramFailed as error:
            raise TargetUnavailable(error.message, hint=error.next_step) from None
        if answer and answer.code:
            msg = f"{self.place}: the check refused the new file: {answer.words}"
            raise TargetRejected(msg)

    async def _reload(self, held: Held) -> None:
        words = await self._reload_words()
        if words is None:
            return
        await self._local.do(partial(self._ledger.restore, held))
        await self._local.do(self._ledger.settle)
        again = await self._reload_words()
        msg = f"{self.place}: the reload failed: {words}; {_state(again)}"
        raise TargetRejected(msg)

    async def _reload_words(self) -> str | None:
        """What the reload complains of, None where it is content."""
        try:
            answer = await self._run(self._options.reload)
        except ProgramFailed as error:
            return error.message
        return answer.words if answer and answer.code else None

    async def _run(self, argv: Sequence[str]) -> Finished | None:
        return await self._runner.run(argv, timeout=self._options.timeout) if argv else None


def _state(again: str | None) -> str:
    """What the second reload, of what was there before, says."""
    state = "and the reload of it works" if again is None else f"but its reload fails too: {again}"
    return f"the old file is back, {state}"


def _format(name: str) -> Format:
    known = {found.name: found for found in plugins("gatepost.formats", Format)}
    if name not in known:
        msg = f"no format {cut(name)}; there are {', '.join(sorted(known))}"
        raise ConfigInvalid(msg)
    if known[name].needs_proxy:
        msg = f"the format {name} needs a proxy, which only a feed has"
        raise ConfigInvalid(msg)
    return known[name]()
