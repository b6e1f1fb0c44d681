"""HTTP as safety wants it: bounded in hosts, bytes and seconds, and silent about secrets.

One request, one whole answer or one error. No redirects, no cookies, nothing
from the environment, TLS always verified. The transport is used without the
library's client object: a client would add cookies, redirects and a log line
with the full URL.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
import httpx2

from gatepost.errors import (
    ConfigInvalid,
    DeadlineExceeded,
    GatepostError,
    HostRefused,
    RedirectRefused,
    cut,
)
from gatepost.kit import hosts
from gatepost.kit.body import read_body
from gatepost.kit.call import Call
from gatepost.kit.clock import Clock
from gatepost.kit.contact import Contact, contact_of
from gatepost.kit.quiet import quieten
from gatepost.kit.reply import HttpSettings, Json, Reply, Value, decode, redact
from gatepost.kit.secret import Secret
from gatepost.kit.wire import translate

_NOT_MODIFIED = 304

__all__ = ["Http", "HttpSettings", "Json", "Reply", "Value", "decode"]


class Http:
    """Makes requests within its settings. An async context manager; safe for concurrent use.

    Args:
        settings: What requests may do.
        clock: Compared with each answer's ``Date`` header.
        transport: Answers in place of the network, for tests and the emulator in-process;
            it belongs to the caller and is not closed.
        resolve: Finds addresses of custom hosts; by default the system's resolver, and none
            where a transport is given.
    """

    def __init__(
        self,
        settings: HttpSettings,
        clock: Clock,
        transport: httpx2.AsyncBaseTransport | None = None,
        resolve: hosts.Resolver | None = None,
    ) -> None:
        quieten()
        self.settings = settings
        self.requests = 0
        """Requests made so far, failed ones included."""
        self.contacts: dict[str, Contact] = {}
        """The last answer's way, by host."""
        self.clock = clock
        self._given = transport
        self._resolve = resolve or (hosts.resolve if transport is None else None)
        self._open: dict[bool, httpx2.AsyncBaseTransport] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.clear()
        await self._stack.aclose()

    async def request(
        self,
        method: str,
        url: str | Secret,
        *,
        params: Mapping[str, Value] | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        json: Json = None,
        form: Mapping[str, Value] | None = None,
    ) -> Reply:
        """Send one request and read its whole answer, of whatever status but a redirect.

        A URL that is itself secret (a robot's hook) is passed as a Secret. The body is
        JSON or a form. Raises a FetchError leaf; it holds neither query nor secret, and no
        third-party exception hangs on it.
        """
        call = Call(method, url, params or {}, headers or {}, json, form)
        self.requests += 1
        outcome = await self._outcome(call)
        if isinstance(outcome, GatepostError):
            raise outcome
        return outcome

    async def _outcome(self, call: Call) -> Reply | GatepostError:
        """Errors come back as values: raised from here, their frames would hold revealed secrets."""
        try:
            with anyio.fail_after(self.settings.deadline):
                return await self._exchange(call)
        except GatepostError as error:
            failure = error
        except TimeoutError:
            failure = DeadlineExceeded(f"{call.place} gave no whole answer in {self.settings.deadline:g} s")
        except Exception as error:  # noqa: BLE001 - whatever a library raises may quote the request
            failure = translate(error, call.place)
        failure.__context__ = failure.__cause__ = None
        return failure.with_traceback(None)

    async def _exchange(self, call: Call) -> Reply:
        request = call.build()
        places = await self._places(request.url)
        host = request.url.host  # before it is replaced by an address
        response = await self._send(request, places)
        headers = {name.lower(): value for name, value in response.headers.items()}
        skew = self._skew(headers)
        proxied = self.settings.proxy is not None and not hosts.is_loopback(host)
        self.contacts[host] = contact_of(host, skew, response.extensions, proxied=proxied)
        try:
            _refuse_redirect(response, call)
            body = await self._body(response)
        finally:
            await response.aclose()
        return Reply(response.status_code, headers, body, call.place, skew, call.secrets)

    async def _places(self, url: httpx2.URL) -> tuple[str, ...]:
        """Addresses to connect to; none means by name. Raises HostRefused or ConnectFailed."""
        host, loopback = url.raw_host.decode(), hosts.is_loopback(url.host)
        if url.userinfo or url.scheme not in ("https", "http") or (url.scheme == "http" and not loopback):
            msg = f"{cut(url.scheme, 20)}://{cut(host)}: only https (http to loopback), no login in the URL"
            raise HostRefused(msg)
        if not loopback and host not in self.settings.hosts and not self.settings.allow_custom_host:
            msg = f"{cut(host)} is not one of {', '.join(sorted(self.settings.hosts)) or 'no hosts'}"
            raise HostRefused(msg)
        if host in self.settings.hosts and not loopback:
            return ()
        return await self._custom_places(url, loopback=loopback)

    async def _custom_places(self, url: httpx2.URL, *, loopback: bool) -> tuple[str, ...]:
        if self._resolve is None or (self.settings.proxy and not loopback):
            return ()  # a transport or a proxy connects in our place
        found = await self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        require = hosts.require_loopback if loopback else hosts.require_public
        return require(url.host, found)

    async def _send(self, request: httpx2.Request, places: tuple[str, ...]) -> httpx2.Response:
        """Try each address until one connects; name, SNI and certificate check stay those of the URL."""
        url = request.url
        transport = await self._transport(loopback=hosts.is_loopback(url.host))
        request.extensions["timeout"] = {"connect": self.settings.deadline / max(len(places), 1)}
        for place in places[:-1]:
            try:
                return await transport.handle_async_request(_pinned(request, url, place))
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        last = _pinned(request, url, places[-1]) if places else request
        return await transport.handle_async_request(last)

    async def _transport(self, *, loopback: bool) -> httpx2.AsyncBaseTransport:
        if self._given is not None:
            return self._given
        if loopback not in self._open:
            made = _network(self.settings, loopback=loopback)
            self._open[loopback] = await self._stack.enter_async_context(made)
        return self._open[loopback]

    async def _body(self, response: httpx2.Response) -> bytes:
        if response.is_stream_consumed:  # a given transport answered with bytes in memory
            return await read_body(_once(response.content), "", self.settings.max_body)
        encoding = response.headers.get("content-encoding", "")
        return await read_body(response.aiter_raw(), encoding, self.settings.max_body)

    def _skew(self, headers: Mapping[str, str]) -> float | None:
        try:
            return (parsedate_to_datetime(headers["date"]) - self.clock.now()).total_seconds()
        except (KeyError, ValueError, TypeError):
            return None


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _pinned(request: httpx2.Request, url: httpx2.URL, place: str) -> httpx2.Request:
    """The request to one address; its Host header was set from the name already."""
    request.url = url.copy_with(host=place)
    request.extensions["sni_hostname"] = url.raw_host.decode()
    return request


def _refuse_redirect(response: httpx2.Response, call: Call) -> None:
    if response.status_code == _NOT_MODIFIED and "if-none-match" in call.headers:
        return  # what was asked for
    if 300 <= response.status_code < 400:  # noqa: PLR2004 - the class of redirects
        where = response.headers.get("location", "nowhere").partition("?")[0].rpartition("@")[2]
        points_to = cut(redact(where, call.secrets))
        msg = f"{call.place} answered {response.status_code}, which points to {points_to}"
        raise RedirectRefused(msg)


def _network(settings: HttpSettings, *, loopback: bool) -> httpx2.AsyncHTTPTransport:
    context = _context(settings.ca_file, _changed(settings.ca_file))
    proxy = (
        None if loopback or settings.proxy is None else _proxy(settings.proxy, settings.proxy_login, context)
    )
    return httpx2.AsyncHTTPTransport(verify=context, trust_env=False, proxy=proxy)


@lru_cache(maxsize=16)
def _context(ca_file: Path | None, _changed_at: tuple[float, ...]) -> ssl.SSLContext:
    """Shared by all clients: reading the system's authorities takes longer than a request."""
    context = httpx2.create_ssl_context(trust_env=False)
    if ca_file is not None:
        _trust(context, ca_file)
    return context


def _changed(ca_file: Path | None) -> tuple[float, ...]:
    """When the authorities were last written, so that a service sees new ones."""
    places = (ca_file, ssl.get_default_verify_paths().openssl_cafile)
    return tuple(Path(place).stat().st_mtime for place in places if place and Path(place).exists())


def _trust(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        msg = f"ca_file {path} holds no certificate that can be read: {type(error).__name__}"
        raise ConfigInvalid(msg) from None


def _proxy(url: str, login: Secret | None, context: ssl.SSLContext) -> httpx2.Proxy:
    try:
        place = httpx2.URL(url)
    except httpx2.InvalidURL:
        place = httpx2.URL()
    if place.scheme not in ("http", "https") or place.userinfo:
        msg = "a proxy is http://host:port or https://host:port; its login is named with proxy_login"
        raise ConfigInvalid(msg)
    user, _, password = login.reveal().partition(":") if login else ("", "", "")
    own = context if place.scheme == "https" else None
    return httpx2.Proxy(url, auth=(user, password) if login else None, ssl_context=own)
