"""A member's data as a page that opens in any browser, and as JSON, in one ZIP."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

Rows = Mapping[str, Sequence[Mapping[str, str]]]

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222;"
    "background:#fdfcf9}table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}"
    "th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ccc;vertical-align:top}"
    "th{font-weight:600;width:40%}h2{margin-top:2rem}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#1d1f21}th,td{border-color:#555}}"
)


@dataclass(frozen=True)
class PageWords:
    """Every word of the page. `table` and `column` name a kind of thing and one of its values; `value` says it."""

    language: str
    title: str
    intro: str
    nothing: str
    table: Callable[[str], str]
    column: Callable[[str, str], str]
    value: Callable[[str, str, str], str]


def archive(rows: Rows, words: PageWords, made_at: datetime) -> bytes:
    """A ZIP of `reallyok.html` (to read) and `reallyok.json` (for other programs)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("reallyok.html", page(rows, words))
        kept = {"made_at": made_at.isoformat(), "kept": rows}
        file.writestr("reallyok.json", json.dumps(kept, ensure_ascii=False, indent=1))
    return buffer.getvalue()


def page(rows: Rows, words: PageWords) -> str:
    """The page. Loads nothing, runs nothing; every value is escaped."""
    parts = [
        f'<!doctype html><html lang="{escape(words.language)}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(words.title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(words.title)}</h1><p>{escape(words.intro)}</p>"
    ]
    if not rows:
        parts.append(f"<p>{escape(words.nothing)}</p>")
    for table, entries in rows.items():
        parts.append(f"<h2>{escape(words.table(table))}</h2>")
        for entry in entries:
            cells = "".join(
                f"<tr><th>{escape(words.column(table, name))}</th>"
                f"<td>{escape(words.value(table, name, value))}</td></tr>"
                for name, value in entry.items()
            )
            parts.append(f"<table>{cells}</table>")
    return "".join(parts) + "</html>"
