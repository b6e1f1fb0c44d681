"""The control API under ``/_emulator/``: lists, apps, clock, faults, settings, state, journal.

Bodies are JSON. It is for tests and demonstrations on loopback: its index shows the apps' secrets.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TypeAlias

from gatepost.emulator.base import Answer, Platform, matched
from gatepost.emulator.faults import CATALOGUE, FaultBook
from gatepost.emulator.hostile import cases, hostile
from gatepost.emulator.journal import Journal, digest
from gatepost.emulator.state import App, Json, ListChange, PublishedList, State
from gatepost.errors import UsageError, cut

Fields: TypeAlias = dict[str, Any]
Work: TypeAlias = Callable[[Fields, Any], Json]
"""Parameters of the path and the body's value, to what is answered."""


class Controlled(Protocol):
    """What the control API holds in hand."""

    state: State
    faults: FaultBook
    journal: Journal
    platforms: Mapping[str, Platform]

    def reset(self) -> None:
        """Forget everything."""
        ...

    def inject(
        self,
        key: str,
        *,
        platform: str | None = None,
        count: int | None = None,
        **settings: Json,
    ) -> int:
        """Put a fault in force."""
        ...


class Control:
    """Answers ``/_emulator/…``; the path comes without that prefix."""

    def __init__(self, emulator: Controlled) -> None:
        self._emulator = emulator
        self._routes: tuple[tuple[str, str, Work], ...] = (
            ("GET", "", self._index),
            ("DELETE", "", self._reset),
            ("GET", "state", self._state),
            ("GET", "journal", lambda _p, _b: emulator.journal.dump()),
            ("DELETE", "journal", lambda _p, _b: emulator.journal.clear()),
            ("GET", "messages", lambda _p, _b: emulator.state.messages),
            ("GET", "outbox", lambda _p, _b: emulator.state.outbox),
            ("GET", "settings", lambda _p, _b: emulator.state.settings),
            ("PATCH", "settings", self._patch_settings),
            ("GET", "clock", lambda _p, _b: self._clock()),
            ("POST", "clock", self._set_clock),
            ("GET", "lists/:platform/:name", lambda p, _b: self._list(p).at(emulator.state.clock.now())),
            ("PUT", "lists/:platform/:name", self._set_list),
            ("PATCH", "lists/:platform/:name", self._patch_list),
            ("POST", "lists/:platform/:name/schedule", self._schedule_list),
            ("GET", "apps/:platform/:id", lambda p, _b: dataclasses.asdict(self._app(p))),
            ("PUT", "apps/:platform/:id", self._add_app),
            ("PATCH", "apps/:platform/:id", self._patch_app),
            ("DELETE", "apps/:platform/:id", self._remove_app),
            ("POST", "apps/:platform/:id/expire", self._expire),
            ("GET", "faults", lambda _p, _b: [rule.dump() for rule in emulator.faults.rules]),
            ("POST", "faults", self._add_fault),
            ("DELETE", "faults", lambda _p, _b: emulator.faults.remove()),
            ("DELETE", "faults/:number", self._remove_fault),
            ("GET", "faults/catalogue", lambda _p, _b: catalogue()),
        )

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """One request: 200, 400 for a wrong body, 404 for what is not there."""
        for verb, pattern, work in self._routes:
            if verb == method and (params := matched(pattern, path.rstrip("/"))) is not None:
                return self._done(work, params, body)
        return _reply({"error": "no such control route"}, 404)

    @staticmethod
    def _done(work: Work, params: Fields, body: bytes) -> Answer:
        try:
            return _reply(work(params, json.loads(body) if body.strip() else {}))
        except UsageError as error:
            return _reply({"error": error.message}, 400)
        except KeyError as error:
            return _reply({"error": f"unknown: {cut(str(error))}"}, 404)
        except (ValueError, TypeError, AttributeError) as error:
            return _reply({"error": cut(str(error))}, 400)

    def _index(self, _params: Fields, _body: Json) -> Json:
        state = self._emulator.state
        return {
            "platforms": {
                name: {
                    "apps": [dataclasses.asdict(app) for app in state.apps.get(name, {}).values()],
                    "lists": sorted(platform.lists),
                    "styles": sorted(platform.styles),
                    "routes": [f"{route.method} /{name}{route.path}" for route in platform.routes],
                }
                for name, platform in self._emulator.platforms.items()
            },
            "clock": self._clock(),
            "faults": list(CATALOGUE),
            "hostile": cases(),
        }

    def _reset(self, _params: Fields, _body: Json) -> Json:
        self._emulator.reset()

    def _state(self, _params: Fields, _body: Json) -> Json:
        state = self._emulator.state
        now = state.clock.now()
        return {
            "clock": self._clock(),
            "settings": state.settings,
            "apps": {
                platform: {key: _shown(app) for key, app in apps.items()}
                for platform, apps in state.apps.items()
            },
            "lists": {
                platform: {name: published.at(now) for name, published in lists.items()}
                for platform, lists in state.lists.items()
            },
            "tokens": [
                {
                    "app": t.app,
                    "line": t.line,
                    "digest": digest(t.value),
                    "left": t.left(now),
                    "valid": t.valid(now),
                }
                for t in state.tokens.issued
            ],
            "messages": len(state.messages),
            "faults": [rule.dump() for rule in self._emulator.faults.rules],
        }

    def _clock(self) -> Json:
        clock = self._emulator.state.clock
        return {"now": clock.text(), "epoch": clock.now(), "frozen": clock.frozen_at is not None}

    def _set_clock(self, _params: Fields, body: Json) -> Json:
        clock = self._emulator.state.clock
        for verb, value in body.items():
            match verb:
                case "advance":
                    clock.advance(float(value))
                case "set":
                    clock.set(_moment(value))
                case "freeze":
                    clock.freeze(still=bool(value))
                case _:
                    raise KeyError(verb)
        return self._clock()

    def _patch_settings(self, _params: Fields, body: Json) -> Json:
        settings = self._emulator.state.settings
        for name, value in body.items():
            if name not in settings:
                raise KeyError(name)
            settings[name] = value
        return settings

    def _list(self, params: Fields) -> PublishedList:
        return self._emulator.state.lists[params["platform"]][params["name"]]

    def _set_list(self, params: Fields, body: Json) -> Json:
        published = self._list(params)
        published.change(ListChange(replace=self._values(params, body)))
        return published.values if len(published.values) <= 1000 else len(published.values)  # noqa: PLR2004 - shown

    def _values(self, params: Fields, body: Json) -> list[Json]:
        platform = self._emulator.platforms[params["platform"]]
        match body:
            case list():
                return body
            case {"style": style}:
                return list(platform.styles[style])
            case {"hostile": case}:
                return platform.elements(params["name"], hostile(case))
            case _:
                msg = 'a list is set to an array, {"style": …} or {"hostile": …}'
                raise UsageError(msg)

    def _patch_list(self, params: Fields, body: Json) -> Json:
        published = self._list(params)
        published.at(self._emulator.state.clock.now())
        published.change(_change(body))
        return published.values

    def _schedule_list(self, params: Fields, body: Json) -> Json:
        clock = self._emulator.state.clock
        at = clock.now() + float(body["in"]) if "in" in body else _moment(body["at"])
        self._list(params).schedule(at, _change(body))
        return {"at": datetime.fromtimestamp(at, UTC).isoformat()}

    def _app(self, params: Fields) -> App:
        return self._emulator.state.apps[params["platform"]][params["id"]]

    def _add_app(self, params: Fields, body: Json) -> Json:
        """A new app like the platform's first of its kind, with the members given."""
        known = list(self._emulator.state.apps[params["platform"]].values())
        like = next(app for app in known if app.kind == body.get("kind", known[0].kind))
        app = copy.deepcopy(like)
        app.id = params["id"]
        _set(app, body)
        self._emulator.state.add_app(params["platform"], app)
        return dataclasses.asdict(app)

    def _patch_app(self, params: Fields, body: Json) -> Json:
        app = self._app(params)
        _set(app, body)
        return dataclasses.asdict(app)

    def _remove_app(self, params: Fields, _body: Json) -> Json:
        del self._emulator.state.apps[params["platform"]][params["id"]]

    def _expire(self, params: Fields, body: Json) -> Json:
        """End all tokens of an app: now, or ``in`` seconds; ``revoke`` them in place of that."""
        state = self._emulator.state
        tokens = list(state.tokens.of(self._app(params)))
        for token in tokens:
            token.expires = min(token.expires, state.clock.now() + float(body.get("in", 0)))
            token.revoked = token.revoked or bool(body.get("revoke"))
        return {"tokens": len(tokens)}

    def _add_fault(self, _params: Fields, body: Json) -> Json:
        settings = dict(body)
        return {"number": self._emulator.inject(settings.pop("fault"), **settings)}

    def _remove_fault(self, params: Fields, _body: Json) -> Json:
        self._emulator.faults.remove(int(params["number"]))


def catalogue() -> list[dict[str, Json]]:
    """The faults as JSON, in the order of the cases."""
    return [
        {
            "id": f.id,
            "case": f.case,
            "name": f.name,
            "says": f.says,
            "tolerable": f.tolerable,
            "unserved": f.unserved,
        }
        for f in CATALOGUE.values()
    ]


def _reply(value: Json, status: int = 200) -> Answer:
    return Answer(payload=value, status=status, headers={"content-type": "application/json; charset=utf-8"})


def _shown(app: App) -> dict[str, Json]:
    return {**dataclasses.asdict(app), "secrets": [digest(secret) for secret in app.secrets]}


def _change(body: Json) -> ListChange:
    return ListChange(body.get("replace"), tuple(body.get("add", ())), tuple(body.get("remove", ())))


def _moment(value: Json) -> float:
    """Epoch seconds of a number or an RFC 3339 text."""
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else float(value)


def _set(app: App, members: Fields) -> None:
    for name, value in members.items():
        if name not in {field.name for field in dataclasses.fields(app)} - {"id"}:
            raise KeyError(name)
        current = getattr(app, name)
        if name != "allowed_callers" and type(current) is not type(value):
            msg = f"{name} is of type {type(current).__name__}"
            raise UsageError(msg)
        setattr(app, name, value)
