"""Which paths are guarded: all that could be meant."""

from __future__ import annotations

import pytest

from gatepost.errors import ConfigInvalid
from gatepost.gate import paths as module
from gatepost.gate.paths import Paths

GUARD = Paths(["/feishu/", "/api/wecom"])


@pytest.mark.parametrize(
    "path",
    ["/feishu", "/feishu/", "/feishu/events", "/FEISHU/events", "/api/wecom", "/api/wecom/x", "/api/wecomx",
     "/ｆeishu", "/api/WECOM?x"],
)  # fmt: skip
def test_what_begins_with_a_prefix_is_guarded(path):
    """Whatever its case and width, and with more behind: a router may be lenient."""
    assert GUARD.guards(path)


@pytest.mark.parametrize(
    "path", ["/", "/public", "/api/", "/api/we", "/my/feishu/", "/files/a b.pdf", "/文件", "/fei_shu"]
)
def test_others_are_not(path):
    """Only what begins so."""
    assert not GUARD.guards(path, path)


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("/public/../feishu/", "/public/../feishu/"),
        ("/public/./x", "/public/./x"),
        ("/public/..", "/public/.."),
        ("//feishu/", "//feishu/"),
        ("/public//x", "/public//x"),
        ("/public\\..\\feishu", "/public%5c..%5cfeishu"),
        ("/public/../feishu", "/public/%2e%2e/feishu"),
        ("/public/feishu", "/public%2Ffeishu"),
        ("/%66eishu", "/%2566eishu"),
        ("/public;x=1", "/public;x=1"),
        ("/public\x00", "/public%00"),
        ("/public\ufffd", "/public%ff"),
        ("/public\n", "/public%0a"),
        ("", ""),
        ("public", "public"),
        ("*", "*"),
        ("http://x/feishu", "http://x/feishu"),
    ],
)
def test_what_two_readers_could_take_for_different_paths_is_guarded(path, raw):
    """Dot segments, doubled and encoded slashes, parameters, NUL, broken UTF-8: guarded, whatever it says."""
    assert GUARD.guards(path, raw)


@pytest.mark.parametrize(
    ("path", "root"),
    [("/feishu/x", "/app"), ("/app/feishu/x", "/app"), ("/wecom", "/api"), ("/api/wecom", "/api")],
)
def test_a_mounted_application_is_guarded_however_the_server_counts(path, root):
    """G8: with or without the mount's path before it."""
    assert GUARD.guards(path, path, root)


def test_all_is_all():
    """``/`` guards everything, an odd path too; it is the default."""
    for guard in (Paths(), Paths(["/"]), Paths(["/x", "/"])):
        assert guard.all
        assert guard.guards("*")


def test_many_paths_cost_no_memory():
    """Answers are remembered up to a bound, for paths of a bounded length."""
    guard = Paths(["/feishu"])
    for number in range(module.MEMO_MAX + 10):
        assert not guard.guards(f"/{number}")
    assert guard.guards("/feishu/" + "x" * 10_000)
    assert guard.guards("/feishu/")
    assert guard.guards("/feishu/")
    assert len(guard._known) <= module.MEMO_MAX


@pytest.mark.parametrize(
    "prefixes",
    ["/feishu", [], ["feishu"], [""], ["/a/../b"], ["/a//b"], ["/a?b"], ["/%61"], ["/a;b"], ["/a\\b"]],
)
def test_a_prefix_that_is_no_plain_path_is_refused(prefixes):
    """Before anything is served."""
    with pytest.raises(ConfigInvalid):
        Paths(prefixes)
