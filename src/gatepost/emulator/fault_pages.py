"""Faults of paging (A5 to A8), for platforms whose lists come in pages."""

from __future__ import annotations

import ipaddress

from gatepost.emulator.base import Answer
from gatepost.emulator.fault import Fault, Strike
from gatepost.emulator.state import Json

FRESH = int(ipaddress.IPv4Address("101.64.0.0"))
"""Where the addresses of endless pages begin."""
PAGE = 10


def _forget_token(strike: Strike) -> None:
    """The platform would refuse page tokens that only the fault knows."""
    strike.call.query.pop("page_token", None)


def _list(strike: Strike) -> list[Json]:
    call = strike.call
    name = next(iter(call.platform.lists))
    return call.values(name)


def _page(strike: Strike, values: list[Json], token: str, *, has_more: Json = True) -> Answer:
    return strike.call.platform.page(values, token, has_more=has_more)


def _endless(strike: Strike, answer: Answer) -> Answer:
    del answer
    first = FRESH + strike.turn * PAGE
    values = [str(ipaddress.IPv4Address(first + n)) for n in range(PAGE)]
    return _page(strike, values, f"endless{strike.turn}")


def _repeated(strike: Strike, answer: Answer) -> Answer:
    fresh = _endless(strike, answer).payload["data"]["ip_list"]
    return _page(strike, fresh, "again")


def _cycling(strike: Strike, answer: Answer) -> Answer:
    length = int(strike.settings.get("length", 3))
    fresh = _endless(strike, answer).payload["data"]["ip_list"]
    return _page(strike, fresh, f"cycle{strike.turn % length}")


def _halves(strike: Strike, second_from: int) -> Answer:
    """Two pages; the second begins ``second_from`` places off its right start."""
    values = _list(strike)
    middle = len(values) // 2
    if "page_token" not in strike.asked:
        return _page(strike, values[:middle], "second")
    return _page(strike, values[max(0, middle + second_from) :], "end", has_more=False)


def _overlapping(strike: Strike, answer: Answer) -> Answer:
    del answer
    return _halves(strike, -3)


def _moving(strike: Strike, answer: Answer) -> Answer:
    """An entry of page 1 goes away, one is added: page 2 misses one and repeats none."""
    del answer
    return _halves(strike, 1)


def _token_beside_end(strike: Strike, answer: Answer) -> Answer:
    del answer
    return _page(strike, _list(strike), "xxx", has_more=False)


def _more_missing(strike: Strike, answer: Answer) -> Answer:
    reply = _token_beside_end(strike, answer)
    del reply.payload["data"]["has_more"]
    return reply


def _more_text(strike: Strike, answer: Answer) -> Answer:
    del answer
    return _page(strike, _list(strike), "", has_more="false")


FAULTS = (
    Fault(
        "A5",
        "endless-pages",
        "has_more for ever, ever new entries.",
        before=_forget_token,
        after=_endless,
        pages_only=True,
    ),
    Fault(
        "A6",
        "repeated-token",
        "Every page gives the same page_token.",
        before=_forget_token,
        after=_repeated,
        pages_only=True,
    ),
    Fault(
        "A6.cycle",
        "cycling-tokens",
        "Page tokens go round in a circle of `length` (3).",
        before=_forget_token,
        after=_cycling,
        pages_only=True,
    ),
    Fault(
        "A7",
        "overlapping-pages",
        "The second page begins with the last three entries of the first.",
        before=_forget_token,
        after=_overlapping,
        pages_only=True,
    ),
    Fault(
        "A7.moving",
        "moving-pages",
        "An entry goes away between two pages: the second page skips one that is still listed.",
        before=_forget_token,
        after=_moving,
        pages_only=True,
        tolerable=True,
    ),
    Fault(
        "A8",
        "token-beside-end",
        "has_more is false, and a page_token stands beside it, as in the document's sample.",
        before=_forget_token,
        after=_token_beside_end,
        pages_only=True,
        tolerable=True,
    ),
    Fault(
        "A8.missing",
        "more-missing",
        "has_more is missing.",
        before=_forget_token,
        after=_more_missing,
        pages_only=True,
    ),
    Fault(
        "A8.text",
        "more-text",
        'has_more is the text "false".',
        before=_forget_token,
        after=_more_text,
        pages_only=True,
    ),
)
