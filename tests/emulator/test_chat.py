from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib

import pytest

from gatepost.emulator import usersig

pytestmark = pytest.mark.anyio

VECTORS = [
    "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVWFGQWpQJlzAxMLOCiJZm5IDFDczTVxZnpIPMtsoyCQw0McoOD3fO8-F0NUr2DwovcMyzMgkICy93NfaLCIlMrw4tczd0ibZVqAanvMmE_",
    "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-Myi0uKEkvyi2BKilOyEwsKMlOACgxNDKAAKpdaUZBZlAqUsTAzgQuWZOaChAzN0RQXZ6aDLKn0cUzVLjcPD00NLS1MCrPM0A*JMLcoNTLMD3HP1M60jCowLDUOKMiLNDOwVaoFAD4PNPI_",
    "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVWFGQWpQJlzAxMLOCiJZm5IDFDczTVpcWpRUmlaSA7IsO9suAWZKaDhFKCshyNPC1CDSMMXYxMTKtC0vyKPS0NsiJ9MzNzk7OLK9PykqpMKgxdDcptlWoBeqU5ng__",
]
VECTOR_KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"


def _sig(clock, key, *, identifier="administrator", sdkappid=1400000000, expire=300, **changed):
    time = int(clock.now().timestamp())
    content = f"TLS.identifier:{identifier}\nTLS.sdkappid:{sdkappid}\nTLS.time:{time}\nTLS.expire:{expire}\n"
    mac = base64.b64encode(hmac.new(key.encode(), content.encode(), hashlib.sha256).digest()).decode()
    members = {
        "TLS.ver": "2.0", "TLS.identifier": identifier, "TLS.sdkappid": sdkappid,
        "TLS.expire": expire, "TLS.time": time, "TLS.sig": mac,
    } | {f"TLS.{name}": value for name, value in changed.items()}  # fmt: skip
    packed = base64.b64encode(zlib.compress(json.dumps(members).encode())).decode()
    return packed.translate(str.maketrans("+/=", "*-_"))


@pytest.mark.parametrize("text", VECTORS)
def test_vectors(text):
    """The reference's three UserSigs are taken apart and verified; another key is not."""
    sig = usersig.parse(text)
    assert sig is not None
    assert sig.signed_by(VECTOR_KEY)
    assert not sig.signed_by(VECTOR_KEY[::-1])


async def test_nettypes(ask, clock):
    """1 to 6 are lists of their own with CIDR and plain addresses; 0 is their union."""
    sig = _sig(clock, ask.CHAT_KEY)
    lists = [(await ask.chat(sig, nettype=n))["IPList"] for n in range(7)]
    assert set(lists[0]) == {value for part in lists[1:] for value in part}
    assert len(lists[0]) == len(set(lists[0]))
    for values in lists:
        assert {"/" in value for value in values} == {True, False}


async def test_success(ask, clock):
    """A success says so three times."""
    reply = await ask.chat(_sig(clock, ask.CHAT_KEY))
    assert (reply["ActionStatus"], reply["ErrorCode"], reply["ErrorInfo"]) == ("OK", 0, "")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"sdkappid": ""}, 60012),
        ({"sdkappid": 1400000001}, 70020),
        ({"identifier": "other"}, 70013),
        ({"identifier": ""}, 60004),
        ({"usersig": ""}, 70002),
        ({"usersig": "rubbish"}, 70003),
        ({"nettype": 7}, 70402),
        ({"contenttype": "JSON"}, 60002),
        ({"random": 2**32}, 60002),
        ({"body": b""}, 60003),
        ({"body": b"{"}, 60003),
    ],
)
async def test_refusals(ask, clock, changed, code):
    """Each wrong part of a request has its code, under HTTP 200."""
    sig = changed.pop("usersig", _sig(clock, ask.CHAT_KEY))
    reply = await ask.chat(sig, **changed)
    assert (reply["ActionStatus"], reply["ErrorCode"]) == ("FAIL", code)
    assert "IPList" not in reply


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        ({"key": "0" * 64}, 70009),
        ({"sdkappid": 1400000001}, 70014),
        ({"expire": 0}, 70001),
        ({"ver": "1.0"}, 70003),
        ({"time": 0}, 70009),
        ({"identifier": "administrator"}, 0),
    ],
)
async def test_user_sig_is_verified_fully(ask, clock, signed, code):
    """Key, SDKAppID, expiry, version and every signed member count."""
    key = signed.pop("key", ask.CHAT_KEY)
    assert (await ask.chat(_sig(clock, key, **signed)))["ErrorCode"] == code


async def test_admin_only(ask, clock):
    """A UserSig of somebody else than an administrator is 60010."""
    reply = await ask.chat(_sig(clock, ask.CHAT_KEY, identifier="someone"), identifier="someone")
    assert reply["ErrorCode"] == 60010


async def test_wrong_region(ask, clock):
    """An app of another region than the emulator's is 70020."""
    await ask.control("PATCH", "settings", {"chat.region": "singapore"})
    assert (await ask.chat(_sig(clock, ask.CHAT_KEY)))["ErrorCode"] == 70020
    await ask.control("PATCH", "apps/chat/1400000000", {"region": "singapore"})
    assert (await ask.chat(_sig(clock, ask.CHAT_KEY)))["ErrorCode"] == 0


async def test_rate(ask, clock):
    """More than 200 calls a second: 60007."""
    sig = _sig(clock, ask.CHAT_KEY)
    codes = [(await ask.chat(sig))["ErrorCode"] for _ in range(201)]
    assert codes == [0] * 200 + [60007]


async def test_too_many_wrong_signatures(ask, clock):
    """After thirty failed signatures in a minute: 70050."""
    sig = _sig(clock, "0" * 64)
    codes = [(await ask.chat(sig))["ErrorCode"] for _ in range(31)]
    assert codes == [70009] * 30 + [70050]


async def test_caller_not_allowed(ask, clock):
    """60021."""
    await ask.control("PATCH", "apps/chat/1400000000", {"allowed_callers": ["8.8.4.4"]})
    assert (await ask.chat(_sig(clock, ask.CHAT_KEY)))["ErrorCode"] == 60021


async def test_anything_else_is_200_too(ask):
    """A wrong path or method is HTTP 200 with 60009."""
    for method, path in (("GET", "/chat/v4/ConfigSvc/GetIPList"), ("POST", "/chat/v4/other")):
        reply = await ask(method, path)
        assert (reply.status_code, reply.json()["ErrorCode"]) == (200, 60009)
