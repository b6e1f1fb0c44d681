"""Requests go where they may, over verified TLS, and nowhere else."""

from __future__ import annotations

import httpx2
import pytest

from gatepost.errors import (
    ConfigInvalid,
    ConnectFailed,
    HostRefused,
    RedirectRefused,
    TlsFailed,
)
from gatepost.kit.secret import Secret
from kit.wire_answers import CANARY, answer, failure

pytestmark = pytest.mark.anyio


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
    async with serving(answer(), "good") as (port, _), http(ca_file=tls / "ca.pem") as opened:
        assert (await opened.request("GET", f"https://localhost:{port}/")).status == 200


@pytest.mark.parametrize(("certificate", "why"), [("other", "mismatch"), ("expired", "expired")])
async def test_certificate_must_verify(serving, http, tls, certificate, why):
    """A17: another name or an expired certificate is TlsFailed, and says which."""
    async with serving(answer(), certificate) as (port, _), http(ca_file=tls / "ca.pem") as opened:
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
        async with http(ca_file=path) as opened:
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
