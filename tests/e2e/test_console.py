"""The built program serves the console."""

from __future__ import annotations

import re
import signal

import httpx2

SITE = """
[store]
url = "sqlite:///h.db"

[server]
listen = "127.0.0.1:0"
"""


def test_the_first_page_is_the_consoles_with_its_files(program):
    """With nothing configured it says what to do; style and scripts are there."""
    program.write(SITE)
    with program.running("run") as running:
        url = re.search(r"serving (http://\S+)", running.wait_for("started: "))[1]
        page = httpx2.get(url, headers={"accept": "text/html", "accept-language": "zh-CN"})
        assert page.status_code == 200
        assert "还没有任何配置" in page.text
        files = re.findall(r'"(/static/[^"]+)"', page.text)
        assert len(files) >= 3
        assert {httpx2.get(url + one).status_code for one in files} == {200}
        running.stop(signal.SIGTERM, within=20).ended(0)
