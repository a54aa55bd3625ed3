"""The audit log as a chain: each row carries the hash of the one before, made by the database.

`hash` is SHA-256 over, in this order: the word "vanta.audit.1"; seq, id and at_ns as eight bytes
each, big endian; actor, action, object, detail and trace_id in UTF-8, each after its length in four
bytes, big endian; the 32 bytes of `prev_hash`. `detail` is hashed as PostgreSQL prints it. The
first row's `prev_hash` is 32 zero bytes.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS: tuple[str, ...] = (
    # One row, locked by whoever appends: appends take turns, so the chain never forks.
    """
    CREATE TABLE audit_head (
        one  boolean PRIMARY KEY DEFAULT true CHECK (one),
        seq  bigint NOT NULL CHECK (seq >= 0),
        hash bytea NOT NULL CHECK (octet_length(hash) = 32)
    )
    """,
    "INSERT INTO audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'))",
    """
    ALTER TABLE audit_log
        ADD COLUMN seq bigint,
        ADD COLUMN prev_hash bytea,
        ADD COLUMN hash bytea
    """,
    """
    CREATE FUNCTION audit_hash(
        seq bigint, id bigint, at_ns bigint, actor text, action text, object text, detail jsonb,
        trace_id text, prev_hash bytea
    ) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
    DECLARE
        told bytea := convert_to('vanta.audit.1', 'UTF8')
                      || int8send(seq) || int8send(id) || int8send(at_ns);
        part bytea;
    BEGIN
        FOREACH part IN ARRAY ARRAY[
            convert_to(actor, 'UTF8'), convert_to(action, 'UTF8'), convert_to(object, 'UTF8'),
            convert_to(detail::text, 'UTF8'), convert_to(trace_id, 'UTF8')
        ] LOOP
            told := told || int4send(octet_length(part)) || part;
        END LOOP;
        RETURN sha256(told || prev_hash);
    END $$
    """,
    # Rows from before the chain, in the order of their writing.
    "ALTER TABLE audit_log DISABLE TRIGGER append_only",
    """
    DO $$
    DECLARE
        act  record;
        head record;
    BEGIN
        SELECT * INTO head FROM audit_head;
        FOR act IN SELECT * FROM audit_log ORDER BY id, at_ns LOOP
            UPDATE audit_log SET seq = head.seq + 1, prev_hash = head.hash,
                hash = audit_hash(head.seq + 1, act.id, act.at_ns, act.actor, act.action,
                                  act.object, act.detail, act.trace_id, head.hash)
            WHERE id = act.id AND at_ns = act.at_ns
            RETURNING audit_log.seq, audit_log.hash INTO head.seq, head.hash;
        END LOOP;
        UPDATE audit_head SET seq = head.seq, hash = head.hash;
    END $$
    """,
    "ALTER TABLE audit_log ENABLE TRIGGER append_only",
    """
    ALTER TABLE audit_log
        ALTER COLUMN seq SET NOT NULL,
        ALTER COLUMN prev_hash SET NOT NULL,
        ALTER COLUMN hash SET NOT NULL
    """,
    "CREATE INDEX audit_log_by_seq ON audit_log (seq)",
    # Runs with the owner's rights: who appends has none on the head. The path of search is fixed,
    # for else a temporary table of that name could stand in for the head.
    """
    CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        SELECT h.seq + 1, h.hash INTO STRICT NEW.seq, NEW.prev_hash FROM audit_head h FOR UPDATE;
        NEW.hash := audit_hash(NEW.seq, NEW.id, NEW.at_ns, NEW.actor, NEW.action, NEW.object,
                               NEW.detail, NEW.trace_id, NEW.prev_hash);
        UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
        RETURN NEW;
    END $$
    """,
    """
    DO $$ BEGIN
        EXECUTE format('ALTER FUNCTION chain_audit() SET search_path = pg_catalog, %I, pg_temp',
                       current_schema());
    END $$
    """,
    # Inherited by partitions, those of coming months too.
    """
    CREATE TRIGGER chained BEFORE INSERT ON audit_log
        FOR EACH ROW EXECUTE FUNCTION chain_audit()
    """,
)


def upgrade() -> None:
    """Create everything in one transaction."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: revisions go forward only; restore a backup instead."""
    raise NotImplementedError("revisions go forward only")
