"""`gatepost run` with everything that a reader of it meets, and the same program on the command line.

There is a list, one of domains and ports, one that never was good, and two that are held.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from gatepost.emulator.app import Emulator
from gatepost.emulator.state import ListChange
from rigs.accounts import accounts, environment, write_secret_file
from rigs.program import Program
from rigs.sites import EVENTS, HISTORY, SERVED, in_file, listed, own

PATIENCE = 60
SIX = "2408:8700:1000::1"
CALLBACKS = '\n[sources.calls]\nkind = "wechat.callback"\naccount = "wechat-mp"\n'
CLIENTS = '\n[sources.clients]\nkind = "wecom.clients"\naccount = "corp"\n'
OUTBOUND = '\n[lists.outbound]\ndirection = "egress"\nsources = ["clients"]\n'
NEVER = own("0.0.0.0/1", name="never") + listed("never", "never")


def feed(of: str) -> str:
    """A list's feed."""
    return f'\n[targets.feed-{of}]\nkind = "feed"\nlist = "{of}"\npath = "feed-{of}"\n'


SITE = (
    HISTORY
    + SERVED
    + EVENTS
    + own(SIX, name="six")
    + listed('events", "six')
    + feed("webhooks")
    + CALLBACKS
    + listed("calls", "calls")
    + feed("calls")
    + CLIENTS
    + OUTBOUND
    + feed("outbound")
    + NEVER
    + feed("never")
    + own("61.0.0.1", "61.0.0.3", "61.0.0.5")
    + listed("own", "own")
    + in_file("own")
)


@dataclass
class Served:
    """The program, where it serves, and its answers to what was asked once."""

    program: Program
    url: str
    confirmed: str
    """Digest of the plan that was confirmed."""
    answers: dict[str, httpx2.Response] = field(default_factory=dict)

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx2.Response:
        """Asked for once, and as it is: nothing is added to the headers."""
        plain = {"accept-encoding": "identity", **{name.replace("_", "-"): headers[name] for name in headers}}
        return httpx2.request(method, self.url + path, headers=plain, timeout=PATIENCE)

    def document(self, path: str) -> Any:
        """Of a route that answers 200."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def speak(self, digest: str, word: str, why: str) -> httpx2.Response:
        """A person's word on what is held."""
        return httpx2.post(f"{self.url}/v1/plans/{digest}/{word}", json={"why": why}, timeout=PATIENCE)


def until(true: Callable[[], Any]) -> Any:
    """Ask again and again."""
    end = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < end
    return found


@contextmanager
def served_site(emulator: Emulator, base_url: str, folder: Path) -> Iterator[Served]:
    """Two serials applied, two lists held, two words given on the command line; then it serves."""
    program = Program(folder, environment(emulator))
    program.write(accounts(emulator, base_url, write_secret_file(emulator, folder)) + SITE)
    program("apply").ended(4)
    feishu, wechat = (
        emulator.state.lists["feishu"]["outbound_ip"],
        emulator.state.lists["wechat"]["callback_ip"],
    )
    feishu.change(ListChange(add=("101.126.60.7",)))
    program.edit('"61.0.0.5"]', '"61.0.0.5", "61.0.0.7"]')
    plan = program.json("apply", "own", "--confirm-within", "10m")["plans"][0]
    program("confirm").ended(0)
    program("rollback", "own", "--to", "1").ended(0)
    program("apply", "webhooks").ended(0)
    feishu.change(ListChange(replace=["101.126.59.7"]))
    wechat.change(ListChange(replace=wechat.values[:3]))
    program("plan", "webhooks", "calls").ended(3)
    with program.running("run") as running:
        url = re.search(r"serving (http://\S+)", running.wait_for("started: "))
        assert url
        yield Served(program, url[1], plan["digest"])
        running.stop(signal.SIGTERM, within=20).ended(0)
