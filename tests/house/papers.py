"""House rules over documents, locks and translations: from their text to what is wrong."""

from __future__ import annotations

import ast
import re
import string
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packaging.requirements import Requirement

HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
HOSTS = (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("debian", "org"), ("crates", "io"))
REGISTRY = re.compile("|".join(rf"\b{name}\.{end}\b" for name, end in HOSTS))
INDEX = re.compile(r"(?<!no-emit-)\b(extra-)?index[-]url|^--find[-]links|\btrusted[-]host", re.MULTILINE)


def without_code(text: str) -> str:
    """A page without its fenced blocks, where a ``#`` is a comment."""
    return FENCE.sub("", text)


def headings(text: str) -> list[str]:
    """Headings of a page, without marks of code."""
    return [found.replace("`", "") for found in HEADING.findall(without_code(text))]


def leaves_documented(leaves: Iterable[str], page: str) -> Iterator[str]:
    """Every error leaf has its heading, and no heading speaks of an error that is gone."""
    found = [name for name in headings(page) if re.fullmatch(r"[A-Z]\w+", name) and name != "Errors"]
    yield from (f"docs/errors.md: no heading {name}" for name in sorted(set(leaves) - set(found)))
    yield from (f"docs/errors.md: {name} is no error" for name in sorted(set(found) - set(leaves)))
    yield from (f"docs/errors.md: {name} twice" for name in sorted({n for n in found if found.count(n) > 1}))


def leaves_drawn(names: Iterable[str], drawing: str) -> Iterator[str]:
    """Every error stands in the tree drawn in errors.py, and nothing else does."""
    drawn = set(re.findall(r"[├└]── (\w+)", drawing))
    yield from (f"errors.py: {name} is not drawn" for name in sorted(set(names) - drawn))
    yield from (f"errors.py: {name} is drawn and does not exist" for name in sorted(drawn - set(names)))


def hinted(errors: Iterable[type]) -> Iterator[str]:
    """Every error says the next step itself: one whole sentence."""
    for error in errors:
        hint = vars(error).get("hint", "")
        if not hint.endswith("."):
            yield f"{error.__name__}: no hint of its own, or no sentence: {hint!r}"


def setting_names(schema: Mapping[str, Any]) -> set[str]:
    """Every key that a configuration file may hold, by its own name, out of its JSON Schema."""
    found: set[str] = set()
    for key, value in schema.items():
        if key == "properties":
            found |= set(value)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping):
                found |= setting_names(part)
    return found


def settings_documented(schema: Mapping[str, Any], page: str) -> Iterator[str]:
    """Every key of the configuration stands on its page, written as code."""
    spans = {word for span in re.findall(r"`([^`\n]+)`", page) for word in re.findall(r"[a-z_0-9]+", span)}
    spans |= {word for _, block in FENCE.findall(page) for word in re.findall(r"[a-z_0-9]+", block)}
    yield from (f"docs/configuration.md: no word on {name}" for name in sorted(setting_names(schema) - spans))


def settings_explained(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Every key of the schema that holds a value has a description; tables explain themselves."""
    for name, value in schema.get("properties", {}).items():
        if not (is_table(value) or is_table(value.get("items", {})) or value.get("description")):
            yield f"{path}{name}: no description"
        yield from settings_explained(value, f"{path}{name}.")
        yield from settings_explained(value.get("items", {}), f"{path}{name}[].")
    for part in (*schema.get("patternProperties", {}).values(), *schema.get("oneOf", ())):
        yield from settings_explained(part, path)


def is_table(schema: Mapping[str, Any]) -> bool:
    """Whether a key holds other keys."""
    return "properties" in schema or "patternProperties" in schema


def commands_documented(commands: Iterable[str], page: str) -> Iterator[str]:
    """Every command has its heading on the page of commands."""
    found = set(headings(page))
    yield from (f"no heading for `gatepost {name}`" for name in commands if f"gatepost {name}" not in found)


def targets_exist(page: str, makefile: str) -> Iterator[str]:
    """What a page tells to run with make is a target."""
    named = {n for code in code_of(page) for n in re.findall(r"^(?:\$ )?make ([a-z]+)", code, re.MULTILINE)}
    there = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    yield from (f"make {name}: no such target" for name in sorted(named - there))


def commands_exist(page: str, commands: Iterable[str]) -> Iterator[str]:
    """What a page tells to run with gatepost is a command."""
    named = {
        n
        for code in code_of(page)
        for n in re.findall(r"(?:^|[$;&|(] |sudo )gatepost ([a-z]+)\b", code, re.MULTILINE)
    }
    known = {name.split()[0] for name in commands}
    yield from (f"gatepost {name}: no such command" for name in sorted(named - known))


def code_of(page: str) -> list[str]:
    """What a page shows as commands: shell blocks and code spans."""
    blocks = [body for language, body in FENCE.findall(page) if language in {"", "console", "sh", "bash"}]
    return [*blocks, *re.findall(r"`([^`\n]+)`", without_code(page))]


def no_registry(path: str, text: str) -> Iterator[str]:
    """No file names a registry's host or an index: whoever installs decides where from."""
    for found in (*REGISTRY.finditer(text), *INDEX.finditer(text)):
        yield f"{path}:{text.count(chr(10), 0, found.start()) + 1}: {found.group()}"


def same_shape(english: str, chinese: str) -> Iterator[str]:
    """A page and its translation have the same headings, by level, and the same code but for comments."""
    levels = [re.findall(r"^(#+) ", without_code(text), re.MULTILINE) for text in (english, chinese)]
    if levels[0] != levels[1]:
        yield f"headings differ: {len(levels[0])} and {len(levels[1])}"
    blocks = [[bare(body) for _, body in FENCE.findall(text)] for text in (english, chinese)]
    if len(blocks[0]) != len(blocks[1]):
        yield f"code blocks differ: {len(blocks[0])} and {len(blocks[1])}"
    for one, other in zip(*blocks, strict=False):
        if one != other:
            yield f"a code block differs: {one[:60]!r} and {other[:60]!r}"


def bare(block: str) -> str:
    """Code without its comments, which are translated."""
    lines = (re.sub(r"(^|\s)#.*$", "", line).rstrip() for line in block.splitlines())
    return "\n".join(filter(None, lines))


def texts(code: str) -> set[str]:
    """All text that stands in the code."""
    nodes = ast.walk(ast.parse(code))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def messages(text: str) -> set[str]:
    """English texts that a module marks for translation: ``_("…")``."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=ast.Name("_"), args=[ast.Constant(str(marked)), *_]):
                found.add(marked)
    return found


def translated(marked: Iterable[str], catalogue: Mapping[str, str]) -> Iterator[str]:
    """Every marked text is in the catalogue with the same placeholders."""
    for text in sorted(marked):
        if not catalogue.get(text):
            yield f"no translation: {text!r}"
        elif placeholders(text) != placeholders(catalogue[text]):
            yield f"placeholders differ: {text!r}"


def placeholders(text: str) -> set[str]:
    """Names in braces of a format string."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def locked(lock: str) -> dict[str, str]:
    """Packages of a lock file that this platform installs, with their versions."""
    lines = re.findall(r"^([a-z0-9][^\n\\]*?) *\\?$", lock, re.MULTILINE)
    found = [Requirement(line) for line in lines]
    return {one.name: str(one.specifier) for one in found if not one.marker or one.marker.evaluate()}


def hashed(lock: str) -> Iterator[str]:
    """Every package of a lock file is pinned to one version and to hashes."""
    for block in re.split(r"\n(?=[a-z0-9])", lock.strip()):
        name = block.split()[0]
        if "==" not in name or "--hash=sha256:" not in block:
            yield f"{name}: not pinned or not hashed"


def few_and_reasoned(lock: str, record: str, limit: int) -> Iterator[str]:
    """The core installs few packages, and the decision record gives each a reason."""
    names = locked(lock)
    if len(names) > limit:
        yield f"{len(names)} packages, over {limit}"
    reasons = dict(re.findall(r"^\| `?([a-z][a-z0-9-]*)`? \| ([^|]+?) \|", record, re.MULTILINE))
    yield from (f"{name}: no reason given" for name in sorted(names) if not reasons.get(name))
    yield from (
        f"{name}: a reason, but not installed" for name in sorted(set(reasons) - set(names) - {"package"})
    )


def declared(text: str, packages: Iterable[str], own: str = "gatepost") -> Iterator[str]:
    """Every library that a module imports is declared by us, not just brought along by another one."""
    known = {*sys.stdlib_module_names, own, *(name.replace("-", "_") for name in packages)}
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names):
                named = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), level=0):
                named = [module]
            case _:
                continue
        yield from (f"{name} is imported, not declared" for name in named if name.split(".")[0] not in known)


def not_loaded(loaded: Iterable[str], heavy: Iterable[str]) -> Iterator[str]:
    """None of the heavy libraries is among the loaded modules."""
    found = {name.split(".")[0] for name in loaded}
    yield from (f"{name} is loaded" for name in sorted(found & set(heavy)))
