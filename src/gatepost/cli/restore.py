"""``gatepost restore``: at boot, load what was last applied; no database, no network."""

from __future__ import annotations

import click

from gatepost.cli.building import build_targets, pick_targets, settings_of
from gatepost.cli.language import _
from gatepost.cli.showing import print_results
from gatepost.cli.ui import Ui, run_async, takes_options
from gatepost.config import Settings
from gatepost.engine.confirming import take_back_due
from gatepost.engine.last import last_of, load_last
from gatepost.engine.report import error_document, result_document
from gatepost.engine.state import alone_in
from gatepost.errors import GatepostError
from gatepost.kit.clock import SystemClock
from gatepost.model.plan import Outcome, Result


@click.command(help=_("Load what was last applied where nothing of ours is: for boot."))
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@takes_options
def command(ui: Ui, targets: tuple[str, ...]) -> int:
    """A target that holds anything of ours is left as it is; one that fails does not stop the others.

    What waited to be confirmed did not survive the boot: what was there before it is loaded.
    """
    settings = settings_of(ui)
    results, failures = run_async(lambda: _restore(settings, targets))
    document = {
        "plans": [result_document(one) for one in results],
        "failed": [{"target": name, **error_document(error)} for name, error in failures],
    }
    ui.show(document, lambda: _print(ui, results, failures))
    return 1 if failures or any(one.outcome is Outcome.FAILED for one in results) else 0


async def _restore(
    settings: Settings, names: tuple[str, ...]
) -> tuple[tuple[Result, ...], list[tuple[str, GatepostError]]]:
    wanted = pick_targets(settings, names)
    targets, clock = build_targets(settings), SystemClock()
    results: list[Result] = []
    failures: list[tuple[str, GatepostError]] = []
    try:
        async with alone_in(settings.state, clock):
            results += await take_back_due(settings.state, targets, clock)
    except GatepostError as error:  # what boot loads was confirmed in any case
        failures.append(("pending", error))
    for name in wanted:
        try:
            last = last_of(settings.state, name)
            if last is not None:
                results.append(await load_last(targets[name], last))
        except GatepostError as error:
            failures.append((name, error))
    return tuple(results), failures


def _print(ui: Ui, results: tuple[Result, ...], failures: list[tuple[str, GatepostError]]) -> None:
    print_results(ui, results)
    for name, error in failures:
        ui.err.print(name)
        ui.fail(error)
