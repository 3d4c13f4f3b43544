"""From a template to what discord.py sends: text, rows of buttons, and the way to support on every message."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import discord

from bot.content.library import Filled, Library
from bot.ui.ids import make

SUPPORT = "support"
Menu = discord.ui.Select[Any] | discord.ui.UserSelect[Any] | discord.ui.RoleSelect[Any]


class Button(NamedTuple):
    """A button on a message, or one in the making."""

    label: str
    custom_id: str
    style: discord.ButtonStyle = discord.ButtonStyle.secondary


Row = Sequence[Button | Menu]
"""Buttons side by side (five at most), or one menu: Discord's limits."""
_STYLES = {
    "primary": discord.ButtonStyle.primary,
    "secondary": discord.ButtonStyle.secondary,
    "success": discord.ButtonStyle.success,
    "danger": discord.ButtonStyle.danger,
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message is from and for whom: the network (0: none known) and the language.

    Both travel in the support button, so that support needs to look nothing up.
    """

    network_id: int = 0
    language: str = "en"

    def __str__(self) -> str:
        return f"{self.network_id}.{self.language}"


def read_origin(arg: str) -> Origin:
    """The origin out of a support button's argument; anything odd reads as an unknown network."""
    network, _, rest = arg.partition(".")
    language = rest.partition(".")[0]
    known = network.isdecimal() and len(network) <= 20
    return Origin(int(network) if known else 0, language or "en")


def draw(
    library: Library,
    template: str,
    params: Mapping[str, object] | None = None,
    *,
    origin: Origin,
    subject_id: int = 0,
    outbox_id: int = 0,
    menus: Sequence[Menu] = (),
    choices: Sequence[Button] = (),
    without: Collection[str] = (),
) -> dict[str, Any]:
    """The keyword arguments for `send` or `send_message`: template `id` or `id#wording`, filled in.

    `menus`, and up to five `choices` side by side, stand above the buttons; the buttons named in `without` are left
    out. Buttons get `subject_id` as their row; the support button carries `outbox_id`, by which a lost message is found.
    """
    filled = library.fill(template, params, origin.language)
    rows: list[Row] = [[chooser] for chooser in menus]
    if choices:
        rows.append(choices)
    rows += [
        [button(library, reference, origin, subject_id, outbox_id) for reference in row]
        for row in with_support(
            [[reference for reference in row if reference not in without] for row in filled.buttons]
        )
    ]
    if filled.layout == "panel":
        return {"view": _panel(filled, rows), "allowed_mentions": discord.AllowedMentions.none()}
    return {
        "content": filled.text,
        "view": Plain(rows),
        "allowed_mentions": discord.AllowedMentions.none(),
        "suppress_embeds": True,
    }


def with_support(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The rows, with support added at the end where a template forgot it."""
    drawn = [list(row) for row in rows if row]
    if not any(SUPPORT in row for row in drawn):
        if drawn and len(drawn[-1]) < 5:
            drawn[-1].append(SUPPORT)
        else:
            drawn.append([SUPPORT])
    return drawn


def is_support(kind: str) -> bool:
    """Whether a kind of control, or a command, is a way to support: never counted, paced or refused."""
    return kind == SUPPORT or kind.startswith(f"{SUPPORT}.")


def button(
    library: Library, reference: str, origin: Origin, subject_id: int = 0, outbox_id: int = 0
) -> Button:
    """One button from its reference, with its words in the origin's language."""
    words = library.button(reference, origin.language)
    kind = reference.partition("=")[0]
    if is_support(kind):
        choice = reference.partition("=")[2]
        custom_id = make(kind, outbox_id, f"{origin}.{choice}" if choice else str(origin))
    else:
        custom_id = make(reference, subject_id)
    return Button(words.label, custom_id, _STYLES[words.style])


def draw_card(
    library: Library,
    text: str,
    buttons: Sequence[Sequence[str]],
    origin: Origin,
    menus: Sequence[Menu] = (),
) -> dict[str, Any]:
    """The same for words that are put together already, with rows of button references beneath the menus.

    Its buttons speak of the origin's network, so that nobody in two is asked which.
    """
    rows: list[Row] = [[chooser] for chooser in menus]
    rows += [
        [button(library, reference, origin, origin.network_id) for reference in row]
        for row in with_support(buttons)
    ]
    return {"content": text, "view": Plain(rows), "suppress_embeds": True}


def menu(custom_id: str, options: Sequence[tuple[str, str]], hint: str = "") -> discord.ui.Select[Any]:
    """A menu to pick one of `options` from: (value, name). At most 25, Discord's limit. `hint` stands in it till then."""
    select: discord.ui.Select[Any] = discord.ui.Select(custom_id=custom_id, placeholder=hint or None)
    for value, name in options[:25]:
        select.add_option(label=name[:100], value=value)
    return select


def people_menu(
    custom_id: str, placeholder: str | None = None, *, most: int = 1, present: Sequence[int] = ()
) -> discord.ui.UserSelect[Any]:
    """A menu to pick one person of the server from, or up to `most` (25 are Discord's limit), or with those nobody."""
    return discord.ui.UserSelect(
        custom_id=custom_id,
        placeholder=placeholder,
        min_values=1 if most == 1 else 0,
        max_values=most,
        default_values=[
            discord.SelectDefaultValue(id=user, type=discord.SelectDefaultValueType.user)
            for user in present[:most]
        ],
    )


def role_menu(custom_id: str, placeholder: str) -> discord.ui.RoleSelect[Any]:
    """A menu to pick one role of the server from."""
    return discord.ui.RoleSelect(custom_id=custom_id, placeholder=placeholder)


class Plain(discord.ui.View):
    """Rows beneath a message that discord.py sends and then forgets.

    A view still running would be kept in memory for every message ever sent; all our state is in the custom ids.
    `discord.ui.View` makes a future and asks the system for random bytes, a sixth of what an answer costs (measured),
    for a listening that never begins. So this one is finished from the start and only knows what is asked of a view that is sent.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        # Without super().__init__(), as said above; a test holds this against what discord.py's own view would send.
        self._components = [
            {
                "type": discord.ComponentType.action_row.value,
                "components": [_component(item) for item in row],
            }
            for row in rows
        ]

    def to_components(self) -> list[dict[str, Any]]:
        return self._components

    def has_components_v2(self) -> bool:
        return False

    @property
    def timeout(self) -> float | None:  # pyright: ignore[reportIncompatibleMethodOverride] - nothing sets it
        return None

    def is_dispatchable(self) -> bool:
        return False

    def is_finished(self) -> bool:
        return True


def _item(item: Button | Menu) -> discord.ui.Item[Any]:
    if not isinstance(item, Button):
        return item
    return discord.ui.Button(label=item.label, custom_id=item.custom_id, style=item.style)


def _component(item: Button | Menu) -> dict[str, Any]:
    if not isinstance(item, Button):
        return {**item.to_component_dict()}
    return {
        "type": discord.ComponentType.button.value,
        "style": item.style.value,
        "label": item.label,
        "custom_id": item.custom_id,
    }


def _panel(filled: Filled, rows: Sequence[Row]) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    container: discord.ui.Container[Any] = discord.ui.Container(accent_colour=discord.Colour(0x5B7C99))
    if filled.title:
        container.add_item(discord.ui.TextDisplay(f"## {filled.title}"))
    container.add_item(discord.ui.TextDisplay(filled.text))
    for row in rows:
        container.add_item(discord.ui.ActionRow(*(_item(item) for item in row)))
    view.add_item(container)
    view.stop()
    return view
