"""Configurations that end-to-end tests start from, and journeys through the commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatepost.emulator.app import Emulator
from rigs.accounts import accounts, environment, write_secret_file
from rigs.ledger import lines
from rigs.program import Done, Program
from rigs.sites import HISTORY, in_file, listed, own

SOURCES = """
[store]
url = "sqlite:///history.db"

[sources.wecom-callbacks]
kind = "wecom.callback"
account = "corp"

[sources.feishu-events]
kind = "feishu.events"
account = "feishu-main"
every = "1h"

[sources.chat-webhooks]
kind = "tencent_chat.ips"
account = "chat"
nettype = 6

[sources.wechat-callbacks]
kind = "wechat.callback"
account = "wechat-mp"

[sources.corp-clients]
kind = "wecom.clients"
account = "corp"

[lists.webhooks]
direction = "ingress"
sources = ["wecom-callbacks", "feishu-events", "chat-webhooks", "wechat-callbacks"]
pin = [{ value = "8.8.4.0/24", why = "our probe", until = 2099-01-01 }]
exclude = [{ value = "118.26.157.16", why = "ticket 42" }]

[lists.outbound]
direction = "egress"
sources = ["corp-clients"]
only_necessary = true

[targets.edge]
kind = "file"
list = "webhooks"
path = "edge.txt"

[targets.clients]
kind = "file"
list = "outbound"
path = "clients.domains"
format = "domains"
"""


def journey(emulator: Emulator, base_url: str, folder: Path) -> Program:
    """A program with two lists of four platforms, which has not run yet."""
    program = Program(folder, environment(emulator))
    program.write(accounts(emulator, base_url, write_secret_file(emulator, folder)) + SOURCES)
    return program


@dataclass
class Journey:
    """What each run gave, by a name for it, and the exit code that it was to end with."""

    program: Program
    runs: dict[str, Done] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)

    def go(self, name: str, *arguments: str, code: int) -> Any:
        """Run it with --json; its document."""
        self.codes[name] = code
        self.runs[name] = self.program(*arguments, "--json")
        return self.runs[name].document

    def read(self, **lines: tuple[tuple[str, ...], int]) -> None:
        """Runs that change nothing, side by side: a line and its exit code by a name."""
        done = self.program.together(*((*line, "--json") for line, _ in lines.values()))
        for (name, (_, code)), run in zip(lines.items(), done, strict=True):
            self.codes[name], self.runs[name] = code, run

    def __getitem__(self, name: str) -> Any:
        """A run's document."""
        return self.runs[name].document

    def of(self, *commands: str) -> list[Any]:
        """Documents of all runs of these commands that did not fail."""
        runs = [run for run in self.runs.values() if run.arguments[0] in commands]
        return [run.document for run in runs if "error" not in run.document]


SMALL = (
    HISTORY
    + own("61.0.0.1", "61.0.0.3", "61.0.0.5", "61.0.0.7", "61.0.0.9", "61.0.0.11")
    + listed("own", "small")
    + "[lists.small.guards]\nabsences = 1\n"
    + in_file("small")
    + listed("own", "other")
    + in_file("other", "broken")
    + 'check = ["false"]\n'
)
"""A list of one's own for a file, and one for a file whose check refuses everything."""
HISTORY_LINES = (
    '{"at": "2026-01-05T08:00:00Z", "added": ["61.0.0.1", "61.0.0.3", "61.0.0.5"], "removed": []}',
    '{"at": "2026-01-06T08:00:00Z", "added": ["61.0.0.9"], "removed": []}',
    '{"at": "2026-01-20T08:00:00Z", "added": ["2408:8700:1000::1"], "removed": []}',
)
"""The second change is a family that was not there."""


def small_journey(folder: Path) -> Journey:
    """Every word of a person, every outcome, every state: nothing is asked over a network."""
    made = Journey(Program(folder))
    made.program.write(SMALL)
    made.go("plan one", "plan", "small", code=2)
    made.go("apply one", "apply", "small", code=0)
    made.go("apply again", "apply", "small", code=0)
    made.go("apply refused", "apply", "other", code=1)
    _confirm_and_revert(made)
    _roll_back(made)
    made.program.edit('["61.0.0.1", "61.0.0.3"', '["61.0.0.3"')
    made.go("apply grace", "apply", "small", code=0)
    (folder / "recorded.jsonl").write_text("\n".join(HISTORY_LINES))
    made.read(
        grace=(("check", "61.0.0.1", "--list", "small"), 0),
        replay=(("replay", "recorded.jsonl"), 0),
        **{f"error {line.item}": (tuple(line.says.split()), 1) for line in lines("errors")},
    )
    return made


def _confirm_and_revert(made: Journey) -> None:
    made.program.edit('"61.0.0.11"]', '"61.0.0.11", "61.0.0.13"]')
    made.go("apply to confirm", "apply", "small", "--confirm-within", "10m", code=0)
    made.go("confirm", "confirm", code=0)
    made.program.edit('"61.0.0.13"]', '"61.0.0.13", "61.0.0.15"]')
    id_ = made.go("apply to revert", "apply", "small", "--confirm-within", "10m", code=0)["confirm"]["id"]
    made.go("revert", "revert", id_, code=0)
    held = made.go("plan reverted", "plan", "small", code=3)["plans"][0]["digest"]
    made.go("reject", "reject", held, "--why", "not today", code=0)
    made.go("approve", "approve", held, "--why", "today", code=0)
    made.go("apply digest", "apply", "--digest", held, code=0)


def _roll_back(made: Journey) -> None:
    """And back again, by a plan in a file."""
    made.go("rollback", "rollback", "small", "--to", "1", code=0)
    held = made.go("plan rolled back", "plan", "small", "--out", "plan.json", code=3)["plans"][0]["digest"]
    made.go("apply held file", "apply", "--plan", "plan.json", code=3)
    made.go("approve again", "approve", held, "--why", "ours after all", code=0)
    made.go("apply file", "apply", "--plan", "plan.json", code=0)
