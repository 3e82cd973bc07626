"""Alembic's entry: runs the migrations on the connection, and in the transaction, that `broker.store.migrate` gives."""

from __future__ import annotations

from alembic import context

from broker.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
