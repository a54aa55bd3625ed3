"""Alembic environment and revisions; the statements inside are plain SQL."""
