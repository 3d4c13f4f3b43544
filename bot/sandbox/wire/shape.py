"""Fields that Discord always sends (or never sends empty) and simcord's payloads lack."""

from __future__ import annotations

from typing import Any, cast

Data = dict[str, Any]

_GUILD: Data = {
    "home_header": None,
    "region": "deprecated",
    "widget_enabled": False,
    "widget_channel_id": None,
    "max_stage_video_channel_users": 50,
    "max_video_channel_users": 25,
    "safety_alerts_channel_id": None,
    "nsfw": False,
    "nsfw_level": 0,
    "incidents_data": None,
}
_EVENT: Data = {"recurrence_rule": None, "guild_scheduled_event_exceptions": []}


def complete(answer: Any) -> None:
    """Fill in an answer, in place."""
    if isinstance(answer, list):
        for item in cast("list[Any]", answer):
            complete(item)
    elif isinstance(answer, dict):
        _complete_object(cast("Data", answer))


def _complete_object(data: Data) -> None:
    if "discriminator" in data:
        data.setdefault("primary_guild", None)
        return
    if "proxy_url" in data and "filename" in data:
        if data.get("description", "") is None:
            del data["description"]
        return
    if "tts" in data and data.get("nonce", "") is None:
        del data["nonce"]
    elif "joined_at" in data and "roles" in data and "afk_timeout" not in data:
        data.setdefault("banner", None)
    elif "permission_overwrites" in data or "recipients" in data:
        data.setdefault("flags", 0)
    elif "afk_timeout" in data:
        for key, value in _GUILD.items():
            data.setdefault(key, value)
    elif "scheduled_start_time" in data:
        for key, value in _EVENT.items():
            data.setdefault(key, value)
    elif "response_message_id" in data and data["response_message_id"] is None:
        del data["response_message_id"]
    for key, value in data.items():
        if key == "components":
            data[key] = [_component(item) for item in value]
        elif isinstance(value, dict | list):
            complete(value)


def _component(component: Data) -> Data:
    # The world's own copy is shared by every answer, so what changes is copied.
    whole = dict(component)
    emoji = whole.get("emoji")
    if isinstance(emoji, dict) and cast("Data", emoji).get("id", "") is None:
        whole["emoji"] = {key: value for key, value in cast("Data", emoji).items() if key != "id"}
    for key in ("media", "file"):
        if key in whole:
            whole[key] = _media(whole[key])
    if "items" in whole:
        items = cast("list[Data]", whole["items"])
        whole["items"] = [{**item, "media": _media(item["media"])} for item in items]
    for key in ("component", "accessory"):
        if key in whole:
            whole[key] = _component(whole[key])
    if "components" in whole:
        whole["components"] = [_component(item) for item in whole["components"]]
    return whole


def _media(media: Data) -> Data:
    url = str(media["url"])
    parts = url.split("/")
    stored = "/cdn/attachments/" in url
    known: Data = {"id": parts[-2] if stored else "0", "proxy_url": url}
    return {**known, **media}
