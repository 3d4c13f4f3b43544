"""The gateway: one session a connection, resumable, seeing only what Discord would show it."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, cast

import discord
from aiohttp import WSMsgType, web
from simcord.backend import serializers
from simcord.intents import missing_privileged_intents, required_intent

from bot.sandbox.store import Store
from bot.sandbox.wire.frames import Packer, encode, packer
from bot.sandbox.wire.limits import Stats
from bot.sandbox.wire.sight import pruned_guild, shown_content

log = logging.getLogger(__name__)

_HEARTBEAT_MS = 41_250
_ECHO_S = 0.1
_REPLAYABLE = 20_000
_RESUMABLE_FOR = 300.0
_CHUNK = 1000
_KNOWN_INTENTS = (1 << 26) - 1


class Session:
    """What one connection (and its successors, by resuming) is entitled to and has been sent."""

    def __init__(self, intents: discord.Intents, shard: tuple[int, int]) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.shard = shard
        self.seq = 0
        self.sent: deque[tuple[int, str]] = deque(maxlen=_REPLAYABLE)
        self.connection: Connection | None = None
        self.lost_at = 0.0

    def dispatch(self, event: str, data: str) -> None:
        """Number an event, keep it for resuming, and send it if somebody is connected."""
        self.seq += 1
        frame = f'{{"op":0,"t":"{event}","s":{self.seq},"d":{data}}}'
        self.sent.append((self.seq, frame))
        if self.connection is not None:
            self.connection.put(frame)

    def acknowledge(self, seq: int) -> None:
        """Forget what the client says it has."""
        while self.sent and self.sent[0][0] <= seq:
            self.sent.popleft()


class Connection:
    """One socket: frames go out in order from a queue, so that nothing in the world waits for a slow reader."""

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, pack: Packer
    ) -> None:
        self.socket = socket
        self._transport = transport
        self._pack = pack
        self._queue: deque[str] = deque()
        self._wake = asyncio.Event()
        self._finish = False
        self._task = asyncio.ensure_future(self._write())

    def put(self, frame: str) -> None:
        """Send a frame, soon."""
        self._queue.append(frame)
        self._wake.set()

    def say(self, op: int, data: Any = None) -> None:
        """Send something that is not an event."""
        self.put(encode({"op": op, "d": data, "s": None, "t": None}))

    async def finish(self) -> None:
        """Write what was put, then nothing more."""
        self._finish = True
        self._wake.set()
        await asyncio.wait([self._task])

    async def break_off(self, code: int | None) -> None:
        """Close with a code, or cut the line with none."""
        self.end()
        if code is not None:
            await self.socket.close(code=code)
        elif self._transport is not None:
            self._transport.abort()

    def end(self) -> None:
        """Stop writing."""
        self._task.cancel()

    async def _write(self) -> None:
        try:
            while True:
                while self._queue:
                    packed = self._pack.pack(self._queue[0])
                    if isinstance(packed, str):
                        await self.socket.send_str(packed)
                    else:
                        await self.socket.send_bytes(packed)
                    self._queue.popleft()
                if self._finish:
                    return
                self._wake.clear()
                await self._wake.wait()
        except (ConnectionError, RuntimeError) as gone:
            log.debug("A gateway connection is gone: %s", gone)


class Gateway:
    """All sessions. `refused_intents` are the privileged ones the bot was not granted."""

    def __init__(self, store: Store, token: str, stats: Stats) -> None:
        self._store = store
        self._token = token
        self._stats = stats
        self.url = ""
        self.granted = discord.Intents.all()
        """Set a privileged intent to False here, and asking for it closes the connection with 4014."""
        self.sessions: dict[str, Session] = {}
        self._latest: discord.Intents | None = None
        self._identified = asyncio.Event()
        store.subscribers.append(self._on_event)

    def close(self) -> None:
        """Stop listening to the world."""
        self._store.subscribers.remove(self._on_event)

    @property
    def reads_content(self) -> bool:
        """Whether REST shows the bot other people's words in servers.

        Discord decides this in its developer portal. The wire takes the intents last declared instead, so
        that a bot that does not ask for content does not find it in the history either.
        """
        return (self._latest or self.granted).message_content

    @property
    def connections(self) -> list[Connection]:
        """The sockets open now."""
        return [s.connection for s in self.sessions.values() if s.connection is not None]

    async def drop(self, code: int | None = None) -> None:
        """Break every connection: in mid-air, as a network failure does, or with a close code. All can be resumed."""
        for session in list(self.sessions.values()):
            connection, session.connection = session.connection, None
            session.lost_at = time.monotonic()
            if connection is not None:
                await connection.break_off(code)

    def ask_to_reconnect(self) -> None:
        """Send RECONNECT: the client is to come back and resume."""
        for connection in self.connections:
            connection.say(7)

    def invalidate(self) -> None:
        """Forget every session and say so: the client has to identify again, and what it missed is gone."""
        connections = self.connections
        self.sessions.clear()
        for connection in connections:
            connection.say(9, data=False)

    async def wait_identified(self, patience_s: float = 10.0) -> None:
        """Wait until a bot has identified."""
        await asyncio.wait_for(self._identified.wait(), patience_s)

    # One connection.

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Hold one connection until it ends."""
        query = request.query
        socket = web.WebSocketResponse(max_msg_size=1 << 16, compress=False)
        await socket.prepare(request)
        if query.get("v", "10") != "10":
            await socket.close(code=4012, message=b"Invalid API version.")
            return socket
        connection = Connection(socket, request.transport, packer(query.get("compress")))
        connection.say(10, {"heartbeat_interval": _HEARTBEAT_MS, "_trace": ["rehearsal"]})
        session: Session | None = None
        try:
            # Not `async for`: how the client ended it says whether the session can be resumed.
            while not socket.closed:
                message = await socket.receive()
                if message.type is WSMsgType.CLOSE and message.data in (1000, 1001) and session is not None:
                    self.sessions.pop(session.id, None)
                if message.type is not WSMsgType.TEXT:
                    continue
                answer = self._receive(connection, session, str(message.data))
                if isinstance(answer, Session):
                    session = answer
                elif answer is not None:
                    await connection.finish()
                    await socket.close(code=answer[0], message=answer[1].encode())
        finally:
            connection.end()
            if session is not None and session.connection is connection:
                session.connection = None
                session.lost_at = time.monotonic()
        return socket

    def _receive(
        self, connection: Connection, session: Session | None, text: str
    ) -> Session | tuple[int, str] | None:
        try:
            message = cast("dict[str, Any]", json.loads(text))
            op, beat = message["op"], message.get("d")
        except (ValueError, KeyError, TypeError):
            return 4002, "Error while decoding payload."
        if op == 1:
            if session is not None and isinstance(beat, int):
                session.acknowledge(beat)
            # Not at once: discord.py notes when it sent a beat after it has sent it, from a thread. An answer that is
            # there before, which only a server in the same process manages, has it warn of 41 seconds' delay.
            asyncio.get_running_loop().call_later(_ECHO_S, connection.say, 11)
            return None
        if not isinstance(beat, dict):
            return 4002, "Error while decoding payload."
        data = cast("dict[str, Any]", beat)
        if op == 2:
            if session is not None:
                return 4005, "Already authenticated."
            return self._identify(connection, data)
        if op == 6:
            return self._resume(connection, data)
        if session is None:
            return 4003, "Not authenticated."
        if op == 8:
            self._send_members(session, data)
            return None
        # Presence and voice are accepted; nobody in the rehearsal looks at either.
        return None if op in (3, 4) else (4001, "Unknown opcode.")

    def _identify(self, connection: Connection, data: dict[str, Any]) -> Session | tuple[int, str]:
        if str(data.get("token", "")).removeprefix("Bot ") != self._token:
            return 4004, "Authentication failed."
        wanted = data.get("intents")
        if not isinstance(wanted, int) or wanted & ~_KNOWN_INTENTS or wanted < 0:
            return 4013, "Invalid intent(s)."
        intents = discord.Intents.none()
        intents.value = wanted
        if missing_privileged_intents(intents, self.granted):
            return 4014, "Disallowed intent(s)."
        shard_id, shard_count = data.get("shard") or (0, 1)
        if not 0 <= shard_id < shard_count:
            return 4010, "Invalid shard."
        self._stats.identifies += 1
        self._forget_old()
        session = Session(intents, (shard_id, shard_count))
        session.connection = connection
        store = self._store
        guilds = [g for g in store.mutual(store.bot_user.id) if (g.id >> 22) % shard_count == shard_id]
        ready: dict[str, Any] = {
            "v": 10,
            "user": dict(serializers.user_payload(store.bot_user)),
            "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
            "private_channels": [],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [shard_id, shard_count],
            "application": {"id": str(store.application_id), "flags": 0},
        }
        session.dispatch("READY", encode(ready))
        self.sessions[session.id] = session
        self._latest = intents
        if intents.guilds:
            for guild in guilds:
                payload = serializers.guild_create_payload(store, guild)
                session.dispatch("GUILD_CREATE", encode(pruned_guild(payload, intents, store.bot_user.id)))
        self._identified.set()
        return session

    def _resume(self, connection: Connection, data: dict[str, Any]) -> Session | tuple[int, str] | None:
        if str(data.get("token", "")).removeprefix("Bot ") != self._token:
            return 4004, "Authentication failed."
        self._forget_old()
        session = self.sessions.get(str(data.get("session_id")))
        seq = int(data.get("seq") or 0)
        known = session is not None and (not session.sent or session.sent[0][0] <= seq + 1)
        if session is None or not known or seq > session.seq:
            connection.say(9, data=False)
            return None
        self._stats.resumes += 1
        if session.connection is not None:
            session.connection.end()
        session.acknowledge(seq)
        session.connection = connection
        for _, frame in session.sent:
            connection.put(frame)
        session.dispatch("RESUMED", '{"_trace":["rehearsal"]}')
        return session

    def _forget_old(self) -> None:
        now = time.monotonic()
        for session in list(self.sessions.values()):
            if session.connection is None and now - session.lost_at > _RESUMABLE_FOR:
                del self.sessions[session.id]

    def _send_members(self, session: Session, data: dict[str, Any]) -> None:
        guild = self._store.guilds.get(int(data["guild_id"]))
        if guild is None or not self._store.bot_in(guild.id):
            return
        members = list(guild.members.values())
        missing: list[str] = []
        if data.get("user_ids"):
            asked = cast("list[Any] | str", data["user_ids"])
            wanted = [int(i) for i in (asked if isinstance(asked, list) else [asked])]
            members = [guild.members[i] for i in wanted if i in guild.members]
            missing = [str(i) for i in wanted if i not in guild.members]
        elif data.get("query"):
            prefix = str(data["query"]).lower()
            names = self._store.users
            members = [
                m
                for m in members
                if names[m.user_id].name.lower().startswith(prefix)
                or (m.nick or "").lower().startswith(prefix)
            ]
        members = members[: data.get("limit") or None]
        chunks = [members[i : i + _CHUNK] for i in range(0, len(members), _CHUNK)] or [[]]
        for index, chunk in enumerate(chunks):
            payload: dict[str, Any] = {
                "guild_id": str(guild.id),
                "members": [serializers.member_payload(self._store, guild, m) for m in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": missing,
            }
            if data.get("presences"):
                payload["presences"] = []
            if data.get("nonce"):
                payload["nonce"] = data["nonce"]
            session.dispatch("GUILD_MEMBERS_CHUNK", encode(payload))

    # What happens in the world.

    def _on_event(self, event: str, payload: Mapping[str, Any]) -> None:
        if not self.sessions or not self._bot_would_know(event, payload):
            return
        shard_key = self._shard_key(event, payload)
        gate = required_intent(event, payload)
        if event == "GUILD_MEMBER_UPDATE" and payload["user"]["id"] == str(self._store.bot_user.id):
            # A bot always hears what becomes of itself.
            gate = None
        encoded: dict[str, str] = {}
        for session in self.sessions.values():
            if shard_key % session.shard[1] != session.shard[0]:
                continue
            if gate is not None and not getattr(session.intents, gate):
                continue
            # One encoding for all sessions that see the same.
            variant = f"{session.intents.message_content} {session.intents.presences}"
            if variant not in encoded:
                encoded[variant] = encode(self._projected(event, payload, session.intents))
            session.dispatch(event, encoded[variant])

    def _bot_would_know(self, event: str, payload: Mapping[str, Any]) -> bool:
        guild_id = payload.get("guild_id")
        if guild_id is None or event == "INTERACTION_CREATE":
            return True
        bot = self._store.bot_user.id
        if not self._store.bot_in(int(guild_id)):
            return event == "GUILD_MEMBER_REMOVE" and payload["user"]["id"] == str(bot)
        channel_id = payload.get("channel_id")
        if channel_id is None or not event.startswith(("MESSAGE_", "TYPING_")):
            return True
        return int(channel_id) not in self._store.channels or self._store.accessible(int(channel_id), bot)

    @staticmethod
    def _shard_key(event: str, payload: Mapping[str, Any]) -> int:
        guild_id = payload.get("guild_id")
        if guild_id is None and event.startswith("GUILD_") and event.count("_") == 1:
            guild_id = payload.get("id")
        return int(guild_id) >> 22 if guild_id is not None else 0

    def _projected(
        self, event: str, payload: Mapping[str, Any], intents: discord.Intents
    ) -> Mapping[str, Any]:
        bot = self._store.bot_user.id
        if event == "GUILD_CREATE":
            return pruned_guild(payload, intents, bot)
        if intents.message_content:
            return payload
        return shown_content(event, payload, self._store)
