"""Raw answers, and what a request to them ends in."""

from __future__ import annotations

import pytest

from gatepost.errors import GatepostError

CANARY = "hunter2-canary-3f8a91c7"


def answer(body=b"{}", *headers, status="200 OK", length=None):
    """An HTTP/1.1 answer; ``length`` lies about the body's."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def failure(http, port, **arguments):
    """The error of a GET."""
    with pytest.raises(GatepostError) as caught:
        async with http as opened:
            await opened.request("GET", f"http://127.0.0.1:{port}/x", **arguments)
    return caught.value
