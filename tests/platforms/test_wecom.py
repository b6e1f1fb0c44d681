from __future__ import annotations

import logging

import anyio
import pytest

from gatepost.errors import (
    AddressNotAllowed,
    ConnectFailed,
    CredentialsRejected,
    GatepostError,
    NotJson,
    PermissionDenied,
    PlatformBusy,
    RateLimited,
    RequestRejected,
    SchemaMismatch,
    TokenRejected,
    TooLarge,
    UsageError,
)
from gatepost.kit.secret import Secret
from gatepost.platforms.base import Bounds
from gatepost.platforms.wecom import Receivers, ServerDomain, WeCom, WeComRobot, shorten
from gatepost.platforms.wecom_codes import CODES
from platforms.script import CANARY, Script, everything_said, reply, unreachable

pytestmark = pytest.mark.anyio

TOKEN = {"errcode": 0, "errmsg": "ok", "access_token": "token-canary-0001", "expires_in": 7200}
LIST = {"ip_list": ["182.254.11.176"], "errcode": 0, "errmsg": "ok"}
LISTS = ("get_api_domain_ip", "get_callback_ip")


def fail(code, said="no", **more):
    """A refusal, with the empty list that the platform puts beside it."""
    return {"ip_list": [], "errcode": code, "errmsg": said, **more}


@pytest.fixture
def opened(clock):
    """Opens a client over a script; keywords are the account's."""

    def open_client(script, *, bounds=None, cache_dir=None, **keys):
        account = WeCom.Account(**({"corpid": "ww1", "corpsecret": Secret(CANARY)} | keys))
        return WeCom.open(account, clock=clock, transport=script, bounds=bounds, cache_dir=cache_dir)

    return open_client


async def refused(opened, *answers, call="get_callback_ip", **keys):
    """The error of a call over these answers, and the script."""
    script = Script(*answers)
    async with opened(script, **keys) as wecom:
        with pytest.raises(GatepostError) as caught:
            await getattr(wecom, call)()
    return caught.value, script


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ("get_server_domain_ip", "/cgi-bin/security/get_server_domain_ip"),
        ("get_api_domain_ip", "/cgi-bin/get_api_domain_ip"),
        ("get_callback_ip", "/cgi-bin/getcallbackip"),
    ],
)
async def test_requests_on_the_wire(opened, call, path):
    """A list is a GET with the access token alone; the token is a GET with corpid and corpsecret alone."""
    script = Script(TOKEN, {**LIST, "domain_list": [], "ip_list": []})
    async with opened(script) as wecom:
        await getattr(wecom, call)()
        assert wecom.requests == 2
    assert [request.method for request in script.requests] == ["GET", "GET"]
    assert script.paths == ["/cgi-bin/gettoken", path]
    assert script.asked_hosts == ["qyapi.weixin.qq.com"] * 2
    assert script.query(0) == {"corpid": "ww1", "corpsecret": CANARY}
    assert script.query(1) == {"access_token": "token-canary-0001"}
    assert all(not request.content for request in script.requests)


async def test_token_is_asked_for_once(opened, tmp_path):
    """Many callers at once, and other processes with the same cache, share one token."""
    script = Script(TOKEN, LIST)
    async with opened(script, cache_dir=tmp_path) as wecom, anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(wecom.get_callback_ip)
    assert script.paths.count("/cgi-bin/gettoken") == 1
    other = Script(LIST)
    async with opened(other, cache_dir=tmp_path) as wecom:
        await wecom.get_api_domain_ip()
    assert "/cgi-bin/gettoken" not in other.paths


async def test_each_app_has_its_own_token(opened, tmp_path):
    """Two apps of one company never share a token."""
    for secret in ("one-secret", "other-secret"):
        script = Script(TOKEN, LIST)
        async with opened(script, cache_dir=tmp_path, corpsecret=Secret(secret)) as wecom:
            await wecom.get_callback_ip()
        assert script.query(0)["corpsecret"] == secret


@pytest.mark.parametrize("code", [40014, 42001])
async def test_refused_token_is_renewed_once(opened, code):
    """A refused token is replaced exactly once, then the error stands."""
    script = Script(TOKEN, fail(code), {**TOKEN, "access_token": "second"}, LIST)
    async with opened(script) as wecom:
        assert await wecom.get_callback_ip() == ("182.254.11.176",)
    assert script.query()["access_token"] == "second"
    error, script = await refused(opened, TOKEN, fail(code), {**TOKEN, "access_token": "second"}, fail(code))
    assert isinstance(error, TokenRejected)
    assert [path.rpartition("/")[2] for path in script.paths] == ["gettoken", "getcallbackip"] * 2


EXPECTED = {
    PlatformBusy: (-1, 6000, 45035),
    CredentialsRejected: (
        *(40001, 40013, 40091, 45031, 48003, 48004, 48005, 48006, 48010, 50003, 60031, 81013),
        *(93000, 93001, 93004, 93008, 301007),
    ),
    TokenRejected: (40014, 40082, 42001, 42009),
    RequestRejected: (40056, 40058, 41001, 41002, 41004),
    RateLimited: (45009, 45033, 45036),
    PermissionDenied: (48001, 48002, 60011, 301002),
    AddressNotAllowed: (60020, 301042),
}
CASES = [(code, leaf) for leaf, codes in EXPECTED.items() for code in codes]


@pytest.mark.parametrize(("code", "leaf"), CASES)
async def test_code_ends_in_its_error(opened, code, leaf):
    """Each code ends in its error: named, classed, with a next step and the platform's page."""
    error, _ = await refused(
        opened, lambda r: reply(TOKEN if "gettoken" in r.url.path else fail(code, "its words"))
    )
    assert type(error) is leaf
    assert error.code == code
    assert error.transient == (leaf in {RateLimited, PlatformBusy})
    assert error.next_step
    assert error.links[-1].startswith("https://")
    assert "its words" in error.message


def test_every_code_is_expected():
    """The table has no code that this test does not know, and none is missing."""
    assert set(CODES.rows) == {code for code, _ in CASES}


@pytest.mark.parametrize(
    "code", [code for code, leaf in CASES if leaf in {CredentialsRejected, AddressNotAllowed}]
)
async def test_token_endpoint_is_not_hammered(opened, code):
    """A refusal that waiting cannot mend is asked once: many wrong secrets block our address for an hour."""
    error, script = await refused(opened, fail(code))
    assert error.code == code
    assert script.paths == ["/cgi-bin/gettoken"]


async def test_busy_is_retried_three_times(opened):
    """-1 is retried at most three times, as the platform advises."""
    _, script = await refused(opened, TOKEN, fail(-1))
    assert script.paths.count("/cgi-bin/getcallbackip") == 4
    _, script = await refused(opened, fail(-1))
    assert script.paths.count("/cgi-bin/gettoken") == 4


async def test_error_before_list(opened):
    """An error's empty list is never taken for a list, nor is a full one."""
    error, _ = await refused(opened, TOKEN, {"ip_list": ["192.0.2.1"], "errcode": 48002, "errmsg": "no"})
    assert isinstance(error, PermissionDenied)


@pytest.mark.parametrize("code", [60020, 301042])
async def test_our_address_is_named(opened, code):
    """The error names our address as the platform sees it, where to add it, and the call's id."""
    said = (
        "not allow to access from your ip, hint: [1700000000_1_0123456789abcdef], from ip: 203.0.113.9, "
        f"more info at https://open.work.weixin.qq.com/devtool/query?e={code}"
    )
    error, _ = await refused(opened, TOKEN, fail(code, said))
    assert "203.0.113.9" in error.next_step
    assert "dmin console" in error.next_step
    assert error.log_id == "1700000000_1_0123456789abcdef"
    assert error.links == (f"https://open.work.weixin.qq.com/devtool/query?e={code}",)


async def test_a_line_in_the_words_is_no_address(opened):
    """Only a real address is read out of the platform's words."""
    error, _ = await refused(opened, TOKEN, fail(60020, "from ip: 010.8.8.8 999.1.1.1, rm -rf /"))
    assert "sees this host" not in error.next_step


async def test_limits_name_their_wait(opened):
    """45009 says how long a block lasts at least, and is not hammered."""
    error, script = await refused(opened, TOKEN, fail(45009))
    assert error.retry_after == 60
    assert len(script.requests) == 2


PLACE = {"protocol": "TCP", "port": [443, 80], "is_necessary": 1, "description": "d"}
DOMAIN = {"domain": "i.work.weixin.qq.com", "universal_domian": "work.weixin.qq.com", **PLACE}


async def test_domains_and_addresses(opened):
    """The list of clients comes as typed places, the platform's own spelling kept."""
    script = Script(
        TOKEN, {"errcode": 0, "domain_list": [DOMAIN], "ip_list": [{"ip": "115.238.203.109", **PLACE}]}
    )
    async with opened(script) as wecom:
        answer = await wecom.get_server_domain_ip()
    assert answer.domain_list == (
        ServerDomain(
            domain="i.work.weixin.qq.com",
            universal_domian="work.weixin.qq.com",
            protocol="TCP",
            port=(443, 80),
            is_necessary=1,
            description="d",
        ),
    )
    assert answer.domain_list[0].universal == "work.weixin.qq.com"
    assert (answer.ip_list[0].ip, answer.ip_list[0].is_necessary) == ("115.238.203.109", 1)


@pytest.mark.parametrize(
    ("change", "universal"),
    [
        ({}, "work.weixin.qq.com"),
        ({"universal_domian": None, "universal_domain": "work.weixin.qq.com"}, "work.weixin.qq.com"),
        ({"universal_domian": ""}, None),
        ({"universal_domian": None}, None),
    ],
)
async def test_both_spellings(opened, change, universal):
    """The universal domain is found however it is spelt; an empty one is none."""
    script = Script(TOKEN, {"domain_list": [DOMAIN | change], "ip_list": []})
    async with opened(script) as wecom:
        assert (await wecom.get_server_domain_ip()).domain_list[0].universal == universal


@pytest.mark.parametrize(
    "change",
    [
        {"port": 443},
        {"port": ["443"]},
        {"is_necessary": 2},
        {"is_necessary": True},
        {"protocol": 6},
        {"domain": 1},
    ],
)
async def test_odd_places(opened, change):
    """A documented key of another type refuses the whole answer."""
    error, _ = await refused(
        opened, TOKEN, {"domain_list": [DOMAIN | change], "ip_list": []}, call="get_server_domain_ip"
    )
    assert isinstance(error, SchemaMismatch)


@pytest.mark.parametrize("missing", ["domain", "protocol", "port", "is_necessary"])
async def test_missing_keys(opened, missing):
    """A place without a documented key refuses the whole answer."""
    domain = {key: value for key, value in DOMAIN.items() if key != missing}
    error, _ = await refused(
        opened, TOKEN, {"domain_list": [domain], "ip_list": []}, call="get_server_domain_ip"
    )
    assert isinstance(error, SchemaMismatch)


@pytest.mark.parametrize("body", [{"domain_list": []}, {"ip_list": []}, {"errcode": 0}])
async def test_both_lists_are_needed(opened, body):
    """A success without one of its two lists is refused."""
    error, _ = await refused(opened, TOKEN, body, call="get_server_domain_ip")
    assert isinstance(error, SchemaMismatch)


@pytest.mark.parametrize("call", LISTS)
@pytest.mark.parametrize(
    "body", [{"errcode": 0, "errmsg": "ok"}, {}, {"ip_list": "192.0.2.1"}, {"ip_list": [1]}, []]
)
async def test_odd_lists(opened, call, body):
    """A success without a list of texts is refused."""
    error, _ = await refused(opened, TOKEN, body, call=call)
    assert isinstance(error, SchemaMismatch)


@pytest.mark.parametrize(
    "body",
    [{"access_token": "", "expires_in": 7200}, {"access_token": "t"}, {"access_token": "t", "expires_in": 0}],
)
async def test_odd_tokens(opened, body):
    """A token answer without a token or a life is refused."""
    error, _ = await refused(opened, body)
    assert isinstance(error, SchemaMismatch)


async def test_other_answers(opened):
    """HTML is refused, a status of 502 is the platform's trouble, too many entries are too many."""
    error, _ = await refused(opened, TOKEN, reply("<html>", content_type="text/html"))
    assert isinstance(error, NotJson)
    error, _ = await refused(opened, TOKEN, reply(LIST, 502))
    assert isinstance(error, PlatformBusy)
    many = {"ip_list": ["192.0.2.1", "192.0.2.2"]}
    error, _ = await refused(opened, TOKEN, many, bounds=Bounds(max_entries=1))
    assert isinstance(error, TooLarge)
    error, script = await refused(opened, unreachable())
    assert isinstance(error, ConnectFailed)
    assert set(script.asked_hosts) == {"qyapi.weixin.qq.com"}


async def test_secrets_stay_inside(opened, caplog, tmp_path):
    """Neither secret nor token is in an error, a log, a repr or a file, even where the platform echoes it."""
    caplog.set_level(logging.DEBUG)

    def echo(request):
        token = "gettoken" in request.url.path
        return reply(TOKEN if token else fail(40058, f"bad token in {request.url}"))

    error, _ = await refused(opened, echo, cache_dir=tmp_path / "cache")
    error2, _ = await refused(opened, lambda request: reply(fail(40001, f"wrong {request.url}")))
    said = everything_said(error) + everything_said(error2) + caplog.text
    files = b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir())
    for secret in (CANARY, "token-canary-0001"):
        assert secret not in said
        assert secret.encode() not in files
        assert all(secret not in path.name for path in (tmp_path / "cache").iterdir())
    assert CANARY not in repr(WeCom.Account(corpid="ww1", corpsecret=Secret(CANARY)))


SENT = {"errcode": 0, "errmsg": "ok", "invaliduser": "zhangsan|lisi", "msgid": "m1"}


async def test_app_message_on_the_wire(opened):
    """An app message says who, what and by which app, guarded against being sent twice."""
    script = Script(TOKEN, SENT)
    async with opened(script) as wecom:
        sent = await wecom.send_message(1000002, "hello", Receivers(users=("a", "b"), tags=("t",)))
    assert sent.invaliduser == "zhangsan|lisi"
    assert (script.requests[1].method, script.paths[1]) == ("POST", "/cgi-bin/message/send")
    assert script.query(1) == {"access_token": "token-canary-0001"}
    assert script.body(1) == {
        "touser": "a|b",
        "totag": "t",
        "msgtype": "text",
        "agentid": 1000002,
        "text": {"content": "hello"},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 600,
    }


async def test_app_markdown(opened):
    """Markdown goes under its own key."""
    script = Script(TOKEN, SENT)
    async with opened(script) as wecom:
        await wecom.send_message(1, "**x**", Receivers(departments=("1",)), msgtype="markdown")
    assert script.body(1)["markdown"] == {"content": "**x**"}
    assert script.body(1)["toparty"] == "1"


@pytest.mark.parametrize(
    "named", [{}, {"users": ("u",) * 1001}, {"departments": ("d",) * 101}, {"tags": ("t",) * 101}]
)
def test_receivers_that_cannot_be(named):
    """A message to nobody, or to more than the platform takes, is refused before it is sent."""
    with pytest.raises(UsageError):
        Receivers(**named)


async def test_robot_on_the_wire(clock):
    """A robot's message is a POST to the webhook with its key and no token."""
    script = Script({"errcode": 0, "errmsg": "ok"})
    async with WeComRobot.open(Secret("robot-key-canary"), clock=clock, transport=script) as robot:
        await robot.send_text("held", mentions=("@all",))
        await robot.send_markdown("**held**")
    assert (script.requests[0].method, script.paths[0]) == ("POST", "/cgi-bin/webhook/send")
    assert script.query(0) == {"key": "robot-key-canary"}
    assert script.body(0) == {"msgtype": "text", "text": {"content": "held", "mentioned_list": ["@all"]}}
    assert script.body(1) == {"msgtype": "markdown", "markdown": {"content": "**held**"}}


async def test_robot_limits(clock):
    """A robot shortens what is too long and sends at most twenty messages a minute."""
    script = Script({"errcode": 0})
    async with WeComRobot.open(Secret("key-of-robot"), clock=clock, transport=script) as robot:
        for _ in range(20):
            await robot.send_markdown("告" * 3000)
        assert clock.monotonic() == 0
        await robot.send_text("x" * 5000)
        assert clock.monotonic() == 60
    assert len(script.body(0)["markdown"]["content"].encode()) <= 4096
    assert len(script.body()["text"]["content"].encode()) <= 2048


async def test_robot_refusal(clock):
    """A robot's refusal is an error with its code; its key is in none of it, and it is not sent again."""
    script = Script(lambda request: reply({"errcode": 93000, "errmsg": f"invalid webhook url {request.url}"}))
    async with WeComRobot.open(Secret(CANARY), clock=clock, transport=script) as robot:
        with pytest.raises(CredentialsRejected) as caught:
            await robot.send_text("x")
    assert caught.value.code == 93000
    assert CANARY not in everything_said(caught.value)
    assert len(script.requests) == 1


@pytest.mark.parametrize("text", ["", "x" * 12, "告" * 4, "x告告告", "x" * 13, "告警告警告", "😀" * 9])
def test_shortened_text(text):
    """A shortened text fits, is whole characters, and begins as the long one did."""
    short = shorten(text, 12)
    assert len(short.encode()) <= 12
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_empty_corpid():
    """An account without a company is refused."""
    with pytest.raises(ValueError, match="corpid"):
        WeCom.Account(corpid=" ", corpsecret=Secret("s"))
