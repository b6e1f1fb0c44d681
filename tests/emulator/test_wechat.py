from __future__ import annotations

import re
from datetime import timedelta

import pytest

pytestmark = pytest.mark.anyio

BASE = "/wechat/cgi-bin"
RID = re.compile(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$")


async def _classic(ask):
    return await ask.json("GET", f"{BASE}/token", params={"grant_type": "client_credential", **ask.WECHAT})


async def _stable(ask, **more):
    return await ask.json(
        "POST", f"{BASE}/stable_token", json={"grant_type": "client_credential", **ask.WECHAT, **more}
    )


async def _code(ask, token, path="getcallbackip"):
    return (await ask.json("GET", f"{BASE}/{path}", params={"access_token": token})).get("errcode", 0)


async def test_classic_token_rotates(ask, clock):
    """Every call gives a new token; the one before lives five minutes more, then it is "not latest"."""
    first, second = await _classic(ask), await _classic(ask)
    assert set(first) == {"access_token", "expires_in"}
    assert first["access_token"] != second["access_token"]
    assert [await _code(ask, t["access_token"]) for t in (first, second)] == [0, 0]
    clock.advance(timedelta(minutes=5))
    assert [await _code(ask, t["access_token"]) for t in (first, second)] == [40001, 0]


async def test_stable_token_stays(ask, clock):
    """The same token while it has five minutes left; then a new one, and both work for the overlap."""
    first = await _stable(ask)
    clock.advance(timedelta(seconds=6900))
    again = await _stable(ask)
    assert (again["access_token"], again["expires_in"]) == (first["access_token"], 300)
    clock.advance(timedelta(seconds=1))
    new = await _stable(ask)
    assert new["access_token"] != first["access_token"]
    assert [await _code(ask, t["access_token"]) for t in (first, new)] == [0, 0]
    clock.advance(timedelta(minutes=5))
    assert [await _code(ask, t["access_token"]) for t in (first, new)] == [40001, 0]


async def test_lines_are_separate(ask, clock):
    """Classic and stable tokens never invalidate each other."""
    stable = (await _stable(ask))["access_token"]
    classic = (await _classic(ask))["access_token"]
    await _stable(ask, force_refresh=True)
    clock.advance(timedelta(minutes=6))
    assert await _code(ask, classic) == 0
    assert await _code(ask, stable) == 40001


async def test_force_refresh(ask, clock):
    """By force: the old token dies at once; again within 30 s, or a 21st time a day, nothing is refreshed."""
    old = (await _stable(ask))["access_token"]
    new = (await _stable(ask, force_refresh=True))["access_token"]
    assert [await _code(ask, token) for token in (old, new)] == [40001, 0]
    assert (await _stable(ask, force_refresh=True))["access_token"] == new
    seen = {new}
    for _ in range(25):
        clock.advance(timedelta(seconds=30))
        seen.add((await _stable(ask, force_refresh=True))["access_token"])
    assert len(seen) == 20


async def test_errors_carry_a_rid(ask):
    """Wrong credentials are HTTP 200 with errcode, and errmsg ends in a rid."""
    for changed, code in (
        ({"appid": "wx0"}, 40013),
        ({"secret": "x"}, 40125),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"grant_type": "x"}, 40002),
    ):
        reply = await _stable(ask, **changed)
        assert reply["errcode"] == code
        assert RID.search(reply["errmsg"])


async def test_token_errors(ask, clock):
    """No token 41001, an unknown one 40001, one past its life 42001."""
    assert (await ask.json("GET", f"{BASE}/getcallbackip"))["errcode"] == 41001
    assert await _code(ask, "made-up") == 40001
    token = await ask.wechat_token()
    clock.advance(timedelta(hours=2))
    assert await _code(ask, token) == 42001


async def test_lists(ask):
    """A success has no errcode: plain sorted addresses, and 20 ranges of which three come twice."""
    token = await ask.wechat_token()
    plain = await ask.json("GET", f"{BASE}/get_api_domain_ip", params={"access_token": token})
    ranges = await ask.json("GET", f"{BASE}/getcallbackip", params={"access_token": token})
    assert set(plain) == set(ranges) == {"ip_list"}
    assert plain["ip_list"] == sorted(plain["ip_list"])
    assert (len(ranges["ip_list"]), len(set(ranges["ip_list"]))) == (20, 17)
    assert all(value.endswith("/24") for value in ranges["ip_list"])


async def test_styles(ask):
    """A list can be switched to another style seen in the wild."""
    token = await ask.wechat_token()
    await ask.control("PUT", "lists/wechat/callback_ip", {"style": "mixed"})
    values = (await ask.json("GET", f"{BASE}/getcallbackip", params={"access_token": token}))["ip_list"]
    assert {"/" in value for value in values} == {True, False}


async def test_caller_not_allowed(ask, emulator):
    """40164 names the address twice; ranges and wildcards admit; tokens are refused as well."""
    token = await ask.wechat_token()
    app = emulator.state.apps["wechat"]["wxa1b2c3d4e5f60001"]
    app.allowed_callers = ["1.2.3.4"]
    await ask.control("PATCH", "settings", {"caller": "114.221.21.30"})
    reply = await ask.json("GET", f"{BASE}/getcallbackip", params={"access_token": token})
    assert reply["errcode"] == 40164
    assert reply["errmsg"].startswith(
        "invalid ip 114.221.21.30 ipv6 ::ffff:114.221.21.30, not in whitelist rid: "
    )
    assert (await _stable(ask))["errcode"] == 40164
    for entry in ("114.221.21.0/24", "114.221.21.*", "0.0.0.0/0"):
        app.allowed_callers = [entry]
        assert await _code(ask, token) == 0


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "stable_token", 43002), ("POST", "getcallbackip", 43001), ("GET", "callback/check", 43002)],
)
async def test_methods_mixed_up(ask, method, path, code):
    """The wrong method is told which one is wanted."""
    assert (await ask.json(method, f"{BASE}/{path}"))["errcode"] == code


async def test_quota(ask, emulator):
    """Beyond the day's calls: 45009."""
    emulator.state.apps["wechat"]["wxa1b2c3d4e5f60001"].limits["token"] = [2, 86400]
    codes = [(await _classic(ask)).get("errcode", 0) for _ in range(3)]
    assert codes == [0, 0, 45009]


async def test_callback_check(ask, emulator):
    """The network check answers for dns, ping or both; without a callback URL it is 40201."""
    path, query = f"{BASE}/callback/check", {"access_token": await ask.wechat_token()}
    both = await ask.json("POST", path, params=query, json={"action": "all", "check_operator": "DEFAULT"})
    assert set(both) == {"dns", "ping"}
    assert set(await ask.json("POST", path, params=query, json={"action": "dns"})) == {"dns"}
    assert (await ask.json("POST", path, params=query, json={"action": "x"}))["errcode"] == 40202
    wrong = {"action": "all", "check_operator": "X"}
    assert (await ask.json("POST", path, params=query, json=wrong))["errcode"] == 40203
    emulator.state.apps["wechat"]["wxa1b2c3d4e5f60001"].callback_url = ""
    assert (await ask.json("POST", path, params=query, json=wrong))["errcode"] == 40201
