"""People's rights: standing, roles, wishes of mode, step-up, second person."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE users DROP CONSTRAINT users_role_check",
    """
    ALTER TABLE users
        ADD CONSTRAINT users_role_check CHECK (
            role IN ('viewer', 'trader', 'provider', 'leader', 'admin', 'super_admin')),
        -- Who was here before was let in; whoever comes from now on waits (below).
        ADD COLUMN standing text NOT NULL DEFAULT 'active'
            CHECK (standing IN ('waiting', 'active', 'blocked')),
        -- The person's own wish; the most restrictive of all wishes counts.
        ADD COLUMN mode text NOT NULL DEFAULT 'DRY' CHECK (mode IN ('DRY', 'LIVE'))
    """,
    "ALTER TABLE users ALTER COLUMN standing SET DEFAULT 'waiting'",
    "CREATE INDEX users_waiting ON users (id) WHERE standing = 'waiting'",
    # A link restricts when it says DRY; LIVE leaves the decision to system, person and health.
    """
    ALTER TABLE subscriptions
        ADD COLUMN mode text NOT NULL DEFAULT 'LIVE' CHECK (mode IN ('DRY', 'LIVE'))
    """,
    # One row a person, made with the first PIN or code. `version` counts every change that ends
    # what was begun before it: a proof of the old PIN opens no session after it. The first PIN of
    # who holds the chat alone opens what admins do only from `settles_ns` on; what the machine
    # vouches for until `vouched_until_ns` needs no wait.
    """
    CREATE TABLE credentials (
        user_id          integer PRIMARY KEY REFERENCES users,
        pin_hash         text CHECK (char_length(pin_hash) <= 256),
        totp             bytea CHECK (octet_length(totp) <= 8192),         -- sealed
        totp_pending     bytea CHECK (octet_length(totp_pending) <= 8192), -- sealed
        pending_until_ns bigint NOT NULL DEFAULT 0,
        totp_last_step   bigint NOT NULL DEFAULT 0,
        failures         integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
        locked_until_ns  bigint NOT NULL DEFAULT 0,
        session_from_ns  bigint NOT NULL DEFAULT 0,
        session_until_ns bigint NOT NULL DEFAULT 0,
        settles_ns       bigint NOT NULL DEFAULT 0,
        vouched_until_ns bigint NOT NULL DEFAULT 0,
        version          integer NOT NULL DEFAULT 1,
        changed_ns       bigint NOT NULL
    )
    """,
    # One for each subject: whoever asks again has lost the one before. Used by being deleted. Only
    # the hash is kept: who reads the table can use nothing of it.
    """
    CREATE TABLE one_time_tokens (
        user_id    integer NOT NULL REFERENCES users,
        purpose    text NOT NULL CHECK (purpose IN ('panel', 'confirm')),
        about      bytea NOT NULL CHECK (octet_length(about) <= 32),
        hash       bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
        expires_ns bigint NOT NULL,
        PRIMARY KEY (user_id, purpose, about)
    )
    """,
    # That an owner code was used is known here, not in the file it came from: restoring the file
    # gives nothing.
    """
    CREATE TABLE owner_claims (
        code_hash bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
        user_id   integer NOT NULL REFERENCES users,
        at_ns     bigint NOT NULL
    )
    """,
    """
    CREATE TABLE approvals (
        id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        command    text NOT NULL CHECK (char_length(command) BETWEEN 1 AND 32),
        args       jsonb NOT NULL,
        asked_by   integer NOT NULL REFERENCES users,
        asked_ns   bigint NOT NULL,
        expires_ns bigint NOT NULL,
        agreed_by  integer REFERENCES users,
        agreed_ns  bigint,
        state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'agreed')),
        CHECK ((state = 'open') = (agreed_by IS NULL)),
        CHECK ((agreed_by IS NULL) = (agreed_ns IS NULL)),
        CHECK (agreed_by <> asked_by)
    )
    """,
    "CREATE INDEX approvals_open ON approvals (asked_by) WHERE state = 'open'",
)


def upgrade() -> None:
    """Create everything in one transaction."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: revisions go forward only; restore a backup instead."""
    raise NotImplementedError("revisions go forward only")
