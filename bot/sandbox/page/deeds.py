"""What the page asks a person to do, turned into that person doing it.

Each deed takes the JSON the page sent and gives back the JSON the page waits for. A person who
cannot do it raises `CannotDo`; JSON that makes no sense raises `Unclear`. Both carry a sentence for the page.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any, cast

from bot.sandbox.exchange import Exchange
from bot.sandbox.page.view import Json
from bot.sandbox.people import Person

MAX_FILE = 8 * 1024 * 1024
_PATIENCE = 40.0  # longer than Discord waits, in a rehearsal too, so that its own verdict arrives first
_UNANSWERED = "The bot did not answer."


class Unclear(ValueError):
    """The page sent something that cannot be acted on."""


class Deeds:
    """Every deed the page knows, by name."""

    def __init__(self) -> None:
        self._known: dict[str, Callable[[Person, Json], Awaitable[Json]]] = {
            "send": self._send,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "open-dm": self._open_dm,
            "allow-dms": self._allow_dms,
            "commands": self._commands,
            "autocomplete": self._autocomplete,
            "slash": self._slash,
            "press": self._press,
            "choose": self._choose,
            "submit": self._submit,
        }

    async def act(self, person: Person, body: Json) -> Json:
        """Do `body["do"]` as `person`. Raises `CannotDo` and `Unclear`."""
        deed = self._known.get(_text(body, "do"))
        if deed is None:
            raise Unclear("The page asked for something this rehearsal does not know.")
        return await deed(person, body)

    async def _send(self, person: Person, body: Json) -> Json:
        reply_to = body.get("replyTo")
        files = [_file(item) for item in _list(body, "files")]
        message = await person.send(
            _id(body, "channel"),
            _text(body, "text"),
            reply_to=_number(reply_to) if reply_to else None,
            files=files,
            voice_note=body.get("voiceNote") is True,
            sticker=body.get("sticker") is True,
        )
        return {"message": str(message)}

    async def _edit(self, person: Person, body: Json) -> Json:
        await person.edit(_id(body, "channel"), _id(body, "message"), _text(body, "text"))
        return {}

    async def _delete(self, person: Person, body: Json) -> Json:
        await person.delete(_id(body, "channel"), _id(body, "message"))
        return {}

    async def _react(self, person: Person, body: Json) -> Json:
        on = body.get("on") is not False
        await person.react(_id(body, "channel"), _id(body, "message"), _text(body, "emoji"), on=on)
        return {}

    async def _open_dm(self, person: Person, body: Json) -> Json:
        return {"channel": str(await person.open_dm())}

    async def _allow_dms(self, person: Person, body: Json) -> Json:
        person.allow_dms = body.get("allowed") is True
        return {"allowed": person.allow_dms}

    async def _commands(self, person: Person, body: Json) -> Json:
        return {"commands": await person.commands(_id(body, "channel"))}

    async def _autocomplete(self, person: Person, body: Json) -> Json:
        choices = await person.autocomplete(
            _id(body, "channel"),
            _command(body),
            _text(body, "option"),
            str(body.get("value", "")),
            filled=_mapping(body, "filled"),
        )
        return {"choices": choices}

    async def _slash(self, person: Person, body: Json) -> Json:
        options = {name: _value(value) for name, value in _mapping(body, "options").items()}
        return await self._outcome(await person.slash(_id(body, "channel"), _command(body), options))

    async def _press(self, person: Person, body: Json) -> Json:
        return await self._outcome(await person.press(_id(body, "message"), _text(body, "customId")))

    async def _choose(self, person: Person, body: Json) -> Json:
        values = [str(value) for value in _list(body, "values")]
        return await self._outcome(await person.choose(_id(body, "message"), _text(body, "customId"), values))

    async def _submit(self, person: Person, body: Json) -> Json:
        values = {name: _value(value) for name, value in _mapping(body, "values").items()}
        return await self._outcome(await person.submit(_id(body, "exchange"), values))

    async def _outcome(self, exchange: Exchange) -> Json:
        failed: str | None = None
        try:
            await exchange.wait(patience_s=_PATIENCE)
        except TimeoutError:
            failed = _UNANSWERED
        return {"exchange": str(exchange.id), "modal": exchange.modal, "failed": exchange.error or failed}


def _text(body: Json, key: str) -> str:
    value = body.get(key, "")
    if not isinstance(value, str):
        raise Unclear(f"The page sent no usable “{key}”.")
    return value


def _command(body: Json) -> str:
    name = _text(body, "command").strip().removeprefix("/")
    if not name.strip():
        raise Unclear("Say which command.")
    return name


def _number(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        return int(value)
    raise Unclear("The page sent an id that is no id.")


def _id(body: Json, key: str) -> int:
    return _number(body.get(key))


def _list(body: Json, key: str) -> list[Any]:
    value: object = body.get(key) or []
    if not isinstance(value, list):
        raise Unclear(f"The page sent no usable “{key}”.")
    return cast(list[Any], value)


def _mapping(body: Json, key: str) -> Json:
    value: object = body.get(key) or {}
    if not isinstance(value, dict):
        raise Unclear(f"The page sent no usable “{key}”.")
    return cast(Json, value)


def _value(value: Any) -> Any:
    """An option's or a form field's value; files arrive as {"file": name, "data": base64}."""
    if isinstance(value, dict):
        return _file(cast(Json, value))
    if isinstance(value, list):
        return [_value(item) for item in cast(list[Any], value)]
    return value


def _file(item: Any) -> tuple[str, bytes]:
    fields = cast(Json, item) if isinstance(item, dict) else {}
    name, data = fields.get("file"), fields.get("data")
    if not isinstance(name, str) or not isinstance(data, str):
        raise Unclear("That file did not arrive whole.")
    try:
        blob = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise Unclear("That file did not arrive whole.") from None
    if len(blob) > MAX_FILE:
        raise Unclear("That file is larger than 8 MB, which is more than this rehearsal takes.")
    # A name is shown and becomes part of an address: keep its last part, without control characters.
    plain = "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())
    return plain[:120] or "file", blob
