"""Finds prose in code: strings that read like sentences and are not somebody else's business."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

# Three or more words of two letters or more, with single spaces between: a phrase somebody might read.
_PROSE = re.compile(
    r"[A-Za-z'’]{2,},? +(?:[A-Za-z'’]+,? +)*?[A-Za-z'’]{2,},? +(?:[A-Za-z'’]+,? +)*?[A-Za-z'’]{2,}"
)
_PATTERN = re.compile(r"\|.*\|")  # words one reads with, not words one says
_LOGGING = {"debug", "info", "warning", "error", "exception", "critical"}


def prose_in(tree: ast.Module, *, callees: set[str]) -> list[str]:
    """Every phrase of three words or more that a member might be shown.

    Not counted: docstrings, log messages, what an assert or an exception says to a programmer, patterns to search
    by, and what is handed to one of `callees`.
    """
    excused = {id(node) for node in _excused(tree, callees)}
    return [
        f"line {node.lineno}: {node.value!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in excused
        and not _PATTERN.search(node.value)
        and _PROSE.search(node.value)
    ]


def _excused(tree: ast.Module, callees: set[str]) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value  # a docstring, of a module, a function or a name
        elif isinstance(node, ast.Raise | ast.Assert) or _is_call(node, callees):
            yield from ast.walk(node)


def _is_call(node: ast.AST, callees: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.Attribute) and called.attr in _LOGGING and _name(called.value) == "log":
        return True
    return _name(called) in callees


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
