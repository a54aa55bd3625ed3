"""Group commit: many signals, one statement, and an answer to each only when it is durable.

While one commit is under way the next batch gathers, so the batch grows with the load by itself.
Only after a batch of several that left nobody waiting does the committer linger, at most `linger_s`
and never longer than the last commit took: a lone signal is never made to wait for company.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from enum import Enum
from typing import Final

import asyncpg
import msgspec

from vanta import logs
from vanta.domain.errors import InputError
from vanta.domain.ports import Clock
from vanta.store.signals import InsertResult, Outcome, SignalRow, Signals
from vanta.supervise import beat, rest
from vanta.webhook.keys import DATABASE_AWAY
from vanta.webhook.limits import DoorLimits

log = logs.get(__name__)

_POISON: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, InputError)
"""Errors of one row's content: it must not take the rest of its batch with it."""


class Fate(Enum):
    """What became of a row."""

    INSERTED = "inserted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """The durable truth about an id: its fate, and time and trace of its first delivery."""

    fate: Fate
    received_ns: int
    trace_id: str


class NotCommittedError(Exception):
    """Nothing of this row is known to be durable: the sender must send it again."""


class _Waiting:
    __slots__ = ("answer", "row", "since_ns")

    def __init__(self, row: SignalRow, answer: "asyncio.Future[Committed]", since_ns: int) -> None:
        self.since_ns = since_ns
        self.row = row
        self.answer = answer

    def tell(self, result: InsertResult) -> None:
        """Pass on what the database said, unless the asker has gone."""
        if self.answer.done():
            return
        if result.outcome is Outcome.CONFLICT:
            fate = Fate.CONFLICT
        elif result.trace_id == self.row.trace_id:
            fate = Fate.INSERTED  # also when only the second attempt brought the answer
        else:
            fate = Fate.DUPLICATE
        self.answer.set_result(
            Committed(fate=fate, received_ns=result.received_ns, trace_id=result.trace_id)
        )

    def fail(self, why: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(NotCommittedError(why))


class GroupCommit:
    """Gathers rows and inserts them together; `run` is the one task that writes."""

    def __init__(self, *, signals: Signals, clock: Clock, limits: DoorLimits) -> None:
        self._signals = signals
        self._clock = clock
        self._limits = limits
        self._pending: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def commit(self, row: SignalRow) -> Committed:
        """Wait until `row` is durable, or was before.

        Raises `NotCommittedError` when the queue is full, the database is away or too slow.
        """
        if len(self._pending) >= self._limits.max_pending:
            raise NotCommittedError("the queue is full")
        now_ns = self._clock.mono_ns()
        waiting = _Waiting(row, asyncio.get_running_loop().create_future(), now_ns)
        self._pending.append(waiting)
        self._quiet.clear()
        self._arrived.set()
        try:
            # Two attempts of a commit, and one of the batch before it.
            async with asyncio.timeout(self._limits.commit_timeout_s * 3):
                return await waiting.answer
        except TimeoutError:
            raise NotCommittedError("no answer from the database in time") from None

    def depth(self) -> int:
        """Return how many rows wait for their commit."""
        return len(self._pending)

    def age_s(self) -> float:
        """Return how long the oldest of them has waited; 0 when there is none."""
        if not self._pending:
            return 0.0
        return (self._clock.mono_ns() - self._pending[0].since_ns) / 1e9

    async def drained(self) -> None:
        """Wait until everything that was handed in has its answer."""
        await self._quiet.wait()

    async def run(self) -> None:
        """Commit batches for ever. When it ends, whoever waits is told that nothing is certain."""
        batch: list[_Waiting] = []
        try:
            linger_s = 0.0
            while True:
                rest()
                await self._arrived.wait()
                beat()
                if linger_s:
                    await asyncio.sleep(linger_s)
                batch = self._take()
                began_ns = self._clock.mono_ns()
                if batch:
                    await self._commit(batch)
                took_s = (self._clock.mono_ns() - began_ns) / 1e9
                alone = len(batch) < 2 or self._pending
                linger_s = 0.0 if alone else min(self._limits.linger_s, took_s)
                batch = []
                if not self._pending:
                    self._quiet.set()
        finally:
            for waiting in (*batch, *self._pending):
                waiting.fail("the door is closing")
            self._pending.clear()
            self._arrived.clear()
            self._quiet.set()

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._pending and len(batch) < self._limits.max_batch:
            waiting = self._pending.popleft()
            # One that gave up was told 503 already: storing it now would surprise its sender.
            if not waiting.answer.done():
                batch.append(waiting)
        if not self._pending:
            self._arrived.clear()
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            results = await self._insert([waiting.row for waiting in batch])
        except _POISON:
            await self._commit_one_by_one(batch)
        except DATABASE_AWAY as error:
            log.warning("door.not_committed", signals=len(batch), error=type(error).__name__)
            for waiting in batch:
                waiting.fail("the database is away")
        else:
            for waiting, result in zip(batch, results, strict=True):
                waiting.tell(result)

    async def _insert(self, rows: Sequence[SignalRow]) -> Sequence[InsertResult]:
        now_ns = self._clock.now_ns()
        rows = [msgspec.structs.replace(row, committed_ns=now_ns) for row in rows]
        try:
            async with asyncio.timeout(self._limits.commit_timeout_s):
                return await self._signals.insert_many(rows)
        except _POISON:
            raise
        except DATABASE_AWAY:
            # The rows may be durable although the answer was lost. The same statement tells: it
            # takes nothing back, and a row of ours comes back with our own trace id.
            async with asyncio.timeout(self._limits.commit_timeout_s):
                return await self._signals.insert_many(rows)

    async def _commit_one_by_one(self, batch: Sequence[_Waiting]) -> None:
        for waiting in batch:
            try:
                results = await self._insert([waiting.row])
            except (*DATABASE_AWAY, *_POISON) as error:
                refused = type(error).__name__
            else:
                waiting.tell(results[0])
                continue
            # Not the exception itself: its detail repeats the row.
            log.error(
                "door.row_refused",
                provider=waiting.row.provider_id,
                signal=waiting.row.signal_id,
                error=refused,
            )
            waiting.fail("the database refused the row")
