"""WeCom's message robot at the emulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rigs.channels.wecom import active
from rigs.notifiers import Rig, emulated, read, secret

__all__ = ["FORMS", "active", "rig"]

FORMS = ("markdown", "text")
KEY = "robot-demo-key-wecom"


@asynccontextmanager
async def rig(folder: Path, form: str) -> AsyncIterator[Rig]:
    """A group's robot."""
    async with emulated() as (emulator, url):
        hook = secret(folder, "robot", f"{url}/wecom/cgi-bin/webhook/send?key={KEY}")
        text = f'[[notify]]\nkind = "wecom_robot"\nurl = "{hook}"\nform = "{form}"\n'
        yield Rig(read(folder, text), emulator, secrets=(KEY,))
