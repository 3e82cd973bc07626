"""Alembic's migrations of the store. `broker.store.migrate` runs them."""
