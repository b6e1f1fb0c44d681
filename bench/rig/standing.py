"""A platform on loopback and the program's configuration for it, in a network namespace of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

CORPID = "wwa1b2c3d4e5f60001"
SECRET = "wecom-demo-corp-secret-000001"  # noqa: S105 - the emulator's, which opens nothing else
INSIDE = "--inside"


def enter() -> int | None:
    """Run this very script in a network namespace with loopback up; None where it is in it already."""
    if INSIDE in sys.argv:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return None
    if os.geteuid():
        return _told("needs root, for a network namespace of its own")
    return subprocess.call(["unshare", "-n", sys.executable, *sys.argv, INSIDE])


def _told(words: str) -> int:
    print(words, file=sys.stderr)
    return 2


class Platform:
    """The emulator, in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def publish(self, addresses: Sequence[str]) -> None:
        """The list from now on."""
        self._ask("PUT", "lists/wecom/callback_ip", [*addresses])

    def last_asked(self) -> float:
        """When it was asked for the list last, in seconds since 1970."""
        journal = json.loads(self._ask("GET", "journal"))
        moments = [one["at"] for one in journal if one["path"].endswith("getcallbackip")]
        return datetime.fromisoformat(moments[-1]).timestamp()

    def _ask(self, method: str, path: str, body: object = None) -> bytes:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/_emulator/{path}", data, method=method)  # noqa: S310 - http on loopback
        with urllib.request.urlopen(request) as reply:  # noqa: S310 - as above
            answer: bytes = reply.read()
        return answer


@contextmanager
def platform() -> Iterator[Platform]:
    """Started, and ended at the end."""
    command = [sys.executable, "-m", "gatepost", "emulate", "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        told = ""
        while not told.endswith("}\n"):
            told += process.stdout.readline() if process.stdout else ""
        yield Platform(json.loads(told)["url"])
    finally:
        process.terminate()
        process.wait()


def configuration(folder: Path, base_url: str, *, every: str = "1h") -> Path:
    """One account, source and list, and a set in the kernel; what is gone goes at once."""
    secret = folder / "secret"
    secret.write_text(SECRET, encoding="utf-8")
    secret.chmod(0o600)
    path = folder / "gatepost.toml"
    path.write_text(
        f"""\
[guards]
absences = 1
grace = "0s"

[store]
url = "sqlite:///{folder}/history.db"

[accounts.corp]
platform = "wecom"
corpid = "{CORPID}"
corpsecret = "file:{secret}"
base_url = "{base_url}/wecom"

[sources.callbacks]
kind = "wecom.callback"
account = "corp"
every = "{every}"

[lists.webhooks]
direction = "ingress"
sources = ["callbacks"]

[targets.edge]
kind = "nftables"
list = "webhooks"
""",
        encoding="utf-8",
    )
    return path


def addresses(count: int, start: int = 0) -> list[str]:
    """Hosts that do not touch."""
    numbers = ((0x3B000000 + 2 * at) for at in range(start, start + count))
    return [".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) for number in numbers]
