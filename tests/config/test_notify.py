"""Notifiers of one receiver share a lane, whatever else is configured of them."""

from __future__ import annotations

import pytest

from gatepost.kit.discovery import plugins
from gatepost.notify.base import Channel
from rigs.notifiers import read

ACCOUNTS = """
[accounts.app]
platform = "feishu"
app_id = "cli_a1"
app_secret = "env:SECRET"

[accounts.other]
platform = "feishu"
app_id = "cli_a2"
app_secret = "env:SECRET"

[accounts.corp]
platform = "wecom"
corpid = "ww1"
corpsecret = "env:SECRET"

[accounts.corp2]
platform = "wecom"
corpid = "ww2"
corpsecret = "env:SECRET"
"""
FEISHU = {"account": '"app"', "to": '"chat_id:oc_a"'}
WECOM = {"account": '"corp"', "agentid": "1", "to": '["user:a"]'}
HOOK = {"url": '"env:HOOK"'}
WAYS = [
    ("feishu", FEISHU, {"form": '"text"', "lang": '"zh"', "on": '["held"]', "digest": '"1h"'}),
    ("feishu_bot", HOOK, {"form": '"text"', "keyword": '"gate"', "secret": '"env:SIGN"'}),
    ("wecom", WECOM, {"form": '"text"', "lang": '"zh"'}),
    ("wecom_robot", HOOK, {"form": '"text"'}),
    ("webhook", HOOK, {"secret": '"env:SIGN"', "ca_file": '"/etc/ca.pem"'}),
    ("apprise", HOOK, {"lang": '"zh"'}),
]
OTHERS = [
    ("feishu", FEISHU, {"to": '"chat_id:oc_b"'}),
    ("feishu", FEISHU, {"account": '"other"'}),
    ("feishu_bot", HOOK, {"url": '"env:OTHER"'}),
    ("wecom", WECOM, {"to": '["user:b"]'}),
    ("wecom", WECOM, {"agentid": "2"}),
    ("wecom", WECOM, {"account": '"corp2"'}),
    ("wecom_robot", HOOK, {"url": '"env:OTHER"'}),
    ("webhook", HOOK, {"url": '"env:OTHER"'}),
    ("apprise", HOOK, {"url": '"env:OTHER"'}),
]


def lanes(folder, *rows):
    """Lanes of notifiers, as they are read."""
    text = ACCOUNTS
    for row in rows:
        text += "\n[[notify]]\n" + "".join(f"{key} = {value}\n" for key, value in row.items())
    return [one.lane for one in read(folder, text).notify]


@pytest.mark.parametrize(("kind", "keys", "more"), WAYS)
def test_one_receiver_is_one_lane(tmp_path, kind, keys, more):
    """How a message looks, which come and how they are signed makes no other receiver."""
    row = {"kind": f'"{kind}"', **keys}
    first, second = lanes(tmp_path, row, row | more)
    assert first == second
    assert first.startswith(f"{kind}-")


@pytest.mark.parametrize(("kind", "keys", "other"), OTHERS)
def test_another_receiver_is_another_lane(tmp_path, kind, keys, other):
    """Another chat, address or account is another receiver."""
    row = {"kind": f'"{kind}"', **keys}
    first, second = lanes(tmp_path, row, row | other)
    assert first != second


def test_a_lane_is_of_one_kind(tmp_path):
    """Two kinds at one address have their own rates, so their own lanes."""
    first, second = lanes(tmp_path, {"kind": '"feishu_bot"', **HOOK}, {"kind": '"webhook"', **HOOK})
    assert first != second


def test_every_kind_names_its_receiver():
    """By keys of its own options; and every kind stands in the examples here."""
    found = {one.kind: one for one in plugins("gatepost.notify", Channel)}
    assert {kind for kind, _, _ in WAYS} == {kind for kind, _, _ in OTHERS} == {*found}
    for one in found.values():
        assert one.receiver
        assert {*one.receiver} <= {*one.Options.__dataclass_fields__}
