"""The first page: how everything stands, and what to do first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gatepost.engine.approval import beyond_words, unspoken
from gatepost.engine.health import health_document, health_of
from gatepost.model.plan import Word
from gatepost.server.console_page import show
from gatepost.server.console_words import Said, _, say
from gatepost.server.desk import Desk
from gatepost.server.route import Asked, Reply

JSON = Mapping[str, Any]


_HELD_DRIFT = {
    None: _("Find out who. The plan that puts it back is held: approve it, and it is carried out."),
    Word.APPROVE: _("Find out who. The plan that puts it back is approved: the next apply carries it out."),
    Word.REJECT: _(
        "Find out who. The plan that puts it back was rejected: nothing changes until it is approved."
    ),
}
_HELD_HARD = _("Find out who. The plan that puts it back is held, and no approval lifts it: read what helps.")
"""What to do on a target that others changed, by the word on the plan that puts it back."""


@dataclass(frozen=True, slots=True)
class State:
    """One word with its shape: ``ok``, ``changes``, ``held``, ``stale``, ``bad`` or ``none``."""

    mark: str
    word: str


_HELD = State("held", _("held"))
_SPOKEN = {"approve": State("ok", _("approved")), "reject": State("bad", _("rejected"))}


@dataclass(frozen=True, slots=True)
class Step:
    """Something for a person to do."""

    mark: str
    what: Said
    do: Said
    link: str = ""


def now(desk: Desk, asked: Asked) -> Reply:
    """The page."""
    status = health_document(health_of(desk.site))
    return show(
        desk,
        asked,
        "now.html",
        "/",
        twin="/v1/status",
        status=status,
        steps=list(steps(desk, status)),
        directions={name: one.allowlist.direction.value for name, one in desk.site.settings.lists.items()},
        source_state=source_state,
        list_state=list_state,
        target_state=target_state,
        held=held_targets(status),
    )


def source_state(one: JSON, status: JSON) -> State:
    """Of a source of ``status --json``; it may be well and give what no list may use."""
    if one["attempted_at"] is None:
        return State("none", _("not asked yet"))
    if one["stale"]:
        return State("stale", _("stale"))
    if one["error"]:
        return State("stale", _("failing"))
    refused = any(one["source"] in each["refused"] for each in status["lists"])
    return State("stale", _("answer refused")) if refused else State("ok", _("fresh"))


def list_state(one: JSON, status: JSON) -> State:
    """Of a list; where all that is held of it was spoken on, the word."""
    if one["held"]:
        words = {each["word"]["word"] if each["word"] else "" for each in _answers(one, status)}
        return _SPOKEN.get(words.pop(), _HELD) if len(words) == 1 else _HELD
    if one["serial"] is None:
        return State("none", _("no list yet"))
    if one["stale"]:
        return State("stale", _("stale"))
    return State("stale", _("answer refused")) if one["refused"] else State("ok", _("fresh"))


def _answers(one: JSON, status: JSON) -> Iterator[JSON]:
    return (each for each in status["answers"] if each["list"] == one["list"])


def held_targets(status: JSON) -> frozenset[str]:
    """Names of targets whose newest plan waits for a word."""
    return frozenset(plan["target"] for plan in status["held"])


def target_state(one: JSON, held: frozenset[str]) -> State:
    """Of a target: what is worst; ``held``: as :func:`held_targets` tells."""
    drift = one["drift"] or {"empty": False, "wide": False}
    worst = (
        (drift["empty"], State("bad", _("emptied"))),
        (drift["wide"], State("bad", _("opened wide"))),
        (one["unread"], State("bad", _("unreadable"))),
        (one["overdue"], State("bad", _("not taken back"))),
        (one["outcome"] == "failed", State("bad", _("failed"))),
        (one["drift"], State("stale", _("changed by others"))),
        (one["unconfirmed_until"], State("held", _("to be confirmed"))),
        (one["taken_back"], State("held", _("taken back"))),
        (one["in_step"], State("ok", _("in step"))),
        (one["target"] in held, State("held", _("held"))),
        (one["serial"] is None, State("none", _("nothing applied yet"))),
    )
    return next((state for true, state in worst if true), State("changes", _("behind")))


def steps(desk: Desk, status: JSON) -> Iterator[Step]:
    """What needs a person, the most urgent first."""
    if not desk.site.settings.sources and not desk.site.settings.lists:
        yield Step(
            "none",
            say(_("Nothing is configured yet.")),
            say(_("Write a configuration with `gatepost init`, then start `gatepost run` again.")),
        )
        return
    yield from _urgent(desk, status)
    yield from _waiting(desk, status)
    yield from _sources(status)
    yield from _lesser(desk, status)


def _urgent(desk: Desk, status: JSON) -> Iterator[Step]:
    for one in status["stranded"]:
        what = say(
            _("Nobody confirmed the last change of {target}, and it was not taken back."),
            target=one["target"],
        )
        yield Step("bad", what, say(_("No target is configured any more in its place: configure it again.")))
    for one in status["targets"]:
        name, drift = one["target"], one["drift"]
        if drift and drift["empty"]:
            what = say(_("Somebody emptied {target}: whoever relies on it is cut off."), target=name)
            yield Step("bad", what, *putting_back(desk, status, name))
        elif drift and drift["wide"]:
            what = say(_("Somebody opened {target} wide: it lets in far more than the list."), target=name)
            yield Step("bad", what, *putting_back(desk, status, name))
        elif one["unread"]:
            what = say(_("{target} cannot be read: nobody knows what is in force there."), target=name)
            yield Step("bad", what, say(one["unread"]["error"]["hint"]), "/targets")
        elif one["overdue"]:
            what = say(
                _("Nobody confirmed the last change of {target}, and it was not taken back."), target=name
            )
            yield Step("bad", what, say(_("`gatepost status` shows both ways on.")), "/targets")
        elif one["outcome"] == "failed":
            what = say(_("The last change of {target} failed."), target=name)
            yield Step("bad", what, say(one["error"]["hint"] if one["error"] else ""), "/targets")


def putting_back(desk: Desk, status: JSON, name: str) -> tuple[Said, str]:
    """What brings a target back that others changed, and where to go: its plan, once that waits."""
    if desk.site.settings.targets[name].repair:
        return say(_("Find out who; the service puts it back by itself (`repair`).")), "/targets"
    for plan in status["held"]:
        if plan["target"] == name and any(reason["guard"] == "drift" for reason in plan["reasons"]):
            absolute = any(reason["absolute"] for reason in plan["reasons"])
            word = plan["word"]["word"] if plan["word"] else None
            do = _HELD_HARD if absolute else _HELD_DRIFT[word]
            return say(do), f"/plans#{plan['digest'][7:19]}"
    do = _("Find out who. `gatepost apply` puts it back, or holds the plan that does for a person's word.")
    return say(do), "/targets"


def _waiting(desk: Desk, status: JSON) -> Iterator[Step]:
    do = say(_("Read why, then approve or reject it. The last good list stays until then."))
    answers, own = unspoken(desk.site)
    for held in answers:
        source = held.source.rpartition("/")[2]
        what = say(_("A new answer of {source} is held: a guard wants a person's word."), source=source)
        yield Step("held", what, do, f"/plans#{held.digest[7:19]}")
    for plan in own:
        what = say(_("A plan for {target} is held: a guard wants a person's word."), target=plan.target)
        yield Step("held", what, do, f"/plans#{plan.digest[7:19]}")
    yield from _beyond(desk)
    for one in status["targets"]:
        if one["unconfirmed_until"] and not one["overdue"]:
            what = say(
                _("The last change of {target} is taken back at {at} unless it is confirmed."),
                target=one["target"],
                at=one["unconfirmed_until"],
            )
            yield Step("held", what, say(_("Run `gatepost confirm` if all still works.")), "/targets")


def _beyond(desk: Desk) -> Iterator[Step]:
    """What waits for no word, as none would help."""
    answers, plans = beyond_words(desk.site)
    for held in answers:
        source = held.source.rpartition("/")[2]
        what = say(_("A new answer of {source} is not used, and no approval lets it through."), source=source)
        do = say(_("There is nothing to approve: the last good list stays. Find out why the source says so."))
        yield Step("held", what, do, f"/plans#{held.digest[7:19]}")
    for plan in plans:
        what = say(_("A plan for {target} is held, and no approval lifts it."), target=plan.target)
        do = say(_("There is nothing to approve: what is in force stays. Read what helps instead."))
        yield Step("held", what, do, f"/plans#{plan.digest[7:19]}")


def _sources(status: JSON) -> Iterator[Step]:
    for one in status["sources"]:
        if one["attempted_at"] is None:
            continue
        if one["stale"]:
            what = say(_("{source} has not answered well for too long."), source=one["source"])
            do = one["error"]["hint"] if one["error"] else _("Run `gatepost doctor` for this source.")
            yield Step("stale", what, say(do), "#sources")
        elif one["error"]:
            what = say(_("{source} gave no good answer; its last one stays."), source=one["source"])
            yield Step("stale", what, say(one["error"]["hint"]), "#sources")
    for one in status["lists"]:
        for source, error in one["refused"].items():
            what = say(
                _("Nothing of the last answer of {source} may be used for {list}; its last good one stays."),
                source=source,
                list=one["list"],
            )
            yield Step("stale", what, say(error["hint"]), "#lists")


def _lesser(desk: Desk, status: JSON) -> Iterator[Step]:
    for one in status["answers"]:
        absolute = any(reason["absolute"] for reason in one["reasons"])
        if one["word"] and one["word"]["word"] == Word.REJECT and not absolute:
            what = say(_("The new answer of {source} was rejected."), source=one["source"])
            do = say(_("The last good list stays until the source says something else, or it is approved."))
            yield Step("held", what, do, f"/plans#{one['digest'][7:19]}")
    if status["clock"]:
        what = say(_("The clock of this host jumped and is not believed yet."))
        yield Step("stale", what, say(_("Check the time of this host; what ends by a date waits.")))
    for one in status["targets"]:
        drift = one["drift"]
        if drift and not drift["empty"] and not drift["wide"]:
            what = say(_("Somebody changed {target}."), target=one["target"])
            yield Step("stale", what, *putting_back(desk, status, one["target"]))
    new = [one for one in status["sources"] if one["attempted_at"] is None]
    if new:
        what = say(_("{n} sources have not been asked yet."), n=len(new))
        yield Step("none", what, say(_("The schedule asks them; `gatepost apply` does it at once.")))
