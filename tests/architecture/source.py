"""The source as the architecture's tests see it: modules, what each imports, and where."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Import:
    """One module imports another. `typing_only`: beneath `if TYPE_CHECKING`, so that it never runs."""

    importer: str
    imported: str
    typing_only: bool


class Source:
    """Modules by their dotted name. Real ones are read from the working tree; a test may make up its own."""

    def __init__(self, texts: Mapping[str, str], parsed: Mapping[str, ast.Module] | None = None) -> None:
        self.texts = dict(texts)
        self.trees = {name: (parsed or {}).get(name) or ast.parse(text) for name, text in texts.items()}
        self.imports = [found for name, tree in self.trees.items() for found in self._imports_of(name, tree)]
        self._runs: dict[str, set[str]] = {}
        for one in self.imports:
            if not one.typing_only:
                self._runs.setdefault(one.importer, set()).add(one.imported)

    def with_module(self, name: str, text: str) -> Source:
        """The same source with one module more, or changed."""
        kept = {other: tree for other, tree in self.trees.items() if other != name}
        return Source(self.texts | {name: text}, kept)

    def _imports_of(self, name: str, tree: ast.Module) -> Iterator[Import]:
        idle = {id(child) for node in ast.walk(tree) if _is_typing_only(node) for child in _body(node)}
        for node in ast.walk(tree):
            for imported in self._named(node):
                yield Import(name, imported, id(node) in idle)

    def _named(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used here"
            assert node.module
            for alias in node.names:
                # `from package import module` knows the module; `from module import thing` knows the module too.
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in self.texts else node.module

    def reached_from(self, *starts: str) -> set[str]:
        """Every module that running these would import, directly or through others."""
        known, waiting = set[str](), list(starts)
        while waiting:
            name = waiting.pop()
            if name not in known:
                known.add(name)
                waiting += self._runs.get(name, ())
        return known


def _is_typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _body(node: ast.AST) -> Iterator[ast.AST]:
    assert isinstance(node, ast.If)
    for statement in node.body:
        yield from ast.walk(statement)


def under(name: str, *parents: str) -> bool:
    """Whether a module is one of these or inside one of these."""
    return any(name == parent or name.startswith(parent + ".") for parent in parents)


@cache
def product() -> Source:
    """All of bot/ and cogs/."""
    texts: dict[str, str] = {}
    for path in sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("cogs/**/*.py")]):
        parts = path.relative_to(ROOT).with_suffix("").parts
        texts[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return Source(texts)


def defined(source: Source, module: str, qualified: str) -> ast.AST:
    """A function or class in a module, by its dotted name inside it."""
    node: ast.AST = source.trees[module]
    for name in qualified.split("."):
        node = next(
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and child.name == name
        )
    return node
