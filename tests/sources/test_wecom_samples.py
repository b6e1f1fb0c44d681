"""Every documented answer of WeCom gives the right entries or the right error."""

from __future__ import annotations

import json

import pytest

from gatepost.errors import AddressNotAllowed, PermissionDenied, PlatformError, TokenRejected, ValuesRefused
from gatepost.kit.secret import Secret
from gatepost.model.entry import Direction, RawEntry, RawType
from gatepost.planning.normalise import Rules, normalise
from gatepost.platforms.wecom import WeCom
from gatepost.sources.wecom import WeComApi, WeComCallback, WeComClients
from platforms.script import Script, reply

pytestmark = pytest.mark.anyio

TOKEN = '{"errcode":0,"errmsg":"ok","access_token":"accesstoken000001","expires_in":7200}'
LONG = "企业微信客户端长连接，消息收发等功能;企业微信客户端短连接，登录、拉组织架构等功能"
HTTPDNS = "企业微信客户端HTTPDNS解析"
CLIENTS = f"""{{
  "errcode": 0,
  "errmsg": "ok",
  "domain_list":
  [
    {{
      "domain":"i.work.weixin.qq.com",
      "universal_domian":"work.weixin.qq.com",
      "protocol":"TCP",
      "port":[443,80],
      "is_necessary":1,
      "description":"{LONG}"
    }},
    {{
      "domain":"live.work.weixin.qq.com",
      "universal_domian":"work.weixin.qq.com",
      "protocol":"TCP",
      "port":[443,80],
      "is_necessary":0,
      "description":"{LONG}"
    }}
  ],
  "ip_list":
  [
    {{
      "ip":"115.238.203.109",
      "protocol":"TCP",
      "port":[443,80],
      "is_necessary":0,
      "description":"{HTTPDNS}"
    }},
    {{
      "ip":"115.238.203.110",
      "protocol":"TCP",
      "port":[443,80],
      "is_necessary":1,
      "description":"{HTTPDNS}"
    }}
  ]
}}"""
EXPIRED = (
    '{"ip_list":[],"errcode":42001,"errmsg":"access_token expired, hint: '
    "[1576065934_28_e0fae07666aa64636023c1fa7e8f49a4], from ip: 9.30.0.138, more info at "
    'https://open.work.weixin.qq.com/devtool/query?e=42001"}'
)
UNTRUSTED = (
    '{"errcode":60020,"errmsg":"not allow to access from your ip, hint: '
    "[1700000000_1_0123456789abcdef], from ip: 203.0.113.9, more info at "
    'https://open.work.weixin.qq.com/devtool/query?e=60020"}'
)


@pytest.fixture
def fetching(clock):
    """Fetches a kind over a script."""

    async def fetch(kind, *answers):
        account = WeCom.Account(corpid="ww1", corpsecret=Secret("secret-of-app"))
        async with WeCom.open(account, clock=clock, transport=Script(*map(reply, answers))) as client:
            source = kind(kind.Options(), client)
            return await source.fetch()

    return fetch


def entries(kind, fetched):
    """Normalised values and what was withheld."""
    seen = normalise(fetched.entries, Rules(kind.wildcards, kind.ranges))
    return [str(one.value) for one in seen.entries], [one.text for one in seen.quarantined]


async def test_documented_clients(fetching):
    """Domains, universal domains and addresses come with protocol, ports, necessity and note, as written."""
    fetched = await fetching(WeComClients, TOKEN, CLIENTS)
    more = {"protocol": "TCP", "ports": ((443, 443), (80, 80))}
    domain, tree = RawType.DOMAIN, RawType.DOMAIN_TREE
    assert fetched.requests == 2
    assert fetched.entries == (
        RawEntry("i.work.weixin.qq.com", domain, necessary=True, note=LONG, **more),
        RawEntry("work.weixin.qq.com", tree, necessary=True, note=LONG, **more),
        RawEntry("live.work.weixin.qq.com", domain, necessary=False, note=LONG, **more),
        RawEntry("work.weixin.qq.com", tree, necessary=False, note=LONG, **more),
        RawEntry("115.238.203.109", necessary=False, note=HTTPDNS, **more),
        RawEntry("115.238.203.110", necessary=True, note=HTTPDNS, **more),
    )


async def test_documented_clients_normalised(fetching):
    """One tree stands for the universal domain however often it is named, and is necessary if it ever is."""
    fetched = await fetching(WeComClients, TOKEN, CLIENTS)
    seen = normalise(fetched.entries, Rules())
    assert {str(one.value): one.necessary for one in seen.entries} == {
        "115.238.203.109/32": False,
        "115.238.203.110/32": True,
        "i.work.weixin.qq.com": True,
        "live.work.weixin.qq.com": False,
        "*.work.weixin.qq.com": True,
    }
    assert {one.ports for one in seen.entries} == {((80, 80), (443, 443))}
    assert seen.quarantined == ()


@pytest.mark.parametrize(
    ("kind", "body", "listed", "withheld"),
    [
        (
            WeComApi,
            '{"ip_list":["182.254.11.176","182.254.78.66"],"errcode":0,"errmsg":"ok"}',
            ["182.254.11.176/32", "182.254.78.66/32"],
            [],
        ),
        (
            WeComCallback,
            '{"ip_list":["1.2.3.4","2.3.3.3"],"errcode":0,"errmsg":"ok"}',
            [],
            ["1.2.3.4", "2.3.3.3"],
        ),
        (
            WeComCallback,
            '{"ip_list":["101.226.103.*","101.226.62.*"]}',
            ["101.226.62.0/24", "101.226.103.0/24"],
            [],
        ),
        (WeComApi, '{"ip_list":["101.226.103.*"]}', ["101.226.103.0/24"], []),
    ],
)
async def test_documented_lists(fetching, kind, body, listed, withheld):
    """Each documented list gives its networks; wildcards are /24s, placeholders are withheld."""
    fetched = await fetching(kind, TOKEN, body)
    assert [one.value for one in fetched.entries] == json.loads(body)["ip_list"]
    assert entries(kind, fetched) == (listed, withheld)


@pytest.mark.parametrize("kind", [WeComClients, WeComApi, WeComCallback])
@pytest.mark.parametrize(
    ("body", "leaf", "code", "log_id"),
    [
        (EXPIRED, TokenRejected, 42001, "1576065934_28_e0fae07666aa64636023c1fa7e8f49a4"),
        (UNTRUSTED, AddressNotAllowed, 60020, "1700000000_1_0123456789abcdef"),
        ('{"errcode":48002,"errmsg":"api forbidden"}', PermissionDenied, 48002, None),
    ],
)
async def test_documented_refusals(fetching, kind, body, leaf, code, log_id):
    """Each documented refusal ends in its error, the empty list beside it unread."""
    with pytest.raises(PlatformError) as caught:
        await fetching(kind, TOKEN, body, TOKEN, body)
    assert type(caught.value) is leaf
    assert (caught.value.code, caught.value.log_id) == (code, log_id)


async def test_empty_ports_are_not_any(fetching):
    """A place without a port refuses the whole answer: nothing is opened wider than the platform said."""
    body = json.loads(CLIENTS)
    body["ip_list"][0]["port"] = []
    fetched = await fetching(WeComClients, TOKEN, json.dumps(body))
    with pytest.raises(ValuesRefused):
        normalise(fetched.entries, Rules())


@pytest.mark.parametrize(
    ("kind", "direction"),
    [
        (WeComClients, Direction.EGRESS),
        (WeComApi, Direction.EGRESS),
        (WeComCallback, Direction.INGRESS),
    ],
)
def test_directions(kind, direction):
    """The office's apps and our servers call out; callbacks come in."""
    assert kind.directions(kind.Options()) == {direction}
    assert (kind.every, kind.platforms) == ("6h", {"wecom"})


async def test_lists_of_one_company_are_told_apart(clock):
    """Each list has a provenance of its own, without a secret."""
    account = WeCom.Account(corpid="ww1", corpsecret=Secret("secret-of-app"))
    async with WeCom.open(account, clock=clock, transport=Script()) as client:
        found = {kind(kind.Options(), client).provenance for kind in (WeComClients, WeComApi, WeComCallback)}
    assert found == {
        f"wecom qyapi.weixin.qq.com ww1 {call}"
        for call in ("get_server_domain_ip", "get_api_domain_ip", "getcallbackip")
    }
