"""listeners, calls, and whom each call may go to"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "listening",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("answer_minutes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("network_id"),
    )
    op.create_table(
        "call",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("named_id", sa.BigInteger(), nullable=True),
        sa.Column("holder_id", sa.BigInteger(), nullable=True),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("reach_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("suits_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("about_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("step_at", sa.DateTime(), nullable=True),
        sa.Column("promise", sa.String(), nullable=True),
        sa.Column("promised_at", sa.DateTime(), nullable=True),
        sa.Column("spoken_at", sa.DateTime(), nullable=True),
        sa.Column("ending", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_holder_id"), ["holder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_membership_id"), ["membership_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_step_at"), ["step_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_user_id"), ["user_id"], unique=False)

    op.create_table(
        "listener",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("organisation_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(), nullable=True),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("rota", sa.String(600), nullable=False),
        sa.Column("on_until", sa.DateTime(), nullable=True),
        sa.Column("off_until", sa.DateTime(), nullable=True),
        sa.Column("breather_until", sa.DateTime(), nullable=True),
        sa.Column("most_open", sa.Integer(), nullable=False),
        sa.Column("takes_calls", sa.Boolean(), nullable=False),
        sa.Column("takes_talks", sa.Boolean(), nullable=False),
        sa.Column("last_asked_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "user_id"),
    )
    with op.batch_alter_table("listener", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_listener_membership_id"), ["membership_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_listener_user_id"), ["user_id"], unique=False)

    op.create_table(
        "call_offer",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("shown_at", sa.DateTime(), nullable=True),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_id", "user_id"),
    )
    with op.batch_alter_table("call_offer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_offer_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_offer_user_id"), ["user_id"], unique=False)
