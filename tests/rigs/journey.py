"""Two lists of four platforms: the configuration that most end-to-end tests start from."""

from __future__ import annotations

from pathlib import Path

from gatepost.emulator.app import Emulator
from rigs.accounts import accounts, environment, write_secret_file
from rigs.program import Program

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
    """A program with this configuration, which has not run yet."""
    program = Program(folder, environment(emulator))
    program.write(accounts(emulator, base_url, write_secret_file(emulator, folder)) + SOURCES)
    return program
