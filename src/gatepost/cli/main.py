"""The door of the program.

Help of the whole program and the version are answered before the command line
library is imported.
"""

from __future__ import annotations

import sys

from gatepost import __version__
from gatepost.cli.help import help_text
from gatepost.cli.language import choose


def main() -> None:
    """Run the command line."""
    arguments = sys.argv[1:]
    choose(arguments)
    match arguments:
        case [] | ["-h"] | ["--help"] | ["--lang", str(), "--help"] | ["--help", "--lang", str()]:
            sys.stdout.write(help_text())
        case ["--version"]:
            sys.stdout.write(f"gatepost {__version__}\n")
        case _:
            from gatepost.cli.group import run  # noqa: PLC0415 - see above

            run(arguments)
