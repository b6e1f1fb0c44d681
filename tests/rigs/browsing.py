"""A real browser on the console: what it saw is kept as pictures, what went wrong as failures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "build" / "screens"
AXE = (ROOT / "tests" / "browser" / "axe" / "axe-4.14.1.min.js").read_text("utf-8")
PATIENCE = 10_000
"""Milliseconds for what a page shows at once on an idle machine."""
DESK, PHONE = (1180, 800), (360, 740)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Nothing but our own pages is asked for; a sandbox within a container needs rights that tests have not."""
EXAMINED = """{
  resultTypes: ["violations"], preload: false,
  runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}"""
"""All that is a rule of WCAG up to level AA, and what axe recommends; style sheets are the page's own."""
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (seen) =>
  window.violations.push(seen.violatedDirective + " " + seen.blockedURI + " " + seen.sample));
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's; tests are skipped where there is none, and CI allows no skip."""
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None:
        pytest.skip("chromium-headless-shell is missing; scripts/setup installs it as root")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Tab:
    """One reader."""

    page: Page
    url: str
    language: str
    examined: bool = True
    """Whether axe looks at each page: it is the longest part of a look."""
    wrong: list[str] = field(default_factory=list)
    """What the browser complained about, and what it asked of others."""

    def go(self, path: str) -> None:
        """Follow an address of ours."""
        self.page.goto(self.url + path)

    def find(self, selector: str, text: str = "") -> Locator:
        """The first such element, once it is there."""
        found = self.page.locator(selector, has_text=text or None).first
        found.wait_for(state="visible")
        return found

    def reads(self, text: str) -> bool:
        """Whether the page shows a text."""
        return text in self.page.locator("body").inner_text()

    def seen(self, name: str) -> None:
        """Kept as a picture; it fits, ran nothing strange, and everybody can use it."""
        self.page.evaluate("document.fonts.ready")
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{name}-{self.language}.png", full_page=True)
        self.check(name)

    def check(self, name: str) -> None:
        """As :meth:`seen`, without the picture."""
        wide = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], f"{name} is wider than its window: {wide}"
        violations = self.page.evaluate("window.violations || []")
        assert not violations, f"{name}: {violations}"
        assert not self.wrong, f"{name}: {self.wrong}"
        faults = serious(self.page) if self.examined else []
        assert not faults, f"{name}: {faults}"


def serious(page: Page) -> list[str]:
    """Faults that axe calls serious or critical, each with its places."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(f"axe.run(document, {EXAMINED})")
    return [
        f"{one['id']}: {node['html'][:160]} ({node['failureSummary'][:160]})"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


@contextmanager
def tab(browser: Browser, url: str, language: str, **options: Any) -> Iterator[Tab]:
    """A fresh profile; ``size``, ``examined`` and what playwright's ``new_context`` takes."""
    width, height = options.pop("size", DESK)
    examined = options.pop("examined", True)
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    context = browser.new_context(
        locale=locale, viewport={"width": width, "height": height}, reduced_motion="reduce", **options
    )
    context.set_default_timeout(PATIENCE)
    context.add_init_script(WATCH)
    made = Tab(context.new_page(), url, language, examined)
    _listen(made)
    try:
        yield made
    finally:
        context.close()


def _listen(made: Tab) -> None:
    ours = urlsplit(made.url).netloc
    page = made.page

    def asks(request: Any) -> None:
        if urlsplit(request.url).netloc != ours:
            made.wrong.append(f"asks {request.url[:120]}")

    def opens(dialog: Any) -> None:
        made.wrong.append(f"opens a dialog: {dialog.message[:80]}")
        dialog.dismiss()

    page.on("request", asks)
    page.on("dialog", opens)
    page.on("pageerror", lambda error: made.wrong.append(f"fails: {error}"))
