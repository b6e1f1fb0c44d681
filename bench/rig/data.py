"""Lists as platforms publish them: clustered, mixed, in no order; the same in every run."""

from __future__ import annotations

import random
from ipaddress import IPv4Address, IPv6Address

V4_LENGTHS = (20, 22, 24, 24, 25, 26, 27, 28, 29, 30, 31)
V6_LENGTHS = (40, 44, 48, 48, 56, 60, 64, 64, 96, 120)
V4_SHARE = 0.7
HOST_SHARE = 0.5
PER_CLUSTER = 50


def lines(count: int, seed: int = 20_260_105) -> list[str]:
    """So many addresses and networks, 70 % IPv4, half of them bare addresses."""
    chance = random.Random(seed)
    clusters = max(1, count // PER_CLUSTER)
    v4 = [chance.getrandbits(32) & ~0xFFFF for _ in range(clusters)]
    v6 = [0x2400 << 112 | chance.getrandbits(32) << 80 for _ in range(clusters)]
    return [_v4(chance, v4) if chance.random() < V4_SHARE else _v6(chance, v6) for _ in range(count)]


def _v4(chance: random.Random, clusters: list[int]) -> str:
    number = chance.choice(clusters) | chance.getrandbits(16)
    if chance.random() < HOST_SHARE:
        return str(IPv4Address(number))
    length = chance.choice(V4_LENGTHS)
    return f"{IPv4Address(number >> 32 - length << 32 - length)}/{length}"


def _v6(chance: random.Random, clusters: list[int]) -> str:
    number = chance.choice(clusters) | chance.getrandbits(16) << 64 | chance.getrandbits(16)
    if chance.random() < HOST_SHARE:
        return str(IPv6Address(number))
    length = chance.choice(V6_LENGTHS)
    return f"{IPv6Address(number >> 128 - length << 128 - length)}/{length}"
