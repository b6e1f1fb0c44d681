"""gatepost as it is installed: its program, its configuration file, its state on disk, in a namespace."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from stage.namespaces import PATIENCE, Namespace, Unready

from flood.network import ADMIN, Client
from flood.ways import CHAIN, List

PROGRAM = Path(sys.executable).with_name("gatepost")
CONFIGURATION = """
[store]
url = "sqlite:///gatepost.db"

[protect]
session = false
dns = false
ntp = false
addresses = [{protected}]

[sources.ours]
kind = "static"
direction = "ingress"
entries = {entries}

[lists.webhooks]
direction = "ingress"
sources = ["ours"]
exclude = [{excluded}]

[targets.edge]
kind = "nftables"
list = "webhooks"
"""
RULESET = """
table inet gatepost {{
    set gatepost_owner {{ type mark; }}
    set edge_v4 {{ type ipv4_addr; flags interval; }}
    set edge_v6 {{ type ipv6_addr; flags interval; }}
}}
{chain}
"""
"""What stands in the machine's own /etc/nftables.conf: empty sets, and the chain that refers to them."""


@dataclass(frozen=True, slots=True)
class Installed:
    """One installation."""

    place: Namespace
    folder: Path
    wanted: List

    def configure(self, *, protected: tuple[Client, ...] = (ADMIN,), excluded: Client | None = None) -> None:
        """Write the configuration: which clients are protected, and whom an exclusion takes off the list."""
        names = [_reasoned(client) for client in protected]
        entries = [str(entry.value) for entry in self.wanted]
        text = CONFIGURATION.format(
            entries=entries, protected=", ".join(names), excluded=_reasoned(excluded) if excluded else ""
        )
        (self.folder / "gatepost.toml").write_text(text)

    def run(self, *arguments: str, exits: int = 0) -> None:
        """Run the program; raises Unready unless it ends with that code."""
        done = subprocess.run(
            [*self.place.enter, str(PROGRAM), *arguments],
            cwd=self.folder,
            env=os.environ | {"GATEPOST_CONFIG": str(self.folder / "gatepost.toml")},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        if done.returncode != exits:
            msg = f"gatepost {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}"
            raise Unready(msg)

    def load_ruleset(self) -> None:
        """As the machine does at boot, or its owner after a change."""
        self.place.run("nft", "-f", "-", text=RULESET.format(chain=CHAIN.format(table="gatepost")))

    def power_off(self) -> None:
        """The kernel forgets."""
        self.place.run("nft", "delete", "table", "inet", "gatepost")


@contextmanager
def installed(place: Namespace, wanted: List) -> Iterator[Installed]:
    """Configured, its list applied, and the owner's chain in force."""
    with TemporaryDirectory() as folder:
        here = Installed(place, Path(folder), wanted)
        here.configure()
        here.load_ruleset()
        here.run("apply", "--yes")
        yield here


def _reasoned(client: Client) -> str:
    both = (f'{{ value = "{address}2", why = "proof" }}' for address in (client.v4, client.v6))
    return ", ".join(both)
