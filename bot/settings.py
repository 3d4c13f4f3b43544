"""Settings: the environment and `.env`, read once into one frozen object.

`KNOWN` is the whole list; `.env.example` documents every name in it and a test holds the two together.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from bot.errors import OperatorError

KNOWN: dict[str, str] = {
    "DISCORD_TOKEN": "The bot's token. Without it, `reallyok` opens the sandbox.",
    "DISCORD_API_URL": "Where Discord's HTTP API is; for a rehearsal wire or a shared rate-limit proxy.",
    "DISCORD_GATEWAY_URL": "Where Discord's gateway is; goes with DISCORD_API_URL.",
    "DATABASE_URL": "Where the database is; by default a SQLite file in REALLYOK_DATA.",
    "REALLYOK_DATA": "The folder for the database and its copies.",
    "REALLYOK_KEY": "The encryption key itself, instead of a key file.",
    "REALLYOK_KEY_FILE": "The file with the encryption key; made at the first start.",
    "REALLYOK_LEDGER": "The file that remembers, as keyed hashes, who asked to be forgotten; beside the key by default.",
    "REALLYOK_SERVERS": "The only servers to serve, as ids with commas; empty: every server that invites the bot.",
    "REALLYOK_LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR.",
    "REALLYOK_HTTP_HOST": "Where the small web server listens; by default on this computer alone.",
    "REALLYOK_HTTP_PORT": "The small web server's port, for /health, /ready and calendars; empty: no server.",
    "REALLYOK_HTTP_ADDRESS": "How members reach that server from outside, such as https://calendar.example.org.",
    "REALLYOK_SANDBOX_PORT": "The sandbox page's port on this computer; empty: any free one.",
    "REALLYOK_DISCORD_OPENAPI": "For developers: Discord's OpenAPI file, for the contract tests.",
    "REALLYOK_EVAL_DIR": "For developers: a folder of labelled text, for the recognising tests.",
}

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True)
class Settings:
    """What the operator chose. Paths are as given, relative to the folder the bot was started in."""

    token: str | None = field(default=None, repr=False)
    api_url: str | None = None
    gateway_url: str | None = None
    data: Path = Path("data")
    database_url: str = "sqlite:///data/reallyok.db"
    key: str | None = field(default=None, repr=False)
    key_file: Path = Path("reallyok.key")
    ledger: Path | None = None
    servers: frozenset[int] = frozenset()
    log_level: str = "INFO"
    sandbox_port: int = 0
    http_host: str = "127.0.0.1"
    http_port: int | None = None
    http_address: str = ""

    @property
    def ledger_file(self) -> Path:
        """The ledger of erasures: outside the data folder, so that no backup brings back an older one."""
        return self.ledger or self.key_file.with_name("reallyok.erased")

    def serves(self, guild_id: int) -> bool:
        """Whether this bot is meant for that server."""
        return not self.servers or guild_id in self.servers


def read(environ: Mapping[str, str] | None = None, env_file: Path = Path(".env")) -> Settings:
    """The settings from the process's environment over those in `env_file`.

    Raises `OperatorError` for a name nobody knows (a typing slip would otherwise be silence) and for a
    value that cannot be used.
    """
    environ = os.environ if environ is None else environ
    from_file = {k: v or "" for k, v in dotenv_values(env_file).items()} if env_file.is_file() else {}
    unknown = [n for n in from_file if n not in KNOWN]
    unknown += [n for n in environ if n.startswith("REALLYOK_") and n not in KNOWN]
    if unknown:
        raise OperatorError(
            f"There is no setting called {', '.join(sorted(set(unknown)))}.",
            "Compare its spelling with .env.example.",
        )
    value = {n: (environ.get(n) or from_file.get(n) or "").strip() for n in KNOWN}

    data = Path(value["REALLYOK_DATA"] or "data")
    level = (value["REALLYOK_LOG_LEVEL"] or "INFO").upper()
    if level not in _LEVELS:
        raise OperatorError("REALLYOK_LOG_LEVEL is not a level.", f"Use one of {', '.join(_LEVELS)}.")
    if bool(value["DISCORD_API_URL"]) != bool(value["DISCORD_GATEWAY_URL"]):
        # Half the bot would speak to Discord with a rehearsal's token, or the other way round.
        raise OperatorError(
            "Of DISCORD_API_URL and DISCORD_GATEWAY_URL one is set without the other.",
            "Set both, or neither for Discord itself.",
        )
    return Settings(
        token=value["DISCORD_TOKEN"] or None,
        api_url=value["DISCORD_API_URL"].rstrip("/") or None,
        gateway_url=value["DISCORD_GATEWAY_URL"] or None,
        data=data,
        database_url=value["DATABASE_URL"] or f"sqlite:///{(data / 'reallyok.db').as_posix()}",
        key=value["REALLYOK_KEY"] or None,
        key_file=Path(value["REALLYOK_KEY_FILE"] or "reallyok.key"),
        ledger=Path(value["REALLYOK_LEDGER"]) if value["REALLYOK_LEDGER"] else None,
        servers=_ids(value["REALLYOK_SERVERS"]),
        log_level=level,
        sandbox_port=_port(value["REALLYOK_SANDBOX_PORT"], "REALLYOK_SANDBOX_PORT"),
        http_host=value["REALLYOK_HTTP_HOST"] or "127.0.0.1",
        http_port=_port(value["REALLYOK_HTTP_PORT"], "REALLYOK_HTTP_PORT") or None,
        http_address=_address(value["REALLYOK_HTTP_ADDRESS"], bool(value["REALLYOK_HTTP_PORT"])),
    )


def _ids(text: str) -> frozenset[int]:
    try:
        return frozenset(int(part) for part in text.replace(",", " ").split())
    except ValueError:
        raise OperatorError(
            "REALLYOK_SERVERS holds something that is not a server id.",
            "Give the numbers with commas between (in Discord: developer mode, right click the server, Copy ID).",
        ) from None


def _port(text: str, name: str) -> int:
    if text and not (text.isdecimal() and int(text) < 65536):
        raise OperatorError(f"{name} is not a port.", "Give a number below 65536, or leave it empty.")
    return int(text or 0)


_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?")


def _address(text: str, served: bool) -> str:
    """The public address without its last slash. Calendars go over the open net only when encrypted."""
    if not text:
        return ""
    plain = text.startswith("http://") and not re.match(r"http://(?:localhost|127\.0\.0\.1)(?:[:/]|$)", text)
    if not _ADDRESS.fullmatch(text) or plain:
        raise OperatorError(
            "REALLYOK_HTTP_ADDRESS is not an address calendars can be kept private at.",
            "Give it as https://calendar.example.org; plain http is taken for this computer alone.",
        )
    if not served:
        raise OperatorError(
            "REALLYOK_HTTP_ADDRESS is set without REALLYOK_HTTP_PORT.", "Set both, or neither."
        )
    return text.rstrip("/")
