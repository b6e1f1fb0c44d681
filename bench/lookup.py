"""Which of 10,000 entries lets this address in, beside the alternatives.

``python bench/lookup.py [--quick]``. 20,000 different addresses as text, about half of them listed. *Cold*
asks each for the first time, *warm* again, as fresh strings. The peers only say yes or no; gatepost
gives the entry. Targets: <= 1/10 of netaddr.IPSet cold, <= 1/50 warm. Exit 1 where one is missed.
"""

from __future__ import annotations

import ipaddress
import random
import statistics
import sys
import time
from collections.abc import Callable

import netaddr
from rig.figures import show, verdict

from gatepost.gate.matcher import Matcher
from gatepost.model.address import Family, Prefix

SIZE = 10_000
QUERIES = 20_000
STDLIB_QUERIES = 20
"""The standard library walks all networks for each address."""
COLD, WARM = "gatepost, cold", "gatepost, warm"
NETADDR, STDLIB = "netaddr.IPSet", "any(ip in network) of ipaddress"

Ask = Callable[[str], object]


def entries() -> list[Prefix]:
    """Networks and addresses of one /8."""
    chance = random.Random(20_260_105)
    made: set[Prefix] = set()
    while len(made) < SIZE:
        length = chance.choice((24, 25, 26, 27, 28, 32, 32, 32))
        number = 0x6500_0000 | chance.getrandbits(24)
        made.add(Prefix(Family.V4, number >> 32 - length << 32 - length, length))
    return sorted(made)


def addresses(prefixes: list[Prefix]) -> list[str]:
    """Different addresses as text: half out of the entries, half anywhere near."""
    chance = random.Random(5)
    numbers: set[int] = set()
    while len(numbers) < QUERIES:
        prefix = chance.choice(prefixes)
        inside = prefix.network + chance.randrange(prefix.size)
        numbers.add(inside if len(numbers) % 2 else 0x6500_0000 | chance.getrandbits(24))
    return [str(ipaddress.IPv4Address(number)) for number in chance.sample(sorted(numbers), QUERIES)]


def ask_all(ask: Ask, texts: list[str]) -> float:
    """Seconds for one question, the loop included."""
    fresh = [text.encode().decode() for text in texts]
    began = time.perf_counter()
    for text in fresh:
        ask(text)
    return (time.perf_counter() - began) / len(texts)


def one_round(prefixes: list[Prefix], allowed: netaddr.IPSet, texts: list[str]) -> dict[str, float]:
    """Each once, on a new matcher, so that cold is cold."""
    find = Matcher((prefix, prefix) for prefix in prefixes).find
    networks = [ipaddress.ip_network(str(prefix)) for prefix in prefixes]

    def walk(text: str) -> bool:
        address = ipaddress.ip_address(text)
        return any(address in network for network in networks)

    return {
        COLD: ask_all(find, texts),
        WARM: ask_all(find, texts),
        NETADDR: ask_all(allowed.__contains__, texts),
        STDLIB: ask_all(walk, texts[:STDLIB_QUERIES]),
    }


def main(rounds: int) -> int:
    """Measure, print, judge."""
    prefixes = entries()
    texts = addresses(prefixes)
    allowed = netaddr.IPSet(map(str, prefixes))
    find = Matcher((prefix, prefix) for prefix in prefixes).find
    if any((find(text) is not None) is not (text in allowed) for text in texts):
        sys.exit("the implementations disagree")
    taken = [one_round(prefixes, allowed, texts) for _ in range(rounds)]
    found = {name: statistics.median(each[name] for each in taken) for name in taken[0]}
    show(f"one address among {SIZE:,} entries, medians of {rounds}", found, COLD, unit="ns")
    good = verdict("cold, against netaddr.IPSet", found[NETADDR] / found[COLD], 10)
    return 0 if verdict("warm, against netaddr.IPSet", found[NETADDR] / found[WARM], 50) and good else 1


if __name__ == "__main__":
    sys.exit(main(5 if "--quick" in sys.argv else 9))
