"""Write the generated pages of docs/reference/ from the code, and check every link of the documents.

``python scripts/docs.py`` writes; ``--check`` writes nothing and fails where a page is not what the
code says. Both fail on a relative link whose file or heading is not there.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import reference

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")


def pages() -> list[Path]:
    """Every Markdown file that git tracks or would."""
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.md",
    ]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(path for name in found.split("\0") if name and (path := ROOT / name).is_file())


def prose(text: str) -> str:
    """A page without fenced blocks and code spans, where brackets are no links."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def slug(heading: str) -> str:
    """The anchor that renderers make of a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@cache
def anchors(path: Path) -> frozenset[str]:
    """Anchors of a page; a heading that comes again gets a number."""
    found: list[str] = []
    for heading in re.findall(
        r"^#{1,6} +(.+?) *$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE
    ):
        name = slug(heading)
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return frozenset(found)


def broken_links(path: Path, text: str) -> Iterator[str]:
    """Relative links of a page whose file or heading is not there."""
    for target in LINK.findall(prose(text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        if not there.exists():
            yield f"{path.relative_to(ROOT)}: {target}: no such file"
        elif anchor and there.suffix == ".md" and anchor not in anchors(there):
            yield f"{path.relative_to(ROOT)}: {target}: no such heading"


def drift(made: Mapping[Path, str]) -> Iterator[str]:
    """Generated pages that are not what the code says, and pages that nothing generates."""
    for path, text in made.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield f"{path.relative_to(ROOT)}: not what the code says; run `make docs`"
    for path in sorted((ROOT / "docs/reference").glob("*.md")):
        if path not in made:
            yield f"{path.relative_to(ROOT)}: no code generates it"


def write(made: Mapping[Path, str]) -> None:
    """Write what differs."""
    for path, text in made.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


def main(*, check: bool) -> int:
    """Number of findings, as an exit code of 0 or 1."""
    made = {ROOT / "docs/reference" / f"{name}.md": text for name, text in reference.pages().items()}
    if not check:
        write(made)
    found = [
        *drift(made),
        *(line for path in pages() for line in broken_links(path, path.read_text(encoding="utf-8"))),
    ]
    for line in found:
        print(line, file=sys.stderr)
    print(f"docs: {len(made)} generated pages, {len(pages())} pages read, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
