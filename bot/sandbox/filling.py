"""Filling in what a bot offers: command options, menus and forms, checked as Discord's own client would.

Entities (people, roles, channels) are given by id, as an int or a numeric string.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from simcord.backend import serializers
from simcord.backend.errors import OptionError
from simcord.components import walk_components
from simcord.enums import SELECT_TYPES, ComponentType, OptionType
from simcord.interactions import parse_option_input, validate_option_value

from bot.sandbox.store import Store

Data = dict[str, Any]
File = tuple[str, bytes]

_ENTITY_OPTIONS = {
    OptionType.USER: "user",
    OptionType.ROLE: "role",
    OptionType.CHANNEL: "channel",
    OptionType.MENTIONABLE: "mentionable",
}
_ENTITY_MENUS = {
    ComponentType.USER_SELECT: "user",
    ComponentType.ROLE_SELECT: "role",
    ComponentType.CHANNEL_SELECT: "channel",
    ComponentType.MENTIONABLE_SELECT: "mentionable",
}


class Unfillable(Exception):
    """The answer does not fit; the text says why in plain English."""


class Form:
    """Collects answers given by one person in one channel, and the objects Discord sends beside them."""

    def __init__(self, store: Store, channel_id: int, person_id: int) -> None:
        self._store = store
        self._channel = store.get_channel(channel_id)
        self._person_id = person_id
        self.resolved: dict[str, Data] = {}

    # Command options.

    def options(
        self, name: str, spec: Data, given: Mapping[str, Any], *, partial: bool = False
    ) -> list[Data]:
        """The wire's options for a (sub)command. With `partial`, what does not fit yet is left out."""
        declared = {option["name"]: option for option in _options(spec)}
        if any(o["type"] in (OptionType.SUBCOMMAND, OptionType.SUBCOMMAND_GROUP) for o in declared.values()):
            raise Unfillable(f"/{name} needs one of: {', '.join(sorted(declared))}.")
        unknown = sorted(set(given) - set(declared))
        if unknown:
            raise Unfillable(f"/{name} has no option called {unknown[0]}.")
        if not partial:
            for option in declared.values():
                if option.get("required") and option["name"] not in given:
                    raise Unfillable(f"/{name} needs the option {option['name']}.")
        built: list[Data] = []
        for key, value in given.items():
            try:
                wire = self._option(name, declared[key], value)
            except Unfillable:
                if not partial:
                    raise
            else:
                built.append({"name": key, "type": declared[key]["type"], "value": wire})
        return built

    def _option(self, name: str, option: Data, value: Any) -> Any:
        kind = OptionType(option["type"])
        if kind in _ENTITY_OPTIONS:
            allowed = option.get("channel_types") or None
            return self.entity(_ENTITY_OPTIONS[kind], value, channel_types=allowed)
        try:
            if isinstance(value, str) and kind in (OptionType.INTEGER, OptionType.NUMBER):
                return parse_option_input(name, option, value)
            if isinstance(value, str) and kind == OptionType.BOOLEAN:
                value = {"true": True, "false": False}.get(value.lower(), value)
            value = validate_option_value(name, option, value)
        except (OptionError, ValueError) as why:
            raise Unfillable(f"{why}.") from why
        return self.upload(*value) if kind == OptionType.ATTACHMENT else value

    # Menus in messages.

    def menu(self, menu: Data, values: Sequence[Any]) -> list[str]:
        """The wire's values for a select menu."""
        low, high = menu.get("min_values", 1), menu.get("max_values", 1)
        if not low <= len(values) <= high:
            raise Unfillable(f"That menu takes between {low} and {high} choices, not {len(values)}.")
        return self._chosen(menu, values)

    def _chosen(self, menu: Data, values: Sequence[Any]) -> list[str]:
        kind = ComponentType(menu["type"])
        if kind == ComponentType.STRING_SELECT:
            _among(menu, values)
            chosen = [str(value) for value in values]
        else:
            allowed = menu.get("channel_types") or None
            chosen = [self.entity(_ENTITY_MENUS[kind], value, channel_types=allowed) for value in values]
        if len(set(chosen)) != len(chosen):
            raise Unfillable("The same choice was made twice.")
        return chosen

    # Forms (modals).

    def modal(self, modal: Data, answers: Mapping[str, Any]) -> list[Data]:
        """The wire's components for a submitted form."""
        known = {c["custom_id"] for c in _fields(modal.get("components") or [])}
        unknown = sorted(set(answers) - known)
        if unknown:
            raise Unfillable(f"The form has no field called {unknown[0]}.")
        return self._nodes(modal["components"], answers)

    def _nodes(self, nodes: Sequence[Data], answers: Mapping[str, Any]) -> list[Data]:
        sent: list[Data] = []
        for node in nodes:
            kind = node["type"]
            if kind == ComponentType.TEXT_DISPLAY:
                sent.append({"type": kind, "id": node["id"]})
            elif kind == ComponentType.ACTION_ROW:
                inner = self._nodes(node.get("components") or [], answers)
                sent.append({"type": kind, "id": node["id"], "components": inner})
            elif kind == ComponentType.LABEL:
                inner = self._nodes([node["component"]], answers)
                sent.append({"type": kind, "id": node["id"], "component": inner[0]})
            else:
                data: Data = {"type": kind, "custom_id": node["custom_id"]}
                if node.get("id") is not None:
                    data["id"] = node["id"]
                sent.append(data | self._field(node, answers.get(node["custom_id"])))
        return sent

    def _field(self, field: Data, answer: Any) -> Data:
        kind = ComponentType(field["type"])
        if kind == ComponentType.TEXT_INPUT:
            return {"value": _text(field, answer)}
        if kind == ComponentType.CHECKBOX:
            return {"value": bool(field.get("default", False) if answer is None else answer)}
        if kind == ComponentType.RADIO_GROUP:
            if answer is None and _required(field, default=False):
                raise Unfillable("The form has a question that must be answered.")
            if answer is not None:
                _among(field, [answer])
            return {"value": answer}
        values = _listed(answer)
        if not values and _required(field, default=kind in SELECT_TYPES):
            raise Unfillable("The form has a question that must be answered.")
        low = 1 if field.get("min_values") is None else field["min_values"]
        most = len(field.get("options") or []) if kind == ComponentType.CHECKBOX_GROUP else 1
        high = most if field.get("max_values") is None else field["max_values"]
        if values and not low <= len(values) <= high:
            raise Unfillable(f"The form takes between {low} and {high} choices there, not {len(values)}.")
        if kind == ComponentType.FILE_UPLOAD:
            return {"values": [self.upload(name, data) for name, data in cast("list[File]", values)]}
        if kind == ComponentType.CHECKBOX_GROUP:
            _among(field, values)
            return {"values": values}
        return {"values": self._chosen(field, values)}

    # What stands beside the answers.

    def upload(self, name: str, data: bytes) -> str:
        """Store a file given with an interaction; its id."""
        file_id = self._store.snowflake()
        stored = self._store.files.store_attachment(file_id, self._channel.id, name, data, None)
        self.resolved.setdefault("attachments", {})[str(file_id)] = stored
        return str(file_id)

    def entity(self, kind: str, value: Any, *, channel_types: Sequence[int] | None = None) -> str:
        """Check that this person may name that user, role or channel here; its id as Discord writes it."""
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise Unfillable("Choose one from the list.") from None
        guild_id = self._channel.guild_id
        guild = self._store.guilds[guild_id] if guild_id is not None else None
        if kind in ("user", "mentionable") and number in self._store.users:
            user = serializers.user_payload(self._store.users[number])
            self.resolved.setdefault("users", {})[str(number)] = dict(user)
            if guild is not None and number in guild.members:
                member = serializers.member_payload(
                    self._store, guild, guild.members[number], with_user=False
                )
                permissions = str(self._store.compute_permissions(guild.id, number, self._channel.id))
                self.resolved.setdefault("members", {})[str(number)] = {**member, "permissions": permissions}
            return str(number)
        if kind in ("role", "mentionable") and guild is not None and number in guild.roles:
            role = serializers.role_payload(guild.roles[number])
            self.resolved.setdefault("roles", {})[str(number)] = dict(role)
            return str(number)
        if kind == "channel" and guild is not None:
            return self._entity_channel(guild.id, number, channel_types)
        raise Unfillable("Choose one from the list.")

    def _entity_channel(self, guild_id: int, number: int, types: Sequence[int] | None) -> str:
        channel = self._store.channels.get(number)
        if (
            channel is None
            or channel.guild_id != guild_id
            or not self._store.accessible(number, self._person_id)
        ):
            raise Unfillable("There is no such channel here.")
        if types is not None and channel.type not in types:
            raise Unfillable("That kind of channel cannot be chosen here.")
        payload: Data = dict(serializers.channel_payload(self._store, channel))
        payload["permissions"] = str(self._store.compute_permissions(guild_id, self._person_id, number))
        self.resolved.setdefault("channels", {})[str(number)] = payload
        return str(number)


def find_component(components: Any, custom_id: str, fits: Callable[[Data], bool], what: str) -> Data:
    """The live component with this custom id, or Unfillable when a person could not use it."""
    for component in walk_components(components):
        if component.get("custom_id") == custom_id and fits(component):
            if component.get("disabled"):
                raise Unfillable(f"That {what} is greyed out.")
            return component
    raise Unfillable(f"There is no such {what} on that message.")


def command_path(root: Data, names: Sequence[str]) -> tuple[Data, list[Data]]:
    """Follow subcommand names; the last (sub)command and the layers that lead to it, outermost first."""
    node, layers = root, list[Data]()
    for name in names:
        nested = [o for o in _options(node) if o["type"] in (1, 2) and o["name"] == name]
        if not nested:
            raise Unfillable(f"There is no command called /{root['name']} {' '.join(names)}.")
        node = nested[0]
        layers.append(node)
    return node, layers


def nest(layers: Sequence[Data], options: list[Data]) -> list[Data]:
    """Wrap options in their subcommand layers."""
    for layer in reversed(layers):
        options = [{"name": layer["name"], "type": layer["type"], "options": options}]
    return options


def command_data(root: Data, options: list[Data], form: Form) -> Data:
    """What an interaction says of the command it runs."""
    data: Data = {"id": root["id"], "name": root["name"], "type": root["type"], "options": options}
    if form.resolved:
        data["resolved"] = form.resolved
    if root.get("guild_id"):
        data["guild_id"] = root["guild_id"]
    return data


def component_data(component: Data) -> Data:
    """What an interaction says of the button or menu it comes from."""
    data: Data = {"custom_id": component["custom_id"], "component_type": component["type"]}
    if component.get("id") is not None:
        data["id"] = component["id"]
    return data


def is_button(component: Data) -> bool:
    """Whether this component is a button."""
    return component["type"] == ComponentType.BUTTON


def is_menu(component: Data) -> bool:
    """Whether this component is a menu of any kind."""
    return component["type"] in SELECT_TYPES


def _options(spec: Data) -> list[Data]:
    return spec.get("options") or []


def _fields(nodes: Sequence[Data]) -> list[Data]:
    found: list[Data] = []
    for node in nodes:
        inner = node.get("components") or ([node["component"]] if node.get("component") else [])
        found += _fields(inner) if inner else [node] if "custom_id" in node else []
    return found


def _required(field: Data, *, default: bool) -> bool:
    return bool(field.get("required", default))


def _listed(answer: Any) -> list[Any]:
    if answer is None:
        return []
    if isinstance(answer, list):
        return cast("list[Any]", answer)
    if isinstance(answer, tuple):
        several = cast("tuple[Any, ...]", answer)
        is_file = len(several) == 2 and isinstance(several[1], bytes)
        return [several] if is_file else list(several)
    return [answer]


def _among(field: Data, values: Sequence[Any]) -> None:
    options: list[Data] = field.get("options") or []
    offered = {option["value"] for option in options}
    for value in values:
        if value not in offered:
            raise Unfillable("That is not one of the choices.")


def _text(field: Data, answer: Any) -> str:
    text = str(field.get("value") or "") if answer is None else answer
    if not isinstance(text, str):
        raise Unfillable("That field takes words.")
    required = _required(field, default=True)
    if required and not text:
        raise Unfillable("The form has a field that must be filled in.")
    low, high = field.get("min_length") or 0, field.get("max_length") or 4000
    if (text or required) and len(text) < low:
        raise Unfillable(f"That field takes at least {low} characters.")
    if len(text) > high:
        raise Unfillable(f"That field takes at most {high} characters.")
    return text
