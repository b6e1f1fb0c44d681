"""Make this checkout ready: system packages, .venv, locked requirements, gatepost itself.

``scripts/setup run|test|bench``; says what it installs, and does nothing a second time.
Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / ".make" / "setup.lock"

RUN = {"nft": "nftables", "ip": "iproute2", "unshare": "util-linux"}
CHINESE = "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"
POSTGRES = "/usr/lib/postgresql/*/bin/initdb"
CLUSTERS = Path("/etc/postgresql-common/createcluster.conf")
"""Where Debian's packages of PostgreSQL read whether to set up and start a server of their own."""
TEST = RUN | {
    "git": "git",
    "strace": "strace",
    "ipset": "ipset",
    "iptables": "iptables",
    "minisign": "minisign",
    POSTGRES: "postgresql",
    "chromium-headless-shell": "chromium-headless-shell",
    CHINESE: "fonts-wqy-zenhei",
}
BENCH = TEST | {"iprange": "iprange", "wrk": "wrk", "nginx": "nginx-light"}
PROGRAMS = {"run": RUN, "test": TEST, "bench": BENCH}
"""Program, or file by its path -> Debian package, per profile."""
WITHOUT = {
    "nft": "firewall targets",
    "ip": "tests in network namespaces",
    "unshare": "tests in network namespaces",
    "git": "house rules over tracked files",
    "strace": "tests of system calls",
    "ipset": "the comparison with ipset under a flood of packets",
    "iptables": "the comparison with ipset under a flood of packets",
    "minisign": "verifying signatures of feeds",
    POSTGRES: "the store on PostgreSQL",
    "chromium-headless-shell": "tests of the console in a browser",
    CHINESE: "Chinese letters on pictures of the console",
    "iprange": "the comparison with iprange",
    "wrk": "feeds beside nginx",
    "nginx": "feeds beside nginx",
}
"""What is left out where a program is missing."""
PROMTOOL = VENV / "bin" / "promtool"
LAYERS = {"run": ("run",), "test": ("run", "test"), "bench": ("run", "test")}
"""Requirement files, in order: the first brings what builds the source packages of the second."""


def say(text: str) -> None:
    """One line on stderr, so that stdout stays the command's own."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


def run(*command: str | Path, **environment: str) -> None:
    """Run a program; its words show only where it failed, and that ends the set-up."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout)
        say(f"failed ({done.returncode}): {' '.join(map(str, command))}")
        sys.exit(1)


def missing_programs(profile: str) -> dict[str, str]:
    """Programs of a profile that this machine lacks, with their packages."""
    return {name: package for name, package in PROGRAMS[profile].items() if not is_there(name)}


def is_there(name: str) -> bool:
    """A file by its path, in which a star may stand, or a program where programs are."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    if name.startswith("/"):
        return any(Path("/").glob(name.removeprefix("/")))
    return shutil.which(name, path=path) is not None


def missing_packages(profile: str) -> list[str]:
    """Debian packages to install."""
    packages = set(missing_programs(profile).values())
    if not VENV.exists() and importlib.util.find_spec("ensurepip") is None:
        packages.add(f"python3.{sys.version_info.minor}-venv")
    return sorted(packages)


def has_package(name: str) -> bool:
    """Whether this distribution has it: some bring their browser in other ways."""
    shown = subprocess.run(("apt-cache", "show", name), capture_output=True, check=False)
    return shown.returncode == 0


@contextmanager
def no_cluster() -> Iterator[None]:
    """Programs alone: PostgreSQL's package starts no server of its own. What its owner said before counts."""
    said = CLUSTERS.exists()
    if not said:
        CLUSTERS.parent.mkdir(exist_ok=True)
        CLUSTERS.write_text("create_main_cluster = false\n")
    try:
        yield
    finally:
        if not said:
            CLUSTERS.unlink()


def install_packages(profile: str) -> None:
    """By apt as root; otherwise name what is left out."""
    packages = missing_packages(profile)
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"installing with apt: {' '.join(packages)}")
        apt = ("apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=300")
        run(*apt, "update", DEBIAN_FRONTEND="noninteractive")
        there = [package for package in packages if has_package(package)]
        with no_cluster():
            run(*apt, "install", "--no-install-recommends", *there, DEBIAN_FRONTEND="noninteractive")
    for name, package in missing_programs(profile).items():
        say(f"left out: {WITHOUT[name]} ({name} is missing; install {package} as root)")


def usable() -> bool:
    """Whether .venv has a Python that starts and a pip."""
    if not PYTHON.exists():
        return False
    probe = subprocess.run([PYTHON, "-Ic", "import pip"], capture_output=True, check=False)
    return probe.returncode == 0


def make_venv() -> None:
    """Create .venv, or repair one whose Python is gone."""
    if usable():
        return
    say(f"creating .venv with Python {sys.version.split()[0]}")
    run(sys.executable, "-Im", "venv", "--clear", VENV)


def digest(layer: str) -> str:
    """Of all that decides what is installed: lock file, pyproject.toml, place."""
    found = hashlib.sha256(str(ROOT).encode())
    for path in (ROOT / "requirements" / f"{layer}.txt", ROOT / "pyproject.toml"):
        found.update(path.read_bytes())
    return found.hexdigest()


def is_current(layer: str) -> bool:
    """Whether this layer is installed as its lock file says."""
    stamp = VENV / f"gatepost-{layer}.stamp"
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == digest(layer)


def install_layer(layer: str) -> None:
    """Locked, hashed requirements, then gatepost itself; the stamp last."""
    began = time.monotonic()
    say(f"installing requirements/{layer}.txt into .venv (once)")
    pip = (PYTHON, "-Im", "pip", "install", "-qq", "--no-input", "--no-deps", "--no-build-isolation")
    run(*pip, "--require-hashes", "-r", f"requirements/{layer}.txt")
    run(*pip, "-e", ".")
    run(PYTHON, "-Im", "compileall", "-q", "src")  # for machines where Python is told to write no byte code
    (VENV / f"gatepost-{layer}.stamp").write_text(digest(layer))
    say(f"done in {time.monotonic() - began:.0f} s")


def install_promtool() -> None:
    """Out of its package, which is not installed itself: that would start and enable a server."""
    if PROMTOOL.exists() or shutil.which("promtool"):
        return
    say("taking promtool out of the package prometheus")
    with tempfile.TemporaryDirectory(dir=LOCK.parent) as place:
        got = subprocess.run(("apt-get", "-qq", "download", "prometheus"), cwd=place, check=False)
        found = [*Path(place).glob("prometheus_*.deb")]
        if got.returncode or not found:
            say("left out: checks of the alert rules (promtool is missing; install prometheus as root)")
            return
        run("dpkg-deb", "-x", found[0], Path(place) / "root")
        shutil.copy(Path(place) / "root" / "usr" / "bin" / "promtool", PROMTOOL)


def main(profile: str) -> None:
    """Bring the checkout to a profile, one process at a time."""
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install_packages(profile)
        stale = [layer for layer in LAYERS[profile] if not is_current(layer)]
        if stale:
            make_venv()
        for layer in stale:
            install_layer(layer)
        if profile != "run":
            install_promtool()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in PROGRAMS:  # noqa: PLR2004 - program and profile
        sys.exit(f"usage: scripts/setup {'|'.join(PROGRAMS)}")
    main(sys.argv[1])
