"""The configuration's JSON Schema, made from the plug-ins themselves."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from gatepost.config.guards import DURATION, LIST_KEYS, SOURCE_KEYS, STORE_KEYS, GuardKey
from gatepost.config.notify import DIGEST_LEAST, DIGEST_MOST, EVENTS, LANGUAGES
from gatepost.config.oidc_keys import OidcOptions, RoleGroups
from gatepost.config.protect import ADDRESSES_MOST, PARTS
from gatepost.config.server_keys import ConsumerOptions, HintOptions, ServerOptions, UserOptions
from gatepost.config.sources import EVERY_LEAST, EVERY_MOST
from gatepost.config.tables import PIN
from gatepost.config.values import written
from gatepost.kit.discovery import plugins
from gatepost.kit.secret import Secret
from gatepost.notify.base import Channel
from gatepost.platforms.base import Platform
from gatepost.sources.base import Source
from gatepost.targets.base import Target

JSON = dict[str, Any]

SECRET: JSON = {"type": "string", "pattern": "^(env|file|keyring):.+"}
NAMED = "^[a-z0-9-]{1,40}$"
_NOT_PIN = f"^(?!{PIN}$)[a-z0-9-]{{1,40}}$"

_PLAIN: Mapping[Any, JSON] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    timedelta: dict(DURATION),
    Secret: SECRET,
    Path: {"type": "string"},
}


def schema() -> JSON:
    """JSON Schema (2020-12) of a gatepost.toml, for editors and for the generated pages."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gatepost.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "store": _object(
                {
                    "url": {"type": "string", "description": "Where the history is kept."},
                    **guard_properties(STORE_KEYS),
                }
            ),
            "guards": _object(guard_properties({**LIST_KEYS, **SOURCE_KEYS})),
            "accounts": _family(_accounts()),
            "sources": _family(_sources(), _NOT_PIN),
            "lists": _family([_list()], _NOT_PIN),
            "targets": _family(_targets()),
            "protect": _protect(),
            "server": _server(),
            "notify": {
                "type": "array",
                "items": {"oneOf": _notifiers()},
                "description": "Who is told of what.",
            },
        },
    }


def field_docs(cls: type) -> dict[str, str]:
    """The docstring under each field of a dataclass and of its bases."""
    found: dict[str, str] = {}
    for one in reversed(cls.__mro__[:-1]):
        body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
        statements = body.body if isinstance(body, ast.ClassDef) else []
        for first, second in pairwise(statements):
            match first, second:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = inspect.cleandoc(text)
    return found


def options_properties(cls: type) -> tuple[JSON, list[str]]:
    """Properties and required keys of an options dataclass."""
    hints, docs = get_type_hints(cls), field_docs(cls)
    properties, required = {}, []
    for one in fields(cls):
        properties[one.name] = {**type_schema(hints[one.name]), "description": docs.get(one.name, "")}
        if one.default is not MISSING:
            properties[one.name] |= _default(one.default)
        elif one.default_factory is MISSING:
            required.append(one.name)
    return properties, required


def type_schema(hint: Any) -> JSON:
    """JSON Schema of one field's type."""
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [one.value for one in hint]}
    arguments = [one for one in get_args(hint) if one not in (Ellipsis, NoneType)]
    if get_origin(hint) in (Union, UnionType):
        return (
            type_schema(arguments[0])
            if len(arguments) == 1
            else {"anyOf": [type_schema(one) for one in arguments]}
        )
    if get_origin(hint) in (tuple, list, frozenset):
        return {"type": "array", "items": type_schema(arguments[0])}
    return {"enum": arguments} if arguments else {}


def guard_properties(keys: Mapping[str, GuardKey]) -> JSON:
    """Properties of a guards table."""
    return {
        name: {**key.schema, **_default(key.default), "description": key.meaning}
        for name, key in keys.items()
    }


def _default(value: Any) -> JSON:
    match value:
        case Enum():
            return {"default": value.value}
        case str() | int() | float() | bool():
            return {"default": value}
        case timedelta():
            return {"default": written(value)}
        case tuple() | list() if value:
            return {"default": list(value)}
    return {}


def _object(properties: JSON, required: list[str] | None = None, description: str = "") -> JSON:
    text = {"description": description} if description else {}
    needs = {"required": required} if required else {}
    return {"type": "object", "additionalProperties": False, **text, "properties": properties, **needs}


def _family(kinds: list[JSON], names: str = NAMED) -> JSON:
    members = kinds[0] if len(kinds) == 1 else {"oneOf": kinds}
    return {"type": "object", "patternProperties": {names: members}, "additionalProperties": False}


def _summary(cls: type) -> str:
    return (inspect.getdoc(cls) or "").partition("\n")[0]


def _accounts() -> list[JSON]:
    found = []
    for client in plugins("gatepost.platforms", Platform):
        properties, required = options_properties(client.Account)
        platform = {"const": client.platform, "description": "The platform."}
        found.append(_object({"platform": platform, **properties}, ["platform", *required], _summary(client)))
    return found


def _sources() -> list[JSON]:
    found = []
    for plugin in plugins("gatepost.sources", Source):
        properties, required = options_properties(plugin.Options)
        account = {"account": {"type": "string", "description": "Name of the account asked with."}}
        common = {
            "kind": {"const": plugin.kind, "description": "The kind of source."},
            **(account if plugin.platforms else {}),
            "every": {**DURATION, "default": plugin.every, "description": _every(plugin)},
            "direction": {
                "enum": ["ingress", "egress"],
                "description": "Seen from us; needed only where the kind mixes both.",
            },
            **guard_properties(SOURCE_KEYS),
        }
        needs = ["kind", *(["account"] if plugin.platforms else []), *required]
        found.append(_object({**common, **properties}, needs, _summary(plugin)))
    return found


def _every(plugin: type[Source]) -> str:
    text = f"How often it is asked by `run`: at least {written(EVERY_LEAST)}"
    return f"{text}, at most {written(EVERY_MOST)}." if plugin.kind != "static" else f"{text}."


def _targets() -> list[JSON]:
    found = []
    for plugin in plugins("gatepost.targets", Target):
        properties, required = options_properties(plugin.Options)
        common = {
            "kind": {"const": plugin.kind, "description": "The kind of target."},
            "list": {"type": "string", "description": "Name of the list it holds."},
            "repair": {
                "type": "boolean",
                "default": False,
                "description": "Undo what others change there without asking; else it is reported and held.",
            },
        }
        found.append(_object({**common, **properties}, ["kind", "list", *required], _summary(plugin)))
    return found


def _server() -> JSON:
    properties, _ = options_properties(ServerOptions)
    oidc, needed = options_properties(OidcOptions)
    roles = _object(options_properties(RoleGroups)[0], description=_summary(RoleGroups))
    people = {
        "users": _family([_object(*options_properties(UserOptions), _summary(UserOptions))]),
        "consumers": _family([_object(*options_properties(ConsumerOptions), _summary(ConsumerOptions))]),
        "hints": _family([_object(*options_properties(HintOptions), _summary(HintOptions))]),
        "oidc": _object({**oidc, "roles": roles}, [*needed, "roles"], "A provider that vouches for people."),
    }
    return _object({**properties, **people}, description="Where `run` serves, and whom.")


_VALUE_AND_WHY: Mapping[str, JSON] = {
    "value": {"type": "string", "description": "An address, network, domain or *.domain."},
    "why": {"type": "string", "minLength": 1, "description": "The reason, for whoever reads it later."},
}


def _protect() -> JSON:
    addresses = {
        "type": "array",
        "items": _object({**_VALUE_AND_WHY}, ["value", "why"]),
        "maxItems": ADDRESSES_MOST,
        "description": f"Your own, at most {ADDRESSES_MOST:,}; a domain counts with its addresses.",
    }
    parts = {name: {"type": "boolean", "default": True, "description": text} for name, text in PARTS.items()}
    return _object({"addresses": addresses, **parts}, description="What no plan may cut off.")


def _list() -> JSON:
    until = {"until": {"description": "Date from which it no longer counts."}}
    override = _object({**_VALUE_AND_WHY, **until}, ["value", "why"])
    properties = {
        "direction": {
            "enum": ["ingress", "egress"],
            "description": "Seen from us: ingress, the platform calls us.",
        },
        "sources": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Names of the sources it unites.",
        },
        "pin": {"type": "array", "items": override, "description": "Always in."},
        "exclude": {"type": "array", "items": override, "description": "Never in."},
        "only_necessary": {
            "type": "boolean",
            "default": False,
            "description": "Leave out what the platform marks as not necessary (WeCom).",
        },
        "guards": _object(guard_properties({**LIST_KEYS, **SOURCE_KEYS})),
    }
    return _object(properties, ["direction"], "The unit of syncing: sources in, targets out.")


def _notifiers() -> list[JSON]:
    found = []
    for plugin in plugins("gatepost.notify", Channel):
        properties, required = options_properties(plugin.Options)
        account = {"account": {"type": "string", "description": "Name of the account it sends with."}}
        common = {
            "kind": {"const": plugin.kind, "description": "The kind of notifier."},
            **(account if plugin.platforms else {}),
            "on": {
                "type": "array",
                "items": {"enum": list(EVENTS)},
                "description": "Events it is sent for; without: all.",
            },
            "lang": {"enum": list(LANGUAGES), "default": "en", "description": "Language of its messages."},
            "digest": {
                **DURATION,
                "description": f"Collect events so long ({written(DIGEST_LEAST)} to {written(DIGEST_MOST)}) "
                "and send them as one message; without: each at once.",
            },
        }
        needs = ["kind", *(["account"] if plugin.platforms else []), *required]
        found.append(_object({**common, **properties}, needs, _summary(plugin)))
    return found
