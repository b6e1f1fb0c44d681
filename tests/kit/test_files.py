from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatepost.kit.files import FileLock, read_regular, stage, write_atomic


def test_replaces_whole(tmp_path):
    """A reader that has the old file open keeps reading the old one; the place has the new one."""
    place = tmp_path / "list"
    write_atomic(place, b"old", mode=0o600)
    with place.open("rb") as reader:
        write_atomic(place, b"new", mode=0o640)
        assert reader.read() == b"old"
    assert place.read_bytes() == b"new"
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["list"]


def test_synced_before_and_after_the_rename(tmp_path):
    """The bytes are on disk before they get their name, and the name is before anybody is told."""
    seen = []

    def look(_frame, event, called):
        if event == "c_call" and called in (os.fsync, os.rename):
            seen.append((called.__name__, {each.name: each.read_bytes() for each in tmp_path.iterdir()}))

    sys.setprofile(look)
    try:
        write_atomic(tmp_path / "list", b"new")
    finally:
        sys.setprofile(None)
    beside, there = {".gatepost-new.list": b"new"}, {"list": b"new"}
    assert seen == [("fsync", beside), ("rename", beside), ("fsync", there)]


def test_keeps_the_owner(tmp_path):
    """The file belongs to whom it belonged."""
    place = tmp_path / "list"
    place.write_bytes(b"old")
    os.chown(place, 65534, 65533)
    write_atomic(place, b"new")
    assert (place.stat().st_uid, place.stat().st_gid) == (65534, 65533)


def test_staged_is_not_there_yet(tmp_path):
    """What is staged is hidden beside its place until it is committed, and can be thrown away."""
    place = tmp_path / "list.conf"
    staged = stage(place, b"new", mode=0o600)
    assert not place.exists()
    assert staged.temporary.name.startswith(".")
    staged.discard()
    assert list(tmp_path.iterdir()) == []
    stage(place, b"new", mode=0o600).commit()
    assert place.read_bytes() == b"new"


def test_left_over(tmp_path):
    """What a crashed writer left behind is overwritten, even where it is a trap."""
    place, victim = tmp_path / "list", tmp_path / "victim"
    victim.write_bytes(b"mine")
    stage(place, b"half", mode=0o600).temporary.unlink()
    stage(place, b"half", mode=0o600)
    write_atomic(place, b"whole")
    (tmp_path / ".gatepost-new.list").symlink_to(victim)
    write_atomic(place, b"again")
    assert (place.read_bytes(), victim.read_bytes()) == (b"again", b"mine")


def test_disk_full(tmp_path):
    """Where there is no room the old file stays and nothing is left beside it."""
    place = tmp_path / "list"
    place.write_bytes(b"old")
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from gatepost.kit.files import write_atomic\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "write_atomic(Path(sys.argv[1]), b'x' * 10000)"
    )
    done = subprocess.run([sys.executable, "-c", script, place], capture_output=True, text=True, check=False)
    assert "OSError: [Errno 27]" in done.stderr
    assert place.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["list"]


def test_place_that_cannot_be_taken(tmp_path):
    """Where the rename fails nothing is left beside the place."""
    place = tmp_path / "list"
    place.mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomic(place, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["list"]


def test_reads_regular_files_alone(tmp_path):
    """Links, pipes, directories and too large files are not read; where nothing is there is None."""
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    assert read_regular(tmp_path / "none", 10) is None
    assert read_regular(tmp_path / "file", 5) == b"12345"
    for name, words in [("link", "link"), ("pipe", "regular"), ("file", "larger than 4")]:
        with pytest.raises(ValueError, match=words):
            read_regular(tmp_path / name, 4)
    with pytest.raises(ValueError, match="regular"):
        read_regular(tmp_path, 5)
    with pytest.raises(NotADirectoryError):
        read_regular(tmp_path / "file" / "x", 5)


def test_lock(tmp_path):
    """One holder at a time, and the next one once it is released."""
    one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.acquire()
    assert not other.acquire()
    other.release()
    one.release()
    one.release()
    assert other.acquire()
    other.release()
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "none" / "lock").acquire()


def test_lock_that_its_holder_removes(tmp_path):
    """Of many that want it there is one holder at a time, though each removes the file before it lets go."""
    place, inside, most = tmp_path / "lock", [], []

    def hold(rounds: int) -> None:
        while rounds:
            lock = FileLock(place)
            if lock.acquire():
                inside.append(rounds)
                os.sched_yield()
                most.append(len(inside))
                inside.pop()
                place.unlink()
                rounds -= 1
            lock.release()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(hold, [50] * 4))
    assert (len(most), max(most)) == (200, 1)
