"""What documents define, for others to refer to; and what a document that refers to others was read with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "definitions",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("whence", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "term", "name", "document", name=op.f("pk_definitions")),
    )
    op.create_index("ix_definitions_account_document", "definitions", ["account", "document"])
    op.create_table(
        "uses",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("found", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "document", name=op.f("pk_uses")),
    )
