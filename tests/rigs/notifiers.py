"""A site's notifiers, as the program reads them from a file, at platforms on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gatepost.cli.notifying import channel_opener
from gatepost.config import Settings, load
from gatepost.emulator.app import Emulator
from gatepost.emulator.serve import serving
from gatepost.kit.clock import SystemClock
from gatepost.model.event import About, Event, EventKind, Shown
from gatepost.model.reason import Reason
from gatepost.model.record import Failure
from gatepost.notify.base import Message

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
DIGEST = "sha256:" + "0123456789abcdef" * 4
APPROVE = f"gatepost approve {DIGEST}"
HOSTILE = (
    '<at user_id="all"></at><at id=all></at><@all><font color="red">x</font> [pay](https://evil.example/) '
    "**b** `c` @everyone <!channel> ![i](https://evil.example/i) ~~s~~ &lt;at&gt; \n# h\n> q\u202e{{x}}"
)
"""Everything that some chat would take for syntax."""


def event(kind: EventKind = EventKind.CHANGE, **changes: Any) -> Event:
    """A change of a list, or what is said of it."""
    told = Event(
        kind=kind,
        about=About.LIST,
        name="webhooks",
        at=AT,
        mark="7",
        list="webhooks",
        serial=7,
        previous=6,
        entries=12,
        added=Shown(("101.126.59.7/32", "*.feishu.cn"), 2),
        removed=Shown(("8.8.8.0/24",), 1),
    )
    return replace(told, **changes)


def held(**changes: Any) -> Event:
    """A held answer."""
    reason = Reason("shrink", "62 %", "30 %", "The answer has 62 % fewer addresses.", "events")
    told = event(EventKind.HELD, about=About.SOURCE, name="webhooks/events", digest=DIGEST, reasons=(reason,))
    return replace(told, **changes)


def many(count: int, octet: int) -> Shown:
    """So many networks, all of them shown."""
    return Shown(tuple(f"{octet}.{n >> 8}.{n & 255}.0/24" for n in range(count)), count)


def hostile() -> Event:
    """An event that quotes foreign text wherever it can."""
    links = ("https://evil.example/", "https://open.feishu.cn/document/[x](y)", "https://open.feishu.cn/app")
    return held(
        reasons=(Reason(HOSTILE, "{measured}", "{limit}", HOSTILE, HOSTILE),),
        failure=Failure("RequestRejected", HOSTILE, transient=False, hint=HOSTILE, code=7, links=links),
        suspects=(HOSTILE,),
        added=Shown((HOSTILE,), 1),
    )


def message(*events: Event, **more: Any) -> Message:
    """A message of some events."""
    return Message(events or (event(),), **more)


@dataclass
class Rig:
    """A notifier's place, and what arrived there."""

    settings: Settings
    emulator: Emulator | None = None
    bodies: list[Any] = field(default_factory=list)
    secrets: tuple[str, ...] = ()

    async def send(self, one: Message) -> tuple[str, ...]:
        """Through the channel, as the program opens it."""
        notifier = self.settings.notify[0]
        async with channel_opener(self.settings, SystemClock())(notifier) as channel:
            return await channel.send(one)

    async def check(self) -> tuple[str, ...]:
        """Whether the receiver is good."""
        notifier = self.settings.notify[0]
        async with channel_opener(self.settings, SystemClock())(notifier) as channel:
            return await channel.check(lambda text: text)

    def arrived(self) -> list[Any]:
        """Content of each message that arrived."""
        return [one["content"] for one in self.emulator.state.messages] if self.emulator else self.bodies

    def break_down(self) -> None:
        """From now on the platform answers with its own trouble."""
        assert self.emulator
        self.emulator.inject("A10", path="message", count=100)


def strings(value: Any) -> Iterator[str]:
    """Every text in a document."""
    match value:
        case str():
            yield value
        case dict():
            yield from (text for one in value.values() for text in strings(one))
        case list() | tuple():
            yield from (text for one in value for text in strings(one))


def texts(content: Any) -> str:
    """All that a message shows."""
    return "\n".join(strings(content))


def read(folder: Path, text: str) -> Settings:
    """As the program reads a file."""
    path = folder / "gatepost.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{folder}/h.db"\n{text}', encoding="utf-8")
    return replace(load(path), cache=folder / "tokens")


def secret(folder: Path, name: str, value: str) -> str:
    """A secret in a file, as the configuration names it."""
    (folder / name).write_text(value, encoding="utf-8")
    return f"file:{folder / name}"


@asynccontextmanager
async def emulated(emulator: Emulator | None = None) -> AsyncIterator[tuple[Emulator, str]]:
    """The platforms, on loopback."""
    made = emulator or Emulator()
    async with serving(made) as url:
        yield made, url
