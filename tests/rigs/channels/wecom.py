"""WeCom's app at the emulator."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rigs.notifiers import Rig, emulated, read, secret

FORMS = ("markdown", "text")
OURS = re.compile(r"\[[^\[\]()<>]+\]\(https://(gate\.example|open\.feishu\.cn)/[^\[\]()<> ]*\)")


@asynccontextmanager
async def rig(folder: Path, form: str, to: str = '"user:zhangsan"') -> AsyncIterator[Rig]:
    """A member that the app may write to."""
    async with emulated() as (emulator, url):
        app = next(iter(emulator.state.apps["wecom"].values()))
        named = secret(folder, "wecom.secret", app.secrets[0])
        text = (
            f'[accounts.corp]\nplatform = "wecom"\ncorpid = "{app.id}"\ncorpsecret = "{named}"\n'
            f'base_url = "{url}/wecom"\n'
            f'[[notify]]\nkind = "wecom"\naccount = "corp"\nagentid = {app.agentid}\nto = [{to}]\n'
            f'form = "{form}"\n'
        )
        yield Rig(read(folder, text), emulator, secrets=(app.secrets[0],))


def active(content: Any) -> list[str]:
    """What of a message WeCom would take for syntax, beside our own emphasis and links."""
    told = OURS.sub("", content["content"])
    lines = [re.sub(r"^\*\*(.*)\*\*$", r"\1", one) for one in told.split("\n")]
    told = "\n".join(lines)
    found = [mark for mark in ("<", ">", "[", "](", "`", "**", "@", "://evil") if mark in told]
    return found + [one for one in lines if one.startswith("#")]
