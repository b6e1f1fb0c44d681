"""A browser as far as logins are concerned: cookies by the rules of RFC 6265bis, redirects, and ``Refresh``.

Where browsers differ it takes the strictest reading: a request is cross-site if who began it,
or anything on its way, was of another site.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import httpx2

HOPS = 12


@dataclass
class Cookie:
    """One, of one host; ports do not part them."""

    value: str
    same_site: str
    secure: bool


@dataclass
class Surfer:
    """One browser with one window."""

    cookies: dict[tuple[str, str], Cookie] = field(default_factory=dict)
    went: list[str] = field(default_factory=list)
    """Every address it asked."""
    answers: list[httpx2.Response] = field(default_factory=list)

    def go(self, url: str, began: str | None = None, until: str = "") -> httpx2.Response:
        """Where an address leads in the end; ``began``: the site whose page leads there, None: typed.

        It stops before an address that holds ``until``, which is then the last of ``went``.
        """
        chain: list[str] = []
        for _ in range(HOPS):
            self.went.append(url)
            if until and until in url:
                return self.answers[-1]
            chain.append(site(url))
            answer = self._ask(url, cross=any(one != site(url) for one in (*chain, began or site(url))))
            if answer.status_code in (301, 302, 303, 307, 308):
                url = urljoin(url, answer.headers["location"])
            elif found := re.fullmatch(r"0; url=(.+)", answer.headers.get("refresh", "")):
                began, chain = site(url), []
                url = urljoin(url, found[1])
            else:
                return answer
        message = f"it goes round: {self.went}"
        raise AssertionError(message)

    def post(self, url: str, form: dict[str, str]) -> httpx2.Response:
        """A form of the site's own page."""
        parts = urlsplit(url)
        headers = {"origin": f"{parts.scheme}://{parts.netloc}", "sec-fetch-site": "same-origin"}
        answer = httpx2.post(url, data=form, headers={**headers, **self._sent(url, cross=False)})
        self._keep(url, answer)
        if answer.status_code == 303:
            return self.go(urljoin(url, answer.headers["location"]), site(url))
        return answer

    def has(self, url: str, name: str) -> bool:
        """Whether a cookie of this name is kept for a host."""
        return (site(url), name) in self.cookies

    def _ask(self, url: str, *, cross: bool) -> httpx2.Response:
        where = {"sec-fetch-site": "cross-site" if cross else "none", "sec-fetch-mode": "navigate"}
        headers = {"accept": "text/html,*/*;q=0.8", **where, **self._sent(url, cross=cross)}
        answer = httpx2.get(url, headers=headers, timeout=30)
        self.answers.append(answer)
        self._keep(url, answer)
        return answer

    def _sent(self, url: str, *, cross: bool) -> dict[str, str]:
        https = url.startswith("https:")
        own = {
            name: one.value
            for (host, name), one in self.cookies.items()
            if host == site(url) and not (cross and one.same_site == "strict") and (https or not one.secure)
        }
        return {"cookie": "; ".join(f"{name}={value}" for name, value in own.items())} if own else {}

    def _keep(self, url: str, answer: httpx2.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            first, *rest = [part.strip() for part in line.split(";")]
            told = {name.lower(): value.lower() for name, _, value in (one.partition("=") for one in rest)}
            name, _, value = first.partition("=")
            if told.get("max-age") == "0":
                self.cookies.pop((site(url), name), None)
            else:
                made = Cookie(value, told.get("samesite", "lax"), "secure" in told)
                self.cookies[site(url), name] = made


def site(url: str) -> str:
    """Browsers go by the name, not by the port."""
    return urlsplit(url).hostname or ""
