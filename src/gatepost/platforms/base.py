"""What all clients share: how an account is reached, and what a platform's codes mean.

A platform's code is looked up in its table; the class found there, never the
platform's wording, decides whether to refresh, retry or stop, and the hint.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import SplitResult, urlsplit

from gatepost.errors import (
    AddressNotAllowed,
    CredentialsRejected,
    PermissionDenied,
    PlatformBusy,
    PlatformError,
    RateLimited,
    RequestRejected,
    TokenRejected,
    cut,
)
from gatepost.kit.clock import Clock, SystemClock
from gatepost.kit.hosts import parts_of
from gatepost.kit.reply import HttpSettings, Json, Reply, Value
from gatepost.kit.secret import Secret
from gatepost.kit.token_cache import TokenCache

if TYPE_CHECKING:  # the HTTP library is loaded only where a client is opened
    import httpx2

    from gatepost.kit.http import Http

QUOTA_PAUSE = 6 * 3600.0
"""Seconds to leave a platform alone whose quota of a day or month is used up."""
_HTTP_BUSY = 500
_HTTP_TOO_MANY = 429


class CodeClass(StrEnum):
    """What a code asks of us."""

    CONFIGURATION = "configuration"
    """App id, secret, state or settings are wrong: stop, tell the owner."""
    PERMISSION = "permission"
    """A scope or right is missing: stop, say where to grant it."""
    REFRESH = "refresh"
    """The token is no longer good: drop it, get another, try once more, then stop."""
    REAUTHORISE = "reauthorise"
    """A ticket or authorisation of a tenant is gone: it must be given anew."""
    RATE_LIMIT = "rate_limit"
    """Asked too often: wait as told."""
    QUOTA = "quota"
    """The day's or month's calls are used up: waiting seconds does not help."""
    RETRY = "retry"
    """The platform's own trouble: try again, bounded."""
    BUG = "bug"
    """Our request is wrong."""
    CONTENT = "content"
    """What was to be sent is refused for what it says or how it is built."""
    NETWORK = "network"
    """Our egress address is not on the platform's allow-list."""


LEAVES: Mapping[CodeClass, type[PlatformError]] = {
    CodeClass.CONFIGURATION: CredentialsRejected,
    CodeClass.PERMISSION: PermissionDenied,
    CodeClass.REFRESH: TokenRejected,
    CodeClass.REAUTHORISE: TokenRejected,
    CodeClass.RATE_LIMIT: RateLimited,
    CodeClass.QUOTA: RateLimited,
    CodeClass.RETRY: PlatformBusy,
    CodeClass.BUG: RequestRejected,
    CodeClass.CONTENT: RequestRejected,
    CodeClass.NETWORK: AddressNotAllowed,
}
"""The error a class ends in."""


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a platform's table."""

    code: int
    klass: CodeClass
    meaning: str
    """In our words, lower case, without a full stop."""
    advice: str
    """The next step for a person; empty takes the error's own hint."""
    page: str
    """The platform's page that documents it."""


@dataclass(frozen=True, slots=True)
class CodeTable:
    """Every code of a platform that its documentation or practice names."""

    page: str
    """Page for codes that are not in the table."""
    rows: Mapping[int, Code]

    @classmethod
    def of(cls, page: str, rows: Iterable[Code]) -> Self:
        """Build it; raises ValueError where a code stands twice."""
        listed = list(rows)
        table = {row.code: row for row in listed}
        if len(table) != len(listed):
            msg = f"{page}: a code stands twice in the table"
            raise ValueError(msg)
        return cls(page, table)

    def find(self, code: int, status: int = 200) -> Code:
        """The row; for a code that is not in the table, one made from the HTTP status."""
        if code in self.rows:
            return self.rows[code]
        match status:
            case _ if status == _HTTP_TOO_MANY:
                klass = CodeClass.RATE_LIMIT
            case _ if status >= _HTTP_BUSY:
                klass = CodeClass.RETRY
            case _:
                klass = CodeClass.BUG
        return Code(code, klass, "a code that is in no table of gatepost", "", self.page)


def error_for(
    row: Code,
    reply: Reply,
    said: str,
    *,
    links: tuple[str, ...] = (),
    log_id: str | None = None,
    retry_after: float | None = None,
) -> PlatformError:
    """The error of a platform's refusal, ready to raise.

    Args:
        row: The code's row; its advice becomes the hint (``dataclasses.replace`` it to say more).
        reply: The answer; its secrets are cut out of ``said`` and ``links``, and its clock
            is compared with ours.
        said: The platform's own message: quoted, never believed.
        links: Addresses the platform gave for this very case; the row's page comes last.
        log_id: What the platform's support asks for.
        retry_after: Seconds the platform says to wait; the ``Retry-After`` header otherwise.
    """
    leaf = LEAVES[row.klass]
    quoted = cut(reply.redact(said))
    message = f"{row.meaning} (code {row.code}" + (f": {quoted})" if quoted else ")")
    return leaf(
        message,
        code=row.code,
        links=tuple(dict.fromkeys([*(cut(reply.redact(link), 512) for link in links), row.page])),
        log_id=None if log_id is None else cut(reply.redact(log_id), 128),
        hint=_hint(leaf, row, reply),
        retry_after=_retry_after(row, reply, retry_after),
    )


def _hint(leaf: type[PlatformError], row: Code, reply: Reply) -> str:
    advice = row.advice or leaf.hint
    if not reply.clock_is_off or reply.skew is None:
        return advice
    way = "behind" if reply.skew > 0 else "ahead of"
    return f"clock_skew: this host's clock is {abs(reply.skew):.0f} s {way} the platform's; set it. {advice}"


def _retry_after(row: Code, reply: Reply, told: float | None) -> float | None:
    if row.klass not in (CodeClass.RATE_LIMIT, CodeClass.QUOTA, CodeClass.RETRY):
        return None
    told = seconds(reply.headers.get("retry-after")) if told is None else told
    return max(told or 0.0, QUOTA_PAUSE) if row.klass is CodeClass.QUOTA else told


def seconds(text: str | None) -> float | None:
    """A header's number of seconds, fractions allowed; None where it is absent or no such number."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far one question to a platform may go."""

    deadline: float = 20.0
    """Seconds for one request."""
    max_body: int = 2 << 20
    """Decoded bytes of one answer."""
    max_pages: int = 200
    max_entries: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a platform is reached: the keys every account has. ValueError for a base_url that is none."""

    base_url: str | None = None
    """Where the API is, if not at the platform's own host; http only to loopback."""
    allow_custom_host: bool = False
    """Allow a base_url at another public host; it gets this account's secrets."""
    ca_file: Path | None = None
    """PEM file of a further certificate authority, trusted beside the system's."""
    proxy: str | None = None
    """Proxy for this account, ``http://host:port``; the environment's are never used."""
    proxy_login: Secret | None = None
    """``user:password`` for the proxy."""

    def __post_init__(self) -> None:
        """Check the form of base_url."""
        if self.base_url is None:
            return
        parts = parts_of(self.base_url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
        if not good or not _is_port(parts):
            msg = "base_url must be https://host[:port][/path], or http:// to loopback"
            raise ValueError(msg)
        if parts.query or parts.fragment:
            msg = "base_url must have no query and no fragment"
            raise ValueError(msg)


def _is_port(parts: SplitResult) -> bool:
    """Whether the port, where there is one, can be one."""
    try:
        return parts.port != 0
    except ValueError:
        return False


class Platform(ABC):
    """An async client of one account.

    A client *must* judge an answer by its platform's code alone, *must* bound
    refreshing to one attempt, and *must not* reveal a secret but to its
    platform. Use it with ``async with Client.open(account) as client``.
    """

    platform: ClassVar[str]
    """Name in the configuration."""
    hosts: ClassVar[frozenset[str]]
    """The platform's own hosts: the only ones to get secrets unless the account allows more."""
    base_url: ClassVar[str]
    """Where the API is by default."""
    Account: ClassVar[Any]
    """Frozen dataclass of the account's configuration keys, a :class:`Reach`."""

    def __init__(
        self, account: Any, http: Http, tokens: TokenCache, clock: Clock, bounds: Bounds | None = None
    ) -> None:
        """Parts are passed in; :meth:`open` makes the usual ones."""
        self.account = account
        self.http = http
        self.tokens = tokens
        self.clock = clock
        self.bounds = bounds or Bounds()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        account: Any,
        *,
        clock: Clock | None = None,
        cache_dir: Path | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        bounds: Bounds | None = None,
    ) -> AsyncIterator[Self]:
        """A client with connections of its own, closed at the end.

        Args:
            account: The account, of the class's own ``Account`` type.
            clock: Time; the system's by default.
            cache_dir: Directory of the token cache shared between processes; None keeps tokens in memory.
            transport: Answers in place of the network.
            bounds: Seconds, bytes, pages and entries.
        """
        from gatepost.kit.http import Http  # noqa: PLC0415 - loads the HTTP library

        clock = clock or SystemClock()
        bounds = bounds or Bounds()
        async with Http(cls.http_settings(account, bounds), clock, transport) as http:
            yield cls(account, http, TokenCache(cache_dir, clock), clock, bounds)

    @classmethod
    def http_settings(cls, account: Reach, bounds: Bounds) -> HttpSettings:
        """What requests of this account may do."""
        return HttpSettings(
            hosts=cls.hosts,
            allow_custom_host=account.allow_custom_host,
            deadline=bounds.deadline,
            max_body=bounds.max_body,
            ca_file=account.ca_file,
            proxy=account.proxy,
            proxy_login=account.proxy_login,
        )

    @classmethod
    def hosts_of(cls, account: Any) -> frozenset[str]:
        """Hosts that requests of an account go to: the owner's, or the platform's own."""
        return frozenset({urlsplit(account.base_url or cls.base_url).hostname or ""})

    @property
    def base(self) -> str:
        """Where the API is, without a slash at the end."""
        return str(self.account.base_url or self.base_url).rstrip("/")

    @property
    def requests(self) -> int:
        """HTTP requests made so far, token calls and failed ones included."""
        return self.http.requests

    @property
    @abstractmethod
    def account_id(self) -> str:
        """The app's public id; no secret."""

    @classmethod
    def notices_of(cls, account: Any) -> tuple[str, ...]:  # noqa: ARG003 - most settings need no word
        """What the owner should know about an account's settings, one sentence each."""
        return ()

    @property
    def provenance(self) -> str:
        """Platform, place and account: another of them is another source of truth. No secrets."""
        return f"{self.platform} {self.base.partition('://')[2]} {self.account_id}"

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Value] | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        json: Json = None,
    ) -> Reply:
        """One request to the API, ``path`` from the base URL on; raises as :meth:`Http.request` does."""
        return await self.http.request(method, self.base + path, params=params, headers=headers, json=json)
