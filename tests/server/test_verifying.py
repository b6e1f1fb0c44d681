"""Who waits while passwords are verified, who does not, and who is sent away at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import httpx2
import pytest
from anyio.lowlevel import checkpoint

from gatepost.refusals import TooManyAtOnce, TooManyLogins
from gatepost.server.identity import Identity, Way
from gatepost.server.limits import WRONG_BY_NETWORK, WRONG_BY_STRANGERS, LoginLimit
from gatepost.server.logging_in import LoginBody
from gatepost.server.metrics import Metrics
from gatepost.server.queue import AGAIN_AFTER, WAITING_MOST
from gatepost.server.route import Asked, Reply
from gatepost.server.verifying import Verifying
from rigs.serving import BASE, PASSWORDS, bearer

pytestmark = pytest.mark.anyio

WITHIN = 20.0
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"


class Line:
    """Logins at once; work is done once it may go on."""

    def __init__(self, clock) -> None:
        self.metrics = Metrics()
        self.limit = LoginLimit(clock, names=("alice",), known=[("alice", HOME)])
        self.verifying = Verifying(self.limit, self.metrics)
        self.goes_on = threading.Event()
        self.verified: list[str] = []
        self.refused: list[str] = []
        self.gone: dict[str, anyio.Event] = {}

    async def come(self, address: str, *, waits: bool = True) -> None:
        """One login of alice."""
        asked = Asked(None, LoginBody("alice", "x"), Identity("", None, Way.OPEN), address, {})
        gone = self.gone[address] = anyio.Event()

        async def receive() -> dict[str, str]:
            await gone.wait()
            return {"type": "http.disconnect"}

        def work() -> Reply:
            if waits:
                self.goes_on.wait(WITHIN)
            self.verified.append(address)
            return Reply(b"")

        try:
            await self.verifying.run(work, asked, receive)
        except (TooManyAtOnce, TooManyLogins) as error:
            self.refused.append(f"{type(error).__name__} {error.retry_after:.0f}")

    @property
    def waiting(self) -> int:
        """Strangers."""
        return self.verifying._strangers.waiting

    async def till(self, waiting: int) -> None:
        """Until so many strangers wait."""
        with anyio.fail_after(WITHIN):
            while self.waiting != waiting:
                await checkpoint()


@pytest.fixture
def line(clock) -> Iterator[Line]:
    """Nobody yet."""
    made = Line(clock)
    yield made
    made.goes_on.set()


async def test_strangers_make_nobody_wait_who_is_known(line):
    """With their queue full: from where the name was let in before, and on this host."""
    async with anyio.create_task_group() as group:
        for n in range(WAITING_MOST + 1):
            group.start_soon(line.come, f"198.51.100.{n}")
        await line.till(WAITING_MOST)
        try:
            with anyio.fail_after(WITHIN / 2):
                for address in (HOME, "127.0.0.1", "::1"):
                    await line.come(address, waits=False)
            assert line.verified == [HOME, "127.0.0.1", "::1"]
        finally:
            line.goes_on.set()
    assert len(line.verified) == WAITING_MOST + 4


async def test_whoever_finds_the_queue_full_is_sent_away_at_once(line):
    """Told when to come again, counted, and not as a wrong password; the limit is asked before."""
    async with anyio.create_task_group() as group:
        for n in range(WAITING_MOST + 1):
            group.start_soon(line.come, f"198.51.100.{n}")
        await line.till(WAITING_MOST)
        for _ in range(WRONG_BY_NETWORK + 1):
            await line.come("203.0.113.9")
        assert line.refused == [f"TooManyAtOnce {AGAIN_AFTER:.0f}"] * (WRONG_BY_NETWORK + 1)
        told = line.metrics.registry.get_sample_value("gatepost_logins_total", {"result": "busy"})
        assert told == WRONG_BY_NETWORK + 1
        for n in range(WRONG_BY_STRANGERS - WAITING_MOST - 1):
            line.limit.enter("alice", f"203.0.113.{n}")
        await line.come(ELSEWHERE)
        assert line.refused[-1].startswith("TooManyLogins ")
        line.goes_on.set()
    assert len(line.verified) == WAITING_MOST + 1


async def test_whoever_hangs_up_is_forgotten(line):
    """Nothing is verified for them, nothing counts as wrong, and their places are free."""
    async with anyio.create_task_group() as group:
        group.start_soon(line.come, ELSEWHERE)
        await line.till(0)
        for _ in range(2):
            gone = [f"203.0.113.{n}" for n in range(WAITING_MOST)]
            for address in gone:
                group.start_soon(line.come, address)
            await line.till(WAITING_MOST)
            for address in gone:
                line.gone[address].set()
            await line.till(0)
        group.start_soon(line.come, "198.51.100.2")
        await line.till(1)
        line.goes_on.set()
    assert line.verified == [ELSEWHERE, "198.51.100.2"]
    assert len(line.limit._of_users._times["", "alice"]) == 2


@contextmanager
def nobody_goes_on(made) -> Iterator[None]:
    """Logins are verified and then held: the book at the door is in use."""
    with made.desk.entrances._lock:
        yield


async def test_pages_never_wait_for_passwords(locked):
    """Not the form to log in, nor anything else, while as many wait as may; more get 503, as a page too."""
    codes: list[int] = []

    async def guess(address: str, **headers: str) -> httpx2.Response:
        transport = httpx2.ASGITransport(locked.server, client=(address, 4711))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
            told = {"user": "mallory", "password": "wrong"}
            answer = await client.post("/login", json=told, headers=headers)
        codes.append(answer.status_code)
        return answer

    async with anyio.create_task_group() as group:
        with nobody_goes_on(locked), anyio.fail_after(WITHIN):
            for n in range(WAITING_MOST + 5):
                group.start_soon(guess, f"198.51.100.{n}")
            while len(codes) < 4:
                await checkpoint()
            page = await guess("203.0.113.1", accept="text/html")
            for path in ("/login", "/livez"):
                assert (await locked.get(path)).status_code == 200, path
            seen = (await locked.get("/metrics", **bearer("vera"))).text
    assert 'name="password"' in page.text
    assert page.headers["retry-after"] == str(int(AGAIN_AFTER))
    assert codes == [503] * 5 + [401] * (WAITING_MOST + 1)
    assert 'gatepost_logins_total{result="busy"} 5.0' in seen
    done = await locked.ask("POST", "/login", json={"user": "bob", "password": PASSWORDS["bob"]})
    assert done.status_code == 200
