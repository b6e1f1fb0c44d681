"""Plans as files: whole, so that what was reviewed is what is applied."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from gatepost.errors import UsageError
from gatepost.model.plan import Plan
from gatepost.planning.digest import digest_plan
from gatepost.store.encode import PLAN

VERSION = 1
PLAN_FILE_MAX = 64 * 1024 * 1024


def write_plans(path: Path, plans: Sequence[Plan]) -> None:
    """Write plans to a new file or over an older one, readable by its owner alone."""
    document = {"gatepost_plan": VERSION, "plans": [json.loads(PLAN.to_json(plan)) for plan in plans]}
    try:
        path.touch(mode=0o600)
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        msg = f"the plan could not be written to {path}: {error.strerror}"
        raise UsageError(msg) from None


def read_plans(path: Path) -> tuple[Plan, ...]:
    """Plans of a file; raises UsageError where it is not one, or was changed."""
    try:
        document = json.loads(path.read_bytes()[:PLAN_FILE_MAX])
        if document["gatepost_plan"] != VERSION:
            msg = f"{path} is a plan of another version"
            raise UsageError(msg)
        plans = tuple(PLAN.from_json(json.dumps(one).encode()) for one in document["plans"])
    except OSError as error:
        msg = f"the plan {path} cannot be read: {error.strerror}"
        raise UsageError(msg) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        msg = f"{path} is not a plan that gatepost wrote"
        raise UsageError(msg) from None
    for plan in plans:
        if digest_plan(plan) != plan.digest:
            msg = f"{path} was changed since it was written: the digest of {plan.target}'s plan does not fit"
            raise UsageError(msg)
    return plans
