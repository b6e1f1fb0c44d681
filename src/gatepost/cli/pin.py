"""``gatepost pin``: put an address or domain on a list, whatever its sources say."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click

from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options
from gatepost.config import find, load
from gatepost.config.lists import TOO_WIDE, first_moment
from gatepost.config.pinning import Pin, with_pin
from gatepost.config.toml import MARK, read
from gatepost.engine.naming import UNKNOWN_NAME, VALUE
from gatepost.engine.report import time_text
from gatepost.errors import ConfigInvalid, UsageError, cut
from gatepost.kit.clock import SystemClock
from gatepost.kit.files import alone_in, write_atomic
from gatepost.kit.text import as_text
from gatepost.model.address import Prefix
from gatepost.model.content import Override
from gatepost.model.limits import is_too_wide
from gatepost.planning.normalise import parse_value
from gatepost.planning.pins import Effect, Pinned, effect_of, lasting


@click.command(help=_("Put an address, network or domain on a list, whatever its sources say."))
@click.argument("list_", metavar="LIST")
@click.argument("value")
@click.option("--why", required=True, metavar="TEXT", help=_("The reason, for the record."))
@click.option("--until", metavar="DATE", help=_("The day on which it leaves the list again."))
@takes_options
def command(ui: Ui, list_: str, value: str, why: str, until: str | None) -> int:
    """Write one row into the configuration; the next turn plans it like any change."""
    place = find(ui.config)
    load(place)  # what is wrong with it is said by whoever reads it
    pin = Pin(_canonical(value), _reason(why), _day(until))
    with _changing(place, pin, list_):
        lists = load(place).lists
        if list_ not in lists:
            msg = f"there is no list {cut(list_)!r} ({', '.join(sorted(lists)) or 'none'})"
            raise UsageError(msg, hint=UNKNOWN_NAME)
        allowlist, now = lists[list_].allowlist, SystemClock().now()
        ends = first_moment(pin.until) if pin.until else None
        wanted = Override(parse_value(pin.value), pin.why, ends)
        found = effect_of(wanted, allowlist.exclusions, now)
        _refuse_idle(list_, found)
        known = lasting(allowlist.pins, wanted, now)
        if known is None:
            _write(place, list_, pin)
    notices = _notices(found, wanted, known)
    document = {"list": list_, "file": str(place), "changed": known is None, "pin": _shown(pin)}
    ui.show({**document, "notices": notices}, lambda: _print(ui, list_, pin, notices, is_new=known is None))
    return 0


@contextmanager
def _changing(place: Path, pin: Pin, list_: str) -> Iterator[None]:
    """One pin after the other; what the disk says is told with the row to write by hand."""
    try:
        with alone_in(place.resolve(strict=True).parent):
            yield
    except OSError as error:
        msg = f"{place} cannot be written: {error.strerror}"
        raise ConfigInvalid(msg, hint=f"Add to pin of [lists.{list_}]: {pin.row}.") from None


def _refuse_idle(list_: str, found: Pinned) -> None:
    """A pin that would let nothing in is not confirmed as if it did. Raises UsageError."""
    if found.effect is Effect.ENDED:
        msg = f"the pin of {found.pin.value} would have ended already ({time_text(found.pin.until)})"
        raise UsageError(msg, hint="Give a day that is still to come, or leave --until out.")
    if found.effect is Effect.NONE:
        msg = f"the list {list_} excludes {found.pin.value} ({_named(found)}): a pin would let nothing in"
        raise UsageError(msg, hint="Take the exclusion out of the configuration first.")


def _named(found: Pinned) -> str:
    return ", ".join(f"{one.value}: {cut(one.why, 200)}" for one in found.exclusions)


def _notices(found: Pinned, wanted: Override, known: Override | None) -> list[str]:
    """What else whoever pins should know."""
    notices = []
    if found.effect is Effect.PART:
        words = _("exclusions take a part of it out all the same ({exclusions})")
        notices.append(words.format(exclusions=_named(found)))
    if found.effect is Effect.LATER:
        words = _("it lets nothing in before the exclusion ends ({exclusions})")
        notices.append(words.format(exclusions=_named(found)))
    if known is not None and known.until != wanted.until:
        words = _("that pin lasts longer: until {until}") if known.until else _("that pin has no end")
        notices.append(words.format(until=time_text(known.until)))
    return notices


def _canonical(value: str) -> str:
    try:
        found = parse_value(value)
    except ValueError as error:
        msg = f"{cut(value, 80)!r} is no address, network or domain ({error})"
        raise UsageError(msg, hint=VALUE) from None
    if isinstance(found, Prefix) and is_too_wide(found):
        msg = f"{found}: {TOO_WIDE}"
        raise UsageError(msg)
    return str(found)


def _reason(why: str) -> str:
    if not why.strip():
        msg = "say why, for the person who reads this in a year"
        raise UsageError(msg, hint="Add --why TEXT.")
    return as_text(why.strip())


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        msg = f"{cut(text or '', 40)!r} is no day such as 2027-01-01"
        raise UsageError(msg, hint="Write the day as 2027-01-01, or leave --until out.") from None


def _write(place: Path, list_: str, pin: Pin) -> None:
    """The whole file or nothing, as readable as it was; what it would become is read before."""
    target = place.resolve(strict=True)
    whole = target.read_bytes().decode()
    text = whole.removeprefix(MARK)
    made = whole[: len(whole) - len(text)] + with_pin(read(place), text, list_, pin)
    write_atomic(target, made.encode(), mode=stat.S_IMODE(target.stat().st_mode))


def _shown(pin: Pin) -> dict[str, str | None]:
    return {"value": pin.value, "why": pin.why, "until": None if pin.until is None else pin.until.isoformat()}


def _print(ui: Ui, list_: str, pin: Pin, notices: list[str], *, is_new: bool) -> None:
    done = _("Pinned {value} on {list}.") if is_new else _("{value} is pinned on {list} already.")
    ui.say(done.format(value=pin.value, list=list_), "green" if is_new else None)
    for notice in notices:
        ui.say(notice, "yellow")
    if is_new:
        words = _("Next: `gatepost apply {list}`; a running service reads it when it is restarted.")
        ui.say(words.format(list=list_))
