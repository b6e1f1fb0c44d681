"""Texts of the console: those that its templates and modules mark for translation."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, nodes

from house import papers

SERVER = Path(__file__).parents[2] / "src" / "gatepost" / "server"


def templates() -> list[Path]:
    """Every page and part of one."""
    return sorted((SERVER / "templates").glob("*.html"))


def marked() -> set[str]:
    """By ``_("…")``, in templates and in the modules beside them."""
    modules = [*SERVER.glob("console*.py"), *SERVER.glob("oidc*.py")]
    found = {text for path in modules for text in papers.messages(path.read_text("utf-8"))}
    for path in templates():
        found |= _of_template(path.read_text("utf-8"))
    return found


def _of_template(text: str) -> set[str]:
    tree = Environment(autoescape=True).parse(text)
    calls = [one for one in tree.find_all(nodes.Call) if _is_mark(one.node)]
    firsts = [call.args[0] for call in calls if call.args]
    return {text for first in firsts for text in _constants(first)}


def _is_mark(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "_"


def _constants(node: nodes.Node) -> set[str]:
    """Of the text itself, or of each branch that may become it."""
    match node:
        case nodes.Const(value=str(value)):
            return {value}
        case nodes.CondExpr(expr1=first, expr2=second):
            return _constants(first) | (_constants(second) if second else set())
        case nodes.Getitem(node=nodes.Dict(items=items)):
            return {text for pair in items for text in _constants(pair.value)}
    return set()
