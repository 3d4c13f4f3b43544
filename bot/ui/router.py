"""Presses and forms find their handlers by the kind in their custom id.

One table for both. discord.py's own `DynamicItem` would need a class and a pattern a kind, has no hook for errors,
and does not cover forms, which forget their handlers when the process ends; a table does all three and can be
listed, so a test can press every button there is.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import discord

from bot.errors import Refusal
from bot.ui.ids import LARGEST_ROW, Press, parse

Handler = Callable[[discord.Interaction[Any], Press], Awaitable[None]]
_F = TypeVar("_F", bound=Callable[..., Awaitable[None]])
_MARK = "__presses__"
_ROW = re.compile("[0-9]{1,19}")


def on_press(*kinds: str) -> Callable[[_F], _F]:
    """Mark a cog's method as the handler of these kinds of button, menu or form."""

    def mark(method: _F) -> _F:
        setattr(method, _MARK, kinds)
        return method

    return mark


@dataclass
class Router:
    """Every kind of control the bot answers to, and who answers."""

    handlers: dict[str, Handler] = field(default_factory=dict[str, Handler])

    def collect(self, cog: object) -> None:
        """Take in the marked methods of a cog. Raises `ValueError` when two claim one kind."""
        for name in dir(type(cog)):
            kinds: tuple[str, ...] = getattr(getattr(type(cog), name), _MARK, ())
            for kind in kinds:
                if kind in self.handlers:
                    raise ValueError(f"two handlers for {kind}")
                self.handlers[kind] = getattr(cog, name)

    def find(self, interaction: discord.Interaction[Any]) -> tuple[Press, Handler] | None:
        """The press and its handler; None when nobody here answers to it."""
        press = parse(str(_data(interaction).get("custom_id", "")))
        if press is None or press.kind not in self.handlers:
            return None
        return press, self.handlers[press.kind]


def _data(interaction: discord.Interaction[Any]) -> Mapping[str, Any]:
    # discord.py tells a command's data from a press's by the interaction's type; here either has only what it has.
    return cast("Mapping[str, Any]", interaction.data or {})


def chosen(interaction: discord.Interaction[Any]) -> list[str]:
    """What was picked in a menu."""
    return [str(value) for value in _data(interaction).get("values", [])]


def picked_row(interaction: discord.Interaction[Any]) -> int:
    """The one row picked in a menu of rows. Raises `Refusal` for what no menu of ours holds."""
    values = chosen(interaction)
    if len(values) != 1 or not _ROW.fullmatch(values[0]) or int(values[0]) > LARGEST_ROW:
        raise Refusal("errors.old_button")
    return int(values[0])


MOST_PICKED = 25
"""What one of Discord's menus holds."""


def picked_ids(interaction: discord.Interaction[Any]) -> tuple[int, ...]:
    """The people or roles picked in a menu of Discord's own. Raises `Refusal` for what no such menu holds."""
    values = chosen(interaction)
    if len(values) > MOST_PICKED or any(not _ROW.fullmatch(v) or int(v) > LARGEST_ROW for v in values):
        raise Refusal("errors.old_button")
    return tuple(int(value) for value in values)


def written(interaction: discord.Interaction[Any]) -> dict[str, str]:
    """What was written in a form: custom id of each field and its text (or the first choice of a menu in it)."""
    found: dict[str, str] = {}

    def gather(components: Any) -> None:
        for component in components or ():
            if "custom_id" in component and ("value" in component or "values" in component):
                values = component.get("values") or [""]
                found[component["custom_id"]] = str(component.get("value") or values[0])
            gather(component.get("components"))
            if component.get("component"):
                gather([component["component"]])

    gather(_data(interaction).get("components"))
    return found


def typed(interaction: discord.Interaction[Any]) -> list[str]:
    """What was written in the fields of a form, as it was; empty for anything else."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return []
    found: list[str] = []
    for label in _data(interaction).get("components", []):
        field: Mapping[str, Any] = label.get("component") or {}
        found.append(str(field.get("value") or ""))
    return [said for said in found if said.strip()]


def chosen_in_form(interaction: discord.Interaction[Any]) -> dict[str, list[str]]:
    """What was picked in a form of menus: custom id of each menu and everything picked in it."""
    found: dict[str, list[str]] = {}
    for label in _data(interaction).get("components", []):
        menu: Mapping[str, Any] = label.get("component") or {}
        if "custom_id" in menu:
            found[str(menu["custom_id"])] = [str(value) for value in menu.get("values") or ()]
    return found
