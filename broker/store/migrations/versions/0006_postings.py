"""Documents whose elements are on their way, so that what is left of one that never came is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "postings",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("elements", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "document", name=op.f("pk_postings")),
    )
