"""Tokens asked for once and used by all: tasks of one process, and processes that share a directory.

A token is renewed by whoever holds its lock; the others wait and read what
it wrote. Files are 0600 in a 0700 directory, replaced whole, named by a
digest and sealed under the account's secret. A file that is stale, broken
or another's is as good as none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import anyio.lowlevel
import msgspec

from gatepost.kit.clock import Clock
from gatepost.kit.files import FileLock, read_regular, write_atomic
from gatepost.kit.seal import derive, seal, unseal
from gatepost.kit.secret import Secret

MARGIN = 300.0
"""Seconds before its end from which a token is no longer handed out."""
_MARGIN_SHARE = 5
"""And never more than this part of its life: WeChat's tokens may live 300 s."""
_LOCK_WAIT = 30.0
"""Seconds to wait for another process; then we ask the platform ourselves rather than fail."""
_LOCK_POLL = 0.05
_FILE_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Which token: a digest of the account and its secret, and the key its file is sealed under."""

    name: str
    sealing: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Obtained:
    """A token as a platform gave it."""

    token: Secret
    lifetime: float
    """Seconds from now until it ends."""
    margin: float = MARGIN
    """Seconds before its end from which it is no longer handed out."""


Obtain = Callable[[], Awaitable[Obtained]]


def token_key(secret: Secret, *parts: str) -> TokenKey:
    """The key of one token: ``parts`` name platform, host, account and kind of token."""
    return TokenKey(
        derive(secret.reveal(), "name", *parts).hex()[:32], derive(secret.reveal(), "seal", *parts)
    )


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """What a file holds, inside its seal."""

    token: str
    until: datetime

    def usable(self, now: datetime) -> bool:
        return now < self.until


class TokenCache:
    """Tokens in memory and, given a directory, in files shared between processes."""

    def __init__(self, directory: Path | None, clock: Clock) -> None:
        """``directory`` is made, 0700, when the first token is kept; None keeps tokens in memory alone."""
        self._directory = directory
        self._clock = clock
        self._held: dict[str, _Stored] = {}
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)

    async def get(self, key: TokenKey, obtain: Obtain) -> Secret:
        """A token with life left; ``obtain`` is called by one caller at a time, and only if nobody has one.

        Raises what ``obtain`` raises; a failure is not kept.
        """
        if held := self._usable(self._held.get(key.name)):
            return Secret(held.token)
        async with self._alone(key):
            held = self._usable(self._held.get(key.name)) or self._usable(self._read(key))
            if held is None:
                held = self._made(await obtain())
                self._write(key, held)
            self._held[key.name] = held
            return Secret(held.token)

    async def drop(self, key: TokenKey, token: Secret) -> None:
        """Forget a token the platform refused, unless another one took its place already."""
        async with self._alone(key):
            if self._is(self._held.get(key.name), token):
                del self._held[key.name]
            if self._directory is not None and self._is(self._read(key), token):
                with suppress(OSError):
                    self._file(key).unlink()

    @asynccontextmanager
    async def _alone(self, key: TokenKey) -> AsyncIterator[None]:
        """Be the only one of this process, and of those that share the directory, to renew this token."""
        async with self._locks[key.name]:
            lock = FileLock(self._file(key).with_suffix(".lock")) if self._prepare() else None
            try:
                if lock is not None:
                    await self._take(lock)
                yield
            finally:
                if lock is not None:
                    lock.release()

    async def _take(self, lock: FileLock) -> None:
        """Wait for the lock; without it after a while, or where it cannot be had: we ask twice, not never."""
        give_up = self._clock.monotonic() + _LOCK_WAIT
        with suppress(OSError):
            while not lock.acquire() and self._clock.monotonic() < give_up:
                await self._clock.sleep(_LOCK_POLL)
                await anyio.lowlevel.checkpoint()

    def _prepare(self) -> bool:
        """Whether there is a directory to share; one that cannot be made or is not ours alone is not used."""
        if self._directory is None:
            return False
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._directory.chmod(0o700)
        except OSError:
            self._directory = None
        return self._directory is not None

    def _file(self, key: TokenKey) -> Path:
        return (self._directory or Path()) / f"{key.name}.token"

    def _read(self, key: TokenKey) -> _Stored | None:
        if self._directory is None:
            return None
        try:
            sealed = read_regular(self._file(key), _FILE_MAX)
            plain = unseal(key.sealing, sealed or b"")
            return None if plain is None else msgspec.json.decode(plain, type=_Stored)
        except (OSError, ValueError):  # msgspec's errors are ValueErrors
            return None

    def _write(self, key: TokenKey, stored: _Stored) -> None:
        """Keep it for others; a full disk costs only the sharing."""
        if self._directory is not None:
            with suppress(OSError):
                write_atomic(self._file(key), seal(key.sealing, msgspec.json.encode(stored)), mode=0o600)

    def _made(self, obtained: Obtained) -> _Stored:
        margin = min(obtained.margin, obtained.lifetime / _MARGIN_SHARE)
        until = self._clock.now() + timedelta(seconds=obtained.lifetime - margin)
        return _Stored(obtained.token.reveal(), until)

    def _usable(self, stored: _Stored | None) -> _Stored | None:
        return stored if stored is not None and stored.usable(self._clock.now()) else None

    @staticmethod
    def _is(stored: _Stored | None, token: Secret) -> bool:
        return stored is not None and Secret(stored.token) == token
