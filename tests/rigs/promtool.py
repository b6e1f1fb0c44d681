"""Prometheus' own checker, where the set-up put it or the system has it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

PROMTOOL = shutil.which("promtool", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
