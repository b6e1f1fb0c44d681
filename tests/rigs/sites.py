"""Configurations in parts, for the built program: a history, lists, and where they go."""

from __future__ import annotations

import json

HISTORY = """
[store]
url = "sqlite:///history.db"
"""
SERVED = """
[server]
listen = "127.0.0.1:0"
"""
EVENTS = """
[sources.events]
kind = "feishu.events"
account = "feishu-main"
"""
"""Feishu's list; the account is the emulated platform's."""


def own(*entries: str, name: str = "own") -> str:
    """A source of one's own entries."""
    return f'\n[sources.{name}]\nkind = "static"\ndirection = "ingress"\nentries = {json.dumps(entries)}\n'


def listed(source: str, name: str = "webhooks") -> str:
    """A list of one source."""
    return f'\n[lists.{name}]\ndirection = "ingress"\nsources = ["{source}"]\n'


def in_file(of: str = "webhooks", name: str = "edge") -> str:
    """A target: ``NAME.txt`` in the folder that the program runs in."""
    return f'\n[targets.{name}]\nkind = "file"\nlist = "{of}"\npath = "{name}.txt"\n'


def in_kernel(of: str = "webhooks", name: str = "edge") -> str:
    """A target: nftables' sets; more options of it may follow."""
    return f'\n[targets.{name}]\nkind = "nftables"\nlist = "{of}"\n'
