"""Feishu's app at the emulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rigs.notifiers import Rig, emulated, read, secret, strings

FORMS = ("card", "text")
CHAT = "chat_id:oc_5ad11d72b830411d72b836c20"


@asynccontextmanager
async def rig(folder: Path, form: str, to: str = CHAT) -> AsyncIterator[Rig]:
    """A chat that the app's bot is in."""
    async with emulated() as (emulator, url):
        app = next(iter(emulator.state.apps["feishu"].values()))
        named = secret(folder, "feishu.secret", app.secrets[0])
        text = (
            f'[accounts.main]\nplatform = "feishu"\napp_id = "{app.id}"\napp_secret = "{named}"\n'
            f'base_url = "{url}/feishu"\n'
            f'[[notify]]\nkind = "feishu"\naccount = "main"\nto = "{to}"\nform = "{form}"\n'
        )
        yield Rig(read(folder, text), emulator, secrets=(app.secrets[0],))


def active(content: Any) -> list[str]:
    """What of a message the client would take for syntax, or for an address that is not ours."""
    if "text" in content:
        return [mark for mark in ("<", "[", "**", "://evil", "@") if mark in content["text"]]
    tags = {one["tag"] for one in nodes(content)} - {"plain_text", "div", "action", "button"}
    urls = [one["url"] for one in nodes(content) if "url" in one]
    return [*tags, *(url for url in urls if "evil" in url or set(url) & set("[]()<>"))]


def nodes(value: Any) -> list[dict[str, Any]]:
    """Every tagged object of a card."""
    if isinstance(value, list):
        return [found for one in value for found in nodes(one)]
    if not isinstance(value, dict):
        return []
    own = [value] if "tag" in value else []
    return own + [found for one in value.values() for found in nodes(one)]


__all__ = ["CHAT", "FORMS", "active", "nodes", "rig", "strings"]
