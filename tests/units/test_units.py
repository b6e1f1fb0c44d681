"""The units of systemd give the rights that are needed, and nothing that gives more."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from house.tree import ROOT

UNITS = ROOT / "packaging" / "systemd"
PROGRAM = "/usr/local/bin/gatepost"
NAMES = sorted(path.name for path in UNITS.glob("*.service"))
BOOT = dict.fromkeys(["gatepost.service", "gatepost-apply@.service"], ("GATEPOST_BOOT=%b",))
"""Who compares uptimes, and may not see which boot they are of."""
APPLIERS = ["gatepost-apply@.service", "gatepost-restore.service"]
SERVICE = "gatepost.service"
HARDENED = {
    "User": "gatepost",
    "Group": "gatepost",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "CAP_NET_ADMIN",
    "AmbientCapabilities": "CAP_NET_ADMIN",
    "UMask": "0077",
    "LimitCORE": "0",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "StateDirectory": "gatepost",
    "StateDirectoryMode": "0700",
    "ProtectKernelTunables": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectControlGroups": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "ProtectProc": "invisible",
    "ProcSubset": "pid",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "RestrictRealtime": "yes",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RemoveIPC": "yes",
    "KeyringMode": "private",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service|~@privileged @resources @mount",
    "SystemCallErrorNumber": "EPERM",
    "TasksMax": "32",
}
NO_INTERNET = {"RestrictAddressFamilies": "AF_UNIX AF_NETLINK", "IPAddressDeny": "any", "MemoryMax": "256M"}
AT_BOOT = {
    "DefaultDependencies": "no",
    "Wants": "network-pre.target",
    "Before": "network-pre.target shutdown.target",
    "Conflicts": "shutdown.target",
    "After": "local-fs.target nftables.service systemd-modules-load.service systemd-sysusers.service",
    "ReloadPropagatedFrom": "nftables.service",
    "PartOf": "nftables.service",
    "Type": "oneshot",
    "RemainAfterExit": "yes",
    "ExecStart": f"{PROGRAM} restore --config /etc/gatepost/gatepost.toml",
    "ExecReload": f"{PROGRAM} restore --config /etc/gatepost/gatepost.toml",
    "WantedBy": "sysinit.target",
}
EXPOSURE_MAX = 2.0
"""Of 10; what ``systemd-analyze security`` calls OK ends at 4."""


def settings(name: str) -> Mapping[str, str]:
    """Every assignment of a unit; of one that is there more than once, all, in their order."""
    found: dict[str, str] = {}
    for line in (UNITS / name).read_text(encoding="utf-8").splitlines():
        if assigned := re.fullmatch(r"([A-Za-z]+)=(.*)", line):
            key, value = assigned.groups()
            found[key] = f"{found[key]}|{value}" if key in found else value
    return found


def missing(name: str, wanted: Mapping[str, str]) -> dict[str, str | None]:
    """What of the wanted lines is not there, with what is."""
    there = settings(name)
    return {key: there.get(key) for key, value in wanted.items() if there.get(key) != value}


@pytest.mark.parametrize("name", NAMES)
def test_every_unit_is_hardened(name):
    """One capability, one user, its own state, and every protection that it can do with."""
    assert missing(name, HARDENED) == {}


@pytest.mark.parametrize("name", APPLIERS)
def test_who_only_applies_has_no_internet(name):
    """What loads or applies may speak to the kernel and to sockets of this host, to nobody else."""
    assert missing(name, NO_INTERNET) == {}


def test_the_service_may_ask_the_platforms():
    """The service that fetches has the two families of the Internet too, but not a cloud's key service."""
    assert settings(SERVICE)["RestrictAddressFamilies"] == "AF_UNIX AF_NETLINK AF_INET AF_INET6"
    assert "169.254.169.254" in settings(SERVICE)["IPAddressDeny"]
    assert settings(SERVICE)["Restart"] == "on-failure"


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_in_the_environment(name):
    """Whoever may look at a unit would see it."""
    assert settings(name)["Environment"] == "|".join(["XDG_STATE_HOME=/var/lib", *BOOT.get(name, ())])


def test_the_order_at_boot():
    """The lists are loaded after the rules, before the network, and again after each reload of the rules."""
    assert missing("gatepost-restore.service", AT_BOOT) == {}


def test_stopping_changes_nothing():
    """No unit has a command for its stop: what is applied stays."""
    assert [name for name in NAMES if {"ExecStop", "ExecStopPost"} & set(settings(name))] == []


def test_what_the_units_need_is_there():
    """The module, the user and the directory that the units count on come with them."""
    assert (UNITS / "modules-load.d/gatepost.conf").read_text().splitlines()[-1] == "nf_tables"
    assert (UNITS / "sysusers.d/gatepost.conf").read_text().splitlines()[-1].startswith("u gatepost ")
    assert (UNITS / "tmpfiles.d/gatepost.conf").read_text().splitlines()[
        -1
    ] == "d /etc/gatepost 0750 root gatepost -"


@pytest.mark.parametrize("name", NAMES)
def test_systemd_understands_them(name, tmp_path):
    """`systemd-analyze verify` has nothing to say, the program's place aside."""
    text = (UNITS / name).read_text(encoding="utf-8")
    made = tmp_path / name
    made.write_text(text.replace(PROGRAM, shutil.which("true") or ""), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(made)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_wrong_unit_is_seen(tmp_path):
    """The check above can fail."""
    made = tmp_path / SERVICE
    made.write_text((UNITS / SERVICE).read_text() + "[Service]\nNoSuchKey=yes\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(made)], capture_output=True, text=True, check=False
    )
    assert "NoSuchKey" in done.stderr


def exposure(name: str) -> float:
    """Of 10, as systemd judges a unit that is not installed."""
    argv = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNITS / name)]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return float(re.findall(r"Overall exposure level for \S+: ([0-9.]+)", told)[0])


@pytest.mark.parametrize("name", NAMES)
def test_exposure(name):
    """The figure is at most 2.0, and the one that the page tells."""
    rows = dict(re.findall(r"^\| `(gatepost\S*\.service)` \| ([0-9.]+) \|", operations(), re.MULTILINE))
    assert exposure(name) <= EXPOSURE_MAX
    assert float(rows[name]) == exposure(name)


def operations() -> str:
    """The page on running it."""
    return Path(ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
