"""People's rights: standing, roles, step-up, second person."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Create everything in one transaction."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: revisions go forward only; restore a backup instead."""
    raise NotImplementedError("revisions go forward only")
