"""unnamed talks, who stands where in them, and what is passed on"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "talk_name",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "talk",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("talk", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_talk_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_talk_network_id"), ["network_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_talk_next_at"), ["next_at"], unique=False)

    op.create_table(
        "talk_side",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("talk_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("person_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("person_index", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("wishes_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["talk_id"], ["talk.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("talk_id", "person_index"),
    )
    with op.batch_alter_table("talk_side", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_talk_side_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_talk_side_person_index"), ["person_index"], unique=False)

    op.create_table(
        "talk_post",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("talk_id", sa.BigInteger(), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=True),
        sa.Column("to_id", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("source_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("source_index", sa.LargeBinary(), nullable=True),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("notice", sa.Boolean(), nullable=False),
        sa.Column("answers_id", sa.BigInteger(), nullable=True),
        sa.Column("copy_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["from_id"], ["talk_side.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["talk_id"], ["talk.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["to_id"], ["talk_side.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source_index", "part"),
    )
    with op.batch_alter_table("talk_post", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_talk_post_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_talk_post_from_id"), ["from_id"], unique=False)
        batch_op.create_index(
            "ix_talk_post_going",
            ["to_id", "seq"],
            unique=False,
            sqlite_where=sa.text("state IN ('ready', 'sending') OR changed"),
            postgresql_where=sa.text("state IN ('ready', 'sending') OR changed"),
        )
        batch_op.create_index(batch_op.f("ix_talk_post_seq"), ["seq"], unique=False)
        batch_op.create_index(batch_op.f("ix_talk_post_talk_id"), ["talk_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_talk_post_to_id"), ["to_id"], unique=False)
