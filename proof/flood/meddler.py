"""Change gatepost's sets by hand every now and then, until standard input ends.

``python -m flood.meddler SECONDS SEED``: within so many seconds after its last change
it adds an address of nobody's, or deletes one that the list has, with ``nft``, and
never touches a client's. Ends with the number of changes that the kernel took.
"""

from __future__ import annotations

import random
import select
import subprocess
import sys

ADD = "add element inet gatepost edge_v4 {{ 203.0.113.{number} }}"
DELETE = "delete element inet gatepost edge_v4 {{ 11.0.{page}.{number}-11.0.{page}.{last} }}"


def change(chance: random.Random) -> bool:
    """One; false where the kernel refused it, since what it names is there, or is not."""
    if chance.random() < 0.5:  # noqa: PLR2004 - either
        text = ADD.format(number=chance.randrange(256))
    else:
        number = chance.randrange(8, 256, 16)
        text = DELETE.format(page=chance.randrange(15), number=number, last=number + 3)
    done = subprocess.run(["nft", "-f", "-"], input=text, text=True, stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def meddle(pause: float, chance: random.Random) -> int:
    """Until standard input ends; gives the number of changes."""
    changes = 0
    while not select.select([sys.stdin], [], [], chance.uniform(0, pause))[0]:
        changes += change(chance)
    return changes


if __name__ == "__main__":
    print("ready", flush=True)
    print(meddle(float(sys.argv[1]), random.Random(int(sys.argv[2]))))
