"""First tables: people, markets, providers, signals, orders to positions, and the records.

Scales are part of the column names: `_e6` USD, `_e10` prices and ratios, `_ns` Unix nanoseconds
(0 = not yet or never, unless the column is nullable). Text that names things is short by CHECK, so
that a wrong caller fails here and not in a reader.
"""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    # --- people
    """
    CREATE TABLE users (
        id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        -- One Telegram person is one user, however often /start is pressed at once.
        telegram_id bigint UNIQUE,
        name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
        role        text NOT NULL CHECK (role IN ('viewer', 'trader', 'admin', 'super_admin')),
        created_ns  bigint NOT NULL CHECK (created_ns >= 0)
    )
    """,
    # Simulated money. Cash has no lower bound on purpose: a fill that happened is booked, whatever
    # it leaves; refusing risk before it happens is the risk book's work.
    """
    CREATE TABLE accounts (
        user_id        integer PRIMARY KEY REFERENCES users,
        cash_e6        bigint NOT NULL,
        deposited_e6   bigint NOT NULL CHECK (deposited_e6 >= 0),
        losses_in_row  integer NOT NULL DEFAULT 0 CHECK (losses_in_row >= 0)
    )
    """,
    # Limits are never overwritten: a verdict of last week is explained by the version of last week.
    """
    CREATE TABLE policies (
        user_id    integer NOT NULL REFERENCES users,
        version    integer NOT NULL CHECK (version > 0),
        limits     jsonb NOT NULL,
        set_by     text NOT NULL CHECK (char_length(set_by) <= 128),
        at_ns      bigint NOT NULL,
        PRIMARY KEY (user_id, version)
    )
    """,
    # --- markets
    """
    CREATE TABLE markets (
        venue                     text NOT NULL CHECK (char_length(venue) BETWEEN 1 AND 32),
        market_ix                 integer NOT NULL CHECK (market_ix BETWEEN 0 AND 65535),
        symbol                    text NOT NULL CHECK (char_length(symbol) BETWEEN 3 AND 32),
        min_leverage_e10          bigint NOT NULL CHECK (min_leverage_e10 > 0),
        max_leverage_e10          bigint NOT NULL CHECK (max_leverage_e10 >= min_leverage_e10),
        min_notional_e6           bigint NOT NULL CHECK (min_notional_e6 >= 0),
        liquidation_threshold_e10 bigint NOT NULL
                                  CHECK (liquidation_threshold_e10 BETWEEN 1 AND 10000000000),
        open_fee_e10              bigint NOT NULL CHECK (open_fee_e10 >= 0),
        close_fee_e10             bigint NOT NULL CHECK (close_fee_e10 >= 0),
        spread_e10                bigint NOT NULL CHECK (spread_e10 >= 0),
        min_price_e10             bigint NOT NULL CHECK (min_price_e10 > 0),
        max_price_e10             bigint NOT NULL CHECK (max_price_e10 > min_price_e10),
        is_open                   boolean NOT NULL,
        PRIMARY KEY (venue, market_ix),
        UNIQUE (venue, symbol)
    )
    """,
    # --- providers and their followers
    """
    CREATE TABLE providers (
        id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name       text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 64),
        suspended  boolean NOT NULL DEFAULT false,
        created_ns bigint NOT NULL
    )
    """,
    """
    CREATE TABLE provider_keys (
        key_id      text PRIMARY KEY CHECK (char_length(key_id) BETWEEN 1 AND 64),
        provider_id integer NOT NULL REFERENCES providers,
        created_ns  bigint NOT NULL,
        revoked_ns  bigint NOT NULL DEFAULT 0
    )
    """,
    # Several secrets may live under one key id: at a rotation the old one works until its end.
    """
    CREATE TABLE provider_secrets (
        id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        key_id     text NOT NULL REFERENCES provider_keys,
        secret     bytea NOT NULL CHECK (octet_length(secret) BETWEEN 24 AND 64),
        created_ns bigint NOT NULL,
        expires_ns bigint NOT NULL DEFAULT 0,
        UNIQUE (key_id, secret)
    )
    """,
    """
    CREATE TABLE subscriptions (
        id                integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        provider_id       integer NOT NULL REFERENCES providers,
        user_id           integer NOT NULL REFERENCES users,
        max_collateral_e6 bigint NOT NULL CHECK (max_collateral_e6 > 0),
        max_leverage_e10  bigint NOT NULL CHECK (max_leverage_e10 > 0),
        skip_without_stop boolean NOT NULL,
        active            boolean NOT NULL DEFAULT true,
        created_ns        bigint NOT NULL,
        UNIQUE (provider_id, user_id)
    )
    """,
    "CREATE INDEX subscriptions_by_user ON subscriptions (user_id)",
    # --- signals
    # The body is the canonical form of what was asked. A second delivery is compared by the hash of
    # the bytes that were signed. UNIQUE(provider, signal_id) is the promise behind every 202.
    """
    CREATE TABLE signals (
        provider_id  integer NOT NULL REFERENCES providers,
        signal_id    text NOT NULL CHECK (char_length(signal_id) BETWEEN 1 AND 64),
        key_id       text NOT NULL CHECK (char_length(key_id) <= 64),
        trace_id     text NOT NULL CHECK (char_length(trace_id) <= 64),
        body         bytea NOT NULL CHECK (octet_length(body) <= 65536),
        body_hash    bytea NOT NULL CHECK (octet_length(body_hash) = 32),
        status       text NOT NULL DEFAULT 'received'
               CHECK (status IN ('received', 'accepted', 'rejected', 'expired', 'superseded')),
        -- Deliveries of this id so far. The insert below tells "mine was first" from it.
        deliveries   integer NOT NULL CHECK (deliveries > 0),
        received_ns  bigint NOT NULL,
        verified_ns  bigint NOT NULL,
        committed_ns bigint NOT NULL,
        decided_ns   bigint NOT NULL DEFAULT 0,
        expires_ns   bigint NOT NULL DEFAULT 0,
        seq          bigint NOT NULL DEFAULT 0, -- the sender's own number; 0 = none
        PRIMARY KEY (provider_id, signal_id)
    )
    """,
    # What the sweeper asks for; stays small because a decision takes the row out of it.
    "CREATE INDEX signals_undecided ON signals (received_ns) WHERE status = 'received'",
    # --- positions and their stops
    """
    CREATE TABLE positions (
        id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        venue           text NOT NULL,
        mode            text NOT NULL CHECK (mode IN ('DRY', 'LIVE')),
        user_id         integer NOT NULL REFERENCES users,
        market_ix       integer NOT NULL,
        index           integer NOT NULL CHECK (index >= 0),
        side            text NOT NULL CHECK (side IN ('long', 'short')),
        entry_e10       bigint NOT NULL CHECK (entry_e10 > 0),
        collateral_e6   bigint NOT NULL CHECK (collateral_e6 >= 0),
        leverage_e10    bigint NOT NULL CHECK (leverage_e10 > 0),
        liquidation_e10 bigint NOT NULL CHECK (liquidation_e10 >= 0),
        take_profit_e10 bigint NOT NULL DEFAULT 0 CHECK (take_profit_e10 >= 0),
        stop_loss_e10   bigint NOT NULL DEFAULT 0 CHECK (stop_loss_e10 >= 0),
        fees_e6         bigint NOT NULL DEFAULT 0,
        realised_e6     bigint NOT NULL DEFAULT 0,
        opened_ns       bigint NOT NULL,
        closed_ns       bigint NOT NULL DEFAULT 0,
        version         integer NOT NULL DEFAULT 1 CHECK (version > 0),
        UNIQUE (venue, mode, user_id, market_ix, index),
        FOREIGN KEY (venue, market_ix) REFERENCES markets (venue, market_ix),
        -- Closed means nothing left in it, and the other way round.
        CHECK ((closed_ns = 0) = (collateral_e6 > 0))
    )
    """,
    "CREATE INDEX positions_open ON positions (user_id) WHERE closed_ns = 0",
    """
    CREATE TABLE triggers (
        id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        position_id bigint NOT NULL REFERENCES positions,
        kind        text NOT NULL CHECK (kind IN ('tp', 'sl', 'buffer')),
        level_e10   bigint NOT NULL CHECK (level_e10 > 0),
        version     integer NOT NULL CHECK (version > 0),
        armed       boolean NOT NULL DEFAULT true,
        fired_ns    bigint NOT NULL DEFAULT 0
    )
    """,
    # One owner per stop: two armed rows of a kind would close a position twice.
    "CREATE UNIQUE INDEX triggers_armed ON triggers (position_id, kind) WHERE armed",
    # --- orders
    # Not partitioned: UNIQUE(user, source, ref) over all time is the promise of one order per
    # intent, and a partitioned table cannot give it. `target_*` is what the intent asked about,
    # `position_id` what came of it.
    """
    CREATE TABLE orders (
        id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id            integer NOT NULL REFERENCES users,
        source             text NOT NULL CHECK (char_length(source) <= 32),
        ref                text NOT NULL CHECK (char_length(ref) BETWEEN 1 AND 200),
        action             text NOT NULL CHECK (action IN ('open', 'close', 'set_stops')),
        trace_id           text NOT NULL CHECK (char_length(trace_id) <= 64),
        market_ix          integer NOT NULL,
        side               text CHECK (side IN ('long', 'short')),
        collateral_e6      bigint NOT NULL CHECK (collateral_e6 >= 0),
        leverage_e10       bigint NOT NULL CHECK (leverage_e10 >= 0),
        take_profit_e10    bigint NOT NULL CHECK (take_profit_e10 >= 0),
        stop_loss_e10      bigint NOT NULL CHECK (stop_loss_e10 >= 0),
        target_position_id bigint NOT NULL CHECK (target_position_id >= 0),
        portion_e10        bigint NOT NULL CHECK (portion_e10 BETWEEN 0 AND 10000000000),
        max_slippage_e10   bigint NOT NULL CHECK (max_slippage_e10 >= 0),
        guard_price_e10    bigint NOT NULL CHECK (guard_price_e10 >= 0),
        expires_ns         bigint NOT NULL CHECK (expires_ns >= 0),
        signal_provider_id integer,
        signal_id          text,
        wanted_mode        text NOT NULL CHECK (wanted_mode IN ('DRY', 'LIVE')),
        mode               text NOT NULL CHECK (mode IN ('DRY', 'LIVE')),
        state              text NOT NULL CHECK (state IN ('REFUSED', 'CREATED', 'SENT', 'FILLED',
                                'REJECTED', 'CANCELLED', 'EXPIRED', 'UNKNOWN')),
        verdict            jsonb NOT NULL,
        quote_e10          bigint NOT NULL CHECK (quote_e10 >= 0),
        quote_as_of_ns     bigint NOT NULL,
        quote_quality      integer NOT NULL,
        created_ns         bigint NOT NULL,
        updated_ns         bigint NOT NULL,
        position_id        bigint REFERENCES positions,
        UNIQUE (user_id, source, ref),
        FOREIGN KEY (signal_provider_id, signal_id) REFERENCES signals (provider_id, signal_id),
        CHECK ((signal_provider_id IS NULL) = (signal_id IS NULL))
    )
    """,
    "CREATE INDEX orders_by_user ON orders (user_id, id DESC)",
    # What a restart must take up again, and what the rolling windows are rebuilt from.
    "CREATE INDEX orders_unfinished ON orders (id) WHERE state IN ('CREATED', 'SENT', 'UNKNOWN')",
    "CREATE INDEX orders_opens ON orders (created_ns) WHERE action = 'open' AND state <> 'REFUSED'",
    "CREATE INDEX orders_by_signal ON orders (signal_provider_id, signal_id)",
    "CREATE SEQUENCE order_events_id",
    """
    CREATE TABLE order_events (
        id       bigint NOT NULL DEFAULT nextval('order_events_id'),
        order_id bigint NOT NULL REFERENCES orders,
        state    text NOT NULL,
        at_ns    bigint NOT NULL,
        reason   text NOT NULL DEFAULT '',
        trace_id text NOT NULL DEFAULT '',
        PRIMARY KEY (order_id, id, at_ns)
    ) PARTITION BY RANGE (at_ns)
    """,
    "CREATE TABLE order_events_default PARTITION OF order_events DEFAULT",
    # --- fills
    # (chain, tx_hash, ordinal) survives a reorg and a second witness: a fill counts once.
    # order_id is NULL for what the venue does on its own.
    """
    CREATE TABLE fills (
        chain           text NOT NULL CHECK (char_length(chain) BETWEEN 1 AND 32),
        tx_hash         bytea NOT NULL CHECK (octet_length(tx_hash) = 32),
        ordinal         integer NOT NULL CHECK (ordinal >= 0),
        order_id        bigint REFERENCES orders,
        user_id         integer NOT NULL REFERENCES users,
        mode            text NOT NULL CHECK (mode IN ('DRY', 'LIVE')),
        kind            text NOT NULL CHECK (kind IN ('open', 'close', 'liquidation')),
        market_ix       integer NOT NULL,
        side            text NOT NULL CHECK (side IN ('long', 'short')),
        position_id     bigint REFERENCES positions,
        price_e10       bigint NOT NULL CHECK (price_e10 > 0),
        mark_e10        bigint NOT NULL CHECK (mark_e10 > 0),
        collateral_e6   bigint NOT NULL CHECK (collateral_e6 >= 0),
        leverage_e10    bigint NOT NULL CHECK (leverage_e10 > 0),
        notional_e6     bigint NOT NULL CHECK (notional_e6 >= 0),
        fee_e6          bigint NOT NULL CHECK (fee_e6 >= 0),
        pnl_e6          bigint NOT NULL,
        cash_delta_e6   bigint NOT NULL,
        take_profit_e10 bigint NOT NULL,
        stop_loss_e10   bigint NOT NULL,
        at_ns           bigint NOT NULL,
        PRIMARY KEY (chain, tx_hash, ordinal)
    )
    """,
    "CREATE INDEX fills_by_user ON fills (user_id, at_ns)",
    "CREATE INDEX fills_by_order ON fills (order_id) WHERE order_id IS NOT NULL",
    "CREATE INDEX fills_by_position ON fills (position_id) WHERE position_id IS NOT NULL",
    """
    CREATE TABLE day_pnl (
        user_id         integer NOT NULL REFERENCES users,
        mode            text NOT NULL CHECK (mode IN ('DRY', 'LIVE')),
        day             date NOT NULL,
        -- NULL until the day's opening equity was taken; a fill may come first.
        start_equity_e6 bigint,
        realised_e6     bigint NOT NULL DEFAULT 0,
        fees_e6         bigint NOT NULL DEFAULT 0 CHECK (fees_e6 >= 0),
        fills           integer NOT NULL DEFAULT 0 CHECK (fills >= 0),
        PRIMARY KEY (user_id, mode, day)
    )
    """,
    # --- tickets, outbox, switches, audit
    # The terms of a ticket live here; the button carries only the nonce.
    """
    CREATE TABLE tickets (
        nonce      text PRIMARY KEY CHECK (char_length(nonce) BETWEEN 1 AND 64),
        user_id    integer NOT NULL REFERENCES users,
        chat_id    bigint NOT NULL,
        intent     jsonb NOT NULL,
        created_ns bigint NOT NULL,
        expires_ns bigint NOT NULL,
        used_ns    bigint NOT NULL DEFAULT 0,
        order_id   bigint REFERENCES orders,
        message_id bigint
    )
    """,
    # Messages owed to people, written in the transaction of what they tell about.
    """
    CREATE TABLE outbox (
        id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        dedup_key  text NOT NULL UNIQUE CHECK (char_length(dedup_key) BETWEEN 1 AND 200),
        user_id    integer NOT NULL REFERENCES users,
        kind       text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 64),
        priority   smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),
        body       jsonb NOT NULL,
        state      text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
        created_ns bigint NOT NULL,
        sent_ns    bigint NOT NULL DEFAULT 0,
        reason     text NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX outbox_pending ON outbox (priority, id) WHERE state = 'pending'",
    """
    CREATE TABLE controls (
        key    text PRIMARY KEY CHECK (char_length(key) BETWEEN 1 AND 64),
        value  text NOT NULL CHECK (char_length(value) <= 1000),
        set_by text NOT NULL CHECK (char_length(set_by) <= 128),
        at_ns  bigint NOT NULL
    )
    """,
    "CREATE SEQUENCE audit_log_id",
    """
    CREATE TABLE audit_log (
        id       bigint NOT NULL DEFAULT nextval('audit_log_id'),
        at_ns    bigint NOT NULL,
        actor    text NOT NULL CHECK (char_length(actor) <= 128),
        action   text NOT NULL CHECK (char_length(action) <= 64),
        object   text NOT NULL CHECK (char_length(object) <= 200),
        detail   jsonb NOT NULL,
        trace_id text NOT NULL CHECK (char_length(trace_id) <= 64),
        PRIMARY KEY (id, at_ns)
    ) PARTITION BY RANGE (at_ns)
    """,
    "CREATE INDEX audit_log_recent ON audit_log (at_ns DESC, id DESC)",
    "CREATE TABLE audit_log_default PARTITION OF audit_log DEFAULT",
    # --- append-only tables and their months
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    # Row triggers are inherited by partitions, TRUNCATE triggers are not.
    *(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        for table in ("audit_log", "order_events")
    ),
    *(
        f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in ("audit_log", "audit_log_default", "order_events", "order_events_default")
    ),
    # Makes the partitions of the month of `from_ns` and the following ones. A month whose rows
    # already went to the default partition stays there: nothing is lost, only kept less neatly.
    """
    CREATE FUNCTION make_month_partitions(from_ns bigint, months integer)
    RETURNS integer LANGUAGE plpgsql AS $$
    DECLARE
        parent text;
        month  timestamp;
        child  text;
        made   integer := 0;
    BEGIN
        PERFORM pg_advisory_xact_lock(7711002);
        FOREACH parent IN ARRAY ARRAY['order_events', 'audit_log'] LOOP
            FOR step IN 0 .. months - 1 LOOP
                month := date_trunc('month', to_timestamp(from_ns / 1000000000) AT TIME ZONE 'UTC')
                         + make_interval(months => step);
                child := parent || to_char(month, '_YYYY_MM');
                CONTINUE WHEN to_regclass(child) IS NOT NULL;
                BEGIN
                    EXECUTE format(
                        'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
                        child, parent,
                        extract(epoch FROM month)::bigint * 1000000000,
                        extract(epoch FROM month + interval '1 month')::bigint * 1000000000);
                    EXECUTE format(
                        'CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I'
                        ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', child);
                    made := made + 1;
                EXCEPTION WHEN check_violation THEN
                    RAISE NOTICE 'rows of % stay in the default partition', child;
                END;
            END LOOP;
        END LOOP;
        RETURN made;
    END $$
    """,
)


def upgrade() -> None:
    """Create everything in one transaction."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: revisions go forward only; restore a backup instead."""
    raise NotImplementedError("revisions go forward only")
