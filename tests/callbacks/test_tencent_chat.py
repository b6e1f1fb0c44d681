"""Webhooks of Tencent Cloud Chat: the time is signed, nothing else."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

import pytest

from gatepost.callbacks.tencent_chat import TencentChat, sign
from gatepost.errors import CallbackRefused, ConfigInvalid
from gatepost.kit.secret import Secret
from gatepost.model.incoming import Incoming

CHAT = TencentChat(token=Secret("xxxx"), sdkappid=1_400_000_000)
NOW = 1_669_872_112.0
BODY = b'{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"@TGS#2J4SZEAEL"}'


def webhook(body: bytes = BODY, **changes: str) -> Incoming:
    """As documented, with changes."""
    given = {
        "SdkAppid": "1400000000",
        "CallbackCommand": "Group.CallbackBeforeSendMsg",
        "contenttype": "json",
        "ClientIP": "127.0.0.1",
        "OptPlatform": "iOS",
        "Sign": hashlib.sha256(b"xxxx1669872112").hexdigest(),
        "RequestTime": "1669872112",
        **changes,
    }
    return Incoming("POST", urlencode({k: v for k, v in given.items() if v}).encode(), (), body)


def test_a_webhook_is_read():
    """Sign is the SHA-256 of token and time; the application and the command are those of the address."""
    assert sign(Secret("xxxx"), "1669872112") == hashlib.sha256(b"xxxx" + b"1669872112").hexdigest()
    assert CHAT.read(webhook(), NOW).fields["GroupId"] == "@TGS#2J4SZEAEL"
    assert CHAT.is_signed(webhook())
    assert not CHAT.is_signed(Incoming("POST", b"SdkAppid=1", ()))


@pytest.mark.parametrize(
    "changes",
    [{"SdkAppid": "1400000001"}, {"SdkAppid": ""}, {"Sign": ""}, {"Sign": "0" * 64},
     {"RequestTime": "1669872113"}, {"RequestTime": ""},
     {"CallbackCommand": "C2C.CallbackBeforeSendMsg"}, {"CallbackCommand": ""},
     {"body": b"{}"}, {"body": b"[]"}, {"body": b""}, {"body": BODY[:-1]}],
)  # fmt: skip
def test_what_is_not_as_signed_is_refused(changes):
    """Another application, time, command or form."""
    assert not CHAT.is_genuine(webhook(**changes), NOW)


def test_every_changed_byte_of_the_signature_is_refused():
    """No byte of Sign and RequestTime can change."""
    good = webhook().query
    for place in range(good.index(b"Sign="), len(good)):
        text = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
        assert not CHAT.is_genuine(Incoming("POST", text, (), BODY), NOW)


@pytest.mark.parametrize(("off", "genuine"), [(60, True), (-60, True), (61, False), (-61, False)])
def test_a_minute_is_all(off, genuine):
    """The platform advises to refuse what is older."""
    assert CHAT.is_genuine(webhook(), NOW + off) is genuine


def test_only_posts_and_only_with_something_to_compare():
    """A GET is no webhook; no token and no application is no configuration."""
    with pytest.raises(CallbackRefused, match="POST"):
        CHAT.read(Incoming("GET", webhook().query, (), BODY), NOW)
    for token, sdkappid in (("", 1), ("x", 0)):
        with pytest.raises(ConfigInvalid):
            TencentChat(token=Secret(token), sdkappid=sdkappid)
