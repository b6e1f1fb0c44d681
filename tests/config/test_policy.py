"""Guard settings to compare, as they are written on a command line or in a file."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gatepost.config.policy import read_policy
from gatepost.errors import ConfigInvalid, ConfigNotFound, UsageError
from gatepost.model.limits import Limits


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("grace=3d", Limits(grace=timedelta(days=3))),
        ("max_removed=10%", Limits(max_removed=0.1)),
        ("max_removed = 0.1", Limits(max_removed=0.1)),
        ("grace=3d,absences=1", Limits(grace=timedelta(days=3), absences=1)),
        ("new_family=allow, special='allow'", Limits(new_family="allow", special="allow")),
        (
            'widest=["/12", "/24"],baseline=["7d","14d"]',
            Limits(widest_v4=12, widest_v6=24, baselines=(timedelta(days=7), timedelta(days=14))),
        ),
    ],
)
def test_keys_and_values(text, limits):
    """As in a configuration, with or without quotes; what is not said keeps its default."""
    policy = read_policy(text)
    assert (policy.name, policy.limits) == (text, limits)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("grce=3d", "there is no guard setting 'grce'"),
        ("grace=3", 'a duration is a number with s, m, h, d or w, such as "1h"'),
        ("max_removed=120%", "expected a share from 0 % to 100 %"),
        ("absences=0", "expected a whole number from 1 to 1000"),
        ("absences=1 or 2", "expected a whole number"),
        ("grace=3d,absences", "a duration is a number"),
    ],
)
def test_what_is_none_is_refused(text, words):
    """With the nearest name, or what was expected."""
    with pytest.raises(UsageError) as caught:
        read_policy(text)
    assert words in caught.value.message


def test_the_nearest_name_is_told():
    """A typing error is not a puzzle."""
    with pytest.raises(UsageError) as caught:
        read_policy("max_remove=1")
    assert caught.value.next_step == "Did you mean 'max_removed'?"


@pytest.mark.parametrize("head", ["", "[guards]\n"])
def test_a_file(tmp_path, head):
    """A whole configuration's [guards], or its keys alone; other parts of a configuration are no matter."""
    path = tmp_path / "strict.toml"
    path.write_text(head + 'grace = "3d"\nmax_removed = "10 %"\ndeadline = 10\n')
    policy = read_policy(str(path))
    assert policy.name == "strict.toml"
    assert policy.limits == Limits(grace=timedelta(days=3), max_removed=0.1)


def test_a_wrong_file_is_refused_with_its_line(tmp_path):
    """As any configuration is."""
    path = tmp_path / "wrong.toml"
    path.write_text("[guards]\ngrce = 1\n")
    with pytest.raises(ConfigInvalid, match=r"wrong\.toml:2: guards\.grce"):
        read_policy(str(path))
    with pytest.raises(ConfigNotFound):
        read_policy(str(tmp_path / "none.toml"))
