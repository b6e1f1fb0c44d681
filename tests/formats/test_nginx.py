from __future__ import annotations

from gatepost.formats.nginx import Nginx
from rigs.golden import is_golden, lines


def test_golden():
    """Lines of a geo block, exactly as recorded."""
    assert is_golden(Nginx())


def test_each_line_is_a_whole_statement():
    """Each line is one statement, ended."""
    assert all(line.endswith(" 1;") and line.count(";") == 1 for line in lines(Nginx()))
