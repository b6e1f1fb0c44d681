"""One token for all who need it, renewed by one, kept where only we read it."""

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import timedelta

import anyio
import pytest

from gatepost.errors import ConnectFailed
from gatepost.kit.files import FileLock
from gatepost.kit.seal import derive, seal, unseal
from gatepost.kit.secret import Secret
from gatepost.kit.token_cache import Obtained, TokenCache, token_key

pytestmark = pytest.mark.anyio

CANARY = "app-secret-canary-5d1e"
KEY = token_key(Secret(CANARY), "feishu", "open.feishu.cn", "cli_a", "tenant")


class Platform:
    """Gives a new token each time it is asked, of a given life."""

    def __init__(self, lifetime=7200.0, **more):
        self.asked = 0
        self.lifetime = lifetime
        self.more = more

    async def obtain(self):
        """Ask it."""
        await anyio.lowlevel.checkpoint()
        self.asked += 1
        return Obtained(Secret(f"t-token-canary-{self.asked}"), self.lifetime, **self.more)


async def test_asked_once(clock, tmp_path):
    """Many tasks that want a token at once cause one request, in memory or with a directory."""
    for directory in (None, tmp_path / "cache"):
        platform, cache, got = Platform(), TokenCache(directory, clock), []

        async def take(cache=cache, platform=platform, got=got):
            got.append(await cache.get(KEY, platform.obtain))

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(take)
        assert platform.asked == 1
        assert set(got) == {Secret("t-token-canary-1")}


async def test_two_caches_share_a_directory(clock, tmp_path):
    """Two clients with caches of their own share the token by its file, even when they start together."""
    platform, got = Platform(), []

    async def take():
        got.append(await TokenCache(tmp_path, clock).get(KEY, platform.obtain))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(take)
    assert platform.asked == 1
    assert len(got) == 5


PROCESS = """
import sys, anyio, pathlib
from gatepost.kit.clock import SystemClock
from gatepost.kit.secret import Secret
from gatepost.kit.token_cache import *
place = pathlib.Path(sys.argv[1])
async def obtain():
    with (place / "asked").open("a") as file:
        file.write("x")
    await anyio.sleep(0.2)
    return Obtained(Secret("t-shared"), 7200)
async def main():
    cache = TokenCache(place / "cache", SystemClock())
    token = await cache.get(token_key(Secret("s"), "a"), obtain)
    assert token == Secret("t-shared")
anyio.run(main)
"""


def test_processes_share_one_request(tmp_path):
    """A22: processes that start together ask the platform once between them."""
    command = [sys.executable, "-c", PROCESS, str(tmp_path)]
    running = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0] * 4
    assert (tmp_path / "asked").read_text() == "x"


async def test_files_are_ours_alone_and_show_nothing(clock, tmp_path):
    """Files are 0600 in a 0700 directory; names and bytes show no token, secret or account."""
    directory = tmp_path / "a" / "cache"
    await TokenCache(directory, clock).get(KEY, Platform().obtain)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    files = [*directory.iterdir()]
    assert len([file for file in files if file.suffix == ".token"]) == 1
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        shown = file.name.encode() + file.read_bytes()
        assert not any(word in shown for word in (b"canary", b"cli_a", b"feishu", b"t-token"))
    assert "canary" not in f"{KEY!r}{vars(TokenCache(directory, clock))!r}"


@pytest.mark.parametrize(
    ("lifetime", "margin", "good"), [(7200, 300, 6900), (300, 300, 240), (7200, 600, 6600)]
)
async def test_renewed_before_its_end(clock, lifetime, margin, good):
    """A token is handed out until a margin before its end: five minutes, or a fifth of a short life."""
    platform, cache = Platform(lifetime, margin=margin), TokenCache(None, clock)
    await cache.get(KEY, platform.obtain)
    clock.advance(timedelta(seconds=good - 1))
    await cache.get(KEY, platform.obtain)
    assert platform.asked == 1
    clock.advance(timedelta(seconds=1))
    await cache.get(KEY, platform.obtain)
    assert platform.asked == 2


async def test_dropped_token_is_renewed_once(clock, tmp_path):
    """A token the platform refused is forgotten everywhere."""
    platform, cache = Platform(), TokenCache(tmp_path, clock)
    token = await cache.get(KEY, platform.obtain)
    await cache.drop(KEY, token)
    assert await TokenCache(tmp_path, clock).get(KEY, platform.obtain) == Secret("t-token-canary-2")


async def test_cache_is_read_before_refreshing(clock, tmp_path):
    """A22: a token that another process renewed meanwhile is used, not renewed again."""
    platform = Platform()
    ours, theirs = TokenCache(tmp_path, clock), TokenCache(tmp_path, clock)
    old = await ours.get(KEY, platform.obtain)
    await theirs.get(KEY, platform.obtain)
    await theirs.drop(KEY, old)
    new = await theirs.get(KEY, platform.obtain)
    await ours.drop(KEY, old)
    assert await ours.get(KEY, platform.obtain) == new
    assert platform.asked == 2


async def test_late_drop_spares_the_new_token(clock):
    """Dropping a token that was replaced already drops nothing."""
    platform, cache = Platform(), TokenCache(None, clock)
    old = await cache.get(KEY, platform.obtain)
    await cache.drop(KEY, old)
    new = await cache.get(KEY, platform.obtain)
    await cache.drop(KEY, old)
    assert await cache.get(KEY, platform.obtain) == new


@pytest.mark.parametrize("content", [b"", b"garbage", b"x" * 200, b"{}" * 50_000])
async def test_broken_file_is_no_file(clock, tmp_path, content):
    """A file that is not ours, broken or too large is replaced."""
    await TokenCache(tmp_path, clock).get(KEY, Platform().obtain)
    (place,) = tmp_path.glob("*.token")
    place.write_bytes(content)
    platform = Platform()
    await TokenCache(tmp_path, clock).get(KEY, platform.obtain)
    assert platform.asked == 1
    assert place.read_bytes() != content


async def test_link_in_the_cache_is_not_followed(clock, tmp_path):
    """A symbolic link in place of a file is not read, and what it points to is not written."""
    (tmp_path / "victim").write_bytes(b"v")
    cache = tmp_path / "cache"
    await TokenCache(cache, clock).get(KEY, Platform().obtain)
    (place,) = cache.glob("*.token")
    place.unlink()
    place.symlink_to(tmp_path / "victim")
    await TokenCache(cache, clock).get(KEY, Platform().obtain)
    assert (tmp_path / "victim").read_bytes() == b"v"


async def test_stale_file_is_no_token(clock, tmp_path):
    """A file of yesterday is not used."""
    platform = Platform()
    await TokenCache(tmp_path, clock).get(KEY, platform.obtain)
    clock.advance(timedelta(days=1))
    await TokenCache(tmp_path, clock).get(KEY, platform.obtain)
    assert platform.asked == 2


async def test_failure_is_not_kept(clock, tmp_path):
    """A failure reaches its caller, frees the lock, and the next caller asks again."""
    cache, platform = TokenCache(tmp_path, clock), Platform()

    async def fail():
        raise ConnectFailed("no")  # noqa: EM101 - an example

    with pytest.raises(ConnectFailed):
        await cache.get(KEY, fail)
    assert await cache.get(KEY, platform.obtain) == Secret("t-token-canary-1")


async def test_directory_that_cannot_be_made_costs_only_the_sharing(clock, tmp_path):
    """Where no directory can be made, tokens are kept in memory."""
    (tmp_path / "file").write_text("")
    cache, platform = TokenCache(tmp_path / "file" / "cache", clock), Platform()
    for _ in range(2):
        await cache.get(KEY, platform.obtain)
    assert platform.asked == 1


async def test_lock_held_for_ever_costs_only_the_sharing(clock, tmp_path):
    """A process that hangs with the lock delays us half a minute, then we ask ourselves."""
    held = FileLock(tmp_path / f"{KEY.name}.lock")
    assert held.acquire()
    platform = Platform()
    await TokenCache(tmp_path, clock).get(KEY, platform.obtain)
    held.release()
    assert platform.asked == 1
    assert 30 <= clock.monotonic() < 31


async def test_another_secret_is_another_token(clock, tmp_path):
    """A rotated secret, another app or another host never gets this token."""
    platform = Platform()
    keys = [
        KEY,
        token_key(Secret("rotated"), "feishu", "open.feishu.cn", "cli_a", "tenant"),
        token_key(Secret(CANARY), "feishu", "open.feishu.cn", "cli_b", "tenant"),
        token_key(Secret(CANARY), "feishu", "open.feishu.cncli_", "a", "tenant"),
    ]
    for key in keys:
        await TokenCache(tmp_path, clock).get(key, platform.obtain)
    assert platform.asked == len({key.name for key in keys}) == 4


def test_seal():
    """What is sealed comes back under its key alone, and only whole."""
    key = derive("secret", "a", "b")
    sealed = seal(key, b"token")
    assert unseal(key, sealed) == b"token"
    assert sealed != seal(key, b"token")
    assert unseal(derive("other", "a", "b"), sealed) is None
    assert derive("secret", "ab") != derive("secret", "a", "b")
    for position in range(len(sealed)):
        broken = bytearray(sealed)
        broken[position] ^= 1
        assert unseal(key, bytes(broken)) is None
        assert unseal(key, sealed[:position]) is None
