"""What is kept of a member, said in words: a few lines for the screen, labels and values for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from bot.content.library import Library, Words, joined
from bot.own.page import PageWords
from bot.own.service import Rows, stays

MOST_LINES = 12
MOST_CHARACTERS = 1350  # of the 1,500 the template has room for; the file has everything


class Teller:
    """Says one person's rows. `networks` are the names of the networks they mention, by id."""

    def __init__(self, library: Library, networks: Mapping[str, str], language: str = "en") -> None:
        self._text = library.text
        self._library = library
        self._networks = networks
        self._language = language

    def lines(self, rows: Rows, also: Sequence[Words] = ()) -> Words:
        """What is kept now, one line a kind of thing, each with for how long; `also`: what these rows cannot say."""
        lines = [
            *self._of_memberships(rows),
            *self._of_person(rows),
            *self._of_answers(rows),
            *also,
            *self._of_rest(rows),
        ]
        if not lines:
            return self._text("me.kept.nothing")
        lines.append(self._text("me.kept.events"))
        shown: list[Words] = []
        for line in lines:
            if len(shown) == MOST_LINES or sum(map(len, shown)) + len(line) > MOST_CHARACTERS:
                shown.append(self._text("me.kept.more", count=len(lines) - len(shown)))
                break
            shown.append(line)
        return joined(shown)

    def _of_memberships(self, rows: Rows) -> list[Words]:
        planned = {row["network_id"]: row for row in rows.get("checkin_plan", [])}
        lines: list[Words] = []
        for row in rows.get("membership", []):
            name = self._network(row["network_id"])
            lines.append(self._text("me.kept.membership", network=name, date=self._day(row["joined_at"])))
            plan = planned.get(row["network_id"])
            if plan is None or "next_at" not in plan:
                lines.append(self._text("me.kept.plan_off", network=name))
            else:
                often = self._text(f"checkins.cadence.{plan['often']}")
                lines.append(self._text("me.kept.plan", network=name, plan=often))
        return lines

    def _of_person(self, rows: Rows) -> list[Words]:
        lines: list[Words] = []
        for row in rows.get("person", []):
            if "dm_channel_id" in row:
                lines.append(self._text("me.kept.dm"))
            for column, key in (
                ("dm_closed_at", "dm_closed"),
                ("paused_until", "paused"),
                ("last_asked_at", "last_asked"),
            ):
                if column in row:
                    lines.append(self._text(f"me.kept.{key}", date=self._day(row[column])))
        return lines

    def _of_answers(self, rows: Rows) -> list[Words]:
        asked = rows.get("checkin", [])
        answered = sorted(row["due_at"] for row in asked if "level_sealed" in row)
        lines: list[Words] = []
        if answered:
            oldest = self._day(answered[0])
            lines.append(self._text("me.kept.answers", count=len(answered), date=oldest))
        if len(asked) > len(answered):
            lines.append(self._text("me.kept.questions", count=len(asked) - len(answered)))
        return lines

    def _of_rest(self, rows: Rows) -> list[Words]:
        lines: list[Words] = []
        for row in rows.get("consent", []):
            name, given = self._network(row["network_id"]), self._day(row["given_at"])
            what = self._text(f"me.purpose.{row['purpose']}")
            if "withdrawn_at" in row:
                back = self._day(row["withdrawn_at"])
                lines.append(
                    self._text(
                        "me.kept.consent_taken_back", network=name, date=given, purpose=what, withdrawn=back
                    )
                )
            else:
                lines.append(self._text("me.kept.consent", network=name, date=given, purpose=what))
        for row in rows.get("listener", []):
            lines.append(self._text("me.kept.listener", network=self._network(row["network_id"])))
        counted = (
            ("session_facilitator", "runs"),
            ("session_invited", "invited"),
            ("session_coming", "coming"),
            ("session_attendance", "attended"),
            ("session_reminders", "reminders"),
            ("session_feed", "feed"),
            ("call", "calls"),
            ("talk_side", "talks"),
            ("outbox", "messages"),
            ("apart", "apart"),
            ("report", "reports"),
        )
        for table, key in counted:
            if rows.get(table):
                lines.append(self._text(f"me.kept.{key}", count=len(rows[table])))
        for row in rows.get("buddy_request", []):
            lines.append(self._text("me.kept.buddy_request", network=self._network(row["network_id"])))
        if rows.get("buddy_place"):
            lines.append(self._text("me.kept.buddy_places", count=len(rows["buddy_place"])))
        for row in rows.get("fact", []):
            key = {"confirmed": "fact", "waiting": "fact_waiting"}.get(row["state"], "fact_typed")
            what = self._text(f"me.what.{row['kind']}")
            lines.append(self._text(f"me.kept.{key}", what=what, name=row.get("name_sealed", "")))
        return lines

    def gone(self, gone: Mapping[str, int]) -> Words:
        """What a forgetting deleted, in one sentence's worth."""
        if not gone:
            return self._text("me.gone.nothing")
        said = [
            self._text(
                f"me.gone.{table}" if self._library.has_text(f"me.table.{table}") else "me.gone.other",
                count=count,
            )
            for table, count in gone.items()
        ]
        return joined(said, ", ")

    def stays(self, kept_contact_in: Sequence[str] = ()) -> Words:
        """What outlives a forgetting, and why: one paragraph each."""
        keys = [*(["apart"] if stays() else []), "ledger", "copies", "events", "discord"]
        said = [self._text(f"me.stays.{key}") for key in keys]
        said += [self._text("me.stays.contact", network=name) for name in kept_contact_in[:1]]
        return joined(said, "\n")

    def failed(self, tables: Sequence[str]) -> Words:
        """The parts a forgetting could not delete."""
        return joined(
            self._text("me.failed.line", what=self._text(f"me.table.{table}")) for table in tables[:6]
        )

    def page_words(self, made_at: datetime) -> PageWords:
        """Every word of the file."""
        when = self._library.day(made_at.date(), self._language, year=True)
        return PageWords(
            language=self._language,
            title=str(self._text("me.page.title")),
            intro=str(self._text("me.page.intro", when=when)),
            nothing=str(self._text("me.page.nothing")),
            table=lambda table: str(self._text(f"me.table.{table}")),
            column=lambda table, column: str(self._text(f"me.own.{table}.{column}")),
            value=self._value,
        )

    def _value(self, table: str, column: str, value: str) -> str:
        key = f"me.value.{table}.{column}.{value}"
        if self._library.has_text(key):
            return str(self._text(key))
        if column == "network_id":
            return self._networks.get(value, value)
        if column.endswith(("_at", "_on", "_until")) and len(value) >= 10:
            return str(self._day(value)) if len(value) == 10 else f"{self._day(value)}, {value[11:16]} UTC"
        return value

    def _network(self, network_id: str) -> str:
        return self._networks.get(network_id, network_id)

    def _day(self, iso: str) -> Words:
        return self._library.day(date.fromisoformat(iso[:10]), self._language, year=True)
