"""Every documented answer of GetIPList gives the right entries or the right error."""

from __future__ import annotations

import pytest

from gatepost.errors import PlatformError, RequestRejected, TokenRejected
from gatepost.kit.secret import Secret
from gatepost.model.answer import Fetched
from gatepost.model.entry import Direction, RawEntry
from gatepost.planning.normalise import Rules, normalise
from gatepost.platforms.tencent_chat import NetType, Region, TencentChat
from gatepost.sources.tencent_chat import TencentChatIps
from platforms.script import Script, reply

pytestmark = pytest.mark.anyio

SAMPLE = '{"ActionStatus": "OK","ErrorCode": 0,"IPList": [ "127.0.0.2", "183.192.202.0/25" ]}'
WITH_INFO = '{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"IPList":["127.0.0.2","183.192.202.0/25"]}'
EXPIRED = '{"ActionStatus":"FAIL","ErrorCode":70001,"ErrorInfo":"UserSig expired"}'
MISSING = '{"ActionStatus":"FAIL","ErrorCode":60012,"ErrorInfo":"…"}'


@pytest.fixture
def fetching(clock):
    """Fetches over a script."""

    async def fetch(script, nettype=NetType.WEBHOOK_ABROAD, region=Region.SINGAPORE):
        account = TencentChat.Account(
            sdkappid=88888888, identifier="admin", key=Secret("key-of-app"), region=region
        )
        async with TencentChat.open(account, clock=clock, transport=script) as client:
            source = TencentChatIps(TencentChatIps.Options(nettype=nettype), client)
            return await source.fetch(), source.provenance

    return fetch


@pytest.mark.parametrize("body", [SAMPLE, WITH_INFO])
async def test_documented_success(fetching, body):
    """The page's sample comes out as it went in; of its values only the real one may reach a device."""
    fetched, _ = await fetching(Script(reply(body)))
    assert fetched == Fetched((RawEntry("127.0.0.2"), RawEntry("183.192.202.0/25")), 1)
    seen = normalise(fetched.entries, Rules(TencentChatIps.wildcards, TencentChatIps.ranges))
    assert [str(entry.value) for entry in seen.entries] == ["183.192.202.0/25"]
    assert [odd.text for odd in seen.quarantined] == ["127.0.0.2"]


@pytest.mark.parametrize(
    ("body", "leaf", "code"), [(EXPIRED, TokenRejected, 70001), (MISSING, RequestRejected, 60012)]
)
async def test_documented_refusals(fetching, body, leaf, code):
    """Each documented refusal, under HTTP 200, ends in its error."""
    with pytest.raises(PlatformError) as caught:
        await fetching(Script(reply(body)))
    assert type(caught.value) is leaf
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("nettype", "direction"),
    [
        (0, {Direction.EGRESS, Direction.INGRESS}),
        *((number, {Direction.EGRESS}) for number in (1, 2, 3, 4)),
        *((number, {Direction.INGRESS}) for number in (5, 6)),
    ],
)
def test_direction_by_nettype(nettype, direction):
    """SDK servers are egress, webhooks ingress, and 0 leaves it to the owner."""
    assert TencentChatIps.directions(TencentChatIps.Options(nettype=NetType(nettype))) == direction


async def test_another_nettype_or_region_is_another_source(fetching):
    """Provenance tells lists apart that an app could mix up."""
    found = {
        (await fetching(Script(reply(SAMPLE)), nettype, region))[1]
        for nettype in NetType
        for region in Region
    }
    assert len(found) == 49
    assert "tencent_chat adminapisgp.im.qcloud.com 88888888 nettype=6" in found
