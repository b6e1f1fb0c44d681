"""What a gate adds to a request, beside the same middleware on other look-ups.

``python bench/gate.py [--quick]``. An ASGI application that does nothing, called as a server calls it,
with nine headers; the added time is that of the gate before it less that of the application alone, in
its own time and in short turns: a busy machine counts less. *Returning* clients came before, *cold* ones
come for the first time. gatepost says who is calling, by which entry and which serial; its peers only
look the address up: ``netaddr.IPSet`` and ``pytricia`` in the same coroutine, without proxies, without
the why, and (``…, memo``) behind a dictionary. *Proxied*: the address stands in X-Forwarded-For.
Targets: <= 1 us returning, <= 3 us cold, at 100 and 10,000 prefixes. Exit 1 where one is missed.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import ipaddress
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import netaddr
from rig.figures import show

from gatepost.gate.asgi import AsgiGate
from gatepost.gate.gate import Gate, Policy
from gatepost.gate.listing import Edition, Listing, Match
from gatepost.gate.trust import Trust
from gatepost.model.address import Family, Prefix

SIZES = (100, 10_000)
CLIENTS = 250
PROXY = "10.0.0.1"
RETURNING_MAX, COLD_MAX = 1e-6, 3e-6

Scope = dict[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Does nothing."""


class Passed:
    """No middleware at all, but for being one."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: object, send: object) -> None:
        """One request."""
        await self.app(scope, receive, send)


class Looked:
    """The least that a middleware can be: one look-up, and on."""

    def __init__(self, app: App, is_in: Callable[[str], object]) -> None:
        self.app = app
        self.is_in = is_in

    async def __call__(self, scope: Scope, receive: object, send: object) -> None:
        """One request."""
        if scope["type"] == "http" and self.is_in(scope["client"][0]):
            await self.app(scope, receive, send)


def prefixes(size: int) -> list[Prefix]:
    """Networks and addresses of one /8."""
    chance = random.Random(20_260_105)
    made: set[Prefix] = set()
    while len(made) < size:
        length = chance.choice((24, 25, 26, 27, 28, 32, 32, 32))
        number = 0x6500_0000 | chance.getrandbits(24)
        made.add(Prefix(Family.V4, number >> 32 - length << 32 - length, length))
    return sorted(made)


def clients(allowed: list[Prefix]) -> list[str]:
    """Different listed addresses."""
    chance = random.Random(5)
    found: set[int] = set()
    room = sum(prefix.size for prefix in allowed)
    while len(found) < min(CLIENTS, room // 2):
        prefix = chance.choice(allowed)
        found.add(prefix.network + chance.randrange(prefix.size))
    return [str(ipaddress.IPv4Address(number)) for number in chance.sample(sorted(found), len(found))]


def request(client: str, *, proxied: bool) -> Scope:
    """As uvicorn makes it."""
    names = ("host", "user-agent", "accept", "content-type", "content-length", "x-request-id")
    signed = ("x-lark-request-timestamp", "x-lark-signature")
    headers = [(name.encode(), b"value") for name in (*names, *signed)]
    headers.append((b"x-forwarded-for" if proxied else b"connection", client.encode()))
    return {
        "type": "http", "method": "POST", "path": "/feishu/events", "raw_path": b"/feishu/events",
        "query_string": b"", "headers": headers, "client": (PROXY if proxied else client, 50_000),
    }  # fmt: skip


def call_all(app: App, scopes: list[Scope]) -> float:
    """Seconds of this process for one request."""
    gc.collect()
    began = time.process_time()
    for scope in scopes:
        try:
            app(scope, None, None).send(None)  # type: ignore[attr-defined]  # a coroutine, driven by hand
        except StopIteration:
            continue
    return (time.process_time() - began) / len(scopes)


def gate_for(allowed: list[Prefix], *, proxied: bool) -> AsgiGate:
    """A gate that nobody came to yet."""
    gate = Gate(Policy(Trust([f"{PROXY}/32"])) if proxied else None)
    values = ((prefix, Match(str(prefix))) for prefix in allowed)
    gate.swap(Listing.of(Edition("webhooks", 7), "digest", values))
    return AsgiGate(application, gate)


def peers(allowed: list[Prefix]) -> dict[str, App]:
    """The same coroutine on other look-ups."""
    others: dict[str, App] = {
        "passed on, no look-up": Passed(application),
        "netaddr.IPSet": Looked(application, netaddr.IPSet(map(str, allowed)).__contains__),
    }
    if importlib.util.find_spec("pytricia") is None:
        return others
    tree = importlib.import_module("pytricia").PyTricia(32)
    for prefix in allowed:
        tree[str(prefix)] = True
    known: dict[str, bool] = {}

    def remembered(text: str) -> bool:
        found = known.get(text)
        if found is None:
            found = known[text] = text in tree
        return found

    return others | {
        "pytricia": Looked(application, tree.__contains__),
        "pytricia, memo, returning": Looked(application, remembered),
    }


def forget(app: AsgiGate) -> None:
    """Nobody came before."""
    app.gate.standing.memo.clear()


def turns(allowed: list[Prefix]) -> dict[str, tuple[App, list[Scope], bool]]:
    """What is timed: an application, its requests, and whether it shall forget before."""
    texts = clients(allowed)
    plain, proxied = ([request(text, proxied=way) for text in texts] for way in (False, True))
    made: dict[str, tuple[App, list[Scope], bool]] = {"alone": (application, plain, False)}
    for name, scopes, way in (("gatepost", plain, False), ("gatepost, proxied", proxied, True)):
        gate = gate_for(allowed, proxied=way)
        made[f"{name}, cold"] = gate, scopes, True
        made[f"{name}, returning"] = gate, scopes, False
    return made | {name: (app, plain, False) for name, app in peers(allowed).items()}


def measure(allowed: list[Prefix], rounds: int) -> dict[str, float]:
    """Median seconds that each adds; they take turns, so that all see the same machine."""
    timed = turns(allowed)
    taken: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(rounds):
        for name, (app, scopes, fresh) in timed.items():
            if fresh and isinstance(app, AsgiGate):
                forget(app)
            taken[name].append(call_all(app, scopes))
    for app, _, _ in timed.values():
        if isinstance(app, AsgiGate) and app.gate.counts.refused:
            sys.exit("a listed client was refused")
    found = {name: statistics.median(times) for name, times in taken.items()}
    alone = found.pop("alone")
    return {name: seconds - alone for name, seconds in found.items()}


def main(rounds: int) -> int:
    """Measure, print, judge."""
    good = True
    if importlib.util.find_spec("pytricia") is None:
        print("pytricia is not installed (it needs a C compiler: pip install pytricia); left out")
    for size in SIZES:
        allowed = prefixes(size)
        found = measure(allowed, rounds)
        show(
            f"added to a request by {size:,} prefixes, medians of {rounds}",
            found,
            "gatepost, returning",
            unit="ns",
        )
        for name, limit in (("returning", RETURNING_MAX), ("cold", COLD_MAX)):
            seconds = found[f"gatepost, {name}"]
            print(f"to reach, {name}: <= {limit * 1e6:.0f} us; reached {seconds * 1e6:.2f} us")
            good = good and seconds <= limit
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(30 if "--quick" in sys.argv else 100))
