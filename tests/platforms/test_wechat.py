from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from gatepost.errors import (
    AddressNotAllowed,
    ConnectFailed,
    CredentialsRejected,
    GatepostError,
    HostRefused,
    PermissionDenied,
    PlatformBusy,
    RateLimited,
    RequestRejected,
    SchemaMismatch,
    SecretUnavailable,
    TokenRejected,
    TooLarge,
)
from gatepost.kit.secret import Secret
from gatepost.platforms.base import Bounds
from gatepost.platforms.wechat import CheckAction, Operator, WeChat, until_midnight
from gatepost.platforms.wechat_codes import CODES
from platforms.script import CANARY, Script, everything_said, reply, unreachable

pytestmark = pytest.mark.anyio

TOKEN = {"access_token": "token-canary-0001", "expires_in": 7200}
LIST = {"ip_list": ["101.89.47.18", "101.91.34.103"]}
STABLE, CLASSIC, CALLBACK = "/cgi-bin/stable_token", "/cgi-bin/token", "/cgi-bin/getcallbackip"


def fail(code, said="no"):
    """A refusal as the platform words it."""
    return {"errcode": code, "errmsg": f"{said} rid: 65ffe934-2355113d-79ef0b31"}


def by_path(**answers):
    """Answers by the last part of the path."""
    return lambda request: reply(answers[request.url.path.rpartition("/")[2]])


@pytest.fixture
def opened(clock):
    """Opens a client over a script; keywords are the account's."""

    def open_client(script, *, bounds=None, cache_dir=None, **keys):
        account = WeChat.Account(**({"appid": "wx1", "secret": Secret(CANARY)} | keys))
        return WeChat.open(account, clock=clock, transport=script, bounds=bounds, cache_dir=cache_dir)

    return open_client


async def refused(opened, *answers, call="get_callback_ip", **keys):
    """The error of a call over these answers, and the script."""
    script = Script(*answers)
    async with opened(script, **keys) as wechat:
        with pytest.raises(GatepostError) as caught:
            await getattr(wechat, call)()
    return caught.value, script


@pytest.mark.parametrize(
    ("call", "path"), [("get_api_domain_ip", "/cgi-bin/get_api_domain_ip"), ("get_callback_ip", CALLBACK)]
)
async def test_requests_on_the_wire(opened, call, path):
    """The stable token is asked for without force and in the body; a list with the token alone."""
    script = Script(TOKEN, LIST)
    async with opened(script) as wechat:
        assert await getattr(wechat, call)() == ("101.89.47.18", "101.91.34.103")
    assert [request.method for request in script.requests] == ["POST", "GET"]
    assert script.paths == [STABLE, path]
    assert script.asked_hosts == ["api.weixin.qq.com"] * 2
    assert script.query(0) == {}
    assert script.body(0) == {
        "grant_type": "client_credential",
        "appid": "wx1",
        "secret": CANARY,
        "force_refresh": False,
    }
    assert script.query(1) == {"access_token": "token-canary-0001"}
    assert not script.requests[1].content


async def test_stable_token_is_never_forced(opened):
    """No request ever forces a new token, refused tokens and errors included: it would hurt others."""
    script = Script(TOKEN, fail(40001), TOKEN, fail(42001))
    async with opened(script) as wechat:
        with pytest.raises(TokenRejected):
            await wechat.get_callback_ip()
    forced = [script.body(n)["force_refresh"] for n, path in enumerate(script.paths) if path == STABLE]
    assert forced == [False, False]
    assert CLASSIC not in script.paths


async def test_classic_only_when_asked(opened):
    """The classic token, which makes others' invalid, is for those who ask for it, and the client says so."""
    script = Script(TOKEN, LIST)
    async with opened(script, token="classic") as wechat:
        await wechat.get_callback_ip()
        assert len(wechat.notices_of(wechat.account)) == 1
        assert "invalid" in wechat.notices_of(wechat.account)[0]
    assert (script.requests[0].method, script.paths[0]) == ("GET", CLASSIC)
    assert script.query(0) == {"grant_type": "client_credential", "appid": "wx1", "secret": CANARY}
    async with opened(Script(TOKEN)) as wechat:
        assert wechat.notices_of(wechat.account) == ()


async def test_token_is_asked_for_once(opened, tmp_path):
    """Many callers at once, and other processes with the same cache, share one token."""
    script = Script(by_path(stable_token=TOKEN, getcallbackip=LIST))
    async with opened(script, cache_dir=tmp_path) as wechat, anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(wechat.get_callback_ip)
    assert script.paths.count(STABLE) == 1
    other = Script(LIST)
    async with opened(other, cache_dir=tmp_path) as wechat:
        await wechat.get_callback_ip()
    assert other.paths == [CALLBACK]


async def test_short_lived_token(opened, clock):
    """A token of 300 s is used for most of its life, and not beyond it."""
    script = Script(by_path(stable_token=TOKEN | {"expires_in": 300}, getcallbackip=LIST))
    async with opened(script) as wechat:
        await wechat.get_callback_ip()
        clock.advance(timedelta(seconds=200))
        await wechat.get_callback_ip()
        assert script.paths.count(STABLE) == 1
        clock.advance(timedelta(seconds=100))
        await wechat.get_callback_ip()
    assert script.paths.count(STABLE) == 2


async def test_own_token_from_a_file(opened, tmp_path):
    """A token of the owner's is read from its file for each call and never renewed."""
    path = tmp_path / "token"
    path.write_text("own-token-1\n")
    script = Script(LIST)
    async with opened(script, token=f"file:{path}", secret=None) as wechat:
        await wechat.get_callback_ip()
        path.write_text("own-token-2")
        await wechat.get_callback_ip()
    assert script.paths == [CALLBACK, CALLBACK]
    assert [script.query(n)["access_token"] for n in (0, 1)] == ["own-token-1", "own-token-2"]


async def test_own_token_renewed_meanwhile(opened, tmp_path):
    """A refused token of the owner's is read once more: another program may have renewed it."""
    path = tmp_path / "token"
    path.write_text("own-token-1")

    def renew(_):
        path.write_text("own-token-2")
        return reply(fail(42001))

    script = Script(renew, LIST)
    async with opened(script, token=f"file:{path}") as wechat:
        assert await wechat.get_callback_ip()
    assert script.query()["access_token"] == "own-token-2"


async def test_own_token_refused(opened, tmp_path):
    """A refused token of the owner's that nobody renewed is not tried again, and never replaced by us."""
    path = tmp_path / "token"
    path.write_text("own-token-1")
    script = Script(fail(42001))
    async with opened(script, token=f"file:{path}") as wechat:
        for _ in range(3):
            with pytest.raises(TokenRejected, match="has not been renewed") as caught:
                await wechat.get_callback_ip()
    assert script.paths == [CALLBACK]
    assert "token service" in caught.value.next_step


async def test_own_token_missing(opened, tmp_path):
    """A token file that is not there is the owner's to mend."""
    error, script = await refused(opened, LIST, token=f"file:{tmp_path / 'none'}")
    assert isinstance(error, SecretUnavailable)
    assert script.requests == []


@pytest.mark.parametrize("body", [{"access_token": "own-token-1", "expires_in": 60}, "own-token-1\n"])
async def test_own_token_service(opened, body):
    """A token service answers with JSON or with the token alone; it gets no secret of the account."""
    script = Script(reply(body), LIST)
    async with opened(script, token="url:https://tokens.corp.example/wechat?app=1") as wechat:
        await wechat.get_callback_ip()
    assert str(script.requests[0].url) == "https://tokens.corp.example/wechat?app=1"
    assert CANARY not in str(script.requests[0].headers) + str(script.requests[0].content)
    assert script.query(1) == {"access_token": "own-token-1"}


@pytest.mark.parametrize(
    ("answer", "leaf"),
    [
        (reply("<html>login</html>", content_type="text/html"), SchemaMismatch),
        (reply(""), SchemaMismatch),
        (reply("two words"), SchemaMismatch),
        (reply({"token": "x"}), SchemaMismatch),
        (reply({"access_token": "a b"}), SchemaMismatch),
        (reply("own-token-1", 403), TokenRejected),
        (reply("own-token-1", 503), PlatformBusy),
        (unreachable(), ConnectFailed),
    ],
)
async def test_token_service_in_trouble(opened, answer, leaf):
    """What a token service says is a token only if it looks like one."""
    error, script = await refused(opened, answer, token="url:https://tokens.corp.example/t?k=hidden-query")
    assert type(error) is leaf
    assert set(script.asked_hosts) == {"tokens.corp.example"}
    assert "hidden-query" not in everything_said(error)


async def test_token_service_over_plain_http(opened):
    """A token is not fetched over plain HTTP from another machine."""
    error, _ = await refused(opened, LIST, token="url:http://tokens.corp.example/t")
    assert isinstance(error, HostRefused)


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_refused_token_is_renewed_once(opened, code):
    """A refused token is replaced exactly once, then the error stands."""
    script = Script(TOKEN, fail(code), {**TOKEN, "access_token": "second"}, LIST)
    async with opened(script) as wechat:
        assert await wechat.get_callback_ip()
    assert script.query()["access_token"] == "second"
    error, script = await refused(opened, by_path(stable_token=TOKEN, getcallbackip=fail(code)))
    assert isinstance(error, TokenRejected)
    assert script.paths == [STABLE, CALLBACK] * 2


EXPECTED = {
    PlatformBusy: (-1,),
    TokenRejected: (40001, 40014, 42001, 42007, 61024),
    RequestRejected: (40002, 40202, 40203, 41001, 41002, 41004, 43002, 76001, 76002, 76003, 76004),
    CredentialsRejected: (40013, 40125, 40201, 40243, 50004, 50007),
    AddressNotAllowed: (40164, 89501, 89503, 89506, 89507),
    RateLimited: (45009, 45011, 48006),
    PermissionDenied: (48001,),
}
CASES = [(code, leaf) for leaf, codes in EXPECTED.items() for code in codes]


@pytest.mark.parametrize(("code", "leaf"), CASES)
async def test_code_ends_in_its_error(opened, code, leaf):
    """Each code ends in its error: named, classed, with a next step, the platform's page and its rid."""
    error, _ = await refused(opened, by_path(stable_token=TOKEN, getcallbackip=fail(code, "its words")))
    assert type(error) is leaf
    assert error.code == code
    assert error.transient == (leaf in {RateLimited, PlatformBusy})
    assert error.next_step
    assert error.links[-1].startswith("https://")
    assert error.log_id == "65ffe934-2355113d-79ef0b31"
    assert "its words" in error.message


def test_every_code_is_expected():
    """The table has no code that this test does not know, and none is missing."""
    assert set(CODES.rows) == {code for code, _ in CASES}


@pytest.mark.parametrize("token", ["stable", "classic"])
async def test_wrong_secret(opened, token):
    """40001 from a token endpoint is a wrong secret: configuration, asked once."""
    error, script = await refused(opened, fail(40001), token=token)
    assert isinstance(error, CredentialsRejected)
    assert "AppSecret" in error.next_step
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("code", "seconds", "words"),
    [
        (89501, None, "confirm"),
        (89503, None, "confirm"),
        (89506, 86400, "24 hours"),
        (89507, 3600, "an hour"),
    ],
)
async def test_confirmations_name_their_wait(opened, code, seconds, words):
    """An address that an administrator must confirm, or refused, names the wait, and is not asked again."""
    error, script = await refused(opened, fail(code))
    assert isinstance(error, AddressNotAllowed)
    assert error.retry_after == seconds
    assert words in error.next_step
    assert len(script.requests) == 1


async def test_quotas_name_their_wait(opened):
    """The minute's limit waits a minute; the day's until the day begins anew; neither is hammered."""
    error, script = await refused(opened, by_path(stable_token=TOKEN, getcallbackip=fail(45011)))
    assert error.retry_after == 60
    assert len(script.requests) == 2
    error, script = await refused(opened, by_path(stable_token=TOKEN, getcallbackip=fail(45009)))
    assert error.retry_after == 8 * 3600  # the clock stands at 16:00 in Beijing
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    ("hour", "minute", "hours"), [(15, 59, 1 / 60), (16, 0, 24), (0, 0, 16), (23, 30, 16.5)]
)
def test_midnight_in_beijing(hour, minute, hours):
    """The day's quota starts anew at 16:00 UTC."""
    assert until_midnight(datetime(2026, 1, 5, hour, minute, tzinfo=UTC)) == hours * 3600


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("invalid ip 114.221.21.30 ipv6 ::ffff:114.221.21.30, not in whitelist", "114.221.21.30"),
        ("invalid ip 2408:8207:2::1, not in whitelist", "2408:8207:2::1"),
    ],
)
async def test_our_address_is_named(opened, said, address):
    """40164 names our address as the platform sees it, and where to add it."""
    error, _ = await refused(opened, fail(40164, said))
    assert f"sees this host as {address}." in error.next_step
    assert "IP allow-list" in error.next_step


async def test_backup_host(opened):
    """Where api cannot be reached, api2 is asked once, with the same call."""
    script = Script(unreachable(), TOKEN, LIST)
    async with opened(script) as wechat:
        await wechat.get_callback_ip()
    assert script.asked_hosts == ["api.weixin.qq.com", "api2.weixin.qq.com", "api.weixin.qq.com"]
    assert script.requests[0].content == script.requests[1].content
    error, script = await refused(opened, unreachable())
    assert isinstance(error, ConnectFailed)
    assert "//api.weixin" in error.message
    assert script.asked_hosts == ["api.weixin.qq.com", "api2.weixin.qq.com"] * 3


@pytest.mark.parametrize("place", ["sh", "sz", "hk"])
async def test_regional_hosts(opened, place):
    """The platform's regional hosts may be named; they have no backup."""
    script = Script(unreachable())
    _, script = await refused(opened, unreachable(), base_url=f"https://{place}.api.weixin.qq.com")
    assert set(script.asked_hosts) == {f"{place}.api.weixin.qq.com"}


async def test_other_hosts_get_no_secret(opened):
    """A host that is not the platform's gets nothing unless the owner allows it."""
    error, script = await refused(opened, TOKEN, base_url="https://weixin.example")
    assert isinstance(error, HostRefused)
    assert script.requests == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"errcode": 0, "errmsg": "ok"},
        {"ip_list": None},
        {"ip_list": "192.0.2.1"},
        {"ip_list": [1]},
        ["192.0.2.1"],
    ],
)
async def test_odd_lists(opened, body):
    """A body with neither list nor error, and other shapes, are refused whole."""
    error, _ = await refused(opened, by_path(stable_token=TOKEN, getcallbackip=body))
    assert isinstance(error, SchemaMismatch)


async def test_error_beside_a_list(opened):
    """An error is an error, whatever list stands beside it."""
    error, _ = await refused(opened, by_path(stable_token=TOKEN, getcallbackip=fail(48001) | LIST))
    assert isinstance(error, PermissionDenied)


async def test_too_many_entries(opened):
    """More entries than allowed refuse the whole answer."""
    error, _ = await refused(opened, TOKEN, LIST, bounds=Bounds(max_entries=1))
    assert isinstance(error, TooLarge)


CHECK = {
    "dns": [{"ip": "111.161.64.40", "real_operator": "UNICOM"}],
    "ping": [{"ip": "111.161.64.40", "from_operator": "UNICOM", "package_loss": "0%", "time": "23.079ms"}],
}


async def test_callback_check(opened):
    """The check of the way back says what to look at and from where; what it found is typed."""
    script = Script(TOKEN, CHECK)
    async with opened(script) as wechat:
        found = await wechat.callback_check(CheckAction.ALL, Operator.UNICOM)
    assert (script.requests[1].method, script.paths[1]) == ("POST", "/cgi-bin/callback/check")
    assert script.query(1) == {"access_token": "token-canary-0001"}
    assert script.body(1) == {"action": "all", "check_operator": "UNICOM"}
    assert (found.dns[0].ip, found.ping[0].package_loss, found.ping[0].time) == (
        "111.161.64.40",
        "0%",
        "23.079ms",
    )


@pytest.mark.parametrize(("body", "leaf"), [({}, SchemaMismatch), (fail(40201), CredentialsRejected)])
async def test_callback_check_without_a_result(opened, body, leaf):
    """A check without a result is refused; one without a callback URL says to set it."""
    error, _ = await refused(opened, TOKEN, body, call="callback_check")
    assert type(error) is leaf


async def test_secrets_stay_inside(opened, caplog, tmp_path):
    """Neither secret nor token is in an error, a log, a repr or a file, even where the platform echoes it."""
    caplog.set_level(logging.DEBUG)

    def echo(request):
        if request.url.path == STABLE:
            return reply(TOKEN)
        return reply(fail(40001, f"bad token in {request.url}"))

    error, _ = await refused(opened, echo, cache_dir=tmp_path / "cache")
    error2, _ = await refused(
        opened, lambda request: reply(fail(40125, f"{request.url}{request.content}")), token="classic"
    )
    said = everything_said(error) + everything_said(error2) + caplog.text
    files = b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir())
    for secret in (CANARY, "token-canary-0001"):
        assert secret not in said
        assert secret.encode() not in files
    assert CANARY not in repr(WeChat.Account(appid="wx1", secret=Secret(CANARY)))


@pytest.mark.parametrize(
    "keys",
    [
        {"appid": ""},
        {"token": "fresh"},
        {"token": "file:"},
        {"secret": None},
        {"secret": None, "token": "classic"},
    ],
)
def test_accounts_that_cannot_be(keys):
    """An account with a value that cannot be one is refused at once."""
    with pytest.raises(ValueError, match=r"must|needed"):
        WeChat.Account(**({"appid": "wx1", "secret": Secret("s")} | keys))
