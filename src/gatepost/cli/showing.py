"""How lists and plans look to a tired engineer at three in the morning."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from math import ceil

from gatepost.cli.language import _, titled
from gatepost.cli.ui import Ui, error_lines, shorten
from gatepost.engine import wording
from gatepost.engine.acceptance import Turn
from gatepost.engine.cycle import CycleReport, Unplanned
from gatepost.engine.elapsed import waits
from gatepost.engine.exits import is_unkept
from gatepost.engine.report import NO_DRIFTS, held_document, list_status, time_text, values_document
from gatepost.errors import AnswerRefused, cut
from gatepost.model.address import Prefix
from gatepost.model.answer import HeldAnswer
from gatepost.model.drift import Drift
from gatepost.model.entry import Entry, EntryKey
from gatepost.model.plan import Outcome, Plan, PlanStatus, Result, Word
from gatepost.model.reason import Reason
from gatepost.model.reckoning import Look
from gatepost.model.record import WordRecord
from gatepost.planning.digest import digest_entries
from gatepost.planning.guard_text import guard_words

SHOWN = 20
SHORT_DIGEST = len("sha256:") + 12

_LOOK = {
    PlanStatus.IN_STEP: "green",
    PlanStatus.CHANGES: "cyan",
    PlanStatus.HELD: "bold yellow",
    None: "bold red",
}


def status_word(status: PlanStatus | None) -> str:
    """A plan's status in words; None where nothing could be read."""
    if status is None:
        return _("UNKNOWN")
    return {
        PlanStatus.IN_STEP: _("in step"),
        PlanStatus.CHANGES: _("changes"),
        PlanStatus.HELD: _("HELD"),
    }[status]


def outcome_word(outcome: Outcome) -> str:
    """An outcome in words."""
    return {
        Outcome.APPLIED: _("applied"),
        Outcome.UNCHANGED: _("unchanged"),
        Outcome.HELD: _("held"),
        Outcome.FAILED: _("FAILED"),
        Outcome.REVERTED: _("reverted"),
    }[outcome]


def print_report(ui: Ui, report: CycleReport, drifts: Mapping[str, Drift] = NO_DRIFTS) -> None:
    """A cycle, list by list, targets under their list; plans made earlier come without a turn.

    ``drifts``: what was found changed on the targets, by their names.
    """
    turned = {turn.settings.name for turn in report.turns}
    for result in report.results:
        if result.plan.list not in turned:
            ui.say(_("{list}  serial {serial}").format(list=result.plan.list, serial=result.plan.serial))
            _print_result(ui, result, (), drifts)
    for turn in report.turns:
        _print_turn(ui, turn, report)
        for result in report.results:
            if result.plan.list == turn.settings.name:
                told = tuple(one for held in turn.held for one in held.reasons)
                _print_result(ui, result, told, drifts, report.words.get(result.plan.digest))
        for one in report.unplanned:
            if one.list == turn.settings.name:
                _print_unplanned(ui, one)
        ui.say()
    print_clock(ui, report.look)


def print_clock(ui: Ui, look: Look | None) -> None:
    """Nothing while the clock is believed."""
    for line in clock_lines(look):
        ui.say(line, "bold yellow")


def clock_lines(look: Look | None) -> list[str]:
    """That the clock is not believed, and what that means for what ends; nothing while it is."""
    if look is None or look.doubt is None:
        return []
    words = _(
        "The clock says {wall}; by the time that has passed it is {believed}: pins and exclusions end by "
        "that until the clock has stayed so for {hours} h more, and grace counts passed time alone."
    )
    hours = ceil(waits(look) / timedelta(hours=1))
    return [words.format(wall=time_text(look.wall), believed=time_text(look.believed), hours=hours)]


def print_results(ui: Ui, results: tuple[Result, ...]) -> None:
    """Plans by themselves, each with what became of it."""
    for result in results:
        _print_result(ui, result)


def tell_unkept(ui: Ui, results: Sequence[Result]) -> None:
    """On stderr, in any mode: what is applied, and would not be loaded at boot."""
    for one in results:
        if is_unkept(one) and one.error is not None:
            words = _("{target}: it is applied, but would not be loaded at boot:")
            ui.err.print(words.format(target=one.plan.target), style="bold red")
            for line, style in error_lines(one.error):
                ui.err.print(f"  {line}", style=style)


def _print_turn(ui: Ui, turn: Turn, report: CycleReport) -> None:
    status = list_status(turn, report)
    known = turn.snapshot is not None
    words = [turn.settings.name, _(turn.settings.allowlist.direction.value), serial_words(turn)]
    words.append(status_word(status) if known else _("NO LIST YET"))
    ui.say("  ".join(words), _LOOK[status] if known else "bold yellow")
    for source, error in turn.errors.items():
        refused = _("the answer of {source} was refused; its last good one stays:")
        missing = _("{source} gave nothing; its last good answer stays:")
        text = refused if isinstance(error, AnswerRefused) else missing
        ui.say("  " + text.format(source=source), "yellow")
        for line, style in error_lines(error):
            ui.say(f"    {line}", style)
    if turn.stale:
        ui.say("  " + _("STALE: a source has not answered well for too long"), "bold red")
    if turn.snapshot is None:
        ui.say("  " + _("no source has answered yet: nothing is applied"), "yellow")
    for held in turn.held:
        earlier = held.source.rpartition("/")[2] in turn.errors
        _print_held(ui, held, report.words.get(held.digest), earlier=earlier)


def serial_words(turn: Turn) -> str:
    """``serial 6 → 7``, or what there is of it."""
    now = turn.snapshot.serial if turn.snapshot else None
    if now == turn.previous or turn.previous is None:
        return _("serial {now}").format(now="-" if now is None else now)
    return _("serial {before} → {now}").format(before=turn.previous, now=now)


def _print_held(ui: Ui, held: HeldAnswer, word: WordRecord | None, *, earlier: bool) -> None:
    """``earlier``: whether the source gave something else since, or nothing."""
    document = held_document(held)
    words = (
        _("{source}: an earlier answer is still held") if earlier else _("{source}: the new answer is held")
    )
    ui.say("  " + words.format(source=document["source"]), "bold yellow")
    print_reasons(ui, held.reasons, "    ")
    _print_values(ui, "    + ", document["add"], "green")
    _print_values(ui, "    - ", document["remove"], "red")
    ui.say("    " + _("The last good answer stays in force; nothing was removed."))
    _print_ways(ui, held.digest, held.reasons, "    ", word)


def _print_ways(
    ui: Ui, digest: str, reasons: Collection[Reason], indent: str, word: WordRecord | None = None
) -> None:
    ways = ways_out(reasons)
    if word is not None:
        print_word(ui, word, digest, indent, may_be_approved=not ways)
    if ways:
        ui.say(indent + _("no approval lifts this:"))
        for way in ways:
            ui.say(f"{indent}  → {way}")
        return
    if word is not None:
        return
    short = digest[:SHORT_DIGEST]
    drifted = any(one.guard == "drift" for one in reasons)
    right, wrong = _("if this is right:"), _("if it is not:    ")
    if drifted:
        right, wrong = _("to have the list there again:"), _("to leave it as it is now:    ")
    ui.say(f'{indent}{right}  gatepost approve {short} --why "…"')
    ui.say(f'{indent}{wrong}  gatepost reject {short} --why "…"')


def print_word(ui: Ui, word: WordRecord, digest: str, indent: str, *, may_be_approved: bool = True) -> None:
    """A word that stands on what is held: who said it, what follows, and how it is taken back."""
    about = {"who": cut(word.who, 200), "at": time_text(word.at), "why": cut(word.why, 500)}
    if word.word is Word.APPROVE:
        ui.say(indent + _("approved by {who} at {at}: {why}").format(**about), "bold green")
        ui.say(indent + _("the next apply carries it out"))
        return
    ui.say(indent + _("rejected by {who} at {at}: {why}").format(**about), "bold yellow")
    ui.say(indent + _("it changes nothing; another answer or plan will be asked about anew"))
    if may_be_approved:
        ways = _("to take the rejection back:")
        ui.say(f'{indent}{ways}  gatepost approve {digest[:SHORT_DIGEST]} --why "…"')


def print_reasons(ui: Ui, reasons: tuple[Reason, ...], indent: str) -> None:
    """What the guards found: in short words where a guard has some, and exactly."""
    for reason in reasons:
        short = guard_words(_, reason)
        ui.say(indent + titled(reason.guard, short or _(reason.message)), "yellow")
        if short:
            ui.say(f"{indent}  {_(reason.message)}", "dim")


def ways_out(reasons: Iterable[Reason]) -> list[str]:
    """What helps where a guard is absolute, so that no approval does; nothing where one does."""
    return wording.ways_out(_, reasons)


def _print_values(ui: Ui, sign: str, values: list[str], style: str) -> None:
    most = SHOWN if not ui.verbosity else len(values)
    for value in values[:most]:
        ui.say(f"{sign}{value}", style)
    if len(values) > most:
        ui.say(" " * len(sign) + _("… and {n} more (-v shows all)").format(n=len(values) - most), "dim")


def _print_result(
    ui: Ui,
    result: Result,
    told: tuple[Reason, ...] = (),
    drifts: Mapping[str, Drift] = NO_DRIFTS,
    word: WordRecord | None = None,
) -> None:
    """``told``: reasons that stand above already; ``word``: that stands on the plan, where it is held."""
    plan = result.plan
    ui.say("  " + titled(plan.target, _headline(result, word)), "bold")
    if plan.target in drifts:
        ui.say("  " + drift_head(drifts[plan.target]), "bold red")
    _print_values(ui, "    + ", values_document(plan.add), "green")
    _print_values(ui, "    - ", values_document(plan.remove), "red")
    for note in plan.notes:
        ui.say("    " + _(note), "dim")
    _print_waiting(ui, result, tuple(reason for reason in plan.reasons if reason not in told), word)
    if result.error is not None and not is_unkept(result):
        for line, style in error_lines(result.error):
            ui.say(f"    {line}", style)


def _print_waiting(ui: Ui, result: Result, own: tuple[Reason, ...], word: WordRecord | None) -> None:
    plan = result.plan
    if plan.status is PlanStatus.HELD and own:
        print_reasons(ui, own, "    ")
        _print_ways(ui, plan.digest, own, "    ", word)
    elif plan.status is PlanStatus.CHANGES and result.outcome is None and not _is_removal(plan):
        ui.say(f"    {_('apply exactly this:')} gatepost apply --digest {plan.digest[:SHORT_DIGEST]}", "dim")


def _headline(result: Result, word: WordRecord | None) -> str:
    plan = result.plan
    if result.outcome is Outcome.APPLIED and _is_removal(plan):
        return _("removed and verified: {remove} removed, nothing of ours is left").format(
            remove=len(plan.remove)
        )
    if result.outcome is Outcome.APPLIED:
        return _("applied and verified: {add} added, {remove} removed, generation {generation}").format(
            add=len(plan.add), remove=len(plan.remove), generation=plan.generation + 1
        )
    if plan.status is PlanStatus.HELD and word is not None and word.word is Word.REJECT:
        return _("unchanged; what is held was rejected")
    if result.outcome is Outcome.HELD and plan.current == plan.desired:
        return _("unchanged; waits for the word on what is held above")
    if result.outcome is not None:
        return outcome_word(result.outcome)
    if plan.status is PlanStatus.HELD and plan.awaits and plan.current == plan.desired:
        return _("HELD: waits for the word on what is held above")
    if plan.status is PlanStatus.CHANGES:
        return _("{add} to add, {remove} to remove").format(add=len(plan.add), remove=len(plan.remove))
    return status_word(plan.status)


def _is_removal(plan: Plan) -> bool:
    """Whether it takes away all that is ours: nothing is ever applied that is empty."""
    return plan.desired == digest_entries(())


def drift_head(drift: Drift) -> str:
    """That others changed a target, and how badly."""
    head = _("{target}: changed by somebody else: {added} added, {removed} removed")
    if drift.unread:
        head = _("{target}: changed by somebody else, not all can be read: {added} added, {removed} removed")
    if drift.wide:
        head = _(
            "{target}: OPENED WIDE: somebody let in far more than the list: {added} added, {removed} removed"
        )
    if drift.empty:
        head = _("{target}: EMPTY: somebody removed everything that was there")
    return head.format(target=drift.target, added=len(drift.added), removed=len(drift.removed))


def drift_lines(drift: Drift) -> list[str]:
    """What others changed on a target, the widest first, and who could have done it."""
    added = sorted(drift.added, key=_width)
    values = [*(f"+{one.value}" for one in added)]
    values += [f"-{value}" for value in values_document(drift.removed)]
    shown = ["  " + one for one in shorten(list(dict.fromkeys(values)), SHOWN)]
    return [drift_head(drift), *shown, *(f"  {cut(_(one))}" for one in drift.suspects)]


def _width(entry: Entry) -> tuple[float, EntryKey]:
    """Sorts the widest networks first, then by place."""
    value = entry.value
    return (value.length / value.family.bits if isinstance(value, Prefix) else 2.0, entry.key)


def _print_unplanned(ui: Ui, one: Unplanned) -> None:
    ui.say("  " + _("{target}: could not be read, nothing was changed").format(target=one.target), "bold red")
    for line, style in error_lines(one.error):
        ui.say(f"    {line}", style)
