"""``[protect]``: values, parts, hosts of accounts, and how they are shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config.good import changed
from gatepost.cli.config import effective
from gatepost.cli.init import template
from gatepost.config import load, schema
from gatepost.config.settings import ProtectSettings
from gatepost.errors import ConfigInvalid

OFFICE = {"value": "203.0.113.0/24", "why": "office"}


def with_protect(table: Any) -> dict[str, Any]:
    """The good file with another table."""
    return changed(("protect",), table)


def test_by_default_all_is_protected_that_is_found(loading):
    """Without the table, and with an empty one, every part is on."""
    tables = with_protect({})
    assert loading(tables).protect == ProtectSettings()
    del tables["protect"]
    assert loading(tables).protect == ProtectSettings()


def test_values_and_parts_are_read(loading):
    """Addresses, networks, names and trees with their reasons; parts switched off one by one."""
    rows = [OFFICE, {"value": "2001:db8::1", "why": "home"}, {"value": "*.example.com", "why": "ours"}]
    found = loading(with_protect({"addresses": rows, "ntp": False})).protect
    assert [(str(one.value), one.why, one.direction) for one in found.addresses] == [
        ("203.0.113.0/24", "office", None),
        ("2001:db8::1/128", "home", None),
        ("*.example.com", "ours", None),
    ]
    assert (found.session, found.ntp) == (True, False)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"adresses": []}, "did you mean 'addresses'"),
        ({"addresses": "203.0.113.7"}, "expected a list"),
        ({"addresses": ["203.0.113.7"]}, "value = "),
        ({"addresses": [{"value": "203.0.113.7"}]}, "say why"),
        ({"addresses": [{"value": "203.0.113.7", "why": " "}]}, "say why"),
        ({"addresses": [{"value": "203.0.113.7/24", "why": "x"}]}, "host-bits"),
        ({"addresses": [{"value": "010.8.8.8", "why": "x"}]}, "leading-zero"),
        ({"addresses": [{"value": "203.0.113.7", "why": "x", "until": 1}]}, "unknown key"),
        ({"addresses": [{"value": "0.0.0.0/0", "why": "all"}]}, "wider than /8"),
        ({"addresses": [{"value": "2000::/15", "why": "all"}]}, "wider than /16"),
        ({"addresses": [OFFICE] * 1001}, "at most 1,000"),
        ({"session": "yes"}, "bool"),
        ({"dns": 1}, "bool"),
    ],
)
def test_what_is_wrong_is_refused(loading, table, words):
    """With the line and the key, and what was expected."""
    with pytest.raises(ConfigInvalid, match=r"gatepost\.toml:\d+: protect") as caught:
        loading(with_protect(table))
    assert words in caught.value.message


def test_at_the_floor(loading):
    """The widest that may be protected."""
    rows = [{"value": "10.0.0.0/8", "why": "ours"}, {"value": "2000::/16", "why": "ours"}]
    assert len(loading(with_protect({"addresses": rows})).protect.addresses) == 2


def test_it_is_shown(loading):
    """`config show` prints the whole table, defaults included."""
    shown = effective(loading(with_protect({"addresses": [OFFICE], "dns": False})))["protect"]
    assert json.loads(json.dumps(shown)) == {
        "addresses": [OFFICE],
        "session": True,
        "control_plane": True,
        "dns": False,
        "ntp": True,
        "platforms": True,
    }


def test_the_schema_knows_it():
    """Each key with its type and its default."""
    found = schema()["properties"]["protect"]["properties"]
    assert [found[name]["default"] for name in found if name != "addresses"] == [True] * 5
    assert found["addresses"]["items"]["required"] == ["value", "why"]


def test_the_template_shows_it(tmp_path):
    """A commented table, which is a good one once the marks are taken away."""
    text = template(("feishu",))
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("# [protect]"))
    last = lines.index("# ]", first)
    for number in range(first, last + 1):
        lines[number] = lines[number].removeprefix("# ")
    (tmp_path / "gatepost.toml").write_text("\n".join(lines), encoding="utf-8")
    assert [one.why for one in load(tmp_path / "gatepost.toml").protect.addresses] == ["office"]


@pytest.mark.parametrize(
    ("account", "hosts"),
    [
        ({"platform": "feishu", "app_id": "a", "app_secret": "env:A"}, {"open.feishu.cn"}),
        ({"platform": "lark", "app_id": "a", "app_secret": "env:A"}, {"open.larksuite.com"}),
        ({"platform": "wecom", "corpid": "a", "corpsecret": "env:A"}, {"qyapi.weixin.qq.com"}),
        (
            {"platform": "wechat", "appid": "a", "secret": "env:A"},
            {"api.weixin.qq.com", "api2.weixin.qq.com"},
        ),
        (
            {"platform": "wechat", "appid": "a", "token": "url:https://tokens.example/now"},
            {"api.weixin.qq.com", "api2.weixin.qq.com", "tokens.example"},
        ),
        (
            {"platform": "wechat", "appid": "a", "secret": "env:A", "base_url": "http://127.0.0.1:9/wechat"},
            {"127.0.0.1"},
        ),
        (
            {"platform": "tencent_chat", "sdkappid": 1, "identifier": "a", "key": "env:A", "region": "tokyo"},
            {"adminapijpn.im.qcloud.com", "adminapijpn.my-imcloud.com"},
        ),
        (
            {"platform": "tencent_chat", "sdkappid": 1, "identifier": "a", "key": "env:A",
             "base_url": "http://[::1]:9/chat"},
            {"::1"},
        ),
        (
            {"platform": "feishu", "app_id": "a", "app_secret": "env:A", "proxy": "http://proxy.example:3128"},
            {"proxy.example"},
        ),
    ],
)  # fmt: skip
def test_hosts_of_an_account(loading, account, hosts):
    """Where requests of an account connect to: its platform's hosts, the owner's own, or the proxy."""
    assert loading({"accounts": {"one": account}}).accounts["one"].hosts == hosts
