"""Every documented and reported answer of WeChat gives the right entries or the right error."""

from __future__ import annotations

import json

import pytest

from gatepost.errors import AddressNotAllowed, CredentialsRejected, PlatformError, RateLimited, TokenRejected
from gatepost.kit.secret import Secret
from gatepost.model.entry import Direction
from gatepost.planning.normalise import Rules, normalise
from gatepost.platforms.wechat import WeChat
from gatepost.sources.wechat import WeChatApi, WeChatCallback
from platforms.script import Script, reply

pytestmark = pytest.mark.anyio

TOKEN = '{"access_token":"ACCESS_TOKEN","expires_in":7200}'
REPORTED = [
    "118.126.124.0/24",
    "119.29.180.0/24",
    "119.29.9.0/24",
    "162.62.80.0/24",
    "162.62.81.0/24",
    "42.192.0.0/24",
    "42.192.6.0/24",
    "42.192.7.0/24",
    "81.69.18.0/24",
    "81.69.19.0/24",
    "81.69.229.0/24",
    "81.71.140.0/24",
    "81.71.19.0/24",
    "42.192.6.0/24",
    "42.192.0.0/24",
    "175.24.211.0/24",
    "81.69.229.0/24",
    "81.69.101.0/24",
    "81.69.103.0/24",
    "101.226.103.0/24",
]
STALE = (
    '{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest, could get '
    "access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r "
    'rid: 65ffe934-2355113d-79ef0b31"}'
)
UNLISTED = (
    '{"errcode":40164,"errmsg":"invalid ip 114.221.21.30 ipv6 ::ffff:114.221.21.30, not in whitelist '
    'rid: 658cff8e-7783352d-44cb33e5"}'
)
QUOTA = '{"errcode":45009,"errmsg":"reach max api daily quota limit rid: 64b279b3-2eddb111-78605a3e"}'
OLD = '{"errcode":40164,"errmsg":"invalid ip 114.221.21.30, not in whitelist hint: [jotvMa01143580]"}'


@pytest.fixture
def fetching(clock):
    """Fetches a kind over a script."""

    async def fetch(kind, *answers):
        account = WeChat.Account(appid="wx1", secret=Secret("secret-of-app"))
        async with WeChat.open(account, clock=clock, transport=Script(*map(reply, answers))) as client:
            return await kind(kind.Options(), client).fetch()

    return fetch


@pytest.mark.parametrize("kind", [WeChatApi, WeChatCallback])
@pytest.mark.parametrize(
    ("body", "listed", "withheld"),
    [
        (
            '{\n  "ip_list": [\n    "101.89.47.18",\n    "101.91.34.103"\n  ]\n}',
            ["101.89.47.18/32", "101.91.34.103/32"],
            [],
        ),
        ('{"ip_list":["106.55.206.146","106.55.206.211"]}', ["106.55.206.146/32", "106.55.206.211/32"], []),
        (
            '{"ip_list":["127.0.0.1","127.0.0.2","101.226.103.0/25"]}',
            ["101.226.103.0/25"],
            ["127.0.0.1", "127.0.0.2"],
        ),
    ],
)
async def test_documented_lists(fetching, kind, body, listed, withheld):
    """A success has no errcode; addresses and networks stand side by side; placeholders are withheld."""
    fetched = await fetching(kind, TOKEN, body)
    assert [one.value for one in fetched.entries] == json.loads(body)["ip_list"]
    assert fetched.requests == 2
    seen = normalise(fetched.entries, Rules(kind.wildcards, kind.ranges))
    assert [str(one.value) for one in seen.entries] == listed
    assert [one.text for one in seen.quarantined] == withheld


async def test_reported_list_with_duplicates(fetching):
    """Twenty unsorted values with three repeated are seventeen entries; the source itself keeps them all."""
    fetched = await fetching(WeChatCallback, TOKEN, json.dumps({"ip_list": REPORTED}))
    assert [one.value for one in fetched.entries] == REPORTED
    assert len(normalise(fetched.entries, Rules()).entries) == 17


@pytest.mark.parametrize(
    ("body", "leaf", "code", "log_id"),
    [
        ('{"errcode":40013,"errmsg":"invalid appid"}', CredentialsRejected, 40013, None),
        (STALE, TokenRejected, 40001, "65ffe934-2355113d-79ef0b31"),
        (UNLISTED, AddressNotAllowed, 40164, "658cff8e-7783352d-44cb33e5"),
        (QUOTA, RateLimited, 45009, "64b279b3-2eddb111-78605a3e"),
        (OLD, AddressNotAllowed, 40164, "jotvMa01143580"),
    ],
)
async def test_documented_refusals(fetching, body, leaf, code, log_id):
    """Each documented refusal ends in its error, with the id that the platform's support asks for."""
    with pytest.raises(PlatformError) as caught:
        await fetching(WeChatCallback, TOKEN, body, TOKEN, body)
    assert type(caught.value) is leaf
    assert (caught.value.code, caught.value.log_id) == (code, log_id)


async def test_refused_address_is_ours(fetching):
    """40164 names our address, at the token endpoint too."""
    with pytest.raises(AddressNotAllowed) as caught:
        await fetching(WeChatApi, UNLISTED)
    assert "114.221.21.30." in caught.value.next_step


def test_directions():
    """We call the API; pushes come in."""
    assert WeChatApi.directions(WeChatApi.Options()) == {Direction.EGRESS}
    assert WeChatCallback.directions(WeChatCallback.Options()) == {Direction.INGRESS}
    assert {kind.every for kind in (WeChatApi, WeChatCallback)} == {"6h"}


async def test_lists_of_one_app_are_told_apart(clock):
    """Each list has a provenance of its own, without a secret."""
    account = WeChat.Account(appid="wx1", secret=Secret("secret-of-app"))
    async with WeChat.open(account, clock=clock, transport=Script()) as client:
        found = [kind(kind.Options(), client).provenance for kind in (WeChatApi, WeChatCallback)]
    assert found == [
        "wechat api.weixin.qq.com wx1 get_api_domain_ip",
        "wechat api.weixin.qq.com wx1 getcallbackip",
    ]
