"""The door of the program.

Help of the whole program and the version are answered before the command line
library is imported.
"""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper

from gatepost import __version__
from gatepost.cli.help import help_text
from gatepost.cli.language import choose

COLLECT_AFTER = 100_000
"""New objects after which unreachable cycles are looked for.

There are hardly any, and lists of many entries are gone through for them each time.
"""


def main() -> None:
    """Run the command line."""
    gc.set_threshold(COLLECT_AFTER)
    try:
        _main()
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read has enough; without this the interpreter complains when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _main() -> None:
    arguments = sys.argv[1:]
    wrong = choose(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a terminal of another alphabet is no reason to fail
    if wrong is not None:
        from gatepost.cli.group import refuse  # noqa: PLC0415 - help and version do not wait for it

        refuse(arguments, wrong)
    match arguments:
        case [] | ["-h"] | ["--help"] | ["--lang", str(), "--help"] | ["--help", "--lang", str()]:
            sys.stdout.write(help_text())
        case ["--version"]:
            sys.stdout.write(f"gatepost {__version__}\n")
        case _:
            from gatepost.cli.group import run  # noqa: PLC0415 - as above

            run(arguments)
