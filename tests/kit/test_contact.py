"""What an answer's connection tells: clock, end of the certificates, who signed them, our own address."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatepost.errors import RedirectRefused
from gatepost.kit.contact import contact_of

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


class Chain:
    """A connection of which each certificate has its own end."""

    _sslobj: Chain
    ends = ("Mar  1 00:00:00 2027 GMT", "Feb  1 00:00:00 2026 GMT", "Jan  1 00:00:00 2040 GMT")

    def __init__(self, end: str = "") -> None:
        self._sslobj, self.end = self, end

    def get_verified_chain(self):
        """As Python's own."""
        return [Chain(end) for end in self.ends]

    def get_info(self):
        """Of one certificate."""
        return {"notAfter": self.end}

    def getpeercert(self):
        """Of the host's certificate."""
        return {"notAfter": self.ends[0]}

    def get_extra_info(self, name: str):
        """As the HTTP library's stream."""
        return self if name == "ssl_object" else None


@pytest.mark.parametrize(("ends", "year"), [(Chain.ends, 2026), ((), None), (("no date",), None)])
async def test_the_first_to_end_counts(ends, year):
    """A certificate of the chain that ends before the host's is told of; odd dates tell nothing."""
    chain = Chain()
    chain.ends = ends or ("",)
    found = contact_of("h", None, {"network_stream": chain}, proxied=True)
    assert (found.expires and found.expires.year) == year
    assert found.proxied


async def test_refused_answers_tell_too(serving, http):
    """The way was gone whatever was answered; who never answered told nothing."""
    async with serving(answer("Location: /x", status="302 Found")) as (port, _), http() as opened:
        with pytest.raises(RedirectRefused):
            await opened.request("GET", f"http://127.0.0.1:{port}/")
        assert opened.contacts["127.0.0.1"].skew is None
    async with http() as opened:
        assert opened.contacts == {}
