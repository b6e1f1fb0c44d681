"""How a command ends that meets what nobody foresaw."""

from __future__ import annotations

import errno

import pytest

from gatepost.cli.ui import Ui, _carried_out, surprise
from gatepost.errors import HostExhausted, Unexpected


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.EMFILE, "Too many open files"), errno.EMFILE),
        (ExceptionGroup("of tasks", [OSError(errno.ENOSPC, "No space left on device")]), errno.ENOSPC),
        (MemoryError(), errno.ENOMEM),
        (RuntimeError("can't start new thread"), errno.ENOMEM),
    ],
)
def test_a_host_in_need_is_named(error, code):
    """Where the system has no more to give, the error says so, and is no bug of gatepost."""
    found = surprise(error)
    assert isinstance(found, HostExhausted)
    assert (found.code, found.transient) == (code, True)


def test_a_bug_is_called_one():
    """Everything else that nobody foresaw is reported as gatepost's own fault."""
    assert isinstance(surprise(KeyError("x")), Unexpected)
    assert isinstance(surprise(OSError(errno.EBADF, "Bad file descriptor")), Unexpected)


def test_an_interruption_among_tasks_is_an_interruption():
    """Ctrl-C ends a command quietly, wherever in a group of tasks it strikes."""

    def command(_: Ui) -> int:
        several = BaseExceptionGroup("of tasks", [KeyboardInterrupt()])
        raise several

    with pytest.raises(KeyboardInterrupt):
        _carried_out(Ui(None, as_json=True, verbosity=0), command, {})


def test_what_ends_a_program_is_not_held_up():
    """A group of anything else that is no error goes on as it is."""

    def command(_: Ui) -> int:
        several = BaseExceptionGroup("of tasks", [SystemExit(3)])
        raise several

    with pytest.raises(BaseExceptionGroup):
        _carried_out(Ui(None, as_json=True, verbosity=0), command, {})
