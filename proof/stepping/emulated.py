"""The emulated platform, a process of its own in our network: it answers the old list, then the new one."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

LIST = "lists/wecom/callback_ip"


@dataclass(frozen=True, slots=True)
class Platform:
    """Where it is, and its first app."""

    url: str
    app: str
    secret: str

    def answer(self, values: Sequence[str]) -> None:
        """This is the list from now on."""
        _asked(f"{self.url}/_emulator/{LIST}", list(values))


@contextmanager
def platform() -> Iterator[Platform]:
    """Served until the end of the block."""
    command = [sys.executable, "-m", "gatepost", "emulate", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            text = ""
            while "}" not in text:
                text += process.stdout.readline() if process.stdout else ""
            url = json.loads(text)["url"]
            app = _asked(f"{url}/_emulator/")["platforms"]["wecom"]["apps"][0]
            yield Platform(url, app["id"], app["secrets"][0])
        finally:
            process.kill()


def _asked(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method="GET" if body is None else "PUT")  # noqa: S310 - our own loopback
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
        return json.load(answer)
