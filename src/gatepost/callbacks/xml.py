"""The XML that WeCom and WeChat send, read without anything that XML could do beside it.

No document type, so no entities; no comments and no instructions, which could
cut a text in two; bounded in depth and number.
"""

from __future__ import annotations

from typing import Any, NoReturn
from xml.parsers import expat

from gatepost.callbacks.base import refuse

DEPTH_MAX = 8
ELEMENTS_MAX = 2_000

Fields = dict[str, Any]


def read_xml(data: bytes) -> Fields:
    """Children of the root ``xml``: texts, and elements with children as dicts.

    What stands several times below the first level is a list; on the first level it is refused.
    """
    tree = _Tree()
    try:
        text = data.decode()
        parser = tree.parser()
        parser.Parse(text, True)  # noqa: FBT003 - the standard library's signature: this is all of it
    except (UnicodeDecodeError, expat.ExpatError):
        refuse("its XML cannot be read")
    if tree.name != "xml" or not isinstance(tree.value, dict):
        refuse("its XML is not what the platform sends")
    if any(isinstance(value, list) for value in tree.value.values()):
        refuse("an element of its XML stands twice")
    return tree.value


class _Tree:
    """What the parser tells, as nested values."""

    def __init__(self) -> None:
        self.name = ""
        self.value: Fields | str = ""
        self._open: list[tuple[str, Fields, list[str]]] = []
        self._elements = 0

    def parser(self) -> expat.XMLParserType:
        """A parser that knows elements and their texts only."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _forbidden
        parser.EntityDeclHandler = _forbidden
        parser.ProcessingInstructionHandler = _forbidden
        parser.CommentHandler = _forbidden
        return parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if attributes or len(self._open) >= DEPTH_MAX or self._elements > ELEMENTS_MAX:
            refuse("its XML is not what the platform sends")
        self._open.append((name, {}, []))

    def _text(self, text: str) -> None:
        self._open[-1][2].append(text)

    def _end(self, name: str) -> None:
        _, children, texts = self._open.pop()
        text = "".join(texts)
        if children and text.strip():
            refuse("its XML mixes texts and elements")
        value: Fields | str = children or text
        if self._open:
            _add(self._open[-1][1], name, value)
        else:
            self.name, self.value = name, value


def _add(fields: Fields, name: str, value: Fields | str) -> None:
    if name not in fields:
        fields[name] = value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]


def _forbidden(*_: object) -> NoReturn:
    refuse("its XML holds more than elements and texts")
