"""What a request may do and what it gives; loads no HTTP library, so that clients are cheap to import."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, quote_plus

from gatepost.errors import NotJson, cut
from gatepost.kit.json import decode_json
from gatepost.kit.secret import Secret

T = TypeVar("T")
Value = str | int | float | bool | Secret
"""What a query parameter may be."""
Json = Value | None | Mapping[str, "Json"] | list["Json"] | tuple["Json", ...]
"""What a body may be."""

MIB = 1 << 20
EXCERPT_MAX = 200
"""Characters of an answer that is no JSON kept for the report."""
SKEW_MAX = 60.0
"""Seconds between our clock and the platform's beyond which an error says so."""

_JSON_TYPE = re.compile(r"(application|text)/([\w.+-]+\+)?json|text/\w+", re.ASCII)
_TOKEN_LIKE = re.compile(r"(?<=[=:/\"' ])[\w.~%+-]{20,}|(?<=[?&])[^\s\"'<>]+")


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """What requests may do."""

    hosts: frozenset[str]
    """Host names requests may go to, lower case. Literal loopback is always allowed."""
    allow_custom_host: bool = False
    """Whether other public hosts are allowed, over https."""
    deadline: float = 20.0
    """Seconds for one request, all of it: name, connection, headers and body."""
    max_body: int = 2 * MIB
    """Decoded bytes of one answer."""
    ca_file: Path | None = None
    """PEM file of a further certificate authority, trusted beside the system's."""
    proxy: str | None = None
    """``http://host:port`` of a proxy for all but loopback. The environment's proxies are not heeded."""
    proxy_login: Secret | None = None
    """``user:password`` for the proxy."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer, decoded from its content encoding. Its repr shows status and place alone."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Lower-case names; the last of several wins."""
    body: bytes = field(repr=False)
    url: str
    """Scheme, host and path: never a query; no path either where the URL was a Secret."""
    skew: float | None = None
    """Seconds the server's ``Date`` header is ahead of our clock; None without such a header."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Values that went out with the request, for :meth:`redact`."""

    def redact(self, text: str) -> str:
        """The text without what the request kept secret, however the platform echoes it."""
        return redact(text, self.secrets)

    @property
    def excerpt(self) -> str:
        """The first characters of the body, without secrets and what looks like one."""
        text = self.redact(self.body[: 4 * EXCERPT_MAX].decode(errors="replace"))
        return cut(_TOKEN_LIKE.sub("***", text), EXCERPT_MAX)

    @property
    def clock_is_off(self) -> bool:
        """Whether our clock and the server's differ so much that signatures and tokens suffer."""
        return self.skew is not None and abs(self.skew) > SKEW_MAX


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """The text without these values, plain or as a URL writes them."""
    for value in secrets:
        for form in {value, quote(value), quote(value, safe=""), quote_plus(value)}:
            text = text.replace(form, "***")
    return text


def decode(reply: Reply, type_: type[T]) -> T:
    """The reply's JSON as ``type_``, whatever its status.

    WeChat and others label JSON ``text/plain``: any text that starts like
    JSON is tried. Raises NotJson (with a redacted excerpt), SchemaMismatch
    or TooLarge.
    """
    media = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    start = reply.body.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:1]
    if start not in (b"{", b"[") or (media and not _JSON_TYPE.fullmatch(media)) or media == "text/html":
        kind = cut(media, 60) or "no media type"
        msg = f"{reply.url} answered {reply.status} with {kind} instead of JSON: {reply.excerpt!r}"
        raise NotJson(msg)
    return decode_json(reply.body, type_)
