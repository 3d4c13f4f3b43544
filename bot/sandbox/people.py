"""People who live in the rehearsal, and everything a human can do in Discord's own client."""

from __future__ import annotations

import copy
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from simcord.backend import serializers
from simcord.backend.access import reaction_permissions
from simcord.backend.command_access import command_access
from simcord.backend.errors import BackendError
from simcord.backend.models import Message, MessageSticker
from simcord.enums import ComponentType, InteractionType
from simcord.interactions import base_payload

from bot.sandbox.exchange import Exchange
from bot.sandbox.filling import (
    Form,
    Unfillable,
    command_data,
    command_path,
    component_data,
    find_component,
    is_button,
    is_menu,
    nest,
)
from bot.sandbox.store import Store

_P = ParamSpec("_P")
_T = TypeVar("_T")
_VOICE_NOTE = 1 << 13
_WAVE = MessageSticker(749054660769218631, "Wave", 3, 0)

_PLAINLY = {
    10003: "That channel is not there any more.",
    10007: "They are not a member of that server.",
    10008: "That message is not there any more.",
    50001: "You cannot see that from here.",
    50005: "Only the person who wrote a message can change it.",
    50013: "You do not have permission to do that there.",
}


class CannotDo(Exception):
    """A human could not do that in Discord's own client. `reason` says why, in plain English."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _humanly(
    act: Callable[Concatenate[Person, _P], Coroutine[Any, Any, _T]],
) -> Callable[Concatenate[Person, _P], Coroutine[Any, Any, _T]]:
    @wraps(act)
    async def attempt(person: Person, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return await act(person, *args, **kwargs)
        except Unfillable as why:
            raise CannotDo(str(why)) from why
        except BackendError as why:
            raise CannotDo(_PLAINLY.get(why.code, f"Discord would not allow that: {why.message}.")) from why

    return attempt


class Person:
    """One human. Every method checks what Discord would check and raises `CannotDo` where a human could not."""

    def __init__(self, store: Store, name: str, display_name: str, about: str) -> None:
        self._store = store
        self.name = name
        self.display_name = display_name
        self.about = about
        """Who they are in the network, in a few words; no bot can see it."""
        self.id = store.make_user(name, global_name=display_name).id
        self._last: dict[str, Any] | None = None

    @property
    def allow_dms(self) -> bool:
        """Whether the bot may write to this person; if not, its messages are refused with 50007."""
        return self.id not in self._store.closed_to_bots

    @allow_dms.setter
    def allow_dms(self, allowed: bool) -> None:
        (self._store.closed_to_bots.discard if allowed else self._store.closed_to_bots.add)(self.id)

    @property
    def dm_id(self) -> int | None:
        """The channel of the direct messages with the bot, if it was ever opened."""
        return self._store.dm_channels.get(self.id)

    def visible_messages(self, channel_id: int, *, limit: int | None = None) -> list[dict[str, Any]]:
        """What this person sees in a channel, oldest first; the last `limit` of them."""
        self._see(channel_id)
        messages = [m for m in self._store.messages[channel_id].values() if m.visible_to(self.id)]
        shown = messages if limit is None else messages[-limit:]
        return [dict(serializers.message_payload(self._store, m, for_user=self.id)) for m in shown]

    # Messages.

    @_humanly
    async def open_dm(self) -> int:
        """Open the direct messages with the bot; the channel's id."""
        return self._store.get_dm_channel(self.id).id

    @_humanly
    async def send(
        self,
        channel_id: int,
        text: str = "",
        *,
        reply_to: int | None = None,
        files: Sequence[tuple[str, bytes]] = (),
        voice_note: bool = False,
        sticker: bool = False,
    ) -> int:
        """Post a message; its id."""
        store = self._store
        channel = store.get_channel(channel_id)
        self._may(channel_id, "send_messages_in_threads" if channel.is_thread else "send_messages")
        if channel.guild_id is None and not store.mutual(self.id):
            raise CannotDo("You share no server with the bot, so Discord does not deliver that.")
        if voice_note:
            files = [("voice-message.ogg", b"OggS rehearsal"), *files]
        if files:
            self._may(channel_id, "attach_files")
        if not (text.strip() or files or sticker):
            raise CannotDo("There is nothing to send.")
        if len(text) > 2000:
            raise CannotDo("A message has at most 2,000 characters.")
        reference = None
        if reply_to is not None:
            self._message(channel_id, reply_to)
            reference = {"channel_id": str(channel_id), "message_id": str(reply_to)}
        attachments = store.store_attachments(channel_id, files)
        if voice_note:
            attachments[0] |= {"duration_secs": 2.5, "waveform": "AAECAwQFBgc="}
        message = store.create_message(
            channel_id,
            self.id,
            text,
            reference=reference,
            attachments=attachments,
            flags=_VOICE_NOTE if voice_note else 0,
            stickers=[_WAVE] if sticker else None,
        )
        return message.id

    @_humanly
    async def edit(self, channel_id: int, message_id: int, text: str) -> None:
        """Change one's own message."""
        message = self._message(channel_id, message_id)
        if message.author_id != self.id:
            raise CannotDo(_PLAINLY[50005])
        self._store.edit_message(channel_id, message_id, {"content": text})

    @_humanly
    async def delete(self, channel_id: int, message_id: int) -> None:
        """Delete one's own message, or another's with the permission to manage messages."""
        message = self._message(channel_id, message_id)
        if message.is_ephemeral:
            # "Dismiss message": it vanishes for this person, and no bot is told.
            del self._store.messages[channel_id][message_id]
            return
        if message.author_id != self.id:
            if self._store.get_channel(channel_id).guild_id is None:
                raise CannotDo("Only the person who wrote a message can delete it here.")
            self._may(channel_id, "manage_messages")
        self._store.delete_message(channel_id, message_id)

    @_humanly
    async def react(self, channel_id: int, message_id: int, emoji: str, *, on: bool = True) -> None:
        """Put an emoji on a message, or take one's own away with `on=False`."""
        message = self._message(channel_id, message_id)
        self._may(channel_id, *reaction_permissions(message, emoji, reacted=on))
        self._store.set_reaction(channel_id, message_id, emoji, self.id, on)

    # Commands.

    @_humanly
    async def commands(self, channel_id: int) -> list[dict[str, Any]]:
        """The slash commands this person is offered in that channel, as the bot registered them."""
        self._see(channel_id)
        if not self._bot_reachable(channel_id):
            return []
        return self._store.visible_commands(user_id=self.id, channel_id=channel_id)

    @_humanly
    async def slash(
        self,
        channel_id: int,
        command: str,
        options: Mapping[str, Any] | None = None,
        *,
        locale: str = "en-GB",
    ) -> Exchange:
        """Run a slash command, subcommands separated by spaces: "checkin now"."""
        root, names = self._command(channel_id, command)
        leaf, layers = command_path(root, names)
        form = Form(self._store, channel_id, self.id)
        built = nest(layers, form.options(command, leaf, options or {}))
        return self._ask(
            InteractionType.APPLICATION_COMMAND, channel_id, command_data(root, built, form), locale=locale
        )

    @_humanly
    async def autocomplete(
        self,
        channel_id: int,
        command: str,
        option: str,
        value: str,
        filled: Mapping[str, Any] | None = None,
        *,
        locale: str = "en-GB",
    ) -> list[dict[str, Any]]:
        """Type `value` into an option; the choices the bot offers, empty when it offers none in time."""
        root, names = self._command(channel_id, command)
        leaf, layers = command_path(root, names)
        declared: list[dict[str, Any]] = leaf.get("options") or []
        focused = next((o for o in declared if o["name"] == option), None)
        if focused is None or not focused.get("autocomplete"):
            raise CannotDo(f"/{command} does not suggest anything for {option}.")
        form = Form(self._store, channel_id, self.id)
        others = {name: given for name, given in (filled or {}).items() if name != option}
        built = form.options(command, leaf, others, partial=True)
        built.append({"name": option, "type": focused["type"], "value": value, "focused": True})
        data = command_data(root, nest(layers, built), form)
        kind = InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE
        exchange = self._ask(kind, channel_id, data, locale=locale)
        return (await exchange.wait(self._store.answer_within + 1)).choices

    # Components.

    @_humanly
    async def press(self, message_id: int, custom_id: str) -> Exchange:
        """Press a button on a message this person can see."""
        message = self._find(message_id)
        button = find_component(message.components, custom_id, is_button, "button")
        return self._component(message, component_data(button))

    @_humanly
    async def choose(self, message_id: int, custom_id: str, values: Sequence[Any]) -> Exchange:
        """Choose in a menu on a message this person can see."""
        message = self._find(message_id)
        menu = find_component(message.components, custom_id, is_menu, "menu")
        form = Form(self._store, message.channel_id, self.id)
        data = component_data(menu) | {"values": form.menu(menu, values)}
        if menu["type"] != ComponentType.STRING_SELECT:
            data["resolved"] = form.resolved
        return self._component(message, data)

    @_humanly
    async def submit(self, shown: Exchange | int, answers: Mapping[str, Any]) -> Exchange:
        """Send the form that an exchange opened. If the bot does not answer in time, it may be sent again."""
        exchange = self._store.exchanges.get(shown) if isinstance(shown, int) else shown
        if exchange is None or exchange.record.user_id != self.id or exchange.modal is None:
            raise CannotDo("There is no open form to send.")
        record, modal = exchange.record, exchange.modal
        form = Form(self._store, record.channel_id, self.id)
        data: dict[str, Any] = {"custom_id": modal["custom_id"], "components": form.modal(modal, answers)}
        if form.resolved:
            data["resolved"] = form.resolved
        record.modal_consumed = True
        source = self._store.messages.get(record.channel_id, {}).get(record.source_message_id or 0)
        return self._ask(
            InteractionType.MODAL_SUBMIT, record.channel_id, data, source=source, opener=exchange
        )

    # What only somebody with a modified client could do.

    async def press_raw(
        self,
        channel_id: int,
        message_id: int,
        custom_id: str,
        component_type: int = 2,
        values: Sequence[str] | None = None,
    ) -> Exchange:
        """Deliver any component interaction, checking nothing: a forged button, a deleted message, another's menu."""
        message = self._store.messages.get(channel_id, {}).get(message_id)
        if message is None:
            message = Message(
                message_id, channel_id, self._store.bot_user.id, timestamp=self._store.now_iso()
            )
        data: dict[str, Any] = {"custom_id": custom_id, "component_type": component_type}
        if values is not None:
            data["values"] = list(values)
        return self._ask(InteractionType.MESSAGE_COMPONENT, channel_id, data, source=message)

    async def interact_raw(self, overrides: Mapping[str, Any]) -> Exchange:
        """Deliver this person's last interaction again with some fields replaced.

        With the same `id` it is a replay and the first exchange is returned; give another `id` (a string)
        for a new one.
        """
        if self._last is None:
            raise CannotDo("There is nothing to repeat yet.")
        payload = copy.deepcopy(self._last) | dict(overrides)
        exchange = self._store.exchanges.get(int(payload["id"]))
        if exchange is None:
            record = self._store.new_interaction(
                payload["type"],
                int(payload["channel_id"]),
                self.id,
                int(payload["guild_id"]) if payload.get("guild_id") else None,
            )
            payload["token"], payload["id"] = record.token, str(record.id)
            exchange = self._store.open_exchange(record, payload)
        self._store.emit("INTERACTION_CREATE", payload)
        return exchange

    # How it is done.

    def _see(self, channel_id: int) -> None:
        if channel_id not in self._store.channels:
            raise CannotDo(_PLAINLY[10003])
        if not self._store.accessible(channel_id, self.id):
            raise CannotDo(_PLAINLY[50001])

    def _may(self, channel_id: int, *permissions: str) -> None:
        channel = self._store.get_channel(channel_id)
        self._store.require_permissions(channel.guild_id, self.id, channel_id, *permissions)

    def _message(self, channel_id: int, message_id: int) -> Message:
        self._see(channel_id)
        message = self._store.get_message(channel_id, message_id)
        if not message.visible_to(self.id):
            raise CannotDo(_PLAINLY[10008])
        return message

    def _find(self, message_id: int) -> Message:
        message = self._store.find_message(message_id)
        if message is None:
            raise CannotDo(_PLAINLY[10008])
        return self._message(message.channel_id, message_id)

    def _bot_reachable(self, channel_id: int) -> bool:
        guild_id = self._store.get_channel(channel_id).guild_id
        return bool(self._store.mutual(self.id)) if guild_id is None else self._store.bot_in(guild_id)

    def _command(self, channel_id: int, command: str) -> tuple[dict[str, Any], list[str]]:
        self._see(channel_id)
        name, *names = command.removeprefix("/").split() or [""]
        if not name:
            raise CannotDo("Say which command.")
        guild_id = self._store.get_channel(channel_id).guild_id
        root = self._store.find_command(name, guild_id)
        if root is None or not self._bot_reachable(channel_id):
            raise CannotDo(f"There is no command called /{name} here.")
        if not command_access(self._store, root, user_id=self.id, channel_id=channel_id).allowed:
            raise CannotDo(f"/{name} is not offered to you here.")
        return root, names

    def _component(self, message: Message, data: dict[str, Any]) -> Exchange:
        if not self._bot_reachable(message.channel_id):
            raise CannotDo("The bot is not here any more.")
        return self._ask(InteractionType.MESSAGE_COMPONENT, message.channel_id, data, source=message)

    def _ask(
        self,
        kind: InteractionType,
        channel_id: int,
        data: dict[str, Any],
        *,
        source: Message | None = None,
        opener: Exchange | None = None,
        locale: str = "en-GB",
    ) -> Exchange:
        store = self._store
        guild_id = store.get_channel(channel_id).guild_id
        record, payload = base_payload(
            store, type=int(kind), channel_id=channel_id, guild_id=guild_id, user_id=self.id, data=data
        )
        payload["locale"] = locale
        payload["authorizing_integration_owners"] = {"0": str(guild_id or 0)}
        if guild_id is not None:
            payload["guild_locale"] = store.guilds[guild_id].preferred_locale
            payload["guild"] = {"id": str(guild_id), "locale": payload["guild_locale"], "features": []}
        if source is not None:
            payload["message"] = dict(serializers.message_payload(store, source, for_user=self.id))
            record.source_message_id = source.id
        self._last = payload
        exchange = store.open_exchange(record, payload, opener)
        store.emit("INTERACTION_CREATE", payload)
        return exchange
