"""Requests are bounded, go where they may, and say nothing of secrets. Cases are the threat model's."""

from __future__ import annotations

import gzip
import logging
import time
import traceback
import tracemalloc
import zlib

import anyio
import httpx2
import pytest

from gatepost.errors import (
    ConfigInvalid,
    ConnectFailed,
    DeadlineExceeded,
    GatepostError,
    HostRefused,
    NotJson,
    RedirectRefused,
    RequestRejected,
    TlsFailed,
    TooLarge,
)
from gatepost.kit.http import HttpSettings, Reply, decode
from gatepost.kit.secret import Secret

pytestmark = pytest.mark.anyio

CANARY = "hunter2-canary-3f8a91c7"


def answer(body=b"{}", *headers, status="200 OK", length=None):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def bomb(mebibytes=200):
    """A gzip of zeros: 204 kB that become 200 MiB."""
    packer, block = zlib.compressobj(9, wbits=31), bytes(1 << 20)
    return b"".join([*(packer.compress(block) for _ in range(mebibytes)), packer.flush()])


async def failure(http, port, **arguments):
    """The error of a GET."""
    with pytest.raises(GatepostError) as caught:
        async with http as opened:
            await opened.request("GET", f"http://127.0.0.1:{port}/x", **arguments)
    return caught.value


async def test_whole_answer(serving, http):
    """An answer is given whole, with its status, lower-case headers and a place without a query."""
    packed = gzip.compress(b'{"a": 1}')
    raw = answer(packed, "Content-Encoding: gzip", "X-Tt-Logid: L1")
    async with serving(raw) as (port, seen), http() as opened:
        reply = await opened.request("GET", f"http://127.0.0.1:{port}/x", params={"token": "t"})
    assert (reply.status, reply.body, reply.headers["x-tt-logid"]) == (200, b'{"a": 1}', "L1")
    assert reply.url == f"http://127.0.0.1:{port}/x"
    assert decode(reply, dict[str, int]) == {"a": 1}
    assert seen[0].startswith(b"GET /x?token=t HTTP/1.1\r\n")
    assert b"accept-encoding: gzip\r\n" in seen[0].lower()
    assert opened.requests == 1


@pytest.mark.parametrize(
    "raw",
    [
        answer(b'{"a"', length=100),
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n',
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        answer(gzip.compress(b"{}" * 999)[:20], "Content-Encoding: gzip"),
        answer(b"not gzip", "Content-Encoding: gzip"),
        answer(gzip.compress(b"{}") + b"tail", "Content-Encoding: gzip"),
    ],
)
async def test_truncated_answer_is_no_answer(serving, http, raw):
    """A2: what breaks half-way is ConnectFailed; nothing of it is used."""
    async with serving(raw) as (port, _):
        assert isinstance(await failure(http(), port), ConnectFailed)


async def test_bomb_is_stopped_in_memory(serving, http):
    """A3: 204 kB that inflate to 200 MiB are refused while never holding more than a few MiB."""
    raw = answer(bomb(), "Content-Encoding: gzip")
    async with serving(raw) as (port, _):
        tracemalloc.start()
        error = await failure(http(), port)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(error, TooLarge)
    assert peak < 12 << 20


async def test_endless_body_is_stopped(serving, http):
    """A3: a plain body without end is refused at the cap."""

    async def pour(stream):
        await stream.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await stream.send(b"x" * 65536)

    async with serving(pour) as (port, _):
        assert isinstance(await failure(http(max_body=1 << 20), port), TooLarge)


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip, br"])
async def test_unasked_encoding_is_refused(serving, http, encoding):
    """A3: an encoding that was not asked for, or a nested one, is not decoded."""
    async with serving(answer(b"{}", f"Content-Encoding: {encoding}")) as (port, _):
        assert isinstance(await failure(http(), port), NotJson)


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "],
    ids=["body", "header"],
)
async def test_drip_ends_at_the_total_deadline(serving, http, start):
    """A4: a server that sends a byte now and then cannot hold a request beyond its total time."""

    async def drip(stream):
        await stream.send(start)
        while True:
            await anyio.sleep(0.02)
            await stream.send(b"x")

    async with serving(drip) as (port, _):
        begun = time.monotonic()
        error = await failure(http(deadline=0.3), port)
    assert isinstance(error, DeadlineExceeded)
    assert time.monotonic() - begun < 2


async def test_endless_headers_are_stopped(serving, http):
    """A4: headers without end are cut off long before the deadline."""

    async def pour(stream):
        await stream.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await stream.send(b"X-More: " + b"y" * 1000 + b"\r\n")

    async with serving(pour) as (port, _):
        assert isinstance(await failure(http(), port), ConnectFailed)


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P", "304 N"])
async def test_redirects_are_refused(serving, http, status):
    """A15: no redirect is followed; its target is named without query and login."""
    raw = answer(b"", f"Location: http://u:{CANARY}@169.254.169.254/latest?k={CANARY}", status=status)
    async with serving(raw) as (port, seen):
        error = await failure(http(), port)
    assert isinstance(error, RedirectRefused)
    assert len(seen) == 1
    assert "169.254.169.254/latest" in str(error)
    assert CANARY not in str(error)


async def test_environment_is_not_heeded(serving, http, monkeypatch, tls):
    """A16: proxies and certificate files of the environment change nothing."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", str(tls / "ca.pem"))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tls / "keys.log"))
    async with serving(answer()) as (port, _), http() as opened:
        assert (await opened.request("GET", f"http://127.0.0.1:{port}/")).status == 200
    async with serving(answer(), "good") as (port, _), http() as opened:
        with pytest.raises(TlsFailed):
            await opened.request("GET", f"https://localhost:{port}/")
    assert not (tls / "keys.log").exists()


async def test_own_authority_by_path(serving, http, tls):
    """A17: a further authority is trusted by its file's path alone."""
    async with serving(answer(), "good") as (port, _), http(ca_file=str(tls / "ca.pem")) as opened:
        assert (await opened.request("GET", f"https://localhost:{port}/")).status == 200


@pytest.mark.parametrize(("certificate", "why"), [("other", "mismatch"), ("expired", "expired")])
async def test_certificate_must_verify(serving, http, tls, certificate, why):
    """A17: another name or an expired certificate is TlsFailed, and says which."""
    async with serving(answer(), certificate) as (port, _), http(ca_file=str(tls / "ca.pem")) as opened:
        with pytest.raises(TlsFailed, match=why):
            await opened.request("GET", f"https://localhost:{port}/")


async def test_no_tls_there(serving, http):
    """A17: a server that speaks no TLS gets no request."""
    async with serving(answer()) as (port, seen), http() as opened:
        with pytest.raises((TlsFailed, ConnectFailed)):
            await opened.request("GET", f"https://localhost:{port}/", params={"secret": CANARY})
    assert CANARY.encode() not in b"".join(seen)


async def test_unreadable_authority_is_a_configuration_error(http, tmp_path):
    """A17: a ca_file that is no certificate is named; nothing is asked without it."""
    (tmp_path / "ca.pem").write_text("nothing")
    for path in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        async with http(ca_file=str(path)) as opened:
            with pytest.raises(ConfigInvalid, match="ca_file"):
                await opened.request("GET", "https://localhost:1/")


@pytest.mark.parametrize(
    "url",
    [
        "http://open.feishu.cn/x",
        "https://evil.example/x",
        "https://open.feishu.cn.evil.example/x",
        "https://open.feishu.cn./x",
        f"https://user:{CANARY}@open.feishu.cn/x",
        "https://169.254.169.254/latest",
        "https://10.0.0.1/x",
        "https://[::ffff:10.0.0.1]/x",
        "file:///etc/passwd",
        "gopher://open.feishu.cn/x",
        "ftp://open.feishu.cn/x",
        "https:///x",
        "https://[::1",
        "//open.feishu.cn/x",
    ],
)
async def test_only_known_hosts(http, url):
    """A18: secrets go to the settings' hosts over https; any other place is refused unasked."""
    asked = []
    transport = httpx2.MockTransport(lambda request: asked.append(request) or httpx2.Response(200))
    async with http("open.feishu.cn", transport=transport) as opened:
        with pytest.raises(HostRefused) as caught:
            await opened.request("GET", url)
        assert (await opened.request("GET", "https://open.feishu.cn/x")).status == 200
    assert len(asked) == 1
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "found",
    [
        ("10.0.0.1",),
        ("93.184.216.34", "127.0.0.1"),
        ("169.254.169.254",),
        ("::1",),
        ("fe80::1",),
        ("::ffff:192.168.1.1",),
        ("64:ff9b::a00:1",),
        ("2002:a00:1::",),
        ("224.0.0.1",),
        ("0.0.0.0",),
        ("100.64.0.1",),
    ],
)
async def test_custom_host_must_be_public(http, found):
    """A19: a custom host that leads into private space, in one answer or in all, gets nothing."""

    async def resolve(_host, _port):
        return found

    transport = httpx2.MockTransport(lambda _: pytest.fail("asked"))
    async with http(transport=transport, resolve=resolve, allow_custom_host=True) as opened:
        with pytest.raises(HostRefused):
            await opened.request("GET", "https://lark.example/x")


async def test_custom_host_is_connected_to_by_number(http):
    """A19: the name is resolved once; the connection goes to that address, the name stays in Host and SNI."""
    seen, answers = [], iter([("93.184.216.34",), ("10.0.0.1",)])

    async def resolve(_host, _port):
        return next(answers)

    def reply(request):
        seen.append((request.url.host, request.headers["host"], request.extensions["sni_hostname"]))
        return httpx2.Response(200)

    async with http(transport=httpx2.MockTransport(reply), resolve=resolve, allow_custom_host=True) as opened:
        await opened.request("GET", "https://lark.example/x")
        with pytest.raises(HostRefused):
            await opened.request("GET", "https://lark.example/x")
    assert seen == [("93.184.216.34", "lark.example", "lark.example")]


async def test_next_address_is_tried(http):
    """An address that does not answer is not the end: the next one of the same name is tried."""

    async def resolve(_host, _port):
        return ("93.184.216.34", "93.184.216.35")

    def reply(request):
        if request.url.host.endswith("34"):
            msg = "no"
            raise httpx2.ConnectError(msg)
        return httpx2.Response(200)

    async with http(transport=httpx2.MockTransport(reply), resolve=resolve, allow_custom_host=True) as opened:
        assert (await opened.request("GET", "https://lark.example/x")).status == 200


async def test_localhost_must_lead_to_loopback(http):
    """A19: a resolver that sends localhost elsewhere gets nothing in plain text."""

    async def resolve(_host, _port):
        return ("93.184.216.34",)

    async with http(resolve=resolve) as opened:
        with pytest.raises(HostRefused):
            await opened.request("GET", "http://localhost:80/x")


async def test_proxy_of_the_settings(serving, http):
    """A16: a proxy is used where the settings name one, with its login; loopback goes past it."""

    async def refuse(stream):
        await stream.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    async with serving(refuse) as (proxy, asked), serving(answer()) as (port, direct):
        settings = {"proxy": f"http://127.0.0.1:{proxy}", "proxy_login": Secret("user:pass")}
        async with http("open.feishu.cn", **settings) as opened:
            with pytest.raises(ConnectFailed):
                await opened.request("GET", "https://open.feishu.cn/x", params={"t": CANARY})
            assert (await opened.request("GET", f"http://127.0.0.1:{port}/")).status == 200
    assert asked[0].startswith(b"CONNECT open.feishu.cn:443 ")
    assert b"proxy-authorization: basic dxnlcjpwyxnz" in asked[0].lower()
    assert CANARY.encode() not in asked[0]
    assert len(asked) == len(direct) == 1


async def test_proxy_login_has_its_own_key(http):
    """A16: a login inside a proxy's URL would be shown with the settings, so it is refused."""
    for proxy in (f"http://u:{CANARY}@127.0.0.1:9", "socks5://127.0.0.1:9", "http://[::1"):
        async with http("open.feishu.cn", proxy=proxy) as opened:
            with pytest.raises(ConfigInvalid) as caught:
                await opened.request("GET", "https://open.feishu.cn/x")
        assert CANARY not in str(caught.value)


async def test_no_cookies(serving, http):
    """A cookie of one answer is not in the next request."""
    async with (
        serving(answer(b"{}", "Set-Cookie: a=b", "Connection: close")) as (port, seen),
        http() as opened,
    ):
        for _ in range(2):
            await opened.request("GET", f"http://127.0.0.1:{port}/")
    assert len(seen) == 2
    assert b"cookie" not in seen[1].lower()


async def test_nobody_there(http, unused_port):
    """A refused connection is ConnectFailed with the system's own words."""
    error = await failure(http(), unused_port)
    assert isinstance(error, ConnectFailed)
    assert "refused" in str(error)


@pytest.fixture
async def unused_port():
    """A port nobody listens on."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        return listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - not Django's


async def test_header_injection(serving, http):
    """A secret with a line break cannot add a header, and is not quoted."""
    async with serving(answer()) as (port, seen):
        error = await failure(http(), port, headers={"authorization": Secret(f"{CANARY}\r\nX: y")})
    assert isinstance(error, RequestRejected)
    assert CANARY not in str(error)
    assert not any(b"X: y" in request for request in seen)


def everything(error):
    """All that a log of an exception could show: text, repr, traceback with locals, chained errors."""
    found, waiting = [], [error]
    while waiting:
        this = waiting.pop()
        if this is not None:
            found += [str(this), repr(this), repr(vars(this)), *traceback.format_exception(this)]
            waiting += [this.__cause__, this.__context__]
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [frame for frame in shown.stack if "/gatepost/" in frame.filename]
    assert ours
    return "\n".join([*found, *(repr(frame.locals) for frame in ours)])


SECRETS = {
    "params": {"access_token": Secret(CANARY)},
    "headers": {"authorization": Secret(f"Bearer {CANARY}")},
    "json": {"app_secret": Secret(CANARY), "deep": [{"x": Secret(CANARY)}]},
}


@pytest.mark.parametrize(
    "raw",
    [
        answer(f'{{"msg": "{CANARY}"}}'.encode(), f"X-Echo: {CANARY}"),
        answer(b"", f"Location: https://x.example/?t={CANARY}", status="302 F"),
        answer(b"{", length=9),
        answer(b"x" * 100, "Content-Encoding: gzip", f"X: {CANARY}"),
        answer(b"{}", f"Content-Encoding: {CANARY[:0]}br"),
        b"",
    ],
)
async def test_secrets_reach_no_log_and_no_error(serving, http, caplog, raw):
    """E1, E2: at DEBUG, on every way an answer can go, no record, repr, traceback or local shows a secret."""
    caplog.set_level(logging.DEBUG)
    async with serving(raw) as (port, seen), http() as opened:
        try:
            shown = repr(await opened.request("POST", f"http://127.0.0.1:{port}/p", **SECRETS))
        except GatepostError as error:
            shown = everything(error)
    assert CANARY.encode() in b"".join(seen)
    assert CANARY not in shown + caplog.text
    assert not any(CANARY in repr(vars(record)) for record in caplog.records)


async def test_log_filter_is_not_vacuous(serving, http, caplog):
    """E1: the library does log our requests at DEBUG; only the event's name is left of each record."""
    caplog.set_level(logging.DEBUG, "httpcore2")
    async with serving(answer()) as (port, _), http() as opened:
        await opened.request("GET", f"http://127.0.0.1:{port}/", params={"t": CANARY})
    said = [record.getMessage() for record in caplog.records if record.name.startswith("httpcore2")]
    assert "send_request_headers.started" in said
    assert not any(" " in message for message in said)


async def test_secret_url_is_a_host_alone(http):
    """A webhook's address is its secret: replies and errors name the host only."""
    hook = Secret(f"https://open.feishu.cn/open-apis/bot/v2/hook/{CANARY}")
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, text=f"<html>{hook.reveal()}"))
    async with http("open.feishu.cn", transport=transport) as opened:
        reply = await opened.request("POST", hook, json={})
    assert reply.url == "https://open.feishu.cn"
    with pytest.raises(NotJson) as caught:
        decode(reply, dict)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("page", ["<html>", "", "Blocked: ", "?access_token=", 'href="/x?k='])
async def test_portal_page_is_quoted_without_secrets(http, page):
    """A9: HTML with status 200 is NotJson; what is quoted of it is short and holds nothing we sent."""
    page = f"{page}{CANARY} {'x' * 999} {CANARY}"
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, text=page, headers={"content-type": "text/html"})
    )
    async with http("open.feishu.cn", transport=transport) as opened:
        reply = await opened.request("GET", "https://open.feishu.cn/x", **SECRETS)
    with pytest.raises(NotJson) as caught:
        decode(reply, dict)
    assert CANARY not in str(caught.value)
    assert len(str(caught.value)) < 320


@pytest.mark.parametrize(
    ("media", "body", "good"),
    [
        ("application/json; charset=utf-8", b"{}", True),
        ("text/plain", b" \n{}", True),
        ("text/json", b"\xef\xbb\xbf{}", True),
        ("application/problem+json", b"{}", True),
        ("", b"{}", True),
        ("text/html", b"{}", False),
        ("application/octet-stream", b"{}", False),
        ("application/json", b"<html>", False),
        ("application/json", b"", False),
        ("application/json", b'"text"', False),
    ],
)
def test_media_type_and_first_byte(media, body, good):
    """A9: JSON is taken from a JSON or plain text type whose first character is a bracket."""
    reply = Reply(200, {"content-type": media} if media else {}, body, "https://h.example/x")
    if good:
        assert decode(reply, dict) == {}
    else:
        with pytest.raises(NotJson, match=r"h\.example"):
            decode(reply, dict)


@pytest.mark.parametrize(
    ("date", "off"), [("Mon, 05 Jan 2026 08:00:30 GMT", False), ("Mon, 05 Jan 2026 09:00:00 GMT", True)]
)
async def test_clock_skew_is_seen(serving, http, date, off):
    """A25: the Date header is compared with our clock, and more than 60 s is told."""
    async with serving(answer(b"{}", f"Date: {date}")) as (port, _), http() as opened:
        reply = await opened.request("GET", f"http://127.0.0.1:{port}/")
    assert reply.clock_is_off is off


@pytest.mark.parametrize("date", ["yesterday", "", "Mon, 05 Jan 2026 08:00:30"])
async def test_odd_date_is_no_skew(serving, http, date):
    """A25: a Date header that cannot be read says nothing."""
    async with serving(answer(b"{}", f"Date: {date}")) as (port, _), http() as opened:
        assert (await opened.request("GET", f"http://127.0.0.1:{port}/")).skew is None


def test_settings_show_no_secret():
    """The settings' repr shows no proxy login."""
    assert CANARY not in repr(HttpSettings(frozenset(), proxy_login=Secret(CANARY)))
