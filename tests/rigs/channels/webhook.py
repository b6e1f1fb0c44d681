"""A program of somebody's that takes JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rigs.notifiers import Rig, read, secret
from rigs.receiver import Receiver, receiving

FORMS = ("json",)
PATH, SIGNING = "/in/hook-canary-4711", "signing-canary-0815"


class Receiving(Rig):
    """What arrived is what the receiver answered with success."""

    receiver: Receiver

    def arrived(self) -> list[Any]:
        """Documents."""
        return [json.loads(body) for _, _, body in self.receiver.requests]

    def break_down(self) -> None:
        """Busy from now on."""
        self.receiver.status = 503


@asynccontextmanager
async def rig(folder: Path, form: str) -> AsyncIterator[Receiving]:  # noqa: ARG001 - there is one
    """A receiver on loopback."""
    with receiving() as receiver:
        url, signing = secret(folder, "url", receiver.url + PATH), secret(folder, "signing", SIGNING)
        text = f'[[notify]]\nkind = "webhook"\nurl = "{url}"\nsecret = "{signing}"\n'
        made = Receiving(read(folder, text), secrets=(PATH, SIGNING))
        made.receiver = receiver
        yield made


def active(content: Any) -> list[str]:
    """JSON is data: nothing in it is syntax to us."""
    return [] if isinstance(content, dict) else ["not an object"]
