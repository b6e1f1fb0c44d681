"""Hostile values for the lists (B1 to B19): what a broken or malicious platform could publish.

``elements`` gives them in the form a list has: texts, or objects with address, protocol and ports.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gatepost.emulator.state import Json

POISON = (
    '" }\nflush chain inet gatepost input\nadd rule inet gatepost input accept\n#',
    "'; DROP TABLE entries; --",
    "$(touch /tmp/owned) `id`",
    "=cmd()|' /C calc'!A0",
    "\x1b[31mred\x1b[0m\r\n\x00end",
    "<script>alert(1)</script> **bold** [link](https://elsewhere.example)",
)
MANY = 1_000_000

_GOOD = {"protocol": "TCP", "port": [443], "is_necessary": 1, "description": "客户端长连接"}


def _ip(**members: Json) -> dict[str, Json]:
    return {"ip": "115.238.203.109", **_GOOD, **members}


def _domain(domain: str, **members: Json) -> dict[str, Json]:
    return {"domain": domain, "universal_domian": domain.partition(".")[2] or domain, **_GOOD, **members}


def _domains(*names: str) -> tuple[Json, ...]:
    return tuple(_domain(name) for name in names)


def _ports(*ports: Json) -> tuple[Json, ...]:
    return tuple(_ip(port=port) for port in ports)


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"101.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(count))


VALUES: Mapping[str, tuple[Json, ...]] = MappingProxyType(
    {
        "B1": ("0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"),
        "B1.eights": tuple(f"{n}.0.0.0/8" for n in range(256)),
        "B2": (
            "10.1.2.3", "172.16.0.0/12", "192.168.1.1", "127.0.0.2", "169.254.169.254", "100.64.0.0/10",
            "224.0.0.1", "192.0.2.7", "198.51.100.7", "203.0.113.7", "240.0.0.0/4", "fe80::1", "fc00::/7",
            "2001:db8::1",
        ),
        "B3": (
            "::ffff:101.126.59.7", "::ffff:0:0/96", "64:ff9b::/96", "2002::/16", "2001::/32",
            "::101.126.59.7",
        ),
        "B4": ("010.8.8.8", "101.126.059.7", "0x65.0x7e.0x3b.0x07", "101.126.59.007"),
        "B5": (
            "101.126.59.7/33", "101.126.59.7/-1", "101.0.0.0/08", "101.126.59.0/255.255.255.0",
            "101.126.59.0/0.0.0.255", "101.126.59.0/ 24", "101.126.59.7/",
        ),
        "B6": ("101.226.62.77/25", "2408:8700::1/32"),
        "B7": ("101.226.103.*", "101.226.*.*", "101.226.62.1-101.226.62.9", "*"),
        "B8": (16909060, True, None, ["101.126.59.7"], {"cidr": "101.126.59.7"}, 1.5),
        "B9": ("2600::%\n1.2.3.0/24", "2600::1%\n0.0.0.0-255.255.255.255", "fe80::1%eth0", '2600::1%"}'),
        "B10": (
            " 101.126.59.7", "101.126.59.8 ", "101.126.59.9\x00", "\uff11\uff10\uff11.126.59.7",
            "\u202e101.126.59.7", "101.126.59.7\t", "101.126.59.7\n101.0.0.0/8",
        ),
        "B11": tuple(_ip(description=text) for text in POISON),
        "B12": _domains(
            "*", "*.com", "*.cn", "*.com.cn", "intranet", "work.weixin.qq.com.", "115.238.203.109",
            "localhost",
        ),
        "B13": _domains(
            "w\u043erk.weixin.qq.com", "a" * 64 + ".qq.com", ".".join(["label"] * 50) + ".qq.com",
            "under_score.qq.com", "xn--zzzzz.qq.com", "例え.qq.com",
        ),
        "B15": (
            *_ports([0], [65536], [-1], ["443"], ["443,80"], ["80-90"], [[1, 65535]], [True], []),
            *_ports(443, "443", None, list(range(1, 100))),
            _ip(protocol="tcp"), _ip(protocol="ANY"), _ip(protocol=""), _ip(protocol=None),
        ),
        "B16.text": ("101.126.59.7" + "0" * (10 * 1024 * 1024),),
        "B17": tuple(f"43.136.{n}.{n}" for n in range(1, 59)),
        "B18": (
            "101.126.58.0/23", "101.126.58.0/24", "101.126.59.0/24", "101.126.59.7", "101.126.59.7",
            "101.126.59.7/32",
        ),
        "B19": ("2408:8700:1000::1", "2408:8700:1000::2", "2408:8700:2000::/48"),
    },
)  # fmt: skip
"""Case id to elements, verbatim; objects are elements of WeCom's lists."""

UNSERVED: Mapping[str, str] = MappingProxyType(
    {"B14": "The resolver gives the address of a domain, not the platform."},
)


def hostile(case: str) -> list[Json]:
    """The elements of a case; KeyError for an unknown one. ``B16`` is a million, made when asked for."""
    return list(_numbered(MANY) if case == "B16" else VALUES[case])


def cases() -> list[str]:
    """Ids that :func:`hostile` takes."""
    return sorted([*VALUES, "B16"], key=lambda case: (int(case[1:].partition(".")[0]), case))
