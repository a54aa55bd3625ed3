"""Every metric, declared once. Labels are bounded: never a user, a hash or a message."""

import threading
from collections.abc import Callable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)

WAYS: Final = ("http", "telegram", "engine")
_LATENCY = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metric objects of one process, on a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        ProcessCollector(registry=r)  # CPU, memory, open files; nothing where there is no /proc
        GCCollector(registry=r)
        threads = Gauge("vanta_threads", "Threads of the interpreter", registry=r)
        threads.set_function(threading.active_count)
        self.orders = Counter(
            "vanta_orders", "Orders by source and state", ["source", "state"], registry=r
        )
        self.fills = Counter("vanta_fills", "Fills booked by kind", ["kind"], registry=r)
        self.refusals = Counter("vanta_refusals", "Reasons of refusals", ["rule"], registry=r)
        self.signals = Counter("vanta_signals", "Signal door answers", ["result"], registry=r)
        self.signal_commit_seconds = Histogram(
            "vanta_signal_commit_seconds",
            "Arrival of a signal to its commit",
            buckets=_LATENCY,
            registry=r,
        )
        self.signal_to_fill_seconds = Histogram(
            "vanta_signal_to_fill_seconds",
            "Arrival of a signal to its fill",
            buckets=_LATENCY,
            registry=r,
        )
        self.ticks = Counter(
            "vanta_ticks", "Observations by source and answer", ["source", "result"], registry=r
        )
        self.quote_age_seconds = Gauge(
            "vanta_quote_age_seconds", "Age of the quote", ["market"], registry=r
        )
        self.quote_quality = Gauge(
            "vanta_quote_quality", "Quality of the quote, 0 is GOOD", ["market"], registry=r
        )
        self.open_positions = Gauge("vanta_open_positions", "Open positions", registry=r)
        self.triggers_armed = Gauge("vanta_triggers_armed", "Armed triggers", registry=r)
        self.unprotected_positions = Gauge(
            "vanta_unprotected_positions", "Positions that nobody protects", registry=r
        )
        self.triggers_fired = Counter(
            "vanta_triggers_fired", "Triggers fired by kind", ["kind"], registry=r
        )
        self.telegram_updates = Counter(
            "vanta_telegram_updates", "Updates handled by kind", ["kind"], registry=r
        )
        self.outbox_pending = Gauge(
            "vanta_outbox_pending", "Notices waiting to be sent", registry=r
        )
        self.outbox_sent = Counter(
            "vanta_outbox_sent", "Notices sent by result", ["result"], registry=r
        )
        self.outbox_age_seconds = Gauge(
            "vanta_outbox_age_seconds", "Age of the oldest notice that waits", registry=r
        )
        self.requests = Counter(
            "vanta_requests", "What was asked of us, by way in", ["way"], registry=r
        )
        self.errors = Counter(
            "vanta_errors", "What failed on our side, by way in", ["way"], registry=r
        )
        self.queue_depth = Gauge("vanta_queue_depth", "Items that wait", ["queue"], registry=r)
        self.queue_age_seconds = Gauge(
            "vanta_queue_age_seconds", "How long the oldest item waits", ["queue"], registry=r
        )
        self.unknown_order_age_seconds = Gauge(
            "vanta_unknown_order_age_seconds",
            "How long the oldest order has had an unknown outcome",
            registry=r,
        )
        self.near_liquidation = Gauge(
            "vanta_near_liquidation",
            "Positions with less than so many percent of the way to liquidation left",
            ["left"],
            registry=r,
        )
        self.audit_broken = Gauge(
            "vanta_audit_broken", "1 when the audit log's chain does not hold", registry=r
        )
        self.http_requests = Counter(
            "vanta_http_requests", "HTTP answers by route", ["route", "status"], registry=r
        )
        self.postgres_healthy = Gauge(
            "vanta_postgres_healthy", "1 when Postgres answered last and takes writes", registry=r
        )
        self.redis_healthy = Gauge(
            "vanta_redis_healthy", "1 when the last read of Redis worked", registry=r
        )
        self.mode_live = Gauge(
            "vanta_mode_live", "1 when the system's effective mode is LIVE", registry=r
        )
        self.failovers = Counter(
            "vanta_failovers", "Falls from LIVE to DRY that nobody asked for", registry=r
        )
        self.stop_level = Gauge(
            "vanta_stop_level", "Emergency stop: 0 none, 1 opens, 2 all", registry=r
        )
        self.maintenance = Gauge("vanta_maintenance", "1 while maintenance is on", registry=r)
        self.clock_suspect = Gauge(
            "vanta_clock_suspect", "1 while this machine's clock is in doubt", registry=r
        )
        self.task_restarts = Counter(
            "vanta_task_restarts", "Restarts of supervised tasks", ["task"], registry=r
        )
        self.seal_failures = Counter(
            "vanta_seal_failures", "Sealed values that did not open", ["purpose"], registry=r
        )
        self.task_troubled = Gauge(
            "vanta_task_troubled", "1 while a task fails again and again, or is silent",
            ["task"], registry=r,
        )  # fmt: skip
        self.task_heartbeat_age_seconds = Gauge(
            "vanta_task_heartbeat_age_seconds", "How long a task at work has not said so",
            ["task"], registry=r,
        )  # fmt: skip
        self.event_loop_lag_seconds = Gauge(
            "vanta_event_loop_lag_seconds", "How late the loop woke up at worst in 15 s", registry=r
        )

        for way in WAYS:  # 0 from the start: a rate needs a value before the first error
            self.requests.labels(way=way)
            self.errors.labels(way=way)

    def watch_queue(self, name: str, depth: Callable[[], int], age_s: Callable[[], float]) -> None:
        """Show a queue; both are asked at each scrape."""
        self.queue_depth.labels(queue=name).set_function(depth)
        self.queue_age_seconds.labels(queue=name).set_function(age_s)

    def render(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self.registry)
