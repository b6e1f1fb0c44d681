"""House rules over Python text that no linter knows: from a path and its text to what is wrong."""

from __future__ import annotations

import ast
import io
import re
import statistics
import tokenize
from collections.abc import Callable, Iterable, Iterator

FUNCTION_LINES_MAX = 50
FUNCTION_LINES_MEDIAN = 6
MODULE_LINES_MAX = 400
TEST_LINES_MAX = 600
"""A test module may list more cases than a module may have lines."""
POSITIONAL_MAX = 6

VAGUE = frozenset({"utils", "util", "helpers", "helper", "manager", "common", "misc"})
Function = ast.FunctionDef | ast.AsyncFunctionDef
Rule = Callable[[str, str], Iterator[str]]


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function of a module, methods and nested ones included."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def has_docstring(node: Function) -> bool:
    """Whether the body starts with a docstring."""
    return ast.get_docstring(node, clean=False) is not None


def code_lines(node: Function, lines: list[str]) -> int:
    """Lines of a function's body that hold code: no docstring, no comment, no blank line."""
    body = node.body[1:] if has_docstring(node) else node.body
    if not body:
        return 0
    own = (line.strip() for line in lines[body[0].lineno - 1 : node.end_lineno])
    return sum(1 for line in own if line and not line.startswith("#"))


def short_functions(path: str, text: str) -> Iterator[str]:
    """No function has more than 50 lines of code."""
    lines = text.splitlines()
    for node in functions(ast.parse(text)):
        if (found := code_lines(node, lines)) > FUNCTION_LINES_MAX:
            yield f"{path}:{node.lineno}: {node.name} has {found} lines of code"


def function_sizes(texts: Iterable[str]) -> list[int]:
    """Lines of code of every function of many modules."""
    return [code_lines(node, text.splitlines()) for text in texts for node in functions(ast.parse(text))]


def small_median(texts: Iterable[str]) -> Iterator[str]:
    """Half of all functions have six lines of code or fewer."""
    sizes = function_sizes(texts)
    if sizes and (found := statistics.median(sizes)) > FUNCTION_LINES_MEDIAN:
        yield f"the median function has {found} lines of code"


def short_modules(path: str, text: str) -> Iterator[str]:
    """No module has more than 400 lines, no test module more than 600."""
    limit = TEST_LINES_MAX if path.startswith("tests/") else MODULE_LINES_MAX
    if (found := len(text.splitlines())) > limit:
        yield f"{path}: {found} lines"


def few_arguments(path: str, text: str) -> Iterator[str]:
    """No function takes more than six positional arguments."""
    for node in functions(ast.parse(text)):
        names = [a.arg for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in {"self", "cls"}]
        if len(names) > POSITIONAL_MAX:
            yield f"{path}:{node.lineno}: {node.name} takes {len(names)} positional arguments"


def telling_names(path: str, text: str) -> Iterator[str]:
    """No module, class or function is called by a word that says nothing."""
    if VAGUE & set(re.split(r"[/._]", path.removesuffix(".py"))):
        yield f"{path}: a name that says nothing"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | Function) and VAGUE & set(words(node.name)):
            yield f"{path}:{node.lineno}: {node.name} says nothing"


def words(name: str) -> list[str]:
    """Words of a snake_case or CamelCase name, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)]


def called(node: ast.Call) -> str:
    """Dotted name of what a call calls: ``time.sleep``; ``.patch`` where the object is not a name."""
    match node.func:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Name(owner), attribute):
            return f"{owner}.{attribute}"
        case ast.Attribute(_, attribute):
            return f".{attribute}"
    return ""


def calls(text: str) -> Iterator[tuple[ast.Call, str]]:
    """Every call of a module with its dotted name."""
    return ((node, called(node)) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))


def no_print(path: str, text: str) -> Iterator[str]:
    """The package never prints: output goes through the command line's own writer."""
    yield from (f"{path}:{node.lineno}: print" for node, name in calls(text) if name == "print")


def no_blocking_sleep(path: str, text: str) -> Iterator[str]:
    """Nothing blocks in ``time.sleep``: whoever waits is handed a clock."""
    for node, name in calls(text):
        if name == "time.sleep":
            yield f"{path}:{node.lineno}: time.sleep"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module == "time" and "sleep" in imported(node):
            yield f"{path}:{node.lineno}: sleep imported from time"


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Names as they stand in an import statement."""
    return [alias.name for alias in node.names]


PATCHES = frozenset({"mock.patch", "patch", "monkeypatch.setattr", "monkeypatch.setitem", "patch.object"})


def no_patches(path: str, text: str) -> Iterator[str]:
    """Seams, not patches: no mock library and nothing of ours is replaced from outside."""
    for node, name in calls(text):
        if name in PATCHES or name.endswith(".patch"):
            yield f"{path}:{node.lineno}: {name}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("unittest.mock", "mock")):
            yield f"{path}:{node.lineno}: {node.module}"
        if isinstance(node, ast.Import | ast.ImportFrom) and {"unittest.mock", "mock"} & set(imported(node)):
            yield f"{path}:{node.lineno}: mock"


DANGEROUS = frozenset({"eval", "exec", "os.system", "os.popen", "yaml.load", "marshal.loads"})
PICKLES = frozenset({"pickle", "cPickle", "dill", "shelve", "marshal"})


def no_dangerous_calls(path: str, text: str) -> Iterator[str]:
    """No shell, no unverified TLS, no code made from text."""
    for node, name in calls(text):
        if name in DANGEROUS:
            yield f"{path}:{node.lineno}: {name}"
        for keyword in node.keywords:
            if (keyword.arg, getattr(keyword.value, "value", None)) in {("shell", True), ("verify", False)}:
                yield f"{path}:{node.lineno}: {keyword.arg}={ast.unparse(keyword.value)}"


def no_pickles(path: str, text: str) -> Iterator[str]:
    """Nothing is read back as code: no pickles of any make."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            named = {*imported(node), getattr(node, "module", None) or ""}
            if PICKLES & {name.split(".")[0] for name in named}:
                yield f"{path}:{node.lineno}: {ast.unparse(node)}"


EXEMPTIONS = {
    "noqa": re.compile(r"#\s*noqa\b(?!: [A-Z]+\d+(, ?[A-Z]+\d+)* - \S)"),
    "type: ignore": re.compile(r"#\s*type:\s*ignore\b(?!\[[a-z, -]+\]\s+# \S)"),
    "pragma": re.compile(r"#\s*pragma:(?! no (cover|branch) - \S)"),
}


def reasoned_exemptions(path: str, text: str) -> Iterator[str]:
    """Every exemption from a linter, a type checker or coverage carries its code and its reason."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            for name, bare in EXEMPTIONS.items():
                if bare.search(token.string):
                    yield f"{path}:{token.start[0]}: {name} without code or reason: {token.string}"


def revealed_at_the_edge(path: str, text: str) -> Iterator[str]:
    """A secret is revealed only where it goes out, or where what comes in is checked with it."""
    allowed = tuple(f"src/gatepost/{room}/" for room in ("kit", "platforms", "notify", "callbacks"))
    if path.startswith(allowed) or not path.startswith("src/"):
        return
    for node, name in calls(text):
        if name.endswith(".reveal"):
            yield f"{path}:{node.lineno}: reveal outside the rooms that talk to platforms"


def sorted_exports(path: str, text: str) -> Iterator[str]:
    """Every ``__all__`` is a sorted literal of names that the module has."""
    tree = ast.parse(text)
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names = ast.literal_eval(node.value)
            if list(names) != sorted(names):
                yield f"{path}:{node.lineno}: __all__ is not sorted"
            if lost := set(names) - defined(tree):
                yield f"{path}:{node.lineno}: __all__ names what is not there: {', '.join(sorted(lost))}"


def defined(tree: ast.Module) -> set[str]:
    """Names that a module's top level binds; everything where it resolves names lazily."""
    found: set[str] = set()
    for node in tree.body:
        match node:
            case ast.Import() | ast.ImportFrom():
                found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(node.name)
            case ast.Assign() | ast.AnnAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {
                    name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
                }
    if "__getattr__" in found:
        found |= {
            text.value
            for text in ast.walk(tree)
            if isinstance(text, ast.Constant) and isinstance(text.value, str)
        }
    return found


def documented(path: str, text: str) -> Iterator[str]:
    """Every module and everything public in it has a docstring, without exemption."""
    tree = ast.parse(text)
    if not ast.get_docstring(tree):
        yield f"{path}: no module docstring"
    for node in tree.body:
        if (
            isinstance(node, ast.ClassDef | Function)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ):
            yield f"{path}:{node.lineno}: {node.name} has no docstring"


def claimed(path: str, text: str) -> Iterator[str]:
    """A test's docstring is the sentence it proves, or its name is: at least three words."""
    for node in functions(ast.parse(text)):
        if node.name.startswith("test_") and not ast.get_docstring(node) and len(words(node.name)) < 4:
            yield f"{path}:{node.lineno}: {node.name} does not say what it proves"


SHARED_RULES = (short_functions, short_modules, no_blocking_sleep, no_dangerous_calls, reasoned_exemptions)
"""For every Python file."""
TOOL_RULES = (*SHARED_RULES, few_arguments, telling_names, documented)
"""For scripts/, bench/ and proof/, which may print."""
PACKAGE_RULES = (*TOOL_RULES, no_print, no_patches, no_pickles, revealed_at_the_edge, sorted_exports)
"""For src/."""
TEST_RULES = (*SHARED_RULES, no_patches, claimed)
"""For tests/, where fixtures are arguments."""
