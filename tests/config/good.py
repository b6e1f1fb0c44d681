"""One good configuration that uses everything, as data, and its way into a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import date, time
from typing import Any

GOOD: Mapping[str, Any] = {
    "store": {"url": "sqlite:///history.db", "keep": "400d", "max_bytes": 1 << 30},
    "guards": {
        "max_removed": "20 %",
        "max_removed_entries": 3,
        "max_added": 2.0,
        "max_added_entries": 9,
        "max_churn": 0.5,
        "new_family": "allow",
        "widest": ["/12", "/32"],
        "widest_known": "10 %",
        "special": "quarantine",
        "quarantine": "5 %",
        "host_bits": "mask",
        "max_addresses_v4": 1000,
        "max_addresses_v6": 1000,
        "absences": 2,
        "grace": "3d",
        "baseline": ["1d", "30d"],
        "deadline": 20,
        "source_deadline": "60s",
        "max_body": 4096,
        "max_pages": 9,
        "max_entries": 99,
        "stale_after": "2d",
    },
    "accounts": {
        "feishu-main": {
            "platform": "feishu",
            "app_id": "cli_a1b2",
            "app_secret": "env:FEISHU_APP_SECRET",
            "base_url": "https://open.feishu.cn",
            "allow_custom_host": False,
            "ca_file": "/etc/ca.pem",
            "proxy": "http://proxy.example:3128",
            "proxy_login": "env:PROXY_LOGIN",
        },
        "wechat-mp": {"platform": "wechat", "appid": "wx1", "token": "url:https://tokens.example/now"},
        "corp": {"platform": "wecom", "corpid": "ww1", "corpsecret": "file:/run/wecom"},
        "chat": {
            "platform": "tencent_chat",
            "sdkappid": 1400000000,
            "identifier": "administrator",
            "key": "keyring:chat/key",
            "region": "singapore",
        },
    },
    "sources": {
        "events": {
            "kind": "feishu.events",
            "account": "feishu-main",
            "every": "1h",
            "direction": "ingress",
            "stale_after": "3d",
            "deadline": 10,
            "source_deadline": 30,
            "max_body": 4096,
            "max_pages": 10,
            "max_entries": 10,
        },
        "chat": {"kind": "tencent_chat.ips", "account": "chat", "nettype": 6},
        "ours": {"kind": "static", "direction": "ingress", "entries": ["203.0.113.7"]},
        "text": {"kind": "url.text", "direction": "ingress", "url": "https://lists.example/a.txt"},
        "json": {
            "kind": "url.json",
            "direction": "egress",
            "url": "https://lists.example/a.json",
            "path": ["prefixes[].ipv4Prefix"],
            "max_entries": 7,
        },
    },
    "lists": {
        "webhooks": {
            "direction": "ingress",
            "sources": ["events", "chat", "ours", "text"],
            "pin": [{"value": "203.0.113.7", "why": "canary", "until": date(2027, 1, 1)}],
            "exclude": [{"value": "198.51.100.0/24", "why": "ticket 42"}],
            "only_necessary": False,
            "guards": {"max_removed": 0.3, "deadline": "20s", "max_body": 2048},
        },
        "more": {"direction": "ingress", "sources": ["events"], "guards": {"deadline": 15}},
        "out": {"direction": "egress", "sources": ["json"]},
    },
    "targets": {
        "edge": {
            "kind": "nftables",
            "list": "webhooks",
            "table": "gatepost",
            "set": "webhooks",
            "timeout": 5.0,
        },
        "text": {
            "kind": "file",
            "list": "out",
            "path": "out.txt",
            "format": "txt",
            "mode": "0644",
            "check": ["true", "{path}"],
            "reload": ["true"],
            "timeout": 5.0,
        },
    },
    "protect": {
        "addresses": [
            {"value": "203.0.113.0/24", "why": "office"},
            {"value": "bastion.example.com", "why": "the way in"},
        ],
        "session": True,
        "control_plane": False,
        "dns": True,
        "ntp": False,
        "platforms": True,
    },
    "notify": [
        {
            "kind": "feishu",
            "account": "feishu-main",
            "to": "chat_id:oc_x",
            "on": ["change", "held"],
            "lang": "zh",
        },
        {"kind": "webhook", "url": "file:/run/hook", "secret": "env:HOOK", "digest": "1h"},
    ],
}


def inline(value: Any) -> str:
    """A value as TOML writes it on one line."""
    match value:
        case dict():
            return "{ " + ", ".join(f"{json.dumps(key)} = {inline(one)}" for key, one in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(inline, value)) + "]"
        case date() | time():
            return value.isoformat()
        case bool() | str():
            return json.dumps(value).replace("\x7f", "\\u007f")
    return str(value)


def toml(tables: Mapping[str, Any], path: str = "") -> str:
    """A document with a header for each table."""
    lines = [f"[{path}]"] if path else []
    lines += [f"{key} = {inline(one)}" for key, one in tables.items() if not isinstance(one, dict)]
    for key, one in tables.items():
        if isinstance(one, dict):
            lines.append(toml(one, f"{path}.{key}".lstrip(".")))
    return "\n".join(lines) + "\n"


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The good configuration with one other value."""
    whole = deepcopy(dict(GOOD))
    place: Any = whole
    for part in path[:-1]:
        place = place[part] if isinstance(part, int) else place.setdefault(part, {})
    place[path[-1]] = value
    return whole
