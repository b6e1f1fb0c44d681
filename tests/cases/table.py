"""The page of all cases, written from what the tests saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from cases.a_cases import Row
from cases.b_cases import Case, Outcome

PAGE = Path(__file__).parents[2] / "docs" / "safety-cases.md"

HEAD = """\
# What was sent, and what gatepost did

Made by the tests (`tests/cases`): every fault is produced by the emulator over real HTTP, against each
platform's client, at a site that holds a good list. After each, the list in force is compared with the one
before; it was the same in every row.
`GATEPOST_UPDATE_TABLES=1 .venv/bin/pytest tests/cases` writes this page.

The error kinds are explained in [errors](errors.md).
"""


def page(rows: Sequence[Row], cases: Sequence[Case]) -> str:
    """The whole page."""
    lines = [
        HEAD,
        "## Fetching (A1–A28)",
        "",
        "| case | sent | platforms | gatepost | error |",
        "|---|---|---|---|---|",
    ]
    for (case, sent), group in groupby(sorted(rows, key=_order), key=lambda row: (row.case, row.sent)):
        lines += [
            f"| {case} | {_cell(sent)} | {who} | {what} | {kind} |" for who, what, kind in _outcomes(group)
        ]
    lines += ["", "## Values (B1–B19)", "", "| case | sent | gatepost | error |", "|---|---|---|---|"]
    lines += [
        f"| {case.id} | {_cell(case.sent)} | {_did(case.expected)} | {_kind(case.expected)} |"
        for case in cases
    ]
    return "\n".join(lines) + "\n"


def _order(row: Row) -> tuple[int, str, str, str]:
    return (int(row.case[1:].partition(".")[0]), row.case, row.sent, row.kind)


def _outcomes(rows: Iterable[Row]) -> list[tuple[str, str, str]]:
    """Platforms on which the same came of it, together."""
    seen: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        seen.setdefault((row.did, row.kind), []).append(row.platform)
    return [(", ".join(sorted(names)), what, _code(kind)) for (what, kind), names in seen.items()]


def _did(outcome: Outcome) -> str:
    if outcome.error:
        return "refused the whole answer"
    parts = []
    if outcome.quarantined:
        parts.append("left out: " + ", ".join(dict.fromkeys(outcome.quarantined)))
    if outcome.held:
        parts.append("held it (" + ", ".join(dict.fromkeys(outcome.held)) + ")")
    elif outcome.entries:
        shown = ", ".join(f"`{_cell(entry)}`" for entry in outcome.entries[:3])
        parts.append(
            f"accepted {shown}"
            + (f" and {len(outcome.entries) - 3} more" if len(outcome.entries) > 3 else "")
        )
    return "; ".join(parts) or "nothing usable"


def _kind(outcome: Outcome) -> str:
    return _code(outcome.error or "")


def _code(kind: str) -> str:
    return f"[{kind}](errors.md#{kind.lower()})" if kind else "–"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "\\n").replace("*", "\\*")
