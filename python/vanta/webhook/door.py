"""The door: what happens to one request, from its raw bytes to its answer.

    refuse_early    size, encoding, type, the address's rate   (before the body is read)
    accept          signature → rate → schema → group commit → receipt
    acknowledged    after the answer is on its way: tell the engine

Free of any server's types: headers are pairs of bytes, the answer is a `Reply`.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from vanta import logs
from vanta.domain.intent import new_trace_id
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, CrashPoint, Shut, SignalPermit, SignalSink
from vanta.domain.signal import encode_signal
from vanta.domain.webhook_signature import MESSAGE_ID
from vanta.metrics import Metrics
from vanta.store.signals import SignalRow, Signals
from vanta.webhook.auth import Sender, Verifier
from vanta.webhook.buckets import Buckets
from vanta.webhook.commit import Committed, Fate, GroupCommit, NotCommittedError
from vanta.webhook.keys import DATABASE_AWAY, KeyBook
from vanta.webhook.limits import DoorLimits
from vanta.webhook.receipts import Receipts, receipt
from vanta.webhook.reply import Refused, Reply, json_reply
from vanta.webhook.request import check_head, too_large
from vanta.webhook.schema import Accepted, Envelope, read_signal

log = logs.get(__name__)

Headers = Sequence[tuple[bytes, bytes]]

RETRY_AFTER_S: Final = 2
_STRANGERS: Final = frozenset({401, 405, 408, 413, 415, 429})


class Door:
    """Takes signed signals and answers for them; `run` must be supervised while it is open."""

    def __init__(
        self,
        *,
        signals: Signals,
        keys: KeyBook,
        receipts: Receipts,
        catalogue: Catalogue,
        sink: SignalSink,
        clock: Clock,
        metrics: Metrics,
        crash: CrashPoint,
        permit: SignalPermit,
        limits: DoorLimits,
    ) -> None:
        self.limits = limits
        self._signals = signals
        self._receipts = receipts
        self._catalogue = catalogue
        self._sink = sink
        self._clock = clock
        self._metrics = metrics
        self._crash = crash
        self._permit = permit
        self._verifier = Verifier(find_key=keys.find, clock=clock, window_s=limits.clock_window_s)
        self._sources = Buckets(
            rate_per_s=limits.source_rate_per_s, burst=limits.source_burst, clock=clock
        )
        self._writers = Buckets(rate_per_s=limits.rate_per_s, burst=limits.burst, clock=clock)
        # Reading has a bucket of its own: a provider that polls must not starve its own signals.
        self._readers = Buckets(rate_per_s=limits.rate_per_s, burst=limits.burst, clock=clock)
        self._commits = GroupCommit(signals=signals, clock=clock, limits=limits)
        metrics.watch_queue("door", self._commits.depth, self._commits.age_s)
        self._draining = False

    async def run(self) -> None:
        """Commit what comes in; for ever."""
        await self._commits.run()

    async def drain(self) -> None:
        """Answer 503 from now on and wait until what was taken has its answer."""
        self._draining = True
        await self._commits.drained()

    def refuse_early(self, headers: Headers, *, source: str) -> Reply | None:
        """Answer what needs no body: None means read it and call `accept` or `show`.

        `source` is the sender's address, for its rate only.
        """
        try:
            self._take(self._sources, source, "This address sends too much.")
            if self._draining:
                raise _closing()
            check_head(headers, max_body=self.limits.max_body)
        except Refused as refused:
            return self.refuse(refused)
        return None

    def refuse(self, refused: Refused, trace_id: str = "") -> Reply:
        """Answer a refusal, also one that the server found while reading the request."""
        self._metrics.signals.labels(result=refused.result).inc()
        trace_id = trace_id or new_trace_id()
        # Anybody can cause these as fast as the line allows: they are counted, not written down.
        write = log.debug if refused.status in _STRANGERS else log.info
        write(
            "door.refused",
            status=refused.status,
            code=refused.code,
            result=refused.result,
            field=refused.field,
            trace_id=trace_id,
        )
        return refused.reply(trace_id)

    async def accept(self, headers: Headers, body: bytes) -> Reply:
        """Take one signal; never raises for anything the outside can cause."""
        trace_id = new_trace_id()
        with logs.bind_trace(trace_id):
            try:
                reply = await self._accept(headers, body, trace_id)
            except Refused as refused:
                return self.refuse(refused, trace_id)
        self._metrics.signals.labels(result=reply.result).inc()
        return reply

    async def _accept(self, headers: Headers, body: bytes, trace_id: str) -> Reply:
        received_ns = self._clock.now_ns()
        began_ns = self._clock.mono_ns()
        if len(body) > self.limits.max_body:
            raise too_large(self.limits.max_body)
        sender = self._verifier.verify(headers, body)
        provider_id = sender.key.provider_id
        self._take(self._writers, provider_id, "Too many signals.")
        body_hash = hashlib.sha256(body).digest()
        try:
            accepted = self._read(body, sender)
        except Refused as refused:
            if refused.status != 422:
                raise
            # A retry of what was taken in time is late by now: it gets its receipt, not a no.
            earlier = await self._earlier(sender, body_hash)
            if earlier is None:
                raise
            return earlier
        if (shut := self._permit(takes_risk=accepted.signal.takes_risk)) is not None:
            # What was stored before keeps its receipt; anything else is not stored now.
            return await self._earlier(sender, body_hash) or self._refuse_shut(shut)
        row = self._row(accepted, sender, body_hash, received_ns, trace_id)
        try:
            committed = await self._commits.commit(row)
        except NotCommittedError as error:
            log.warning("signal.not_committed", provider=provider_id, why=str(error))
            raise _unavailable() from None
        reply = self._answer(committed, provider_id, sender.message_id)
        if committed.fate is Fate.INSERTED:
            self._crash("signal.committed")
            seconds = (self._clock.mono_ns() - began_ns) / 1e9
            self._metrics.signal_commit_seconds.observe(seconds)
            log.info(
                "signal.accepted",
                provider=provider_id,
                signal=sender.message_id,
                action=accepted.signal.action,
                market=accepted.signal.market_ix,
            )
        return reply

    def acknowledged(self, reply: Reply) -> None:
        """Tell the engine of a signal whose answer is written (or can no longer be)."""
        if reply.key is not None:
            self._crash("signal.acknowledged")
            self._sink.offer((reply.key,))

    async def show(self, headers: Headers, signal_id: str) -> Reply:
        """Answer what became of a signal to the provider that sent it."""
        trace_id = new_trace_id()
        with logs.bind_trace(trace_id):
            try:
                sender = self._verifier.verify(headers, b"")
                self._take(self._readers, sender.key.provider_id, "Too many questions.")
                found = await self._describe(sender.key.provider_id, signal_id)
                if found is None:
                    raise _not_found(signal_id)
                return json_reply(200, found, result="shown", trace_id=trace_id)
            except Refused as refused:
                return self.refuse(refused, trace_id)

    async def _describe(self, provider_id: int, signal_id: str) -> dict[str, Any] | None:
        if not MESSAGE_ID.fullmatch(signal_id):
            return None
        try:
            return await self._receipts.describe(provider_id, signal_id)
        except DATABASE_AWAY:
            raise _unavailable() from None

    def _read(self, body: bytes, sender: Sender) -> Accepted:
        envelope = Envelope(
            message_id=sender.message_id,
            attempt_ns=sender.attempt_ns,
            now_ns=self._clock.now_ns(),
        )
        return read_signal(body, envelope=envelope, catalogue=self._catalogue, limits=self.limits)

    def _row(
        self, accepted: Accepted, sender: Sender, body_hash: bytes, received_ns: int, trace_id: str
    ) -> SignalRow:
        now_ns = self._clock.now_ns()
        return SignalRow(
            provider_id=sender.key.provider_id,
            signal_id=sender.message_id,
            key_id=sender.key.key_id,
            trace_id=trace_id,
            body=encode_signal(accepted.signal),
            body_hash=body_hash,
            seq=accepted.seq,
            received_ns=received_ns,
            verified_ns=now_ns,
            committed_ns=now_ns,  # until its batch is handed to the database
            expires_ns=accepted.signal.expires_ns,
        )

    async def _earlier(self, sender: Sender, body_hash: bytes) -> Reply | None:
        try:
            record = await self._signals.get(sender.key.provider_id, sender.message_id)
        except DATABASE_AWAY:
            raise _unavailable() from None
        if record is None:
            return None
        same = record.body_hash == body_hash
        committed = Committed(
            fate=Fate.DUPLICATE if same else Fate.CONFLICT,
            received_ns=record.received_ns,
            trace_id=record.trace_id,
        )
        return self._answer(committed, sender.key.provider_id, sender.message_id)

    def _answer(self, committed: Committed, provider_id: int, signal_id: str) -> Reply:
        if committed.fate is Fate.CONFLICT:
            # Either a bug of the sender or somebody else with its key: the operator should know.
            log.error("signal.id_reused", provider=provider_id, signal=signal_id)
            raise Refused(
                409,
                "E-DUP",
                "This id was used before with another body. Nothing was stored.",
                result="conflict",
                field="webhook-id",
                value=signal_id,
            )
        first = committed.fate is Fate.INSERTED
        return json_reply(
            202 if first else 200,
            receipt(signal_id, committed),
            result="accepted" if first else "duplicate",
            trace_id=committed.trace_id,
            key=(provider_id, signal_id) if first else None,
        )

    @staticmethod
    def _refuse_shut(shut: Shut) -> NoReturn:
        raise Refused(
            503,
            shut.code,
            f"{shut.text} Nothing was stored; send it again.",
            result="shut",
            retry_after_s=shut.retry_after_s,
        )

    def _take(self, buckets: Buckets, name: object, text: str) -> None:
        grant = buckets.take(name)
        if not grant.ok:
            raise Refused(
                429,
                "E-RATE",
                f"{text} The next one may come in {grant.retry_after_s} s.",
                result="throttled",
                retry_after_s=grant.retry_after_s,
                remaining=grant.remaining,
            )


def _closing() -> Refused:
    return Refused(
        503,
        "E-MAINT",
        "This process is closing. Nothing was stored; send it again.",
        result="unavailable",
        retry_after_s=RETRY_AFTER_S,
    )


def _unavailable() -> Refused:
    return Refused(
        503,
        "E-STORE",
        "I cannot store signals at this moment. Nothing was accepted; send it again.",
        result="unavailable",
        retry_after_s=RETRY_AFTER_S,
    )


def _not_found(signal_id: str) -> Refused:
    return Refused(
        404,
        "E-ARG",
        "No such signal.",
        result="not_found",
        field="signal",
        value=signal_id if MESSAGE_ID.fullmatch(signal_id) else "",
    )
