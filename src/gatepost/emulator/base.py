"""The door of the emulated platforms: what one is, and what it gets and gives.

A platform is one module with a :class:`Platform` subclass; it is found by name, no table is edited.
It answers as the platform's documents (and live answers) say, and keeps all its knowledge in the state.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import ClassVar, TypeAlias

from gatepost.emulator.line import Line
from gatepost.emulator.state import App, Json, State


class Role(StrEnum):
    """What a route is for: faults strike by it."""

    TOKEN = "token"  # noqa: S105 - a role
    LIST = "list"
    MESSAGE = "message"
    OTHER = "other"


class Situation(Enum):
    """A refusal that every platform has words for."""

    TOKEN_EXPIRED = "token expired"  # noqa: S105 - a situation
    WRONG_SECRET = "wrong secret"  # noqa: S105 - a situation
    CALLER_NOT_ALLOWED = "caller not allowed"
    RATE_LIMITED = "rate limited"
    QUOTA_SPENT = "quota spent"
    BUSY = "platform busy"


@dataclass(slots=True)
class Answer:
    """What goes back: a JSON payload or verbatim bytes, and how the bytes go out."""

    payload: Json = None
    status: int = 200
    code: int = 0
    """The platform's code, for the journal; 0 is success."""
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Sent in place of the payload."""
    deliver: Callable[[Line, Answer], Awaitable[None]] | None = None
    """Sends the answer another way than whole."""

    async def send(self, line: Line) -> None:
        """Put it on the line."""
        if self.deliver is None:
            await line.whole(self.status, self.headers, self.body)
        else:
            await self.deliver(line, self)

    @property
    def body(self) -> bytes:
        """The bytes; text that UTF-8 cannot hold goes out escaped."""
        if self.raw is not None:
            return self.raw
        try:
            return json.dumps(self.payload, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return json.dumps(self.payload).encode()


@dataclass(slots=True)
class Call:
    """One request to one platform, while it is being answered."""

    platform: Platform
    state: State
    method: str
    path: str
    """Below the platform's prefix."""
    query: dict[str, str]
    headers: dict[str, str]
    """Lower-case names."""
    body: bytes
    caller: str
    id: str
    params: dict[str, str] = field(default_factory=dict)
    view: Callable[[str, list[Json]], list[Json]] | None = None
    """A fault's view of a list, by its name."""

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self.state.clock.now()

    def json(self) -> Json:
        """The body's value; None where it is not JSON (``null`` is never a useful body)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def fields(self) -> dict[str, Json]:
        """The body's members; none where it is not an object."""
        value = self.json()
        return value if isinstance(value, dict) else {}

    def values(self, name: str) -> list[Json]:
        """One of the platform's lists, as this call sees it."""
        values = self.state.lists[self.platform.name][name].at(self.now)
        return values if self.view is None else self.view(name, values)

    def app(self, key: str) -> App | None:
        """The platform's app of this id."""
        return self.state.apps.get(self.platform.name, {}).get(key)

    def over(self, app: App, api: str, rates: tuple[tuple[int, int], ...]) -> tuple[int, float] | None:
        """Count this call against (calls, seconds), or the app's own limit.

        Gives the calls of a limit that is full, and the seconds to wait.
        """
        own = app.limits.get(api)
        for calls, seconds in rates if own is None else ((own[0], own[1]),):
            key = f"{self.platform.name}/{app.id}/{api}"
            if wait := self.state.meter.hit(key, calls, seconds, self.now):
                return calls, wait
        return None


Handler: TypeAlias = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path; ``:name`` in a path is a parameter."""

    method: str
    path: str
    handler: Handler
    role: Role = Role.OTHER

    def match(self, path: str) -> dict[str, str] | None:
        """Parameters of the path, None where it is another."""
        return matched(self.path, path)


def matched(pattern: str, path: str) -> dict[str, str] | None:
    """Parameters of a path under a pattern with ``:name`` parts, None where it does not fit."""
    found = re.fullmatch(re.sub(r":(\w+)", r"(?P<\1>[^/]+)", pattern), path)
    return found.groupdict() if found else None


class Platform(ABC):
    """One emulated platform."""

    name: ClassVar[str]
    """Prefix of its paths."""
    origin_paths: ClassVar[tuple[str, ...]] = ()
    """Starts of paths that reach it without its prefix: for SDKs whose base must be a bare origin."""
    pages: ClassVar[bool] = False
    """Whether its lists come in pages."""
    lists: ClassVar[Mapping[str, list[Json]]]
    """Lists published at the start."""
    styles: ClassVar[Mapping[str, list[Json]]] = {}
    """Other forms seen in the wild that a list can be set to, by name."""
    samples: ClassVar[tuple[str, ...]]
    """Addresses of the documents' examples, which must never reach a firewall."""
    routes: ClassVar[tuple[Route, ...]]

    @abstractmethod
    def apps(self) -> tuple[App, ...]:
        """Apps that exist at the start."""

    @abstractmethod
    def refuse(self, situation: Situation, call: Call) -> Answer:
        """The platform's words for a situation."""

    @abstractmethod
    def unknown(self, call: Call, allowed: tuple[str, ...]) -> Answer:
        """Answer to a path it does not have, or has with other methods (``allowed``)."""

    @abstractmethod
    def finish(self, call: Call, answer: Answer) -> None:
        """Put the platform's own headers on an answer, where they are not set."""

    def elements(self, name: str, values: Iterable[Json]) -> list[Json]:
        """Addresses, or whatever stands in their place, in the form this list's elements have."""
        del name
        return list(values)

    def page(self, values: list[Json], page_token: str, *, has_more: Json) -> Answer:
        """A page with exactly this content; only where :attr:`pages`."""
        raise NotImplementedError

    def seed(self, state: State) -> None:
        """Publish the lists and make the apps known."""
        for app in self.apps():
            state.add_app(self.name, app)
        for name, values in self.lists.items():
            state.add_list(self.name, name, values)
