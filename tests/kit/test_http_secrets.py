"""Whatever a server answers, nothing that is logged, raised or shown holds a secret."""

from __future__ import annotations

import logging
import traceback

import httpx2
import pytest

from gatepost.errors import (
    GatepostError,
    NotJson,
    RequestRejected,
)
from gatepost.kit.http import decode
from gatepost.kit.secret import Secret
from kit.wire_answers import CANARY, answer, failure

pytestmark = pytest.mark.anyio


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
    "form": {"client_secret": Secret(CANARY)},
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
