from __future__ import annotations

import csv

from gatepost.formats.csv import Csv
from rigs.golden import is_golden, lines


def test_golden():
    """Every field of every entry, exactly as recorded."""
    assert is_golden(Csv())


def test_no_formula():
    """No field needs quotes, and none starts a formula in a spreadsheet."""
    assert '"' not in "".join(lines(Csv()))
    for row in csv.reader(lines(Csv())):
        assert len(row) == 5
        assert not any(field.startswith(("=", "+", "-", "@", "\t")) for field in row)
