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
apply writes and reloads again. A file that is neither was edited by somebody:
that is drift, shown as what is really there. A file without a sidecar that is
not empty is not ours and is never overwritten.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import anyio
import msgspec
from anyio import to_thread

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
from gatepost.kit.files import FileLock, Staged, read_regular, stage, sync_directory, write_atomic
from gatepost.kit.process import Finished, Runner, SystemRunner
from gatepost.model.address import Family, Prefix, parse_v4, parse_v6
from gatepost.model.entry import Domain, Entry, PortRange, Protocol
from gatepost.model.plan import Capabilities, Current, Plan
from gatepost.planning.digest import digest_entries
from gatepost.targets.base import Target, require_fit

T = TypeVar("T")

MODE = "^0?[0-7]{3}$"
SIDECAR_MODE = 0o600
SIZE_MAX = 256 * 1024 * 1024
"""Bytes of a file that is read back."""
PATIENCE = 0.02
"""Seconds between two tries to get the lock."""
PREFIX_TEXT = re.compile(rb"[0-9a-f:.]+/[0-9]{1,3}")


class File(Target):
    """A file in any of the formats, for every program that reads its list from one."""

    kind = "file"

    @dataclass(frozen=True, slots=True)
    class Options:
        """Where, how, and which programs have a say."""

        path: str
        """The file; its directory must exist and be writable."""
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
        self, name: str, options: Options, *, runner: Runner | None = None, clock: Clock | None = None
    ) -> None:
        """Raises ConfigInvalid for an unknown format or a wrong mode."""
        if not re.fullmatch(MODE, options.mode):
            msg = f"targets.{name}: mode must be three octal digits like 0644"
            raise ConfigInvalid(msg)
        self._options = options
        self._format = _format(name, options.format)
        self._ledger = _Ledger(Path(options.path).absolute(), self._format, reloads=bool(options.reload))
        self._runner = runner or SystemRunner()
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
        return (await self._do(self._ledger.read)).current

    async def apply(self, plan: Plan, desired: tuple[Entry, ...]) -> None:
        """See :meth:`Target.apply`: check, rename, reload."""
        require_fit(desired, self.capabilities)
        async with self._locked():
            held = await self._do(self._ledger.read)
            now = (held.current.generation, held.current.digest, digest_entries(desired))
            if now != (plan.generation, plan.current, plan.desired):
                msg = f"{self.place} or its list has changed since the plan was made"
                raise StalePlan(msg)
            edition = Edition(plan.list, plan.serial, self._clock.now(), desired)
            await self._replace(held, edition)

    async def _replace(self, held: _Held, edition: Edition) -> None:
        data = self._render(edition)
        version = _Version.of(held.current.generation + 1, edition, data)
        staged = await self._do(partial(stage, self._ledger.path, data, mode=int(self._options.mode, 8)))
        try:
            await self._check(staged)
            final = await self._do(partial(self._ledger.announce, held, version))
            with anyio.CancelScope(shield=True):
                await self._swap(held, staged, final)
        finally:
            staged.discard()

    async def _swap(self, held: _Held, staged: Staged, final: Staged) -> None:
        try:
            await self._do(staged.commit)
            await self._reload(held)
            await self._do(final.commit)
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

    async def _reload(self, held: _Held) -> None:
        words = await self._reload_words()
        if words is None:
            return
        await self._do(partial(self._ledger.restore, held))
        again = await self._reload_words()
        state = "and the reload of it works" if again is None else f"but its reload fails too: {again}"
        msg = f"{self.place}: the reload failed: {words}; the old file is back, {state}"
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

    async def _do(self, work: Callable[[], T]) -> T:
        """File work beside the event loop, with its errors as ours."""
        with self._ledger.errors():
            return await to_thread.run_sync(work)

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Wait for another gatepost that writes this file, within the timeout."""
        lock = FileLock(self._ledger.beside("lock"))
        try:
            with anyio.move_on_after(self._options.timeout) as waiting:
                while not await self._do(lock.acquire):  # noqa: ASYNC110 - another process lets go: no event
                    await anyio.sleep(PATIENCE)
            if waiting.cancelled_caught:
                msg = f"{self.place} is being written by another gatepost"
                raise TargetUnavailable(msg)
            yield
        finally:
            lock.release()


class _Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry in the sidecar."""

    value: str
    protocol: Protocol | None = None
    ports: tuple[PortRange, ...] = ()
    necessary: bool | None = None

    @classmethod
    def of(cls, entry: Entry) -> _Row:
        """Everything but the note."""
        return cls(str(entry.value), entry.protocol, entry.ports, entry.necessary)

    def entry(self) -> Entry:
        """Raises OSError or ValueError where somebody edited the sidecar."""
        return Entry(_value(self.value), self.protocol, self.ports, self.necessary)


class _Version(msgspec.Struct, frozen=True):
    """One content that we wrote, or were about to write."""

    generation: int
    sha256: str | None
    """Of the file's bytes; None where there was no file."""
    list: str
    serial: int
    at: datetime
    entries: tuple[_Row, ...]

    @classmethod
    def of(cls, generation: int, edition: Edition, data: bytes) -> _Version:
        """Of an edition and its rendering."""
        rows = tuple(map(_Row.of, edition.entries))
        return cls(generation, _hash(data), edition.list, edition.serial, edition.at, rows)

    def current(self) -> Current:
        """As the engine sees it."""
        entries = tuple(row.entry() for row in self.entries)
        return Current(self.generation, entries, digest_entries(entries))

    def edition(self, entries: tuple[Entry, ...]) -> Edition:
        """The same edition with other entries."""
        return Edition(self.list, self.serial, self.at, entries)


class _Sidecar(msgspec.Struct, frozen=True):
    gatepost: Literal[1]
    """Our mark, and the form of this file."""
    format: str
    written: _Version
    pending: _Version | None = None


@dataclass(frozen=True, slots=True)
class _Held:
    """What is at the place, and what we know of it."""

    data: bytes | None
    """What to come back to: the bytes that are there, or the last ones in force if those never were."""
    mode: int
    written: _Version
    current: Current


@dataclass(frozen=True, slots=True)
class _Ledger:
    """File and sidecar, read and written together."""

    path: Path
    format: Format
    reloads: bool
    """Whether a pending file still waits for its reload."""

    def beside(self, what: str) -> Path:
        """``.NAME.gatepost.WHAT``."""
        return self.path.with_name(f".{self.path.name}.gatepost.{what}")

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Say what the system's errors mean for this target."""
        try:
            yield
        except OSError as error:
            msg = f"file {self.path}: {error.strerror or type(error).__name__}"
            hint = "Check that the directory exists, its permissions and the free space."
            raise TargetUnavailable(msg, hint=hint) from None
        except ValueError as error:
            msg = f"file {self.path} is not ours: {error}"
            raise TargetForeign(msg) from None

    def read(self) -> _Held:
        """File and sidecar of one moment: the sidecar must not change while the file is read."""
        before, data = self._sidecar_bytes(), read_regular(self.path, SIZE_MAX)
        while before != (after := self._sidecar_bytes()):
            before, data = after, read_regular(self.path, SIZE_MAX)
        mode = self.path.stat().st_mode & 0o777 if data is not None else 0
        if before is None:
            written = self._never_written(data)
            return _Held(data, mode, written, written.current())
        sidecar = self._decode(before)
        return _Held(self._last_good(sidecar, data), mode, sidecar.written, self._current(sidecar, data))

    def announce(self, held: _Held, version: _Version) -> Staged:
        """Record what is about to be written; gives the sidecar for when it is, ready to be put in place."""
        pending = _Sidecar(1, self.format.name, held.written, version)
        write_atomic(self.beside("json"), msgspec.json.encode(pending), mode=SIDECAR_MODE)
        done = _Sidecar(1, self.format.name, version)
        return stage(self.beside("json"), msgspec.json.encode(done), mode=SIDECAR_MODE)

    def restore(self, held: _Held) -> None:
        """Put the old bytes back, or nothing where nothing was."""
        if held.data is not None:
            write_atomic(self.path, held.data, mode=held.mode)
            return
        self.path.unlink(missing_ok=True)
        sync_directory(self.path.parent)

    def _current(self, sidecar: _Sidecar, data: bytes | None) -> Current:
        written, pending = sidecar.written, sidecar.pending
        found = None if data is None else _hash(data)
        if sidecar.format != self.format.name:
            return Current(written.generation, (), f"sha256:{found}")
        if found == written.sha256:
            return written.current()
        if pending and found == pending.sha256:
            return written.current() if self.reloads else pending.current()
        return self._edited(written, data)

    def _last_good(self, sidecar: _Sidecar, data: bytes | None) -> bytes | None:
        written, pending = sidecar.written, sidecar.pending
        if not (self.reloads and pending and data is not None and _hash(data) == pending.sha256):
            return data
        if written.sha256 is None:
            return None
        earlier = self.format.render(written.edition(written.current().entries))
        return earlier if _hash(earlier) == written.sha256 else data

    def _edited(self, written: _Version, data: bytes | None) -> Current:
        """What an edited file holds, where it is still of our form; else that it is not what it should be."""
        texts = PREFIX_TEXT.findall(data or b"")
        try:
            entries = tuple(Entry(_prefix(text.decode())) for text in dict.fromkeys(texts))
            explained = self.format.render(written.edition(entries)) == (data or b"")
        except (OSError, ValueError):
            explained = False
        if explained:
            return Current(written.generation, entries, digest_entries(entries))
        return Current(written.generation, (), f"sha256:{_hash(data or b'')}")

    def _sidecar_bytes(self) -> bytes | None:
        return read_regular(self.beside("json"), SIZE_MAX)

    def _decode(self, sidecar: bytes) -> _Sidecar:
        try:
            return msgspec.json.decode(sidecar, type=_Sidecar)
        except msgspec.DecodeError:
            msg = f"{self.beside('json').name} is no sidecar of gatepost"
            raise ValueError(msg) from None

    def _never_written(self, data: bytes | None) -> _Version:
        if data:
            msg = "it is not empty and has no sidecar of gatepost"
            raise ValueError(msg)
        found = None if data is None else _hash(data)
        return _Version(0, found, "", 0, datetime(1970, 1, 1, tzinfo=UTC), ())


def _format(target: str, name: str) -> Format:
    known = {found.name: found for found in plugins("gatepost.formats", Format)}
    if name not in known:
        msg = f"targets.{target}: no format {cut(name)}; there are {', '.join(sorted(known))}"
        raise ConfigInvalid(msg)
    return known[name]()


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


def _value(text: str) -> Prefix | Domain:
    return _prefix(text) if "/" in text else Domain(text.removeprefix("*."), tree=text.startswith("*."))


def _prefix(text: str) -> Prefix:
    address, _, length = text.partition("/")
    family, parse = (Family.V6, parse_v6) if ":" in address else (Family.V4, parse_v4)
    return Prefix(family, parse(address), int(length))
