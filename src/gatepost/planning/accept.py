"""Accept a whole answer, or hold it."""

from __future__ import annotations

from gatepost.model.answer import Accepted, Answer, Baseline, HeldAnswer
from gatepost.model.limits import Limits


def accept(
    answer: Answer,
    previous: Accepted | None,
    baselines: tuple[Baseline, ...],
    limits: Limits,
    *,
    approved: bool,
) -> Accepted | HeldAnswer:
    """Judge one answer.

    Raises EmptyAnswer for an empty answer where nothing was ever accepted, and
    ValuesRefused where no approval could help.
    """
    raise NotImplementedError
