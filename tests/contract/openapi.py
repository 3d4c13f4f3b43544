"""Checks requests and answers against Discord's published OpenAPI description.

    contract = Contract.from_environment()
    problems = contract.check(wire.recorded)

Requests are checked strictly: a field that Discord does not describe is a problem. Answers are checked as
described; what is missing or of the wrong shape is a problem. `ALLOWED` lists, with reasons, where a
correct client or a correct server disagrees with the description.
"""

from __future__ import annotations

import copy
import fnmatch
import functools
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

VARIABLE = "REALLYOK_DISCORD_OPENAPI"

Recorded = tuple[str, str, Any, int, Any]


@dataclass(frozen=True)
class Allowed:
    """A known disagreement: which side, which route, where in the body, and why it is nobody's fault."""

    side: str
    route: str
    where: str
    why: str


ALLOWED: tuple[Allowed, ...] = (
    Allowed(
        "request",
        "*",
        "*id: [0-9]* is not of type *",
        "discord.py writes ids as integers; Discord takes both",
    ),
    Allowed(
        "request", "*", "* '[0-9]*' is not of type 'integer'*", "permissions are strings in the documentation"
    ),
    Allowed("request", "*/commands", "*('nsfw' was unexpected)", "documented for commands, missing here"),
    Allowed("request", "*", "*('tts' was unexpected)", "discord.py sends tts with every answer and edit"),
    Allowed(
        "request", "*", "*embeds/*('flags' was unexpected)", "discord.py sends an embed's flags, always 0"
    ),
)


class Contract:
    """Discord's description, with schemas compiled when first needed."""

    def __init__(self, document: dict[str, Any], allowed: Iterable[Allowed] = ALLOWED) -> None:
        self._allowed = tuple(allowed)
        self._schemas = {"answer": document["components"]["schemas"]}
        self._schemas["request"] = _strict(self._schemas["answer"])
        self._responses = document["components"].get("responses", {})
        self._routes: dict[tuple[str, int], list[tuple[list[str], str, dict[str, Any]]]] = {}
        for path, operations in document["paths"].items():
            template = path.strip("/").split("/")
            for method, operation in operations.items():
                if isinstance(operation, dict) and "responses" in operation:
                    key = method.upper(), len(template)
                    self._routes.setdefault(key, []).append((template, path, operation))
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}

    @classmethod
    def from_environment(cls) -> Contract | None:
        """The description named by the environment, or None when no file is named."""
        named = os.environ.get(VARIABLE)
        return _load(named) if named else None

    def check(self, recorded: Iterable[Recorded]) -> list[str]:
        """Everything that disagrees with the description, one line each, without repeats."""
        problems: dict[str, None] = {}
        for method, path, body, status, answer in recorded:
            # A request refused at the door was not read.
            sent = [] if status in (401, 429) else self.request(method, path, body)
            for line in (*sent, *self.answer(method, path, status, answer)):
                problems[line] = None
        return list(problems)

    def request(self, method: str, path: str, body: Any) -> list[str]:
        """What is wrong with what a bot sent."""
        found = self._find(method, path)
        if found is None:
            return [f"{method} {path}: Discord describes no such route"]
        route, operation = found
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return [] if body in (None, {}) else [f"{method} {route} request: takes no body"]
        if body is None:
            needed = operation["requestBody"].get("required")
            return [f"{method} {route} request: needs a body"] if needed else []
        schema = content.get("application/json") or next(iter(content.values()))
        return self._problems("request", method, route, schema["schema"], body)

    def answer(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """What is wrong with what the server answered."""
        found = self._find(method, path)
        if found is None:
            return []
        route, operation = found
        responses = operation["responses"]
        described = responses.get(str(status)) or (responses.get("4XX") if 400 <= status < 500 else None)
        if described is None:
            if status >= 500:
                return []
            return [f"{method} {route} answer: {status} is not described, only {', '.join(responses)}"]
        if "$ref" in described:
            described = self._responses[described["$ref"].rsplit("/", 1)[1]]
        content = described.get("content", {}).get("application/json")
        if content is None:
            return [] if body is None else [f"{method} {route} answer: {status} has no body"]
        return self._problems("answer", method, route, content["schema"], body)

    def _find(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        segments = path.strip("/").split("/")
        best: tuple[int, str, dict[str, Any]] | None = None
        for template, route, operation in self._routes.get((method, len(segments)), ()):
            pairs = list(zip(template, segments, strict=True))
            if all(t.startswith("{") or t == s for t, s in pairs):
                literals = sum(t == s for t, s in pairs)
                if best is None or literals > best[0]:
                    best = literals, route, operation
        return None if best is None else (best[1], best[2])

    def _problems(self, side: str, method: str, route: str, schema: dict[str, Any], body: Any) -> list[str]:
        key = side, f"{method} {route} {json.dumps(schema, sort_keys=True)}"
        if key not in self._validators:
            root = {**schema, "components": {"schemas": self._schemas[side]}}
            self._validators[key] = Draft202012Validator(root)
        lines: list[str] = []
        for error in self._validators[key].iter_errors(body):
            for leaf in _leaves(error):
                where = "/".join(str(part) for part in leaf.absolute_path)
                if not self._is_allowed(side, f"{method} {route}", where, leaf):
                    lines.append(f"{method} {route} {side} at /{where}: {leaf.message[:300]}")
        return lines

    def _is_allowed(self, side: str, route: str, where: str, error: ValidationError) -> bool:
        told = f"{where}: {error.message}"
        return any(
            rule.side == side
            and fnmatch.fnmatchcase(route, rule.route)
            and fnmatch.fnmatchcase(told, rule.where)
            for rule in self._allowed
        )


def _leaves(error: ValidationError) -> list[ValidationError]:
    """The errors that say something: inside a choice of shapes, those of the shape that fits best."""
    if not error.context:
        return [error]
    shapes: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        shapes.setdefault(inner.schema_path[0], []).append(inner)
    # A shape that already disagrees about the kind (`type`) is not the one that was meant.
    meant = [s for s in shapes.values() if not any(_wrong_kind(error, e) for e in s)] or list(shapes.values())
    return [leaf for inner in min(meant, key=len) for leaf in _leaves(inner)]


def _wrong_kind(parent: ValidationError, inner: ValidationError) -> bool:
    depth = len(parent.absolute_path)
    kind = list(inner.absolute_path)[depth:]
    return kind == ["type"] or (kind == [] and inner.validator == "type")


def _strict(schemas: dict[str, Any]) -> dict[str, Any]:
    """Objects take no fields but those described."""
    strict = copy.deepcopy(schemas)
    for schema in strict.values():
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return strict


@functools.cache
def _load(named: str) -> Contract:
    return Contract(json.loads(Path(named).read_text(encoding="utf-8")))


__all__ = ["ALLOWED", "VARIABLE", "Allowed", "Contract"]
