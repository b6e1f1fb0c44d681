"""ptrace(2), as far as a stepping harness needs it: Linux on x86-64.

Everything raises OSError; ProcessLookupError where the traced thread has just died.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import re
from functools import cache
from pathlib import Path

TRACEME, CONT, SETOPTIONS, POKEUSER, SYSCALL, GET_SYSCALL_INFO = 0, 7, 0x4200, 6, 24, 0x420E
SYSGOOD, FORK, VFORK, CLONE, EXEC, EXITKILL = 1, 2, 4, 8, 16, 0x100000
ANY_THREAD = 0x40000000
"""__WALL of waitpid(2)."""
ENTRY, EVENT_EXEC = 1, 4
ORIG_RAX, RAX = 15 * 8, 10 * 8
"""Places in ``struct user``: the number of the system call, and what it gives."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long
_libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]

_HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
_CHILD_SUBREAPER, _NEW_NETWORK, _NEW_MOUNTS = 36, 0x40000000, 0x00020000


class Info(ctypes.Structure):
    """``struct ptrace_syscall_info``: ``values`` are the number and arguments, or what was given."""

    _fields_ = (
        ("op", ctypes.c_uint8),
        ("_pad", ctypes.c_uint8 * 3),
        ("arch", ctypes.c_uint32),
        ("place", ctypes.c_uint64),
        ("stack", ctypes.c_uint64),
        ("values", ctypes.c_uint64 * 8),
    )


def require_machine() -> None:
    """End the program where it cannot work."""
    if platform.machine() != "x86_64" or os.geteuid() != 0:
        msg = "this needs Linux on x86-64 and root: it traces processes in a network of their own"
        raise SystemExit(msg)


def request(what: int, thread: int = 0, address: int | None = None, data: int | None = None) -> int:
    """One request."""
    return _checked(_libc.ptrace(what, thread, address, data))


def info(thread: int) -> Info:
    """What the stopped thread is about to ask for, or was given."""
    found = Info()
    place = ctypes.cast(ctypes.pointer(found), ctypes.c_void_p).value
    request(GET_SYSCALL_INFO, thread, ctypes.sizeof(found), place)
    return found


def send(process: int, number: int) -> None:
    """A signal for the first thread of a process: the one the kernel chooses, if it is not stopped by us."""
    _checked(_libc.tgkill(process, process, number))


def adopt_orphans() -> None:
    """Whose parent dies becomes ours, so that nothing that is left behind can hide."""
    _checked(_libc.prctl(_CHILD_SUBREAPER, 1, 0, 0, 0))


def leave_network() -> None:
    """From now on in a network of our own; mounts of our own, too."""
    _checked(_libc.unshare(_NEW_NETWORK | _NEW_MOUNTS))


def _checked(result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise ProcessLookupError if number == errno.ESRCH else OSError(number, os.strerror(number))
    return result


def name(number: int) -> str:
    """Of a system call; its number where it has none here."""
    return _names().get(number, f"#{number}")


@cache
def _names() -> dict[int, str]:
    text = _HEADER.read_text(encoding="ascii") if _HEADER.exists() else ""
    return {int(value): name for name, value in re.findall(r"#define __NR_(\w+) (\d+)", text)}
