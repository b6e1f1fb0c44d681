"""``gatepost pin``: put an address or domain on a list, whatever its sources say."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import click

from gatepost.cli.language import _
from gatepost.cli.ui import Ui, takes_options
from gatepost.config import find, load
from gatepost.config.lists import TOO_WIDE
from gatepost.config.pinning import Pin, with_pin
from gatepost.config.toml import read
from gatepost.errors import ConfigInvalid, UsageError, cut
from gatepost.kit.files import write_atomic
from gatepost.model.address import Prefix
from gatepost.model.limits import is_too_wide
from gatepost.planning.normalise import parse_value


@click.command(help=_("Put an address, network or domain on a list, whatever its sources say."))
@click.argument("list_", metavar="LIST")
@click.argument("value")
@click.option("--why", required=True, metavar="TEXT", help=_("The reason, for the record."))
@click.option("--until", metavar="DATE", help=_("The day on which it leaves the list again."))
@takes_options
def command(ui: Ui, list_: str, value: str, why: str, until: str | None) -> int:
    """Write one row into the configuration; the next turn plans it like any change."""
    place = find(ui.config)
    lists = load(place).lists
    if list_ not in lists:
        msg = f"there is no list {cut(list_)!r} ({', '.join(sorted(lists)) or 'none'})"
        raise UsageError(msg)
    pin = Pin(_canonical(value), _reason(why), _day(until))
    is_new = all(str(one.value) != pin.value for one in lists[list_].allowlist.pins)
    if is_new:
        _write(place, list_, pin)
    document = {"list": list_, "file": str(place), "changed": is_new, "pin": _shown(pin)}
    ui.show(document, lambda: _print(ui, list_, pin, is_new=is_new))
    return 0


def _canonical(value: str) -> str:
    try:
        found = parse_value(value)
    except ValueError as error:
        msg = f"{cut(value, 80)!r} is no address, network or domain ({error})"
        raise UsageError(msg) from None
    if isinstance(found, Prefix) and is_too_wide(found):
        msg = f"{found}: {TOO_WIDE}"
        raise UsageError(msg)
    return str(found)


def _reason(why: str) -> str:
    if not why.strip():
        msg = "say why, for the person who reads this in a year"
        raise UsageError(msg)
    return why.strip()


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        msg = f"{cut(text or '', 40)!r} is no day such as 2027-01-01"
        raise UsageError(msg) from None


def _write(place: Path, list_: str, pin: Pin) -> None:
    """The whole file or nothing, as readable as it was; what it would become is read before."""
    try:
        target = place.resolve(strict=True)
        text = target.read_bytes().decode()
        made = with_pin(read(place), text, list_, pin)
        write_atomic(target, made.encode(), mode=stat.S_IMODE(target.stat().st_mode))
    except OSError as error:
        msg = f"{place} cannot be written: {error.strerror}"
        raise ConfigInvalid(msg, hint=f"Add to pin of [lists.{list_}]: {pin.row}.") from None


def _shown(pin: Pin) -> dict[str, str | None]:
    return {"value": pin.value, "why": pin.why, "until": None if pin.until is None else pin.until.isoformat()}


def _print(ui: Ui, list_: str, pin: Pin, *, is_new: bool) -> None:
    if not is_new:
        ui.say(_("{value} is pinned on {list} already.").format(value=pin.value, list=list_))
        return
    ui.say(_("Pinned {value} on {list}.").format(value=pin.value, list=list_), "green")
    ui.say(
        _("Next: `gatepost apply {list}`; a running service reads it when it is restarted.").format(
            list=list_
        )
    )
