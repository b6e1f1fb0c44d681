"""Run one check in a copy: first of all say whose gatepost it is about, and refuse any other one.

Runs with the copy as working directory. Arguments: ids of tests, or a command of proof/.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import gatepost

FOREIGN = 97
"""Exit code: the gatepost that is imported is not the copy's."""


def main(words: list[str]) -> int:
    """Exit code of the check."""
    here = Path.cwd().resolve()
    place = Path(gatepost.__file__).resolve()
    print(f"gatepost is {place}", flush=True)
    if not place.is_relative_to(here):
        return FOREIGN
    if words[0].startswith("proof/"):
        sys.argv = words
        sys.path.insert(0, str(here / "proof"))
        runpy.run_path(words[0], run_name="__main__")
        return 0
    import pytest  # noqa: PLC0415 - the commands of proof/ do without

    return int(pytest.main(["-q", "-rf", *words]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
