"""Targets and consumers, and the audit: where lists take effect, and who did what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from gatepost.engine.health import health_document, health_of
from gatepost.server import api
from gatepost.server.console_now import State, held_targets, putting_back, target_state
from gatepost.server.console_page import show
from gatepost.server.console_words import Said, _, say
from gatepost.server.desk import Desk
from gatepost.server.route import Asked, Reply

SHOWN = 300
"""Lines of the audit on its page."""
LAGGING = 3600
"""Seconds behind the newest version from which a consumer is said to lag."""

JSON = dict[str, Any]

_ENTRANCES = {
    "login": (State("none", _("login")), _("logged in")),
    "refused": (State("stale", _("refused")), _("was refused: wrong name or password")),
    "logout": (State("none", _("login")), _("logged out")),
}
_AT_PROVIDER = _("was refused on the way back from the login provider: {why}")
_WORDS = {
    "approve": (State("ok", _("approved")), _("approved what was held")),
    "reject": (State("bad", _("rejected")), _("rejected what was held")),
    "confirm": (State("ok", _("confirmed")), _("confirmed what was applied")),
}
_TO_SERIAL = _("rolled list {list} back to serial {to} on {target}, as serial {serial}")
_TO_EARLIER = _("rolled list {list} back to earlier content on {target}, as serial {serial}")
_OUTCOMES = {
    "applied": (State("ok", _("applied")), _("list {list}, serial {serial}, was applied to {target}")),
    "failed": (State("bad", _("failed")), _("serial {serial} of {list} could not be applied to {target}")),
    "reverted": (State("stale", _("reverted")), _("the change of {target} was taken back")),
    None: (State("bad", _("cut off")), _("gatepost ended while it changed {target}")),
}
_PURGES = {
    **_OUTCOMES,
    "applied": (State("changes", _("purged")), _("what was ours was removed from {target}")),
    "failed": (State("bad", _("failed")), _("what is ours could not be removed from {target}")),
}
"""The same outcomes, where what was done is a purge."""
_CAUSES = {
    "rollback": _("by a rollback"),
    "revert": _("because nobody confirmed it"),
    "purge": _("by a purge"),
}


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the audit."""

    at: str
    state: State
    who: str
    """A person; empty where gatepost itself did it."""
    did: Said
    why: str = ""
    digest: str = ""
    error: JSON | None = None


def targets(desk: Desk, asked: Asked) -> Reply:
    """Where lists take effect, and who fetches them."""
    status = health_document(health_of(desk.site))
    return show(
        desk,
        asked,
        "targets.html",
        "/targets",
        twin="/v1/status",
        targets=status["targets"],
        held=held_targets(status),
        mending={
            one["target"]: putting_back(desk, status, one["target"])
            for one in status["targets"]
            if one["drift"]
        },
        target_state=target_state,
        lagging=LAGGING,
        configured=sorted(desk.settings.consumers),
        **api.consumers(desk, asked),
    )


def audit(desk: Desk, asked: Asked) -> Reply:
    """Who did what, newest first."""
    document = msgspec.to_builtins(api.audit(desk, asked))
    deeds = sorted(_deeds(document), key=lambda one: one.at, reverse=True)
    return show(
        desk,
        asked,
        "audit.html",
        "/audit",
        twin="/v1/audit",
        deeds=deeds[:SHOWN],
        more=max(0, len(deeds) - SHOWN),
    )


def _outcome(one: JSON) -> tuple[State, Said]:
    state, text = (_PURGES if one["cause"] == "purge" else _OUTCOMES)[one["outcome"]]
    return state, say(text, target=one["target"], list=one["list"], serial=one["serial"])


def _word(one: JSON) -> tuple[State, Said]:
    state, text = _WORDS[one["word"]]
    return state, say(text)


def _rollback(one: JSON) -> tuple[State, Said]:
    """A word that nothing held asked for: somebody wanted an earlier serial back."""
    text = _TO_SERIAL if one["back_to"] else _TO_EARLIER
    values = {"list": one["list"], "target": one["target"], "serial": one["serial"], "to": one["back_to"]}
    return State("changes", _("rolled back")), say(text, **values)


def _deeds(document: JSON) -> Iterator[Deed]:
    rollbacks = {one["digest"]: one for one in document["rollbacks"]}
    for one in document["words"]:
        rollback = rollbacks.get(one["digest"]) if one["word"] == "approve" else None
        state, did = _rollback(rollback) if rollback else _word(one)
        yield Deed(one["at"], state, one["who"], did, one["why"], one["digest"])
    for one in document["outcomes"]:
        state, did = _outcome(one)
        why = "" if one["outcome"] == "reverted" else _CAUSES.get(one["cause"], "")
        yield Deed(one["at"] or one["intended_at"], state, "", did, why, one["digest"], one["error"])
    for one in document["entrances"]:
        state, text = _ENTRANCES[one["event"]]
        if one["why"]:
            text = _AT_PROVIDER
        yield Deed(one["at"], state, one["who"], say(text, why=one["why"]), one["address"])
