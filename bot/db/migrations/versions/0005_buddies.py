"""who looks for a buddy, who was suggested to whom, a network's own lists and its weekly round"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "buddy_past",
        sa.Column("pair", sa.LargeBinary(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("pair"),
    )
    op.create_table(
        "buddying",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lists", sa.JSON(), nullable=False),
        sa.Column("next_round_at", sa.DateTime(), nullable=True),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("network_id"),
    )
    with op.batch_alter_table("buddying", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_buddying_next_round_at"), ["next_round_at"], unique=False)

    op.create_table(
        "buddy_place",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("match_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("introduced_at", sa.DateTime(), nullable=True),
        sa.Column("waited_days", sa.Integer(), nullable=True),
        sa.Column("met_at", sa.DateTime(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("buddy_place", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_buddy_place_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_buddy_place_ended_at"), ["ended_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_buddy_place_match_id"), ["match_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_buddy_place_membership_id"), ["membership_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_buddy_place_network_id"), ["network_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_buddy_place_user_id"), ["user_id"], unique=False)

    op.create_table(
        "buddy_request",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("told_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("looking_since", sa.DateTime(), nullable=True),
        sa.Column("waiting_rounds", sa.Integer(), nullable=False),
        sa.Column("ignored", sa.Integer(), nullable=False),
        sa.Column("match_at", sa.DateTime(), nullable=True),
        sa.Column("eager", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("membership_id"),
    )
    with op.batch_alter_table("buddy_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_buddy_request_match_at"), ["match_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_buddy_request_user_id"), ["user_id"], unique=False)
        batch_op.create_index("ix_buddy_request_waiting", ["network_id", "state"], unique=False)
