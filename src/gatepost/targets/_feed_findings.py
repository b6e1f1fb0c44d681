"""Whether a feed can have the effect that its owner thinks: what is published, what formats leave out."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from gatepost.model.finding import Finding, Severity
from gatepost.targets._feed_manifest import Manifest

STEPS = {
    "published": "",
    "unpublished": "Run `gatepost apply`; until then the server answers 503 and devices keep what they have.",
    "writable": "Take the right to write from others: whoever has it decides what devices let in.",
    "left-out": "Let such devices read a format that can show it, or know that they do not get it.",
    "unsigned": "Set `sign` if a device or script verifies signatures.",
}
"""What to do about each kind of finding."""


def findings(path: Path, manifest: Manifest | None, *, signed: bool) -> tuple[Finding, ...]:
    """What was looked at. Raises OSError."""
    if manifest is None:
        return (_finding("unpublished", f"nothing was published in {path} yet"),)
    return (*_published(path, manifest), *_access(path), *_left_out(manifest), *_signature(signed=signed))


def _published(path: Path, manifest: Manifest) -> Iterator[Finding]:
    names = ", ".join(dict.fromkeys(each.format for each in manifest.renditions))
    message = f"{path}: serial {manifest.serial} of {manifest.list}, as {names}"
    yield _finding("published", message, Severity.GOOD)


def _access(path: Path) -> Iterator[Finding]:
    for each in (path, path.parent):
        mode = each.stat().st_mode
        if mode & (stat.S_IWGRP | stat.S_IWOTH) and not mode & stat.S_ISVTX:
            yield _finding("writable", f"others may write in {each} ({stat.S_IMODE(mode):04o})")


def _left_out(manifest: Manifest) -> Iterator[Finding]:
    for name, notes in sorted(manifest.notes.items()):
        yield _finding("left-out", f"{name}: {' '.join(notes)}", Severity.NOTE)


def _signature(*, signed: bool) -> Iterator[Finding]:
    if not signed:
        yield _finding("unsigned", "no `sign`: there is no signature beside the files", Severity.NOTE)


def _finding(kind: str, message: str, severity: Severity = Severity.WRONG) -> Finding:
    return Finding(kind, severity, message, STEPS[kind])
