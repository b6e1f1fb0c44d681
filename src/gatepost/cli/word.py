"""What approve and reject share: a person's word, with who and why."""

from __future__ import annotations

import getpass
import os
import socket

from gatepost.cli.building import site_of
from gatepost.cli.language import _
from gatepost.cli.ui import Ui
from gatepost.engine.approval import give_word
from gatepost.engine.report import word_document
from gatepost.errors import cut
from gatepost.kit.text import as_text
from gatepost.model.answer import HeldAnswer
from gatepost.model.plan import Word


def who() -> str:
    """The person behind this shell: the one who called sudo, if any."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    return f"{cut(as_text(name), 200)}@{socket.gethostname()}"


def speak(ui: Ui, digest: str, word: Word, why: str) -> int:
    """Record the word and say what follows from it."""
    with site_of(ui) as site:
        record = give_word(site, digest, word, who=who(), why=why)
        held = site.store.held_answer(record.digest)
    ui.show(word_document(record), lambda: _print(ui, word, record.digest, held))
    return 0


def _print(ui: Ui, word: Word, digest: str, held: HeldAnswer | None) -> None:
    if word is Word.APPROVE:
        ui.say(_("Approved {digest}.").format(digest=digest), "green")
        ui.say(_("It covers exactly this content."))
        ui.say(_("A running service carries it out within seconds; else run `gatepost apply`."))
        if held is not None and held.removed:
            ui.say(
                _("What goes ({n} entries) stays in force through absences and grace.").format(
                    n=len(held.removed)
                )
            )
    else:
        ui.say(_("Rejected {digest}.").format(digest=digest), "green")
        ui.say(_("The last good list stays in force."))
        ui.say(_("Another answer or plan will be asked about anew."))
        ways = _("to take the rejection back:")
        ui.say(f'  {ways}  gatepost approve {digest[: len("sha256:") + 12]} --why "…"')
