"""What a host says of itself: whose SSH session runs us, and which name and time servers it uses.

Everything is text as it was found; whoever uses it must parse it. What cannot be
read is not there: none of this may stop anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from queue import Empty, SimpleQueue
from socket import SOCK_STREAM, getaddrinfo
from threading import Thread
from typing import Protocol

from gatepost.kit.clock import Clock, SystemClock

LOOK_UP_SECONDS = 2.0
"""For all names of one question together."""
REMEMBERED_SECONDS = 60.0
"""How long an answer, or that there was none, is not asked for again."""
AT_ONCE = 32
"""Names asked for side by side."""
ANCESTORS_MOST = 64
BYTES_MOST = 1 << 20
TEXTS_MOST = 256
"""Of one kind; a host has a few."""

_STUB = "127."
_SSH = ("SSH_CONNECTION", "SSH_CLIENT")
_CHRONY = ("etc/chrony/chrony.conf", "etc/chrony.conf", "etc/chrony/conf.d/*.conf")
_CHRONY_SOURCES = ("etc/chrony/sources.d/*.sources", "run/chrony-dhcp/*.sources")
_NTP = ("etc/ntp.conf", "etc/ntpsec/ntp.conf", "etc/ntpsec/ntp.d/*.conf")
_TIMESYNCD = tuple(
    f"{folder}/systemd/timesyncd.conf{more}"
    for folder in ("etc", "run", "usr/local/lib", "usr/lib")
    for more in ("", ".d/*.conf")
)
_SERVER = re.compile(r"[ \t]*(?:server|pool|peer)[ \t]+(?:-[46][ \t]+)?([^\s#]+)")
_SERVERS = re.compile(r"[ \t]*(?:Fallback)?NTP[ \t]*=([^#\n]*)")
_NAME_SERVER = re.compile(r"[ \t]*nameserver[ \t]+([^\s#;]+)")


class Surroundings(Protocol):
    """What may be asked of the host we run on."""

    def sessions(self) -> tuple[str, ...]:
        """Addresses that the SSH sessions above this process come from, the nearest first."""
        ...

    def name_servers(self) -> tuple[str, ...]:
        """Addresses of the servers that names are asked at."""
        ...

    def time_servers(self) -> tuple[str, ...]:
        """Addresses and names of the servers that the time is taken from."""
        ...

    async def addresses_of(self, names: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """Addresses of names; one that has none, or none in time, is left out."""
        ...


@dataclass(frozen=True, slots=True)
class KnownSurroundings:
    """Surroundings told beforehand; by default there is nothing around us."""

    coming: tuple[str, ...] = ()
    naming: tuple[str, ...] = ()
    timing: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def sessions(self) -> tuple[str, ...]:
        """As told."""
        return self.coming

    def name_servers(self) -> tuple[str, ...]:
        """As told."""
        return self.naming

    def time_servers(self) -> tuple[str, ...]:
        """As told."""
        return self.timing

    async def addresses_of(self, names: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """As told."""
        return {name: self.names[name] for name in names if name in self.names}


def look_up(name: str) -> tuple[str, ...]:
    """Ask the system's resolver, however long it takes; nothing where the name has no address."""
    try:
        found = getaddrinfo(name, None, type=SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(place[0]) for *_, place in found))


@dataclass(frozen=True, slots=True)
class HostSurroundings:
    """The host itself, from its files below ``root``."""

    root: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    pid: int = field(default_factory=os.getpid)
    clock: Clock = field(default_factory=SystemClock)
    look_up: Callable[[str], tuple[str, ...]] = look_up
    seconds: float = LOOK_UP_SECONDS
    _remembered: dict[str, tuple[float, tuple[str, ...]]] = field(default_factory=dict)

    def sessions(self) -> tuple[str, ...]:
        """From our environment and, since sudo drops it there, those of the processes above us."""
        above = (self._environment_of(pid) for pid in self._ancestors())
        return _few(_session(variables) for variables in (self.environment, *above))

    def name_servers(self) -> tuple[str, ...]:
        """From resolv.conf; where that names a stub on this host, also from systemd-resolved's own."""
        found = _few(_found(_NAME_SERVER, self._texts("etc/resolv.conf")))
        if any(one.startswith(_STUB) for one in found):
            found = _few([*found, *_found(_NAME_SERVER, self._texts("run/systemd/resolve/resolv.conf"))])
        return found

    def time_servers(self) -> tuple[str, ...]:
        """From what chrony, ntpd, ntpsec and systemd-timesyncd are configured with."""
        lines = _found(_SERVER, self._texts(*_CHRONY, *_CHRONY_SOURCES, *_NTP))
        words = (word for line in _found(_SERVERS, self._texts(*_TIMESYNCD)) for word in line.split())
        return _few([*lines, *words])

    async def addresses_of(self, names: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """All asked side by side; a resolver that hangs costs some seconds once a minute and no more."""
        now = self.clock.monotonic()
        old = now - REMEMBERED_SECONDS
        new = [name for name in names if self._remembered.get(name, (-inf,))[0] <= old]
        if new:
            from anyio import to_thread  # noqa: PLC0415 - commands that only read need no event loop

            answers = await to_thread.run_sync(ask_all, new, self.look_up, self.seconds)
            self._remembered.update({name: (now, answers.get(name, ())) for name in new})
        known = {name: self._remembered[name][1] for name in names}
        return {name: addresses for name, addresses in known.items() if addresses}

    def _ancestors(self) -> Iterator[int]:
        pid = self.pid
        for _ in range(ANCESTORS_MOST):
            fields = self._text(self.root / "proc" / str(pid) / "stat").rpartition(")")[2].split()
            if len(fields) < 2 or not fields[1].isdecimal() or int(fields[1]) < 1:  # noqa: PLR2004 - state, parent
                return
            pid = int(fields[1])
            yield pid

    def _environment_of(self, pid: int) -> Mapping[str, str]:
        """What concerns us of it: anything else there may be a secret."""
        text = self._text(self.root / "proc" / str(pid) / "environ")
        items = (item.partition("=") for item in text.split("\0"))
        return {name: value for name, _, value in items if name in _SSH}

    def _texts(self, *patterns: str) -> Iterator[str]:
        for pattern in patterns:
            yield from (self._text(path) for path in sorted(self.root.glob(pattern)))

    def _text(self, path: Path) -> str:
        """A file's beginning; empty where it cannot be read."""
        try:
            with path.open("rb") as file:
                return file.read(BYTES_MOST).decode(errors="replace")
        except OSError:
            return ""


def ask_all(
    names: Iterable[str], ask: Callable[[str], tuple[str, ...]], seconds: float
) -> Mapping[str, tuple[str, ...]]:
    """What is answered within so many seconds in all; threads that still wait then hold up nobody's end."""
    waiting: SimpleQueue[str] = SimpleQueue()
    for name in names:
        waiting.put(name)
    found: dict[str, tuple[str, ...]] = {}
    threads = [Thread(target=_work, args=(waiting, ask, found), daemon=True) for _ in range(AT_ONCE)]
    clock = SystemClock()
    end = clock.monotonic() + seconds
    for thread in threads[: waiting.qsize()]:
        thread.start()
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(0.0, end - clock.monotonic()))
    return found.copy()


def _work(
    waiting: SimpleQueue[str], ask: Callable[[str], tuple[str, ...]], found: dict[str, tuple[str, ...]]
) -> None:
    while True:
        try:
            name = waiting.get_nowait()
        except Empty:
            return
        found[name] = ask(name)


def _session(variables: Mapping[str, str]) -> str:
    """The first word of what sshd wrote: the client's address."""
    for name in _SSH:
        if words := variables.get(name, "").split():
            return words[0]
    return ""


def _found(pattern: re.Pattern[str], texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for line in text.splitlines():
            if found := pattern.match(line):
                yield found[1]


def _few(texts: Iterable[str]) -> tuple[str, ...]:
    """Each once, without empty ones, and no more than a host can mean."""
    return tuple(dict.fromkeys(text for text in texts if text))[:TEXTS_MOST]
