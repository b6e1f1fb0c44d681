"""Plans as files: whole, so that what was reviewed is what is applied."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from gatepost.errors import UsageError
from gatepost.kit.files import write_atomic
from gatepost.model.plan import Plan
from gatepost.planning.digest import digest_plan
from gatepost.store.encode import PLAN

VERSION = 1
PLAN_FILE_MAX = 64 * 1024 * 1024


def write_plans(path: Path, plans: Sequence[Plan]) -> None:
    """Write plans to a new file or in the place of an older one, whole, readable by its owner alone.

    Raises UsageError, also where a link, no file, or somebody else's file is there.
    """
    document = {"gatepost_plan": VERSION, "plans": [json.loads(PLAN.to_json(plan)) for plan in plans]}
    data = (json.dumps(document, indent=1) + "\n").encode()
    try:
        if not _may_be_replaced(path):
            msg = f"the plan is not written to {path}: that is a link, no file, or somebody else's"
            raise UsageError(msg, hint="Name a new file, in a directory that only you can write.")
        write_atomic(path, data, mode=0o600)
    except OSError as error:
        msg = f"the plan could not be written to {path}: {error.strerror}"
        raise UsageError(msg, hint="Name a new file, in a directory that only you can write.") from None


def _may_be_replaced(path: Path) -> bool:
    """Nothing is there, or a file of our own: whose it was, that file's successor would be."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return True
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()


def read_plans(path: Path) -> tuple[Plan, ...]:
    """Plans of a file; raises UsageError where it is not one, or was changed."""
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(PLAN_FILE_MAX))
        version = document["gatepost_plan"]
        if isinstance(version, int) and not isinstance(version, bool) and version != VERSION:
            msg = f"{path} is a plan of another version"
            raise UsageError(msg, hint="Run `gatepost plan --out FILE` again, and see what it says.")
        plans = _plans(version, document["plans"])
    except OSError as error:
        msg = f"the plan {path} cannot be read: {error.strerror}"
        raise UsageError(msg, hint="Name a file that this user may read.") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        msg = f"{path} is not a plan that gatepost wrote"
        raise UsageError(msg, hint="Run `gatepost plan --out FILE` again, and see what it says.") from None
    if not plans:
        msg = f"{path} holds no plan: there was none to save"
        raise UsageError(msg, hint="Run `gatepost plan --out FILE` again, and see what it says.")
    for plan in plans:
        if digest_plan(plan) != plan.digest:
            msg = f"{path} was changed since it was written: the digest of {plan.target}'s plan does not fit"
            raise UsageError(msg, hint="Run `gatepost plan --out FILE` again, and see what it says.")
    return plans


def _plans(version: object, listed: object) -> tuple[Plan, ...]:
    """Raises TypeError or ValueError for what gatepost never writes: to Python ``true`` is 1."""
    if isinstance(version, bool) or version != VERSION or not isinstance(listed, list):
        raise TypeError
    return tuple(PLAN.from_json(json.dumps(one).encode()) for one in listed)
