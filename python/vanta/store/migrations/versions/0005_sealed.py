"""Sealed columns and the keys they are sealed under."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS: tuple[str, ...] = (
    # --- which key a record names, to everybody; '' for what is no record
    """
    CREATE FUNCTION sealed_under(record bytea) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN octet_length(record) < 90 OR get_byte(record, 0) <> 1 THEN ''
                    ELSE encode(substring(record FROM 4 FOR get_byte(record, 2)), 'escape') END
    $$
    """,
    # --- keys: never the key itself; `wrapped` is what only the KMS can open
    """
    CREATE TABLE master_keys (
        id         text PRIMARY KEY CHECK (char_length(id) BETWEEN 1 AND 64),
        version    integer NOT NULL UNIQUE CHECK (version > 0),
        source     text NOT NULL CHECK (source IN ('local', 'kms')),
        wrapped    bytea CHECK (octet_length(wrapped) BETWEEN 1 AND 6144),
        proof      bytea NOT NULL, -- a known text sealed under it: tells a wrong key at start
        created_ns bigint NOT NULL,
        retired_ns bigint NOT NULL DEFAULT 0,
        CHECK ((source = 'kms') = (wrapped IS NOT NULL))
    )
    """,
    # --- secrets of the house itself
    """
    CREATE TABLE sealed_values (
        name  text PRIMARY KEY CHECK (char_length(name) BETWEEN 1 AND 64),
        value bytea NOT NULL CHECK (octet_length(value) BETWEEN 90 AND 8192)
    )
    """,
    # --- Rows from before stand open until the first start seals them: those without fingerprint.
    """
    ALTER TABLE provider_secrets
        DROP CONSTRAINT provider_secrets_secret_check,
        DROP CONSTRAINT provider_secrets_key_id_secret_key,
        ADD COLUMN fingerprint bytea CHECK (octet_length(fingerprint) = 32),
        ADD CONSTRAINT provider_secrets_secret_check CHECK (
            octet_length(secret) BETWEEN 90 AND 8192
            OR fingerprint IS NULL AND octet_length(secret) BETWEEN 24 AND 64
        ),
        ADD CONSTRAINT provider_secrets_key_id_fingerprint_key UNIQUE (key_id, fingerprint)
    """,
    # --- A key is retired when no row names it. Its row is locked for that, and here by who writes
    # under it: a late writer either comes before the count or is refused.
    """
    CREATE FUNCTION refuse_retired_key() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        record bytea;
        retired bigint;
    BEGIN
        EXECUTE format('SELECT ($1).%I', TG_ARGV[0]) INTO record USING NEW;
        SELECT retired_ns INTO retired FROM master_keys
            WHERE id = sealed_under(record) FOR SHARE;
        IF retired > 0 THEN
            RAISE EXCEPTION 'sealed under the retired key %', sealed_under(record)
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER provider_secrets_key BEFORE INSERT OR UPDATE OF secret ON provider_secrets
        FOR EACH ROW EXECUTE FUNCTION refuse_retired_key('secret')
    """,
    """
    CREATE TRIGGER credentials_key BEFORE INSERT OR UPDATE OF totp ON credentials
        FOR EACH ROW EXECUTE FUNCTION refuse_retired_key('totp')
    """,
    """
    CREATE TRIGGER credentials_pending_key BEFORE INSERT OR UPDATE OF totp_pending ON credentials
        FOR EACH ROW EXECUTE FUNCTION refuse_retired_key('totp_pending')
    """,
    """
    CREATE TRIGGER sealed_values_key BEFORE INSERT OR UPDATE OF value ON sealed_values
        FOR EACH ROW EXECUTE FUNCTION refuse_retired_key('value')
    """,
)


def upgrade() -> None:
    """Create everything in one transaction."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: revisions go forward only; restore a backup instead."""
    raise NotImplementedError("revisions go forward only")
