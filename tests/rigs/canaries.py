"""Find known secrets wherever they went, in whatever form; and emulated platforms that know them all."""

from __future__ import annotations

import base64
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from gatepost.emulator.app import Emulator
from gatepost.emulator.base import Answer, Call

PLANTED: Mapping[str, str] = {
    "feishu": "canary-secret-feishu-4f1d",
    "lark": "canary-secret-lark-9b27",
    "wechat": "canary-secret-wechat-c3e8",
    "wecom": "canary-secret-wecom-77aa",
    "chat": "canary-key-chat-" + "5e0d" * 12,
}
"""The secret of each platform's app."""
SHORTEST = 12
"""Characters below which a text says nothing: it could be anywhere by chance."""


def forms(secret: str) -> set[bytes]:
    """A secret as it is, in a URL, in hex, backwards, and in base64 at whatever place it begins."""
    plain = secret.encode()
    found = {plain, quote(secret, safe="").encode(), plain.hex().encode(), plain[::-1]}
    for shift in range(3):
        inner = base64.b64encode(b"\0" * shift + plain)[(4 if shift else 0) : -4]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return {form for form in found if len(form) >= SHORTEST}


def find(places: Mapping[str, bytes], secrets: Iterable[str]) -> list[tuple[str, str]]:
    """Place and secret of everything that leaked."""
    known = [(secret, form) for secret in set(secrets) for form in forms(secret)]
    return sorted({(name, secret) for name, data in places.items() for secret, form in known if form in data})


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its name; and each cell of a database, unpacked where it is packed."""
    found = {}
    for place in sorted(folder.rglob("*")):
        if place.is_file():
            data = place.read_bytes()
            found[str(place)] = str(place).encode() + b"\n" + data
            if data.startswith(b"SQLite format 3\0"):
                found[f"{place} (cells)"] = b"\n".join(_cells(place))
    return found


def _cells(place: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(place)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - names of its own tables
                for cell in row:
                    data = cell if isinstance(cell, bytes) else str(cell).encode()
                    yield data
                    yield unpacked(data)


def unpacked(data: bytes) -> bytes:
    """What a compressed cell holds, whatever stands before it; nothing where it is not compressed."""
    for start in range(min(len(data), 8)):
        with suppress(zlib.error):
            return zlib.decompress(data[start:])
    return b""


class Overhearing(Emulator):
    """Emulated platforms with planted secrets, which remember every credential that came over the line."""

    def __init__(self) -> None:
        """All platforms."""
        self.overheard: set[str] = set()
        super().__init__()

    def reset(self) -> None:
        """Start anew, with the planted secrets, and tokens that are marked."""
        super().reset()
        for platform, secret in PLANTED.items():
            app = next(iter(self.state.apps[platform].values()))
            app.secrets = [secret]
            app.token_mark = f"canary-token-{platform}-"

    @property
    def secrets(self) -> set[str]:
        """Everything that must not be found: planted, issued, and made by the client."""
        return {*PLANTED.values(), *(token.value for token in self.state.tokens.issued), *self.overheard}

    def _answer(self, call: Call) -> Answer:
        self.overheard |= set(credentials(call))
        return super()._answer(call)


def credentials(call: Call) -> Iterator[str]:
    """What of a request opens something."""
    for name in ("access_token", "usersig", "corpsecret", "secret"):
        if name in call.query:
            yield call.query[name]
    if authorization := call.headers.get("authorization"):
        yield authorization.rpartition(" ")[2]
    for name in ("app_secret", "secret"):
        if isinstance(value := call.fields().get(name), str):
            yield value
