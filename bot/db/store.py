"""The store: reads on a few threads, all writes on one, many writes in one commit.

A write is an ordinary function of a SQLModel `Session`. The writer thread takes whatever has queued up, runs
each function in a savepoint of one transaction, commits once, and only then tells the callers. A function
that raises loses its own savepoint and nobody else's. Measured against an async session over aiosqlite with
one commit each: 526 transactions a second there, several thousand here, with `synchronous=FULL` in both.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import Session

from bot.errors import OperatorError, StoreUnavailable

log = logging.getLogger("reallyok.db")
P = ParamSpec("P")
T = TypeVar("T")

# Discord waits three seconds for an answer; a writer that waits longer than this for a lock answers nobody.
BUSY_TIMEOUT_MS = 1000
# One commit's worth. Larger batches gain nothing measurable and make the last caller wait.
BATCH = 128
Parting = Callable[[Session, int | None, int, datetime], None]
"""What a feature does before somebody's rows go: from one network, or (None) from everywhere because they asked to be
forgotten. In the same transaction for the first, in one of its own, just before, for the second; twice must be once.
Called with the network, the person and the time."""
_STOP = object()
_COMPACT = object()
# SQLite's kinds of error that are no statement's own fault; most of them end the transaction by themselves.
_WHOLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)


@dataclass
class _Job:
    run: Callable[[Session], Any]
    done: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    woken: set[str] = field(default_factory=set[str])


def engine_for(url: str, *, writing: bool) -> Engine:
    """An engine whose connections have the settings every part relies on.

    Writers begin IMMEDIATE: a transaction that reads and then writes would otherwise lose another's update
    (measured: 344 of 400 increments).
    """
    engine = create_engine(
        url, connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}, pool_size=4
    )

    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's BEGIN, not the driver's late one
        cursor = connection.cursor()
        # The timeout first: switching to WAL needs a lock itself.
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", connected)
    _plain_statements(engine.dialect, "BEGIN IMMEDIATE" if writing else "BEGIN")
    return engine


def _plain_statements(dialect: Any, beginning: str) -> None:
    """Begin with `beginning`, and have savepoints as plain text.

    SQLAlchemy compiles a savepoint's three statements each time, and every change has one of its own: as plain text
    they take a third of the time. A listener for "begin" would do for the beginning, but an engine with listeners
    calls all kinds of them at every statement: a tenth of an answer's time (both measured).
    """

    def begin(connection: Any) -> None:
        connection.execute(beginning)

    def plainly(order: str) -> Callable[[Connection, str], None]:
        def act(connection: Connection, name: str) -> None:
            file: Any = connection.connection.dbapi_connection
            file.execute(f"{order} {name}")

        return act

    dialect.do_begin = begin
    dialect.do_savepoint = plainly("SAVEPOINT")
    dialect.do_rollback_to_savepoint = plainly("ROLLBACK TO SAVEPOINT")
    dialect.do_release_savepoint = plainly("RELEASE SAVEPOINT")


def sqlite_path(url: str) -> str:
    """The file of a SQLite address. Raises `OperatorError` for any other kind of database."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise OperatorError(
            "DATABASE_URL does not name a SQLite file.",
            "Use sqlite:///folder/reallyok.db; others come later.",
        )
    return str(parsed.database)


class Store:
    """An open, migrated database. Make it with `Store.open`; close it when done."""

    def __init__(self, url: str) -> None:
        self._readers = engine_for(url, writing=False)
        self._writers = engine_for(url, writing=True)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="db-read")
        self._jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_on, name="db-write", daemon=True)
        self._listeners: list[Callable[[set[str]], None]] = []
        self._closed = False
        self.partings: list[Parting] = []
        """What features do when somebody leaves a network or is forgotten; whoever opens the store registers them."""
        self.leftovers = False
        """Whether something was deleted of which copies may lie on in the file until `compact`."""
        self._writer.start()

    def on_commit(self, listener: Callable[[set[str]], None]) -> None:
        """Call `listener` on the event loop after each commit that woke something (see `wake`)."""
        self._listeners.append(listener)

    async def read(self, query: Callable[..., T], *args: Any) -> T:
        """`query(session, *args)` on a reader thread, seeing one consistent state.

        Raises `StoreUnavailable` when the database cannot be read.
        """
        if self._closed:
            raise StoreUnavailable
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, query, args)

    def _read(self, query: Callable[..., T], args: tuple[Any, ...]) -> T:
        try:
            with Session(self._readers, expire_on_commit=False) as session:
                return query(session, *args)
        except DBAPIError as error:
            raise StoreUnavailable from error

    async def write(self, change: Callable[..., T], *args: Any) -> T:
        """`change(session, *args)` as one transaction; returns once it is on the disk.

        An exception from `change` undoes it and comes back to the caller. `StoreUnavailable`: nothing was kept.
        A caller who is cancelled stops waiting; the change itself may still be kept.
        """
        if self._closed:
            raise StoreUnavailable
        loop = asyncio.get_running_loop()
        job = _Job(lambda session: change(session, *args), loop.create_future(), loop)
        self._jobs.put(job)
        return await job.done

    def _write_on(self) -> None:
        connection: Connection | None = None
        while True:
            batch = [self._jobs.get()]
            while len(batch) < BATCH and batch[-1] is not _COMPACT and not self._jobs.empty():
                batch.append(self._jobs.get())
            jobs: list[_Job] = [job for job in batch if isinstance(job, _Job)]
            if jobs:
                try:
                    connection = connection or self._writers.connect()
                    self._commit(connection, jobs)
                except BaseException as error:
                    connection = self._give_up(connection, jobs, error)
            if _COMPACT in batch:
                connection = self._rewrite(connection)
            if _STOP in batch:
                if connection is not None:
                    connection.close()
                return

    def compact(self) -> None:
        """Have the file rewritten once what is queued is kept, so that nothing deleted lies on in it. Returns at once.

        SQLite overwrites what is deleted, but not the older copies it leaves between the rows of a page when it
        moves them; a rewritten file has none. Writes wait meanwhile: about a second for 100 MB.
        """
        self.leftovers = False
        self._jobs.put(_COMPACT)

    def _rewrite(self, connection: Connection | None) -> Connection | None:
        try:
            connection = connection or self._writers.connect()
            file: Any = connection.connection.dbapi_connection
            # In memory, since a copy in a folder for temporary files would be one more place to be forgotten in.
            for order in ("PRAGMA temp_store=MEMORY", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                file.execute(order)
        except (sqlite3.Error, DBAPIError, OperatorError) as error:
            log.warning("The database could not be rewritten now (%s); it is tried again.", _reason(error))
            self.leftovers = True
        return connection

    def _commit(self, connection: Connection, jobs: list[_Job]) -> None:
        outcomes: list[tuple[_Job, Any, BaseException | None]] = []
        file: Any = connection.connection.dbapi_connection
        with connection.begin():
            for job in jobs:
                try:
                    # Session's own savepoints take three times as long as its connection's (measured).
                    with (
                        connection.begin_nested(),
                        Session(
                            connection, join_transaction_mode="rollback_only", expire_on_commit=False
                        ) as session,
                    ):
                        result = job.run(session)
                        session.flush()
                        job.woken = session.info.get("woken", set())
                    outcomes.append((job, result, None))
                except StopIteration as error:
                    refusal = RuntimeError("a change raised StopIteration, which no future can carry")
                    refusal.__cause__ = error
                    outcomes.append((job, None, refusal))
                except BaseException as error:
                    # Whatever it is, it is the caller's; this thread has others to serve.
                    if _fault(error) is not None:
                        raise
                    outcomes.append((job, None, error))
                if not file.in_transaction:  # SQLite ended it by itself, and with it every change before
                    raise StoreUnavailable
        self._tell(outcomes)

    def _give_up(self, connection: Connection | None, jobs: list[_Job], error: BaseException) -> None:
        """Nothing of this batch was kept. Whoever queued up meanwhile has waited as long: tell them now too."""
        waiting = list(jobs)
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is _STOP:
                self._jobs.put(_STOP)
                break
            waiting.append(job)
        log.warning(
            "The database took nothing for %d change(s): %s. Those asking were told; nothing was half kept.",
            len(waiting),
            _reason(error),
        )
        refusal = StoreUnavailable()
        refusal.__cause__ = error
        self._tell([(job, None, refusal) for job in waiting])
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _tell(self, outcomes: list[tuple[_Job, Any, BaseException | None]]) -> None:
        def on_loop() -> None:
            woken: set[str] = set()
            for job, result, error in outcomes:
                if error is None:
                    woken |= job.woken
                if job.done.done():
                    continue
                if error is None:
                    job.done.set_result(result)
                else:
                    job.done.set_exception(error)
            if woken:
                for listener in self._listeners:
                    listener(woken)

        try:
            outcomes[0][0].loop.call_soon_threadsafe(on_loop)
        except RuntimeError:
            log.debug("the loop ended before it could be told of a commit")

    def close(self) -> None:
        """Finish what is queued and let go of the file. Blocks for the last commit; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(_STOP)
        self._writer.join(timeout=4)
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._readers.dispose()
        self._writers.dispose()


def wake(session: Session, what: str) -> None:
    """Have the commit listeners called with `what` ("outbox", "schedule") once this change is kept."""
    session.info.setdefault("woken", set()).add(what)


def _fault(error: BaseException) -> BaseException | None:
    """The failure of the database itself (locked, full, damaged) behind an error; None for a statement's own.

    A full disk ends the transaction, and undoing the savepoint then fails as well: the cause is further back.
    """
    step: BaseException | None = error
    while step is not None:
        orig = getattr(step, "orig", None)
        if getattr(orig, "sqlite_errorcode", 0) & 0xFF in _WHOLE:
            return orig
        step = step.__context__
    return None


def _reason(error: BaseException) -> str:
    return str(_fault(error) or getattr(error, "orig", None) or type(error).__name__)
