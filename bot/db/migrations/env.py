"""Alembic's entry: run the migrations against the address given by the caller or by `alembic -x url=...`."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlmodel.sql.sqltypes import AutoString

from bot.db.columns import KeyedIndex, Sealed, UtcDateTime
from bot.db.store import engine_for
from bot.tables import TABLES


def rendered(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Our own types as what the database has: a migration must not change when a class does."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "sa.DateTime()"
    if isinstance(item, (KeyedIndex, Sealed)):
        return "sa.LargeBinary()"
    return f"sa.String({item.length or ''})" if isinstance(item, AutoString) else False


config = context.config
url = config.attributes.get("url") or context.get_x_argument(as_dictionary=True).get("url")
if not url:
    raise SystemExit("Give the database: alembic -x url=sqlite:///data/reallyok.db upgrade head")


engine = engine_for(url, writing=True)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=TABLES,
        render_as_batch=True,
        compare_type=True,
        render_item=rendered,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
