"""Statements made ready once, for the few places where a thousand members may wait within one second.

SQLAlchemy does about 30 µs of its own for every statement it runs: half of what keeping an answer took (measured).
Here its compiler and its types are used once, and what is left each time is the driver's own call.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, cast

from sqlalchemy import Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

Convert = Callable[[Any], Any]
_DIALECT = cast("Any", sqlite).dialect(paramstyle="named")


@dataclass(frozen=True)
class Prepared:
    """A Core statement for SQLite; what its values are is said at every run, those it names itself excepted.

    `sets`: the columns an insert or update is given. Columns' own defaults are not filled in, and lists of values
    (`IN`) cannot be given: both need SQLAlchemy itself.
    """

    statement: Executable
    sets: tuple[str, ...] = ()

    def run(self, session: Session, values: Mapping[str, Any]) -> int:
        """Carry out a change, in the session's transaction; how many rows it touched."""
        return self._execute(session, values).rowcount

    def rows(self, session: Session, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What a query finds, in the session's transaction."""
        found = self._execute(session, values).fetchall()
        converts = self._ready.results
        return [
            tuple(value if make is None else make(value) for value, make in zip(row, converts, strict=True))
            for row in found
        ]

    def _execute(self, session: Session, values: Mapping[str, Any]) -> Any:
        ready = self._ready
        given = dict(ready.constants)
        for name, convert in ready.binds:
            given[name] = values[name] if convert is None else convert(values[name])
        driver: Any = session.connection().connection.dbapi_connection
        try:
            return driver.execute(ready.sql, given)
        except sqlite3.Error as error:
            raise DBAPIError(ready.sql, None, error) from error

    @cached_property
    def _ready(self) -> _Ready:
        statement: Any = self.statement  # SQLAlchemy's own types do not say what compiling gives
        compiled = statement.compile(dialect=_DIALECT, column_keys=list(self.sets) or None)
        binds: list[tuple[str, Convert | None]] = []
        constants: dict[str, Any] = {}
        for bind, name in compiled.bind_names.items():
            convert = bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            if name in self.sets or bind.value is None:
                binds.append((name, convert))
            else:
                constants[name] = bind.value if convert is None else convert(bind.value)
        results = [
            column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
            for column in getattr(statement, "selected_columns", ())
        ]
        return _Ready(compiled.string, binds, constants, results)


class _Ready(NamedTuple):
    sql: str
    binds: list[tuple[str, Convert | None]]
    constants: dict[str, Any]
    results: list[Convert | None]
