"""Feishu's custom bot at the emulator: signed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rigs.channels.feishu import active
from rigs.notifiers import Rig, emulated, read, secret

__all__ = ["FORMS", "active", "rig"]

FORMS = ("card", "text")
HOOK = "6f1c1f4e-hook-demo-feishu"
SIGNING = "feishu-demo-hook-secret"


@asynccontextmanager
async def rig(folder: Path, form: str) -> AsyncIterator[Rig]:
    """A bot that asks for a signature and a keyword."""
    async with emulated() as (emulator, url):
        emulator.state.apps["feishu"][HOOK].keywords = ["门房"]
        hook = secret(folder, "hook", f"{url}/feishu/open-apis/bot/v2/hook/{HOOK}")
        text = (
            f'[[notify]]\nkind = "feishu_bot"\nurl = "{hook}"\nsecret = "{secret(folder, "sign", SIGNING)}"\n'
            f'keyword = "门房"\nform = "{form}"\n'
        )
        yield Rig(read(folder, text), emulator, secrets=(HOOK, SIGNING))
