"""What ``--help`` of a command prints, in the user's language: the library knows English alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from unicodedata import east_asian_width

import click

from gatepost.cli.language import _

SPACE = 2
"""Columns between a term and what is said of it."""
TERM_MOST = 32
"""Columns of a term beside which its text still begins."""
_PLACEHOLDER = re.compile(r"\b[A-Z]{2,}\b")
_CLOSING = "\uff0c\u3002\uff1b\uff1a\u3001\uff01\uff1f\uff09\u201d"
"""Chinese punctuation that no line begins with."""
_CHINESE = "\u2e80-\u9fff\uff00-\uffef"
_PIECE = re.compile(rf"\s+|[{_CHINESE}][{_CLOSING}]*|[^\s{_CHINESE}]+[{_CLOSING}]*")
"""What stays on one line: a Chinese character, or a word."""
_EXTRA = re.compile(r"\[((?:default: |required|[\d<])[^\]]*)\]$")
_RANGE = re.compile(r"(\d+)<=x<=(\d+)$")


class HelpPage(click.HelpFormatter):
    """Writes headings, placeholders and texts translated, and counts columns as terminals do."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The first line."""
        super().write_usage(prog, placeholders(args), prefix or _("Usage: "))

    def write_heading(self, heading: str) -> None:
        """Options, commands."""
        headed = f"{heading}:"
        self.write(_(headed) + "\n")

    def write_text(self, text: str) -> None:
        """What the command is for."""
        indent = " " * self.current_indent
        self.write("".join(f"{indent}{line}\n" for line in lines_of(text, self.width - self.current_indent)))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = TERM_MOST, col_spacing: int = SPACE
    ) -> None:
        """Terms, each with what is said of it."""
        told = [(placeholders(term), extra_told(_(text))) for term, text in rows]
        column = min(max((columns(term) for term, _text in told), default=0), col_max) + col_spacing
        indent = " " * self.current_indent
        for term, text in told:
            lines = lines_of(text, max(self.width - column - self.current_indent, 20))
            first = next(lines, "")
            gap = column - columns(term)
            apart = " " * gap if gap >= col_spacing else f"\n{indent}{' ' * column}"
            self.write(f"{indent}{term}{apart}{first}".rstrip() + "\n")
            self.write("".join(f"{indent}{' ' * column}{line}\n" for line in lines))


class HelpContext(click.Context):
    """A command's run, whose help is such a page."""

    formatter_class = HelpPage


def in_language(command: click.Command) -> click.Command:
    """The command, and all below it, with such pages."""
    command.context_class = HelpContext
    if isinstance(command, click.Group):
        for one in command.commands.values():
            in_language(one)
    return command


def placeholders(text: str) -> str:
    """``[OPTIONS] FILE`` in the chosen language."""
    return _PLACEHOLDER.sub(lambda found: _(found[0]), text)


def extra_told(text: str) -> str:
    """What the library adds to an option's text."""
    return _EXTRA.sub(lambda found: f"[{_('; ').join(map(_one_extra, found[1].split('; ')))}]", text)


def _one_extra(text: str) -> str:
    if found := _RANGE.match(text):
        return _("{least} to {most}").format(least=found[1], most=found[2])
    word, value = (
        ("default: ", text.removeprefix("default: ")) if text.startswith("default: ") else (text, "")
    )
    return _(word) + value


def columns(text: str) -> int:
    """How wide a terminal shows it: Chinese characters take two columns."""
    return sum(2 if east_asian_width(one) in "FW" else 1 for one in text)


def lines_of(text: str, width: int) -> Iterator[str]:
    """Lines of at most so many columns, where the words allow it; Chinese breaks between characters."""
    line = ""
    for piece in _PIECE.findall(text):
        if line and columns((line + piece).rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece if line else piece.lstrip()
    if line:
        yield line.rstrip()
