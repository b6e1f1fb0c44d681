"""What every command shares: its options, where it prints, how it fails."""

from __future__ import annotations

import errno
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gatepost.cli.language import _, speak_english
from gatepost.errors import GatepostError, HostExhausted, Unexpected, cut

if TYPE_CHECKING:
    from anyio import CancelScope
    from rich.console import Console
    from rich.table import Table

    from gatepost.model.record import Failure

Command = TypeVar("Command", bound=Callable[..., Any])

VERBOSEST = 2
NO_THREAD = "can't start new thread"
"""All that Python says where the system gives no more threads (CPython, Modules/_threadmodule.c)."""
EXHAUSTED = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.EROFS,
    }
)
"""The system's answers that speak of the host, not of gatepost."""
WIDE = 160
"""Columns where the output is no terminal: lines are for programs and logs then."""


@dataclass(frozen=True)
class Ui:
    """One run's way of talking: data on stdout, everything else on stderr."""

    config: str | None
    as_json: bool
    verbosity: int
    prose: Callable[[str], str] = _
    """What is meant for people alone, in their language in documents too; the rest of those is English."""
    beside: bool = False
    """Data on stderr as well: a person is to look at it while the data itself goes elsewhere."""

    @cached_property
    def out(self) -> Console:
        """Where data goes."""
        return _console(stderr=self.beside)

    @cached_property
    def err(self) -> Console:
        """Where progress and errors go."""
        return _console(stderr=True)

    @property
    def interactive(self) -> bool:
        """Whether there is a person to ask: at a terminal, wherever the data goes."""
        return sys.stdin.isatty() and (sys.stdout.isatty() or sys.stderr.isatty()) and not self.as_json

    def agree(self, question: str, show: Callable[[Ui], None]) -> bool:
        """Whether a person wants what is shown; it is shown beside the data where that goes elsewhere."""
        elsewhere = not sys.stdout.isatty()
        show(replace(self, beside=elsewhere))
        if click.confirm(question, default=False, err=elsewhere):
            return True
        self.say(_("Nothing was changed."))
        return False

    def say(self, text: str = "", style: str | None = None) -> None:
        """A line of data; foreign text must have gone through ``cut``."""
        self.out.print(text, style=style)

    def tell(self, text: str, *, least: int = 0, style: str | None = "dim") -> None:
        """A line of progress, at this verbosity and above."""
        if self.verbosity >= least:
            self.err.print(text, style=style)

    def show(self, document: Mapping[str, Any], human: Callable[[], None]) -> None:
        """The document in --json mode, else what ``human`` prints."""
        if self.as_json:
            sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
        else:
            human()

    def table(self, *headings: str) -> Table:
        """An empty table in house style."""
        from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - rich is imported when something is printed
        from rich.table import Table  # noqa: PLC0415 - as above

        made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for heading in headings:
            made.add_column(heading, overflow="fold")
        return made

    def fail(self, error: GatepostError) -> None:
        """An error: as an object in --json mode, else with its next step."""
        from gatepost.engine.report import error_document  # noqa: PLC0415 - only where something failed

        if self.as_json:
            sys.stdout.write(
                json.dumps({"error": error_document(error)}, ensure_ascii=False, indent=1) + "\n"
            )
            return
        for line, style in error_lines(error):
            self.err.print(line, style=style)

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Callable[[str], None]]:
        """A bar on a terminal, lines with -v elsewhere; call the given function once a step."""
        if not self.err.is_terminal or self.verbosity < 0:
            yield lambda text: self.tell(text, least=1)
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - as above

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.err, transient=True) as bar:
            task = bar.add_task(what, total=total)

            def step(text: str) -> None:
                bar.advance(task)
                if self.verbosity:
                    bar.console.print(text, style="dim")

            yield step


def error_lines(error: GatepostError | Failure) -> list[tuple[str, str | None]]:
    """What happened, to what, and the next step."""
    lines: list[tuple[str, str | None]] = [(f"{error.kind}: {cut(_(error.message), 600)}", "bold red")]
    if error.code is not None or error.log_id:
        facts = (
            _("code {code}").format(code=error.code),
            _("log id {id}").format(id=cut(error.log_id or "")),
        )
        known = [
            text for text, there in zip(facts, (error.code is not None, error.log_id), strict=True) if there
        ]
        lines.append(("  " + ", ".join(known), None))
    step = error.next_step if isinstance(error, GatepostError) else error.hint
    lines.append(("  → " + _(step), None))
    lines += [(f"    {cut(link)}", "blue") for link in error.links]
    lines.append((f"    docs/errors.md#{error.kind.lower()}", "dim"))
    return lines


def _console(*, stderr: bool) -> Console:
    from rich.console import Console  # noqa: PLC0415 - `--help` must not wait for rich

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDE
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width, soft_wrap=True)


def takes_options(command: Command) -> Command:
    """The options that every command takes; the command gets a Ui first, and its errors are shown."""

    @wraps(command)
    def wrapped(
        *, config: str | None, as_json: bool, quiet: bool, verbose: int, lang: str, **rest: Any
    ) -> None:
        del lang  # chosen before the commands are imported
        prose = speak_english() if as_json else _
        ui = Ui(config, as_json, -1 if quiet else verbose, prose)
        sys.exit(_carried_out(ui, command, rest))

    for option in reversed(_options()):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]  # click wants the wrapped signature, the decorator keeps the name


def _carried_out(ui: Ui, command: Callable[..., Any], arguments: Mapping[str, Any]) -> int:
    """The command's exit code; whatever goes wrong is shown as an error, never as a traceback."""
    try:
        code = int(command(ui, **arguments) or 0)
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # main knows what to do
    except GatepostError as error:
        ui.fail(error)
        return 1
    except Exception as error:  # noqa: BLE001 - the last line of defence
        if ui.verbosity >= VERBOSEST:
            ui.err.print_exception()
        ui.fail(surprise(error))
        return 1
    except BaseExceptionGroup as several:
        if several.subgroup(KeyboardInterrupt) is None:
            raise
        raise KeyboardInterrupt from None  # as if it had struck outside of any group of tasks
    return code


def surprise(error: Exception) -> GatepostError:
    """What nobody foresaw, as an error: the host's own trouble, or a bug of ours."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    no_memory = isinstance(error, MemoryError) or str(error) == NO_THREAD
    code = errno.ENOMEM if no_memory else getattr(error, "errno", None)
    if code in EXHAUSTED:
        msg = f"the system could not go on: {cut(str(error)) or 'out of memory'}"
        return HostExhausted(msg, code=code)
    return Unexpected(
        f"gatepost met something it was not made for: {type(error).__name__}: {cut(str(error))}"
    )


def _options() -> Sequence[Callable[[Any], Any]]:
    return (
        click.option("--config", metavar="FILE", help=_("The configuration file.")),
        click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document.")),
        click.option("-q", "--quiet", is_flag=True, help=_("Only data and errors.")),
        click.option("-v", "--verbose", count=True, help=_("Tell more; twice for everything.")),
        click.option("--lang", metavar="en|zh", default="", help=_("Language; default from $LANG.")),
    )


def run_async(work: Callable[[], Awaitable[Any]], *, quick: bool = False) -> Any:
    """Run a command's asynchronous part; ``quick`` by uvloop, where it is installed.

    Its result goes past the event loop: asyncio would make a text of all of it when it gives
    the signal handler back.
    """
    import anyio  # noqa: PLC0415 - commands that only read need no event loop

    done: list[Any] = []

    async def keep() -> None:
        done.append(await work())

    anyio.run(keep, backend_options={"use_uvloop": quick and find_spec("uvloop") is not None})
    return done[0]


@asynccontextmanager
async def until_signal() -> AsyncIterator[None]:
    """A block that SIGTERM and SIGINT end, orderly; they no longer end the program by themselves."""
    import anyio  # noqa: PLC0415 - as above

    async def wait(signals: AsyncIterator[signal.Signals], scope: CancelScope) -> None:
        await anext(signals)
        scope.cancel()

    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(wait, signals, group.cancel_scope)
                yield
                group.cancel_scope.cancel()
        except BaseExceptionGroup as several:
            # what the block raises comes out of it as it is
            raise several.exceptions[0] from None


def shorten(values: Sequence[str], most: int) -> list[str]:
    """At most so many lines, the rest counted."""
    if len(values) <= most:
        return list(values)
    return [*values[:most], _("… and {n} more (-v shows all)").format(n=len(values) - most)]
