"""group sessions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "session_draft",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=True),
        sa.Column("occurrence_id", sa.BigInteger(), nullable=True),
        sa.Column("scope", sa.String(8), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("session_draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_draft_made_at"), ["made_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_draft_network_id"), ["network_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_draft_user_id"), ["user_id"], unique=False)

    op.create_table(
        "session_feed",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("neutral", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.user_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "session_network",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("mirror_since", sa.DateTime(), nullable=True),
        sa.Column("mirror_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("network_id"),
    )
    with op.batch_alter_table("session_network", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_network_mirror_at"), ["mirror_at"], unique=False)

    op.create_table(
        "session_series",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("neutral_title", sa.String(80), nullable=False),
        sa.Column("about", sa.String(1000), nullable=False),
        sa.Column("standing", sa.String(20), nullable=True),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("unit", sa.String(8), nullable=False),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.String(20), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("skip_closures", sa.Boolean(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("where_kind", sa.String(), nullable=False),
        sa.Column("where_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("where_text", sa.String(300), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=True),
        sa.Column("places", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("plan_at", sa.DateTime(), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("session_series", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_series_network_id"), ["network_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_series_plan_at"), ["plan_at"], unique=False)

    op.create_table(
        "session_change",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("what", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["session_series.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("series_id", "revision"),
    )
    with op.batch_alter_table("session_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_change_series_id"), ["series_id"], unique=False)

    op.create_table(
        "session_facilitator",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("leads", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["session_series.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("series_id", "user_id"),
    )
    with op.batch_alter_table("session_facilitator", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_facilitator_series_id"), ["series_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_facilitator_user_id"), ["user_id"], unique=False)

    op.create_table(
        "session_invited",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["session_series.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("series_id", "user_id"),
    )
    with op.batch_alter_table("session_invited", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_invited_series_id"), ["series_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_invited_user_id"), ["user_id"], unique=False)

    op.create_table(
        "session_occurrence",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("original_on", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(80), nullable=True),
        sa.Column("about", sa.String(1000), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("where_kind", sa.String(), nullable=True),
        sa.Column("where_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("where_text", sa.String(300), nullable=True),
        sa.Column("places", sa.Integer(), nullable=True),
        sa.Column("announce_at", sa.DateTime(), nullable=True),
        sa.Column("remind_at", sa.DateTime(), nullable=True),
        sa.Column("door_at", sa.DateTime(), nullable=True),
        sa.Column("question_at", sa.DateTime(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["series_id"], ["session_series.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("series_id", "original_on"),
    )
    with op.batch_alter_table("session_occurrence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_occurrence_announce_at"), ["announce_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_occurrence_door_at"), ["door_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_occurrence_question_at"), ["question_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_occurrence_remind_at"), ["remind_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_occurrence_series_id"), ["series_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_occurrence_starts_at"), ["starts_at"], unique=False)
        batch_op.create_index("ix_session_occurrence_upcoming", ["network_id", "starts_at"], unique=False)

    op.create_table(
        "session_reminders",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.String(40), nullable=False),
        sa.Column("maybe", sa.Boolean(), nullable=False),
        sa.Column("after", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("membership_id"),
    )
    with op.batch_alter_table("session_reminders", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_session_reminders_membership_id"), ["membership_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_session_reminders_user_id"), ["user_id"], unique=False)

    op.create_table(
        "session_attendance",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("occurrence_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.String(8), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["occurrence_id"], ["session_occurrence.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("occurrence_id", "user_id"),
    )
    with op.batch_alter_table("session_attendance", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_session_attendance_membership_id"), ["membership_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_session_attendance_starts_at"), ["starts_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_attendance_user_id"), ["user_id"], unique=False)

    op.create_table(
        "session_coming",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("occurrence_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("offered_until", sa.DateTime(), nullable=True),
        sa.Column("remind_at", sa.DateTime(), nullable=True),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["occurrence_id"], ["session_occurrence.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("occurrence_id", "user_id"),
    )
    with op.batch_alter_table("session_coming", schema=None) as batch_op:
        batch_op.create_index("ix_session_coming_line", ["occurrence_id", "place", "since"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_coming_membership_id"), ["membership_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_coming_offered_until"), ["offered_until"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_coming_remind_at"), ["remind_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_coming_starts_at"), ["starts_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_coming_user_id"), ["user_id"], unique=False)

    op.create_table(
        "session_mirror",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("occurrence_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("theirs", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["occurrence_id"], ["session_occurrence.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("occurrence_id"),
    )
    with op.batch_alter_table("session_mirror", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_mirror_event_id"), ["event_id"], unique=False)
