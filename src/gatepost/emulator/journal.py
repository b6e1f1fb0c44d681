"""What was asked and what was decided, with every secret replaced by its digest.

:func:`shape` reduces an entry to what two clients must agree on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from gatepost.emulator.base import Answer, Call
from gatepost.emulator.state import Json, State

SECRET_NAMES = frozenset(
    {
        "access_token", "app_access_token", "app_secret", "app_ticket", "authorization", "corpsecret", "key",
        "secret", "sign", "tenant_access_token", "usersig",
    },
)  # fmt: skip
"""Parameters, headers and members whose value is a credential whatever it looks like."""

BODY_MAX = 4096
"""Characters of a body that is no JSON which the journal keeps."""
ENTRIES_MAX = 10_000


def digest(secret: str) -> str:
    """What stands for a secret: equal secrets have equal digests."""
    return "sha256:" + hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request, redacted."""

    number: int
    at: str
    platform: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Json
    caller: str
    status: int
    code: int
    fault: str | None
    """Id of the fault that struck."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What two clients that make the same request agree on."""

    method: str
    path: str
    query: tuple[str, ...]
    """Sorted names."""
    headers: frozenset[str]
    body: Json
    """The body's JSON with every value replaced by the name of its type."""


def shape(entry: JournalEntry) -> Shape:
    """Method, path, query names, header names and body shape of a request."""
    return Shape(
        entry.method,
        entry.path,
        tuple(sorted(entry.query)),
        frozenset(entry.headers),
        _types(entry.body),
    )


def _types(value: Json) -> Json:
    match value:
        case dict():
            return {name: _types(member) for name, member in sorted(value.items())}
        case list():
            return [_types(member) for member in value]
        case _:
            return type(value).__name__


class Journal:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self._number = 0

    def record(self, call: Call, answer: Answer, fault: str | None) -> None:
        """Write one down."""
        self._number += 1
        hide = _Redactor(call.state)
        entry = JournalEntry(
            number=self._number,
            at=call.state.clock.text(),
            platform=call.platform.name,
            method=call.method,
            path=hide.text(call.path),
            query={name: hide.named(name, value) for name, value in call.query.items()},
            headers={name: hide.header(name, value) for name, value in call.headers.items()},
            body=_body(call, hide),
            caller=call.caller,
            status=answer.status,
            code=answer.code,
            fault=fault,
        )
        self.entries = [*self.entries[-ENTRIES_MAX + 1 :], entry]

    def clear(self) -> None:
        """Forget everything; numbers go on."""
        self.entries = []

    def of(self, platform: str, path: str | None = None) -> list[JournalEntry]:
        """Entries of one platform, of one path if given."""
        return [e for e in self.entries if e.platform == platform and path in {None, e.path}]

    def dump(self) -> list[dict[str, Any]]:
        """As JSON."""
        return [asdict(entry) for entry in self.entries]


class _Redactor:
    """Replaces what is secret by name, and every known secret wherever it stands."""

    def __init__(self, state: State) -> None:
        self._known = sorted(set(_secrets(state)), key=len, reverse=True)

    def text(self, value: str) -> str:
        for secret in self._known:
            if secret in value:
                value = value.replace(secret, digest(secret))
        return value

    def named(self, name: str, value: str) -> str:
        return digest(value) if name.lower() in SECRET_NAMES and value else self.text(value)

    def header(self, name: str, value: str) -> str:
        if name != "authorization":
            return self.named(name, value)
        scheme, space, credential = value.partition(" ")
        return scheme + space + digest(credential) if space else digest(value)

    def json(self, value: Json, name: str = "") -> Json:
        match value:
            case dict():
                return {self.text(key): self.json(member, key) for key, member in value.items()}
            case list():
                return [self.json(member, name) for member in value]
            case str():
                return self.named(name, value)
            case _:
                return value


def _secrets(state: State) -> Iterator[str]:
    for apps in state.apps.values():
        for app in apps.values():
            yield from filter(None, app.secrets)
            yield from filter(None, (getattr(app, "ticket", ""), app.token_mark))
            if app.kind in {"webhook", "robot"}:
                yield app.id
    for token in state.tokens.issued:
        yield token.value


def _body(call: Call, hide: _Redactor) -> Json:
    if not call.body:
        return None
    try:
        return hide.json(json.loads(call.body))
    except (ValueError, RecursionError):
        return hide.text(call.body.decode(errors="replace"))[:BODY_MAX]
