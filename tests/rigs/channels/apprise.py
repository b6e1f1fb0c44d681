"""Apprise's own JSON service, at a receiver on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rigs.channels.webhook import Receiving
from rigs.notifiers import read, secret, texts
from rigs.receiver import receiving

FORMS = ("text",)
PASSWORD = "apprise-canary-2342"


@asynccontextmanager
async def rig(folder: Path, form: str) -> AsyncIterator[Receiving]:  # noqa: ARG001 - there is one
    """A receiver on loopback."""
    with receiving() as receiver:
        url = secret(folder, "url", f"json://user:{PASSWORD}@{receiver.url.removeprefix('http://')}/in")
        made = Receiving(read(folder, f'[[notify]]\nkind = "apprise"\nurl = "{url}"\n'), secrets=(PASSWORD,))
        made.receiver = receiver
        yield made


def active(content: Any) -> list[str]:
    """What some service behind apprise would take for syntax."""
    told = texts({name: content[name] for name in ("title", "message")})
    return [mark for mark in ("<", ">", "[", "`", "**", "@", "://evil") if mark in told]
