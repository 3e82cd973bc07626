"""What is at providers otherwise than the store says, and when each was last asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "findings",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("account", "provider", "kind", "id", "aspect")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("service", "step", "name", "wanted", "seen")),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("price", "removal")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("since", "at")),
        sa.PrimaryKeyConstraint("account", "provider", "kind", "id", "aspect", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_account_service"), "findings", ["account", "service"])
    op.create_table(
        "observations",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("account", "provider")),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("account", "provider", name=op.f("pk_observations")),
    )
