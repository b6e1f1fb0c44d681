"""Listings of nft in JSON, made by hand around a set of ours."""

from __future__ import annotations

import json

from gatepost.model.entry import Direction
from gatepost.targets._nft import Place
from gatepost.targets._nft_ruleset import examine

PLACE = Place("gatepost", "edge")


def listing(*objects: object) -> bytes:
    """As nft prints it."""
    return json.dumps({"nftables": list(objects)}).encode()


def base(name: str = "c", policy: str = "drop", **changes: object) -> dict[str, object]:
    """A base chain of our table."""
    made = {"family": "inet", "table": "gatepost", "name": name, "type": "filter", "hook": "input", "prio": 0}
    return {"chain": made | {"policy": policy} | changes}


def rule(*expressions: object, chain: str = "c", table: str = "gatepost") -> dict[str, object]:
    """One of a chain."""
    return {
        "rule": {"family": "inet", "table": table, "chain": chain, "handle": 7, "expr": list(expressions)}
    }


def match(protocol: str, name: str, right: object, operator: str = "==") -> dict[str, object]:
    """What a header must say."""
    return {
        "match": {"op": operator, "left": {"payload": {"protocol": protocol, "field": name}}, "right": right}
    }


OURS = {"set": {"family": "inet", "table": "gatepost", "name": "edge_v4", "elem": ["8.8.8.8"]}}
ASKED = rule(match("ip", "saddr", "@edge_v4"), {"accept": None})


def kinds(*objects: object, direction: Direction = Direction.INGRESS) -> list[str]:
    """Of what is found."""
    return [each.kind for each in examine(listing(*objects), PLACE, direction)]


def jump(place: str) -> dict[str, object]:
    """To a chain."""
    return {"jump": {"target": place}}


FLAGS = {"payload": {"protocol": "tcp", "field": "flags"}}
UNTRACKED = {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "untracked"]}}


def meta(key: str, right: object, operator: str = "==") -> dict[str, object]:
    """What the kernel must know of a packet."""
    return {"match": {"op": operator, "left": {"meta": {"key": key}}, "right": right}}


def flags(right: object, operator: str = "==", *mask: str) -> dict[str, object]:
    """Of TCP, masked or not."""
    return {"match": {"op": operator, "left": {"&": [FLAGS, [*mask]]} if mask else FLAGS, "right": right}}


ROUTES = """Iface	Destination	Gateway	Flags	RefCnt	Use	Metric	Mask	MTU	Window	IRTT
eth0	00000000	0102A8C0	0003	0	0	0	00000000	0	0	0
eth1	0000A8C0	00000000	0001	0	0	0	0000FFFF	0	0	0
lo	00000000	00000000	0200	0	0	0	00000000	0	0	0
"""
