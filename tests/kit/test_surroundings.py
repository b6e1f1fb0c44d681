"""What a host says of itself, read from files as they are in the world."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from gatepost.kit.surroundings import (
    AT_ONCE,
    REMEMBERED_SECONDS,
    TEXTS_MOST,
    HostSurroundings,
    KnownSurroundings,
    ask_all,
    look_up,
)

pytestmark = pytest.mark.anyio

FILES: Mapping[str, tuple[str, list[str]]] = {
    "etc/chrony/chrony.conf": (
        (
            "# server commented.example\n! pool commented.example\n"
            "pool 2.debian.pool.ntp.org iburst maxsources 4\n  server 203.0.113.5\nserverless x\n"
            "server\tntp.example.com # ours\npeer 2001:db8::5\nmakestep 1 3\n"
        ),
        ["2.debian.pool.ntp.org", "203.0.113.5", "ntp.example.com", "2001:db8::5"],
    ),
    "etc/chrony.conf": ("pool 2.rhel.pool.ntp.org iburst\n", ["2.rhel.pool.ntp.org"]),
    "etc/chrony/conf.d/ours.conf": ("server one.example.com\n", ["one.example.com"]),
    "etc/chrony/sources.d/ours.sources": ("server two.example.com\n", ["two.example.com"]),
    "run/chrony-dhcp/eth0.sources": ("server 203.0.113.9 iburst\n", ["203.0.113.9"]),
    "etc/ntp.conf": (
        "server -4 a.example.com iburst\npool -6 b.example.com\nserver 127.127.1.0\nrestrict default\n",
        ["a.example.com", "b.example.com", "127.127.1.0"],
    ),
    "etc/ntpsec/ntp.conf": ("pool 0.debian.pool.ntp.org iburst\n", ["0.debian.pool.ntp.org"]),
    "etc/ntpsec/ntp.d/more.conf": ("server c.example.com\n", ["c.example.com"]),
    "etc/systemd/timesyncd.conf": (
        (
            "[Time]\n#NTP=commented.example\nNTP=203.0.113.1 d.example.com\n"
            "FallbackNTP = ntp.ubuntu.com\nRootDistanceMaxSec=5\n"
        ),
        ["203.0.113.1", "d.example.com", "ntp.ubuntu.com"],
    ),
    "etc/systemd/timesyncd.conf.d/ours.conf": ("[Time]\nNTP=e.example.com\n", ["e.example.com"]),
    "run/systemd/timesyncd.conf.d/lease.conf": ("[Time]\nNTP=f.example.com\n", ["f.example.com"]),
}


def written(root: Path, path: str, text: str) -> None:
    """A file of a host."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")


def host(root: Path, **changes: object) -> HostSurroundings:
    """A host of files alone: no variables, and process 40."""
    return HostSurroundings(**({"root": root, "environment": {}, "pid": 40} | changes))


@pytest.mark.parametrize("path", FILES)
def test_time_servers_of_each_program(tmp_path: Path, path: str):
    """Server, pool and peer lines, and the settings of systemd-timesyncd; comments are none."""
    text, found = FILES[path]
    written(tmp_path, path, text)
    assert list(host(tmp_path).time_servers()) == found


def test_time_servers_of_all(tmp_path: Path):
    """Whatever is installed counts, and each once."""
    for path, (text, _) in FILES.items():
        written(tmp_path, path, text)
    assert set(host(tmp_path).time_servers()) == {one for _, found in FILES.values() for one in found}


def test_name_servers(tmp_path: Path):
    """As resolv.conf says, comments left out."""
    text = "# nameserver 192.0.2.1\nsearch example.com\nnameserver 203.0.113.53\nnameserver 2001:db8::53 #\n"
    written(tmp_path, "etc/resolv.conf", text)
    written(tmp_path, "run/systemd/resolve/resolv.conf", "nameserver 198.51.100.53\n")
    assert host(tmp_path).name_servers() == ("203.0.113.53", "2001:db8::53")


def test_name_servers_behind_the_stub(tmp_path: Path):
    """Where resolv.conf names the stub of systemd-resolved, those it asks count too."""
    written(tmp_path, "etc/resolv.conf", "nameserver 127.0.0.53\noptions edns0\n")
    written(tmp_path, "run/systemd/resolve/resolv.conf", "nameserver 198.51.100.53\n")
    assert host(tmp_path).name_servers() == ("127.0.0.53", "198.51.100.53")


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"SSH_CONNECTION": "203.0.113.7 50022 198.51.100.1 22"}, ("203.0.113.7",)),
        ({"SSH_CLIENT": "2001:db8::7 50022 22"}, ("2001:db8::7",)),
        ({"SSH_CONNECTION": "203.0.113.7 1 2 3", "SSH_CLIENT": "203.0.113.8 1 2"}, ("203.0.113.7",)),
        ({"SSH_CONNECTION": "  "}, ()),
        ({}, ()),
    ],
)
def test_the_session_in_our_own_environment(tmp_path: Path, variables: dict, found: tuple):
    """The client's address is the first word of what sshd wrote."""
    assert host(tmp_path, environment=variables).sessions() == found


def process(root: Path, pid: int, parent: int, **variables: str) -> None:
    """A process as /proc shows it, with a name that tries to look like more fields."""
    written(root, f"proc/{pid}/stat", f"{pid} (su) S 99 (x) S {parent} 1 1 0\n")
    written(root, f"proc/{pid}/environ", "\0".join(f"{name}={value}" for name, value in variables.items()))


def test_the_session_above_sudo(tmp_path: Path):
    """Sudo drops what sshd wrote; the shell above it still has it, and so has one further up."""
    process(tmp_path, 40, 30, PATH="/bin")
    process(tmp_path, 30, 20, SUDO_USER="me")
    process(tmp_path, 20, 10, HOME="/home/me", SSH_CONNECTION="203.0.113.7 50022 198.51.100.1 22", LANG="C")
    process(tmp_path, 10, 1, SSH_CLIENT="203.0.113.8 50022 22")
    process(tmp_path, 1, 0)
    assert host(tmp_path).sessions() == ("203.0.113.7", "203.0.113.8")


def test_processes_that_cannot_be_read(tmp_path: Path):
    """Without rights, without /proc or in a circle of parents, what is known is enough."""
    process(tmp_path, 40, 30, SSH_CLIENT="203.0.113.9 1 2")
    process(tmp_path, 30, 40, SSH_CLIENT="203.0.113.7 1 2")
    assert host(tmp_path).sessions() == ("203.0.113.7", "203.0.113.9")
    (tmp_path / "proc/30/environ").unlink()
    (tmp_path / "proc/30/environ").mkdir()
    assert host(tmp_path).sessions() == ("203.0.113.9",)
    assert host(tmp_path / "nowhere").sessions() == ()
    assert host(tmp_path / "nowhere").name_servers() == host(tmp_path / "nowhere").time_servers() == ()


def test_files_of_rubbish(tmp_path: Path):
    """Bytes that are no text and lines without end cost nothing but their reading."""
    place = tmp_path / "etc/resolv.conf"
    place.parent.mkdir()
    place.write_bytes(b"nameserver \xff\xfe\nnameserver 203.0.113.53\n" + b"nameserver " + b"1" * 3_000_000)
    found = host(tmp_path).name_servers()
    assert found[1] == "203.0.113.53"
    written(tmp_path, "etc/resolv.conf", "\n".join(f"nameserver {n}" for n in range(9_999)))
    assert len(host(tmp_path).name_servers()) == TEXTS_MOST


async def test_names_are_asked_once_a_minute(tmp_path: Path, clock):
    """An answer is remembered, and so is that there was none; then both are asked for again."""
    asked: list[str] = []

    def ask(name: str) -> tuple[str, ...]:
        asked.append(name)
        return ("203.0.113.7",) if name == "known.example" else ()

    around = host(tmp_path, clock=clock, look_up=ask)
    for _ in range(3):
        answers = await around.addresses_of({"known.example": None, "unknown.example": None})
        assert answers == {"known.example": ("203.0.113.7",)}
    assert sorted(asked) == ["known.example", "unknown.example"]
    clock.advance(timedelta(seconds=REMEMBERED_SECONDS))
    await around.addresses_of(["known.example"])
    assert len(asked) == 3


async def test_a_resolver_that_hangs(tmp_path: Path, clock):
    """What is answered in time counts; what hangs is left behind, however many names there are."""
    end = Event()

    def ask(name: str) -> tuple[str, ...]:
        if name.startswith("slow"):
            end.wait()
        return ("203.0.113.7",)

    names = ["quick.example", *(f"slow{n}.example" for n in range(AT_ONCE - 1))]
    try:
        around = host(tmp_path, clock=clock, look_up=ask, seconds=0.3)
        assert set(await around.addresses_of(names)) == {"quick.example"}
    finally:
        end.set()


def test_many_names_are_all_asked():
    """More names than are asked at a time are asked in turn."""
    names = [f"n{n}.example" for n in range(5 * AT_ONCE)]
    assert set(ask_all(names, lambda name: (name,), 30.0)) == set(names)
    assert ask_all([], lambda name: (name,), 0.0) == {}


def test_the_systems_resolver():
    """Addresses in full, each once; a name that is none has none."""
    assert look_up("127.0.0.1") == ("127.0.0.1",)
    assert look_up("a" * 300) == ()


async def test_known_surroundings():
    """By default there is nothing around; else what was told."""
    assert KnownSurroundings().sessions() == KnownSurroundings().name_servers() == ()
    known = KnownSurroundings(("1",), ("2",), ("3",), {"a.example": ("4",)})
    assert (known.sessions(), known.name_servers(), known.time_servers()) == (("1",), ("2",), ("3",))
    assert await known.addresses_of(["a.example", "b.example"]) == {"a.example": ("4",)}
