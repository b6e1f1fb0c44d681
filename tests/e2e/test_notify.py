"""The built program tells people: what is held arrives once, with the way out, and no secret with it."""

from __future__ import annotations

import re
import time

import pytest

from gatepost.config import load
from gatepost.emulator.state import ListChange
from gatepost.engine.mailbox import READ_MOST
from gatepost.engine.messenger import mailboxes
from rigs import canaries
from rigs.notifiers import texts
from rigs.program import Program
from rigs.sites import EVENTS, HISTORY, SERVED, in_file, listed

SITE = (
    HISTORY
    + SERVED
    + 'url = "https://gate.example"\n'
    + EVENTS
    + listed("events")
    + in_file()
    + """
[[notify]]
kind = "feishu"
account = "feishu-main"
to = "chat_id:oc_5ad11d72b830411d72b836c20"
lang = "zh"

[[notify]]
kind = "webhook"
url = "env:DEAD_HOOK"
secret = "env:HOOK_SECRET"
"""
)
SECRETS = {
    "DEAD_HOOK": "http://127.0.0.1:9/canary-path-of-the-hook",
    "HOOK_SECRET": "canary-secret-of-the-hook",
}
PATIENCE = 60


@pytest.fixture
def site(asking) -> Program:
    """Feishu's list on a file, a chat that is told, and a webhook where nobody listens."""
    made = Program(asking.folder, {**asking.secrets, **SECRETS})
    made.write(asking.path.read_text() + SITE)
    return made


def until(true, *, seconds=PATIENCE):
    """Ask again and again."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end
    return found


def waiting(site) -> list[list[str]]:
    """Events that wait, by notifier."""
    notifiers = site.json("notify", "status")["notifiers"]
    return [[event["event"] for event in one["waiting"]] for one in notifiers]


def test_a_held_answer_is_told_and_approved_by_what_the_message_says(site, emulator):
    """Held, told once; the command in the message approves it; a new start repeats nothing."""
    site.json("apply")
    emulator.state.lists["feishu"]["outbound_ip"].change(ListChange(replace=["101.126.59.7"]))
    site("plan").ended(3)
    with site.running("run") as running:
        running.wait_for("started: ")
        until(lambda: emulator.state.messages)
        running.wait_for("notify webhook: ConnectFailed")
        until(lambda: waiting(site)[0] == [])
    first = [texts(one["content"]) for one in emulator.state.messages]
    assert len(first) == 1
    assert "已拦下" in first[0]
    digest = re.search(r"gatepost approve (sha256:[0-9a-f]{64}) --why", first[0])[1]
    assert first[0].count("https://gate.example/plans#") == 2
    with site.running("run") as running:
        running.wait_for("webhooks serial=")
    assert len(emulator.state.messages) == 1
    site("approve", digest, "--why", "the platform said so").ended(0)
    assert waiting(site) == [[], ["held"]]
    told = {**canaries.files(site.folder), "out": "".join(running.seen.values()).encode()}
    secrets = {
        *SECRETS.values(),
        *(one for app in emulator.state.apps["feishu"].values() for one in app.secrets),
    }
    kept = {name: data for name, data in told.items() if "wecom.secret" not in name}
    assert canaries.find(kept, secrets) == []


def test_notify_test_says_which_arrive(site, emulator):
    """A test message arrives in the chat; where nobody listens it is an error, and exit 1."""
    tried = site("notify", "test", "--json").ended(1).document["notifiers"]
    assert [one["sent"] for one in tried] == [True, False]
    assert tried[1]["error"]["kind"] == "ConnectFailed"
    assert "没有发生任何事" in texts(emulator.state.messages[-1]["content"])
    shown = site("notify", "test").ended(1).out
    assert "NOT sent" in shown
    assert "canary" not in shown


def test_status_changes_nothing(site):
    """Where the service never ran nothing waits, and looking makes no file and no directory."""
    before = sorted(site.folder.rglob("*"))
    first, _ = site.json("notify", "status")["notifiers"]
    assert (first["waiting"], first["trouble"]) == ([], None)
    made = {*site.folder.rglob("*")} - {*before}
    assert [one for one in made if (site.folder / "home") not in (one, *one.parents)] == []


@pytest.mark.parametrize("data", [b"{", b" " * (READ_MOST + 1)])
def test_status_tells_of_a_broken_mailbox(site, data):
    """A mailbox that cannot be read is told, by exit 1 too, and stays as it is; the others are shown."""
    (_, place), _ = mailboxes(load(site.path, lambda: site.folder / "home"))
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    first, second = site.json("notify", "status", code=1)["notifiers"]
    assert first["trouble"].startswith(f"{place.name}: cannot be read")
    assert second["trouble"] is None
    assert first["trouble"] in site("notify", "status").ended(1).out
    assert place.read_bytes() == data


def test_without_notifiers(asking):
    """Where nobody is to be told, the command says so."""
    asking.write(asking.path.read_text())
    assert asking("notify", "test", "--json").ended(1).error["kind"] == "UsageError"
