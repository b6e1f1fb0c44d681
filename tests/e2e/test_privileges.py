"""The rights that applying takes: CAP_NET_ADMIN and AF_NETLINK, in a process of an ordinary user."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from rigs.nftables import NamespaceRunner, namespace
from rigs.program import PATIENCE, Program
from rigs.sites import HISTORY, in_kernel, listed, own

NOBODY = 65534
CONFIG = (
    HISTORY
    + own("61.0.0.0/24", "2a00:1::/64")
    + listed("own", "web")
    + in_kernel("web")
    + 'backend = "{backend}"\n'
)
APPLIER = {"AF_UNIX", "AF_NETLINK"}
"""What the units of systemd leave to who only applies."""


def user(*capabilities: str) -> list[str]:
    """An ordinary user with these capabilities alone, and no way to more."""
    kept = ",".join(["-all", *(f"+{one}" for one in capabilities)])
    ids = ["--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--no-new-privs"]
    return ["setpriv", *ids, f"--inh-caps={kept}", f"--ambient-caps={kept}", f"--bounding-set={kept}", "--"]


@pytest.fixture
def kernel():
    with namespace() as made:
        yield made


@pytest.fixture(params=["nft", "netlink"])
def site(request, kernel: NamespaceRunner):
    """A configuration that the ordinary user may read, in a folder of its own."""
    with tempfile.TemporaryDirectory() as made:
        program = Program(Path(made), enter=[*kernel.enter, *user("net_admin")])
        program.write(CONFIG.format(backend=request.param))
        subprocess.run(["chown", "-R", str(NOBODY), made, program.environment["HOME"]], check=True)
        yield program


@dataclass(frozen=True)
class Watched:
    """What a run and its children asked of the kernel."""

    code: int
    told: str
    trace: str

    @property
    def families(self) -> set[str]:
        """Of all sockets."""
        return set(re.findall(r"\bsocket(?:pair)?\((AF_\w+)", self.trace))

    @property
    def calls(self) -> set[str]:
        """Names of all system calls."""
        return set(re.findall(r"^\d+ +(\w+)\(", self.trace, re.MULTILINE))

    @property
    def written_code(self) -> list[str]:
        """Calls that make memory which is written executable, or both at once."""
        asked = r"^\d+ +(?:mmap|mprotect|pkey_mprotect)\(.*PROT_EXEC.*$"
        made = re.findall(asked, self.trace, re.MULTILINE)
        return [each for each in made if "PROT_WRITE" in each or " mprotect(" in each]


def watched(program: Program, *arguments: str) -> Watched:
    """One run, from the first call that is its own: who gives away the rights has them before."""
    traces = program.folder / "trace"
    argv = ["strace", "-f", "-qq", "-s", "4096", "-o", str(traces), *program.argv(*arguments)]
    done = subprocess.run(
        argv,
        cwd=program.folder,
        env=program.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    _, started, own = traces.read_text(errors="replace").partition(f'execve("{sys.executable}"')
    assert started, done.stderr
    return Watched(done.returncode, done.stdout + done.stderr, own)


def allowed() -> set[str]:
    """System calls that the filter of the units lets through, as systemd knows its groups."""
    text = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True
    ).stdout
    groups = {
        block.splitlines()[0]: [line.strip() for line in block.splitlines()[1:]]
        for block in re.split(r"\n(?=@)", text)
    }

    def calls(name: str) -> set[str]:
        inside = (one for one in groups[name] if one and not one.startswith("#"))
        return {call for one in inside for call in (calls(one) if one.startswith("@") else {one})}

    return calls("@system-service") - calls("@privileged") - calls("@resources") - calls("@mount")


def test_one_capability_is_enough(kernel, site):
    """An ordinary user with CAP_NET_ADMIN alone plans, applies, reads back and restores."""
    assert site.json("apply", "--yes")["plans"][0]["verified"] is True
    assert "61.0.0.0/24" in kernel.nft("list", "ruleset")
    kernel.nft("flush", "ruleset")
    assert site.json("restore")["failed"] == []
    assert "61.0.0.0/24" in kernel.nft("list", "ruleset")


def test_without_it_nothing_changes(kernel, site):
    """Without that capability it is one typed error, and the kernel is as it was."""
    site.enter = [*kernel.enter, *user()]
    before = kernel.nft("list", "ruleset")
    done = site("apply", "--yes", "--json").ended(1)
    assert "TargetUnavailable" in done.out
    assert "Traceback" not in done.out + done.err
    assert kernel.nft("list", "ruleset") == before == ""


def test_who_applies_stays_within_the_unit(kernel, site):
    """Applying a saved plan, and restoring at boot, do with what the units leave them.

    No socket but to the kernel and to this host, no call that the filter refuses, no memory that is
    written and run.
    """
    site.json("plan", "--out", "plan.json", code=2)
    applied = watched(site, "apply", "--plan", "plan.json", "--yes")
    kernel.nft("flush", "ruleset")
    restored = watched(site, "restore")
    for run in (applied, restored):
        assert run.code == 0, run.told
        assert "AF_NETLINK" in run.families <= APPLIER
        assert run.calls - allowed() == set()
        assert run.written_code == []
    assert "61.0.0.0/24" in kernel.nft("list", "ruleset")
