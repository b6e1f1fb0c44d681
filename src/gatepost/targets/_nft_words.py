"""A rule in words, much as ``nft list`` shows it; all of it is foreign text and is cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatepost.errors import cut

RULE_MAX = 160
"""Characters of a rule."""
ELEMENTS_MAX = 4
"""Of a set that stands in a rule."""
BARE = frozenset({"iif", "iifname", "oif", "oifname"})
"""Keys that nft shows without ``meta``."""
SILENT = frozenset({"counter", "log", "comment"})


def rule_words(expressions: Sequence[Any]) -> str:
    """One line; what cannot be put in words is shown by its keyword."""
    parts = [words for each in expressions if (words := _statement(each))]
    return cut(" ".join(parts) or "counter", RULE_MAX)


def _statement(expression: Any) -> str:
    match expression:
        case {"match": {"left": left, "right": right, **rest}}:
            operator = rest.get("op", "==")
            shown = "" if operator in {"==", "in"} else f"{operator} "
            return f"{_value(left)} {shown}{_value(right)}"
        case {"jump": {"target": target}} | {"goto": {"target": target}}:
            return f"{next(iter(expression))} {target}"
        case {"vmap": {"key": key, "data": data}}:
            return f"{_value(key)} vmap {_value(data)}"
        case {"dnat": dict() as change}:
            return f"dnat to {_value(change.get('addr', ''))}{_port(change)}"
        case {"redirect": dict() as change}:
            return f"redirect to {_port(change)}"
        case {"mangle": {"key": key, "value": value}}:
            return f"{_value(key)} set {_value(value)}"
        case {"xt": {"type": "match", "name": name}}:
            return f"-m {name}"
        case {"xt": {"name": name}}:
            return f"-j {name}"
        case dict() if expression and not SILENT & set(expression):
            return str(next(iter(expression)))
        case _:
            return ""


def _port(change: dict[str, Any]) -> str:
    return f":{_value(change['port'])}" if "port" in change else ""


def _value(value: Any) -> str:
    match value:
        case {"prefix": {"addr": address, "len": length}}:
            return f"{address}/{length}"
        case {"range": [first, last]}:
            return f"{_value(first)}-{_value(last)}"
        case {"elem": {"val": inner}}:
            return _value(inner)
        case {"set": list() as listed}:
            return "{ " + _listed(listed) + " }"
        case list():
            return _listed(value)
        case dict():
            return _field(value)
        case _:
            return str(value)


def _field(value: dict[str, Any]) -> str:
    match value:
        case {"payload": {"protocol": protocol, "field": name}}:
            return f"{protocol} {name}"
        case {"meta": {"key": key}}:
            return str(key) if key in BARE else f"meta {key}"
        case {"ct": {"key": key, **rest}}:
            return f"ct {rest['dir']} {key}" if "dir" in rest else f"ct {key}"
        case {"fib": {"result": result}}:
            return f"fib {result}"
        case {"concat": list() as parts}:
            return " . ".join(map(_value, parts))
        case _:
            return str(next(iter(value), ""))


def _listed(values: Sequence[Any]) -> str:
    more = ["…"] if len(values) > ELEMENTS_MAX else []
    return ", ".join([*(_pair(each) for each in values[:ELEMENTS_MAX]), *more])


def _pair(element: Any) -> str:
    match element:
        case [key, action]:
            return f"{_value(key)} : {_statement(action)}"
        case _:
            return _value(element)
