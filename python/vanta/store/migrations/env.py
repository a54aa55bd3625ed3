"""Run revisions on the connection that `vanta.store.migrate` hands over."""

from typing import cast

from alembic import context
from sqlalchemy.engine import Connection

connection = cast("Connection | None", context.config.attributes.get("connection"))
if connection is None:
    raise RuntimeError("run migrations through `vanta.store.migrate`, which holds the lock")

context.configure(connection=connection, target_metadata=None, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
