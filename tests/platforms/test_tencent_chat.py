from __future__ import annotations

import logging
from datetime import timedelta
from email.utils import format_datetime

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
    PlatformError,
    RateLimited,
    RequestRejected,
    SchemaMismatch,
    TokenRejected,
    TooLarge,
)
from gatepost.kit.secret import Secret
from gatepost.platforms.base import Bounds
from gatepost.platforms.tencent_chat import HOSTS, NetType, Pace, Region, TencentChat
from gatepost.platforms.tencent_chat_codes import CODES
from platforms.script import CANARY, Script, everything_said, reply, unreachable
from platforms.test_user_sig import fields

pytestmark = pytest.mark.anyio

GOOD = {"ActionStatus": "OK", "ErrorCode": 0, "IPList": ["127.0.0.2", "183.192.202.0/25"]}


def fail(code, info=""):
    """A refusal as the platform words it."""
    return {"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": info}


@pytest.fixture
def opened(clock):
    """Opens a client over a script; keywords are the account's."""

    def open_client(script, *, bounds=None, **keys):
        named = {
            "sdkappid": 1400000000,
            "identifier": "administrator",
            "key": Secret(CANARY),
            "region": Region.SINGAPORE,
        }
        account = TencentChat.Account(**(named | keys))
        return TencentChat.open(account, clock=clock, transport=script, bounds=bounds)

    return open_client


async def refused(opened, *answers, **keys):
    """The error of a call over these answers, and the script."""
    script = Script(*answers)
    async with opened(script, **keys) as chat:
        with pytest.raises(GatepostError) as caught:
            await chat.get_ip_list(NetType.WEBHOOK_ABROAD)
    return caught.value, script


@pytest.mark.parametrize("nettype", NetType)
async def test_request_on_the_wire(opened, clock, nettype):
    """A call is a POST of {} with the documented parameters alone and a signature of five minutes."""
    script = Script(GOOD)
    async with opened(script) as chat:
        assert await chat.get_ip_list(nettype) == ("127.0.0.2", "183.192.202.0/25")
        assert chat.requests == 1
    request, query = script.requests[0], script.query()
    assert (request.method, str(request.url.copy_with(query=None))) == (
        "POST",
        "https://adminapisgp.im.qcloud.com/v4/ConfigSvc/GetIPList",
    )
    assert request.content == b"{}"
    assert request.headers["content-type"].startswith("application/json")
    assert list(query) == ["sdkappid", "identifier", "usersig", "random", "contenttype", "nettype"]
    assert (query["sdkappid"], query["identifier"]) == ("1400000000", "administrator")
    assert (query["contenttype"], query["nettype"]) == ("json", str(int(nettype)))
    assert 0 <= int(query["random"]) <= 4294967295
    signed = fields(query["usersig"])
    assert signed["TLS.time"] == int(clock.now().timestamp())
    assert signed["TLS.expire"] <= 300
    assert (signed["TLS.identifier"], signed["TLS.sdkappid"]) == ("administrator", 1400000000)


async def test_signature_and_random_are_new_each_time(opened, clock):
    """No call repeats the signature or the random number of an earlier one."""
    script = Script(GOOD)
    async with opened(script) as chat:
        for _ in range(20):
            await chat.get_ip_list(NetType.ALL)
            clock.advance(timedelta(seconds=1))
    assert len({script.query(n)["usersig"] for n in range(20)}) == 20
    assert len({script.query(n)["random"] for n in range(20)}) > 15


@pytest.mark.parametrize("region", Region)
async def test_backup_host(opened, region):
    """Where a region's host cannot be reached its backup is asked once, with the same call."""
    script = Script(unreachable(), GOOD)
    async with opened(script, region=region) as chat:
        await chat.get_ip_list(NetType.ALL)
    assert tuple(script.asked_hosts) == HOSTS[region]
    assert script.requests[0].url.query == script.requests[1].url.query


async def test_both_hosts_down(opened):
    """Where neither host can be reached the error names the first, after bounded attempts."""
    error, script = await refused(opened, unreachable())
    assert isinstance(error, ConnectFailed)
    assert "adminapisgp.im.qcloud.com" in error.message
    assert script.asked_hosts == list(HOSTS[Region.SINGAPORE]) * 3


async def test_no_backup_for_a_named_host(opened):
    """A base URL of the owner's is the only place asked."""
    error, script = await refused(opened, unreachable(), base_url="http://127.0.0.1:1/chat/")
    assert isinstance(error, ConnectFailed)
    assert set(script.asked_hosts) == {"127.0.0.1"}
    assert script.paths[0] == "/chat/v4/ConfigSvc/GetIPList"


EXPECTED = {
    RequestRejected: (60002, 60003, 60009, 60012, 60015, 70002, 70206, 70402),
    CredentialsRejected: (
        *(60004, 60005, 60006, 60016, 60017, 60020, 70009, 70013, 70014, 70016, 70020),
        *(70051, 70107, 70114, 70214, 70236, 70346, 70398),
    ),
    PermissionDenied: (60010, 70403),
    AddressNotAllowed: (60021,),
    RateLimited: (60007, 60011, 60018, 60019, 70050),
    PlatformBusy: (
        *(60008, 60013, 60014, 70169, 70201, 70202, 70203, 70207, 70208, 70212, 70213),
        *(70222, 70225, 70231, 70308, 70348, 70362, 70401, 70500),
    ),
    TokenRejected: (70001, 70003, 70004, 70005, 70006, 70007, 70008, 70052, 70221, 70347),
}
CASES = [(code, leaf) for leaf, codes in EXPECTED.items() for code in codes]


@pytest.mark.parametrize(("code", "leaf"), CASES)
async def test_code_ends_in_its_error(opened, code, leaf):
    """Each code ends in its error: named, classed, with a next step and the platform's page."""
    error, _ = await refused(opened, fail(code, "words of the platform"))
    assert type(error) is leaf
    assert error.code == code
    assert error.transient == (leaf in {RateLimited, PlatformBusy})
    assert error.next_step
    assert error.links[-1].startswith("https://")
    assert "words of the platform" in error.message


def test_every_code_is_expected():
    """The table has no code that this test does not know, and none is missing."""
    assert set(CODES.rows) == {code for code, _ in CASES}


async def test_unknown_code(opened):
    """A code that is in no table is refused, not guessed."""
    error, script = await refused(opened, fail(79999, "?"))
    assert isinstance(error, PlatformError)
    assert error.code == 79999
    assert len(script.requests) == 1


@pytest.mark.parametrize("code", EXPECTED[TokenRejected])
async def test_signed_anew_once(opened, code):
    """A refused signature is made anew exactly once."""
    script = Script(fail(code), GOOD)
    async with opened(script) as chat:
        assert await chat.get_ip_list(NetType.ALL)
    assert len(script.requests) == 2
    _, script = await refused(opened, fail(code))
    assert len(script.requests) == 2


@pytest.mark.parametrize("code", EXPECTED[CredentialsRejected] + EXPECTED[RequestRejected])
async def test_configuration_is_not_retried(opened, code):
    """What waiting cannot mend is asked once."""
    _, script = await refused(opened, fail(code))
    assert len(script.requests) == 1


async def test_busy_is_retried(opened):
    """The platform's own trouble is asked again, within bounds."""
    script = Script(fail(60008), fail(70500), GOOD)
    async with opened(script) as chat:
        assert await chat.get_ip_list(NetType.ALL)
    _, script = await refused(opened, fail(60008))
    assert len(script.requests) == 3


async def test_too_many_tries_waits_a_minute(opened):
    """70050 says to wait a minute, and is not hammered."""
    error, script = await refused(opened, fail(70050))
    assert error.retry_after == 60
    assert len(script.requests) == 1


@pytest.mark.parametrize("code", [70016, 70020])
async def test_wrong_region_is_named(opened, code):
    """A code that another region gets names the region that was asked."""
    error, _ = await refused(opened, fail(code), region=Region.SEOUL)
    assert "seoul" in error.next_step
    assert "adminapikr.im.qcloud.com" in error.next_step


async def test_clock_skew_is_named(opened, clock):
    """A signature refused while our clock is off says so, and by how much."""
    date = format_datetime(clock.now() + timedelta(seconds=900), usegmt=True)
    error, _ = await refused(opened, reply(fail(70001), date=date))
    assert "clock_skew" in error.next_step
    assert "900 s behind" in error.next_step


async def test_our_address_is_named(opened):
    """60021 names our address where the platform does, and says where to add it."""
    error, _ = await refused(opened, fail(60021, "ip 203.0.113.9 not allowed"))
    assert "203.0.113.9" in error.next_step
    assert "Chat console" in error.next_step


@pytest.mark.parametrize(
    "body",
    [
        {"ActionStatus": "OK", "ErrorCode": 0},
        {"ActionStatus": "OK", "ErrorCode": 0, "IPList": None},
        {"ActionStatus": "FAIL", "ErrorCode": 0, "IPList": ["192.0.2.1"]},
        {"ErrorCode": 0, "IPList": ["192.0.2.1"]},
        {"ActionStatus": "OK", "IPList": ["192.0.2.1"]},
        {"ActionStatus": "FAIL", "ErrorCode": 60002, "IPList": ["192.0.2.1"]},
        {"ActionStatus": "OK", "ErrorCode": "0", "IPList": ["192.0.2.1"]},
        {"ActionStatus": "OK", "ErrorCode": 0, "IPList": "192.0.2.1"},
        {"ActionStatus": "OK", "ErrorCode": 0, "IPList": [3221225985]},
        {"ActionStatus": "OK", "ErrorCode": 0, "IPList": [None]},
        ["192.0.2.1"],
    ],
)
async def test_odd_answers(opened, body):
    """A list beside an error, a success without a list, and other shapes are refused whole."""
    error, script = await refused(opened, body)
    assert isinstance(error, SchemaMismatch)
    assert len(script.requests) == 1


async def test_bad_gateway(opened):
    """A status of 502 is the platform's trouble, whatever its body says."""
    error, script = await refused(opened, reply("<html>bad gateway</html>", 502, content_type="text/html"))
    assert isinstance(error, NotJson)
    assert len(script.requests) == 3
    error, _ = await refused(opened, reply(GOOD, 502))
    assert isinstance(error, PlatformBusy)


async def test_too_many_entries(opened):
    """More entries than allowed refuse the whole answer."""
    error, _ = await refused(opened, GOOD, bounds=Bounds(max_entries=1))
    assert isinstance(error, TooLarge)


async def test_calls_are_paced(opened, clock):
    """However many ask at once, no second sees more than 200 calls."""
    times = []
    script = Script(lambda _: (times.append(clock.monotonic()), reply(GOOD))[1])
    async with opened(script) as chat, anyio.create_task_group() as group:
        for _ in range(450):
            group.start_soon(chat.get_ip_list, NetType.ALL)
    assert len(times) == 450
    assert clock.monotonic() >= 449 / 200 - 0.001


async def test_pace_costs_a_lone_caller_nothing(clock):
    """A caller who comes seldom never waits."""
    pace = Pace(clock, 200)
    for _ in range(3):
        before = clock.monotonic()
        await pace.turn()
        assert clock.monotonic() == before
        clock.advance(timedelta(seconds=1))


async def test_secrets_stay_inside(opened, caplog):
    """Neither key nor signature is in an error, a log or a repr, even where the platform echoes it."""
    caplog.set_level(logging.DEBUG)
    seen = []

    def echo(request):
        seen.append(request.url.params["usersig"])
        return reply(fail(60004, f"bad usersig {seen[-1]} in {request.url}"))

    error, _ = await refused(opened, echo)
    said = everything_said(error) + caplog.text
    assert CANARY not in said
    assert seen[0] not in said
    assert CANARY not in repr(TencentChat.Account(sdkappid=1, identifier="a", key=Secret(CANARY)))


@pytest.mark.parametrize(
    "keys",
    [
        {"sdkappid": 0},
        {"identifier": ""},
        {"identifier": "x" * 33},
        {"identifier": "管理员"},
        {"identifier": "a\nb"},
        {"base_url": "ftp://x"},
    ],
)
def test_accounts_that_cannot_be(keys):
    """An account with a value that cannot be one is refused at once."""
    named = {"sdkappid": 1400000000, "identifier": "administrator", "key": Secret("k")}
    with pytest.raises(ValueError, match="must"):
        TencentChat.Account(**(named | keys))


async def test_provenance_names_region_and_app(opened):
    """Another region, or another app, is another source."""
    async with opened(Script(GOOD)) as chat:
        assert chat.provenance == "tencent_chat adminapisgp.im.qcloud.com 1400000000"
