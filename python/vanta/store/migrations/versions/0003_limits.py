"""Limits: ceilings, looser limits that wait, breakers."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS: tuple[str, ...] = (
    # A streak of losses, or the person, stops opens until an instant; a restart must not forget it.
    """
    ALTER TABLE accounts
        ADD COLUMN breaker_until_ns bigint NOT NULL DEFAULT 0 CHECK (breaker_until_ns >= 0),
        ADD COLUMN breaker_losses integer NOT NULL DEFAULT 0 CHECK (breaker_losses >= 0),
        ADD COLUMN breaker_limit integer NOT NULL DEFAULT 0 CHECK (breaker_limit >= 0)
    """,
    # What operators allow at most, by key. Never overwritten, as `policies`.
    """
    CREATE TABLE ceilings (
        version integer PRIMARY KEY CHECK (version > 0),
        limits  jsonb NOT NULL,
        set_by  text NOT NULL CHECK (char_length(set_by) <= 128),
        at_ns   bigint NOT NULL
    )
    """,
    # A looser limit waits here for its time; one a key, so that asking twice starts the wait anew.
    """
    CREATE TABLE pending_limits (
        user_id  integer NOT NULL REFERENCES users,
        key      text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 64),
        value    jsonb NOT NULL,
        asked_ns bigint NOT NULL,
        due_ns   bigint NOT NULL,
        asked_by text NOT NULL CHECK (char_length(asked_by) <= 128),
        PRIMARY KEY (user_id, key)
    )
    """,
    "CREATE INDEX pending_limits_due ON pending_limits (due_ns)",
)


def upgrade() -> None:
    """Create everything in one transaction."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: revisions go forward only; restore a backup instead."""
    raise NotImplementedError("revisions go forward only")
