"""Feishu's events: the whole raw list and what it cost."""

from __future__ import annotations

import httpx2
import pytest

from gatepost.errors import PermissionDenied
from gatepost.kit.discovery import plugins
from gatepost.kit.secret import Secret
from gatepost.model.entry import Direction, RawEntry
from gatepost.platforms import Feishu, Lark
from gatepost.sources.base import Source
from gatepost.sources.feishu import FeishuEvents

pytestmark = pytest.mark.anyio

OPTIONS = FeishuEvents.Options()


def transport(answer):
    token = {"code": 0, "msg": "ok", "tenant_access_token": "t-1", "expire": 7200}
    return httpx2.MockTransport(
        lambda request: httpx2.Response(200, json=token if "auth" in request.url.path else answer)
    )


@pytest.mark.parametrize("client", [Feishu, Lark])
async def test_text_goes_out_as_it_came_in(clock, client):
    """Odd, repeated and unsorted entries are passed on untouched, with the number of requests."""
    values = ["9.9.9.9", "010.8.8.8", "9.9.9.9", " 1.1.1.1\n", "<b>"]
    answer = {"code": 0, "msg": "success", "data": {"ip_list": values, "has_more": False}}
    account = client.Account(app_id="cli_a", app_secret=Secret("canary-1"))
    async with client.open(account, clock=clock, transport=transport(answer)) as opened:
        source = FeishuEvents(OPTIONS, opened)
        fetched = await source.fetch()
        again = await source.fetch()
    assert fetched.entries == tuple(map(RawEntry, values))
    assert (fetched.requests, again.requests) == (2, 1)
    assert source.provenance == f"{client.platform} {client.base_url[8:]} cli_a outbound_ip"


async def test_refusal_is_no_list(clock):
    """What the platform refuses is an error, never an empty list."""
    account = Feishu.Account(app_id="cli_a", app_secret=Secret("canary-1"))
    refusal = {"code": 99991672, "msg": "no", "data": {"ip_list": [], "has_more": False}}
    async with Feishu.open(account, clock=clock, transport=transport(refusal)) as opened:
        with pytest.raises(PermissionDenied):
            await FeishuEvents(OPTIONS, opened).fetch()


def test_what_feishu_calls_outbound_is_our_ingress():
    """One kind, for both platforms, of one direction, found by its module."""
    assert [*plugins("gatepost.sources", Source, "feishu")] == [FeishuEvents]
    assert FeishuEvents.directions(OPTIONS) == {Direction.INGRESS}
    assert FeishuEvents.hosts(OPTIONS) == frozenset()
