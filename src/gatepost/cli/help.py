"""What ``gatepost --help`` prints, without the command line library: people run it in loops."""

from __future__ import annotations

from gatepost.cli.language import _

SUMMARY = "Keep allow-lists true: ask the platforms, plan, guard, apply, verify."

COMMANDS = {
    "demo": "Show everything in one go, without an account.",
    "init": "Write a commented gatepost.toml for your platforms.",
    "config": "Check, show or describe the configuration.",
    "fetch": "Ask the platforms and print entries; store and change nothing.",
    "plan": "Show what would change; change nothing but the store.",
    "apply": "Plan and apply, or apply exactly a plan made before.",
    "confirm": "Keep a change that would be taken back by itself.",
    "revert": "Take back, now, a change that waits to be confirmed.",
    "rollback": "Apply an earlier serial of a list again, as a new one.",
    "approve": "Allow what a guard held, by its digest.",
    "reject": "Refuse what a guard held, by its digest.",
    "status": "Each source, list and target: fresh, stale, held.",
    "history": "The serials of a list.",
    "diff": "What came and went between two serials.",
    "check": "Is an address or domain allowed, by what, since when?",
    "explain": "Why: a plan or answer by its digest, an address or domain by itself.",
    "lockout": "Who in an access log would be cut off, or let in, by what waits.",
    "replay": "Run a recorded history through the guards, before you trust them.",
    "doctor": "What is wrong, and what to do.",
    "pin": "Put an address or domain on a list, whatever its sources say.",
    "restore": "Load what was last applied where nothing of ours is: for boot.",
    "adopt": "Make what is at a target's place ours; its content stays.",
    "purge": "Remove what is ours from targets, and nothing else.",
    "password": "Make the line that a user of the server logs in by.",
    "notify": "Whether messages arrive, and what still waits.",
    "run": "The service: fetch and apply on schedule, and serve.",
    "emulate": "The four platforms on loopback, with faults on demand.",
}
"""Name and one-line help; each is ``gatepost.cli.<name>:command``, imported when it is used."""


def help_text() -> str:
    """What ``gatepost --help`` prints."""
    lines = [
        _("Usage: gatepost COMMAND [OPTIONS] [ARGUMENTS]"),
        "",
        f"  {_(SUMMARY)}",
        "",
        _("Commands:"),
        *(f"  {name:<9}{_(text)}" for name, text in COMMANDS.items()),
        "",
        _("Every command takes --config FILE, --json, -q, -v, --lang en|zh and --help."),
        _("Start with:  gatepost demo   (no account needed)"),
        "",
    ]
    return "\n".join(lines)
