"""The long tail of chats and mail, through the library apprise (an extra)."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import anyio.to_thread

from gatepost.errors import ConfigInvalid, DeadlineExceeded, PlatformBusy
from gatepost.kit.secret import Secret
from gatepost.notify._lines import text_of
from gatepost.notify._note import Tone, compose
from gatepost.notify.base import Channel, Message, Rate

BODY_MOST = 3 * 1024
"""Bytes of a text; what a service allows less of, apprise cuts or splits."""
DEADLINE = 60.0
"""Seconds for all of one sending."""
TYPES = {Tone.GOOD: "success", Tone.NEWS: "info", Tone.WARN: "warning", Tone.BAD: "failure"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseOptions:
    """Where to."""

    url: Secret
    """An address as apprise writes them, such as `slack://…`; it holds credentials."""


class Apprise(Channel):
    """Any service that the library apprise knows."""

    kind: ClassVar[str] = "apprise"
    rates: ClassVar[tuple[Rate, ...]] = (Rate(1, 1.0), Rate(20, 60.0))
    receiver: ClassVar[tuple[str, ...]] = ("url",)
    reference: ClassVar[str] = "docs/notify.md"
    Options: ClassVar[type] = AppriseOptions

    async def send(self, message: Message) -> tuple[str, ...]:
        """In a thread of its own; the library says whether it worked, and never why."""
        title, _, body = text_of(message, BODY_MOST).partition("\n")
        deliver = partial(_deliver, self.options.url, title, body or title, TYPES[compose(message, 0).tone])
        try:
            with anyio.fail_after(DEADLINE):
                done = await anyio.to_thread.run_sync(deliver, abandon_on_cancel=True)
        except TimeoutError:
            done = None
        if done is None:
            msg = f"apprise did not come back within {DEADLINE:g} s"
            raise DeadlineExceeded(msg)
        if not done:
            msg = "apprise could not send the message; it does not say why"
            raise PlatformBusy(msg, hint="Try the address with apprise's own program.")
        return ()


def _deliver(url: Secret, title: str, body: str, type_: str) -> bool:
    """Whether it was sent. Raises ConfigInvalid where the library or the service is not there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it loads all its services, and some use what Python will drop
        sender = _sender(url)
    try:
        return bool(sender.notify(title=title, body=body, notify_type=type_, body_format="text"))
    except Exception:  # noqa: BLE001 - what a service of the library raises may hold the address
        return False


def _sender(url: Secret) -> Any:
    try:
        import apprise  # noqa: PLC0415 - an extra, imported when used
    except ImportError:
        failure = ConfigInvalid("a notifier of the kind apprise needs `pip install gatepost[apprise]`")
    else:
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its lines may hold the address
        sender = apprise.Apprise()
        if sender.add(url.reveal()):
            return sender
        failure = ConfigInvalid("apprise knows no service by this notifier's url")
    raise failure
