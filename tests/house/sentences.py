"""What the code says to people, as far as it can be read off the code: examples of every sentence.

A value that is known at run time alone stands in an example as a mark, such as ``◊1``;
one that the code beside it makes of fixed texts stands in it as each of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product

MARK = "◊"
DEEPEST = 6
"""Names and functions that are followed one after the other."""
MOST = 60
"""Examples of one sentence."""
AT = {
    "Finding": (2, 3),
    "Local": (2,),
    "LoginLimit": (1,),
    "Reason": (3,),
    "ValueError": (0,),
    "_finding": (1,),
    "_refuse": (2,),
    "finding": (1,),
    "refuse": (1,),
}
"""Calls beside those of errors that take sentences, and at which place."""
NAMED = frozenset({"hint", "strange"})
WRAPPING = frozenset({"_", "cut", "masked", "str"})
"""Functions that hand their first argument on."""

NO_CONSTANTS: Mapping[str, object] = {}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Said:
    """An expression that becomes a sentence for people."""

    line: int
    code: str
    examples: tuple[str, ...]
    """With marks for values; nothing where all of it is made elsewhere."""


class Module:
    """One module's sentences."""

    def __init__(
        self, text: str, leaves: frozenset[str], constants: Mapping[str, object] = NO_CONSTANTS
    ) -> None:
        """``leaves``: names of the errors that are raised with a sentence; ``constants`` of the module."""
        self.tree = ast.parse(text)
        self.leaves = leaves
        self.constants = constants

    @cached_property
    def parents(self) -> Mapping[ast.AST, ast.AST]:
        """What each node stands in."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def functions(self) -> Mapping[str, Function]:
        """By name; methods and properties among them."""
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, Function)}

    def said(self) -> Iterator[Said]:
        """Every expression that is handed to an error, a finding or the like."""
        for node in ast.walk(self.tree):
            for one in self._handed(node):
                examples = (numbered(text) for text in self.texts(one, 0))
                known = tuple(dict.fromkeys(text for text in examples if is_language(text)))
                yield Said(
                    node.lineno if isinstance(node, ast.expr | ast.stmt) else 0, ast.unparse(one), known
                )

    def _handed(self, node: ast.AST) -> Sequence[ast.expr]:
        match node:
            case ast.Assign(targets=[ast.Name("msg")], value=value):
                return [value]
            case ast.Yield(value=ast.expr() as value) if self._within(node, "_notes"):
                return [value]
            case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name), args=args, keywords=keywords):
                places = (0,) if name in self.leaves else AT.get(name, ())
                named = [one.value for one in keywords if one.arg in NAMED]
                return [*(args[place] for place in places if place < len(args)), *named]
        return []

    def _within(self, node: ast.AST, name: str) -> bool:
        return any(isinstance(one, Function) and one.name == name for one in self._around(node))

    def _around(self, node: ast.AST) -> Iterator[ast.AST]:
        while (above := self.parents.get(node)) is not None:
            yield above
            node = above

    def texts(self, node: ast.expr, depth: int) -> tuple[str, ...]:
        """What an expression may be; a mark where nobody can say."""
        found = tuple(islice(self._texts(node, depth), MOST)) if depth <= DEEPEST else ()
        return found or (MARK,)

    def _texts(self, node: ast.expr, depth: int) -> Iterator[str]:
        match node:
            case ast.Constant(value=str(value)):
                yield value
            case ast.JoinedStr(values=parts):
                yield from map("".join, product(*(self._part(part, depth) for part in parts)))
            case ast.BinOp(left=left, op=ast.Add(), right=right) if not _is_number(right):
                yield from map("".join, product(self.texts(left, depth + 1), self.texts(right, depth + 1)))
            case _:
                for one in self._made_of(node):
                    yield from self.texts(one, depth + 1)

    def _part(self, part: ast.expr, depth: int) -> tuple[str, ...]:
        match part:
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self.texts(value, depth + 1)
            case ast.FormattedValue():
                return (MARK,)
        return self.texts(part, depth)

    def _made_of(self, node: ast.expr) -> Sequence[ast.expr]:
        """Expressions one of which it is."""
        match node:
            case ast.Name(name):
                return self._assigned(name, node)
            case ast.IfExp(body=body, orelse=other):
                return [body, other]
            case ast.BoolOp(values=values) | ast.Dict(values=values):
                return values
            case ast.Subscript(value=value):
                return [value]
            case ast.Attribute(value=ast.Name("self"), attr=name) if name in self.functions:
                return _returned(self.functions[name])
            case ast.Call(func=ast.Attribute(value=template, attr="format")):
                return [ast.Constant(re.sub(r"\{\w*\}", MARK, one)) for one in self.texts(template, 0)]
            case ast.Call(func=ast.Attribute(value=value, attr="get"), args=[_key, *default]):
                return [value, *default]
            case ast.Call(func=ast.Name(name), args=[first, *_rest]) if name in WRAPPING:
                return [first]
            case ast.Call(func=ast.Name(name) | ast.Attribute(value=ast.Name("self"), attr=name)):
                return _returned(self.functions[name]) if name in self.functions else []
        return []

    def _assigned(self, name: str, node: ast.expr) -> list[ast.expr]:
        """In the nearest function that gives the name a value, else in the module, or where it is from."""
        for around in self._around(node):
            if isinstance(around, Function | ast.Module):
                body = ast.walk(around) if isinstance(around, Function) else iter(around.body)
                found = [value for one in body for value in _given(one, name)]
                if found:
                    return found
        constant = self.constants.get(name)
        return [ast.Constant(constant)] if isinstance(constant, str) else []


def _given(node: ast.AST, name: str) -> Iterator[ast.expr]:
    match node:
        case ast.Assign(targets=[target], value=value):
            pairs = (
                zip(target.elts, value.elts, strict=False)
                if _both_tuples(target, value)
                else [(target, value)]
            )  # type: ignore[attr-defined]  # both are tuples
            yield from (one for place, one in pairs if isinstance(place, ast.Name) and place.id == name)
        case ast.AnnAssign(target=ast.Name(known), value=ast.expr() as value) if known == name:
            yield value
        case ast.NamedExpr(target=ast.Name(known), value=value) if known == name:
            yield value


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not isinstance(node.value, str)


def _both_tuples(target: ast.expr, value: ast.expr) -> bool:
    return isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)


def _returned(function: Function) -> list[ast.expr]:
    returns = (node for node in ast.walk(function) if isinstance(node, ast.Return))
    return [node.value for node in returns if node.value is not None]


def numbered(text: str) -> str:
    """Each mark told from the others."""
    pieces = text.split(MARK)
    return pieces[0] + "".join(f"{MARK}{n}{piece}" for n, piece in enumerate(pieces[1:], 1))


def is_language(text: str) -> bool:
    """Whether anything of it is to be translated: a word, not only values and marks between them."""
    return re.search(r"[A-Za-z]{2}", text) is not None
