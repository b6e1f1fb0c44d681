"""What an answer's connection tells: clock, end of the certificates, who signed them, our own address."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatepost.errors import RedirectRefused

pytestmark = pytest.mark.anyio


def answer(*headers: str, status: str = "200 OK") -> bytes:
    """One whole answer."""
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"HTTP/1.1 {status}\r\n{lines}Content-Length: 2\r\n\r\n{{}}".encode()


async def test_plain(serving, http):
    """Without TLS: the clocks' distance and our address alone; the host as it was asked for."""
    date = "Date: Mon, 05 Jan 2026 08:01:30 GMT"
    async with serving(answer(date)) as (port, _), http() as opened:
        await opened.request("GET", f"http://localhost:{port}/")
        contact = opened.contacts["localhost"]
    assert (contact.skew, contact.local, contact.proxied) == (90.0, "127.0.0.1", False)
    assert (contact.expires, contact.issuer) == (None, "")


async def test_certificates(serving, http, tls):
    """With TLS: the earliest end of the chain, and who signed."""
    async with serving(answer(), "good") as (port, _), http(ca_file=tls / "ca.pem") as opened:
        await opened.request("GET", f"https://localhost:{port}/")
        contact = opened.contacts["localhost"]
    assert contact.skew is None
    assert contact.expires == datetime(2120, 1, 1, tzinfo=UTC)
    assert contact.issuer == "gatepost test CA"


async def test_refused_answers_tell_too(serving, http):
    """The way was gone whatever was answered; who never answered told nothing."""
    async with serving(answer("Location: /x", status="302 Found")) as (port, _), http() as opened:
        with pytest.raises(RedirectRefused):
            await opened.request("GET", f"http://127.0.0.1:{port}/")
        assert opened.contacts["127.0.0.1"].skew is None
    async with http() as opened:
        assert opened.contacts == {}
