"""Faults of meaning: empty, odd or refused lists in well-formed answers.

Cases A1, A10, A11, A14, A20, A24, A25, A27, A28.
"""

from __future__ import annotations

import copy
import email.utils
from collections.abc import Callable, Iterator

from gatepost.emulator.base import Answer, Role, Situation
from gatepost.emulator.fault import Fault, Strike
from gatepost.emulator.state import Json

LIST_KEYS = ("ip_list", "domain_list", "IPList")

ELSEWHERE = (
    "43.129.2.0/25", "43.152.5.17", "43.152.5.18", "49.51.130.0/26", "101.33.48.9", "119.28.116.24",
    "124.156.190.0/25", "129.226.106.11", "150.109.30.64/27", "162.62.115.21",
)  # fmt: skip
"""Another region's list: valid, and wrong."""

Twist = Callable[[Strike, Answer], Answer]


def holders(payload: Json) -> Iterator[tuple[dict[str, Json], str]]:
    """Each list key of an answer, with the object that has it."""
    for holder in (payload, payload.get("data")):
        if isinstance(holder, dict):
            yield from ((holder, key) for key in LIST_KEYS if key in holder)


def rewritten(change: Callable[[dict[str, Json], str], None]) -> Twist:
    """A twist that changes every list in the payload."""

    def twist(strike: Strike, answer: Answer) -> Answer:
        del strike
        answer.payload = copy.deepcopy(answer.payload)
        for holder, key in list(holders(answer.payload)):
            change(holder, key)
        return answer

    return twist


def refused(situation: Situation, status: int | None = None) -> Twist:
    """A twist that answers with the platform's words for a situation."""

    def twist(strike: Strike, answer: Answer) -> Answer:
        del answer
        refusal = strike.call.platform.refuse(situation, strike.call)
        refusal.status = status or refusal.status
        return refusal

    return twist


def _empty(strike: Strike) -> None:
    strike.call.view = lambda _name, _values: []


def _elsewhere(strike: Strike) -> None:
    texts = tuple(strike.settings.get("values", ELSEWHERE))
    strike.call.view = lambda name, _values: strike.call.platform.elements(name, texts)


def _samples(strike: Strike) -> None:
    platform = strike.call.platform
    strike.call.view = lambda name, _values: platform.elements(name, platform.samples)


def _error_with_list(strike: Strike, answer: Answer) -> Answer:
    refusal = strike.call.platform.refuse(Situation.BUSY, strike.call)
    refusal.status = 200
    refusal.payload = {**answer.payload, **refusal.payload}
    if "data" in answer.payload:
        refusal.payload["data"] = answer.payload["data"]
    return refusal


def _without_list(holder: dict[str, Json], key: str) -> None:
    del holder[key]


def _renamed(holder: dict[str, Json], key: str) -> None:
    holder["ips" if key != "domain_list" else "domains"] = holder.pop(key)


def _retyped(holder: dict[str, Json], key: str) -> None:
    holder[key] = ",".join(str(value) for value in holder[key])


def _retyped_elements(holder: dict[str, Json], key: str) -> None:
    holder[key] = [
        {**value, "port": value["port"][0]} if isinstance(value, dict) else {"ip": value}
        for value in holder[key]
    ]


def _extra(holder: dict[str, Json], key: str) -> None:
    holder[f"{key}_v2"] = {"version": 2, "checksum": None}


def _retry_later(strike: Strike, answer: Answer) -> Answer:
    refusal = refused(Situation.RATE_LIMITED, 429)(strike, answer)
    refusal.headers["retry-after"] = str(strike.settings.get("seconds", 60))
    return refusal


def _caller_refused(strike: Strike, answer: Answer) -> Answer:
    strike.call.caller = str(strike.settings.get("address", strike.call.caller))
    return refused(Situation.CALLER_NOT_ALLOWED)(strike, answer)


def _skewed(strike: Strike, answer: Answer) -> Answer:
    seconds = float(strike.settings.get("seconds", 3600))
    answer.headers["date"] = email.utils.formatdate(strike.call.now + seconds, usegmt=True)
    return answer


def _expired_and_skewed(strike: Strike, answer: Answer) -> Answer:
    return _skewed(strike, refused(Situation.TOKEN_EXPIRED)(strike, answer))


FAULTS = (
    Fault("A1", "empty-list", "A success with an empty list.", before=_empty),
    Fault(
        "A10",
        "business-error",
        "The platform's own error under HTTP 200.",
        after=refused(Situation.BUSY, 200),
    ),
    Fault("A11", "error-with-list", "An error code, and a list beside it.", after=_error_with_list),
    Fault(
        "A11.success",
        "success-without-list",
        "A success without the list's key.",
        after=rewritten(_without_list),
    ),
    Fault("A14", "renamed-key", "The list's key has another name.", after=rewritten(_renamed)),
    Fault("A14.type", "retyped-list", "The list is one text, joined by commas.", after=rewritten(_retyped)),
    Fault(
        "A14.element",
        "retyped-elements",
        "Ports are an int in place of a list; plain texts have become objects.",
        after=rewritten(_retyped_elements),
    ),
    Fault(
        "A14.extra",
        "extra-keys",
        "Keys nobody knows, beside the list.",
        after=rewritten(_extra),
        tolerable=True,
    ),
    Fault(
        "A20",
        "rate-limited",
        "HTTP 429 with Retry-After (`seconds`) and the platform's code.",
        after=_retry_later,
        success_only=False,
    ),
    Fault(
        "A20.code",
        "rate-limited-in-its-words",
        "Asked too often, said as the platform says it.",
        after=refused(Situation.RATE_LIMITED),
        success_only=False,
    ),
    Fault(
        "A20.quota",
        "quota-spent",
        "The quota of the day or month is spent.",
        after=refused(Situation.QUOTA_SPENT),
        success_only=False,
    ),
    Fault(
        "A20.caller",
        "caller-not-allowed",
        "Our address (`address`) is not on the app's own allow-list.",
        after=_caller_refused,
        success_only=False,
    ),
    Fault(
        "A24",
        "wrong-secret",
        "The secret is not, or no longer, the app's.",
        role=Role.TOKEN,
        after=refused(Situation.WRONG_SECRET),
        success_only=False,
    ),
    Fault(
        "A24.early",
        "token-expired-early",
        "A token that should still live is refused.",
        after=refused(Situation.TOKEN_EXPIRED),
        success_only=False,
    ),
    Fault(
        "A25",
        "skewed-date",
        "The Date header is `seconds` off (3600).",
        after=_skewed,
        success_only=False,
        tolerable=True,
    ),
    Fault(
        "A25.expired",
        "expired-and-skewed",
        "The token has expired by the platform's clock, which is `seconds` ahead of ours.",
        after=_expired_and_skewed,
        success_only=False,
    ),
    Fault(
        "A27",
        "wrong-region",
        "A valid list, of another region (`values`).",
        before=_elsewhere,
        tolerable=True,
    ),
    Fault(
        "A28",
        "sample-values",
        "The addresses of the documents' examples.",
        before=_samples,
        tolerable=True,
    ),
)
