"""One request before it is sent, and the one place where its secrets are revealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx2
import msgspec

from gatepost import __version__
from gatepost.errors import cut
from gatepost.kit.reply import Json, Value
from gatepost.kit.secret import Secret


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what was asked for, secrets still wrapped."""

    method: str
    url: str | Secret
    params: Mapping[str, Value]
    headers: Mapping[str, str | Secret]
    json: Json
    form: Mapping[str, Value] | None = None

    def build(self) -> httpx2.Request:
        """Reveal: from here on the request must not be shown."""
        url = httpx2.URL(_text(self.url))
        if self.params:
            url = url.copy_merge_params({name: _text(value) for name, value in self.params.items()})
        headers = {"accept-encoding": "gzip", "user-agent": f"gatepost/{__version__}", "accept": "*/*"}
        content = None
        if self.json is not None:
            headers["content-type"] = "application/json; charset=utf-8"
            content = msgspec.json.encode(self.json, enc_hook=_reveal)
        if self.form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
            content = urlencode({name: _text(value) for name, value in self.form.items()}).encode()
        headers |= {name.lower(): _text(value) for name, value in self.headers.items()}
        return httpx2.Request(self.method, url, headers=headers, content=content)

    @property
    def place(self) -> str:
        """The URL fit to show."""
        try:
            url = httpx2.URL(_text(self.url))
        except httpx2.InvalidURL:
            return "a URL that cannot be read"
        path = "" if isinstance(self.url, Secret) else url.path
        port = f":{url.port}" if url.port else ""
        return cut(f"{url.scheme}://{url.host}{port}{path}")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every revealed value, longest first; also what follows ``Bearer``, or a URL's last slash."""
        parts = (self.url, self.params, self.headers, self.json, self.form)
        found = {value.reveal() for value in _secrets(parts)}
        words = found | {value.rpartition(mark)[2] for value in found for mark in (" ", "/")}
        return tuple(sorted((word for word in words if len(word) >= _SHORTEST), key=len, reverse=True))


_SHORTEST = 6
"""Shorter values are not searched for: replacing them would garble any text."""


def _secrets(value: object) -> list[Secret]:
    match value:
        case Secret():
            return [value]
        case Mapping():
            return [found for item in value.values() for found in _secrets(item)]
        case list() | tuple():
            return [found for item in value for found in _secrets(item)]
    return []


def _text(value: Value) -> str:
    match value:
        case Secret():
            return value.reveal()
        case bool():
            return "true" if value else "false"
    return str(value)


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(type(value).__name__)
