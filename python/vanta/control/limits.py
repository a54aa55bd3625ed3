"""The office of limits: what is used, and changes of limits, ceilings and breakers.

    tighter ─► in force at once            looser ─► waits ─► in force
                 └► takes back what waits             └► never above the ceiling

Who may ask is the gate's to say; that a looser limit was asked with step-up is told here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

import msgspec

from vanta import logs
from vanta.control import limit_words, refusals
from vanta.control.limit_rows import Ledger, Windows, ledger
from vanta.control.waits import Waits
from vanta.domain.command import Actor, Need, Reply
from vanta.domain.errors import InputError
from vanta.domain.intent import Intent
from vanta.domain.limits import (
    MARKETS,
    Limit,
    Value,
    Way,
    direction,
    find,
    parse,
    value_of,
    with_value,
)
from vanta.domain.limits import format_value as shown
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, Desk, LimitsBook, Preview
from vanta.domain.roles import Right, may
from vanta.store import redis
from vanta.store.accounts import Accounts
from vanta.store.audit import Audit
from vanta.store.ceilings import Ceilings, PendingLimit, PendingLimits
from vanta.store.policies import Policies
from vanta.store.pool import AWAY, Conn, Pool
from vanta.store.users import Users
from vanta.supervise import beat

_log = logs.get(__name__)

LOOK_EVERY_S: Final = 5.0
MAX_PAUSE_H: Final = 720
_HOUR_NS: Final = 3_600 * 10**9


class Counters(Protocol):
    """`store.counters.Counters`, as far as it tells what is used."""

    async def usage(self, user_id: int, now_ns: int) -> Windows: ...


class LimitsOffice:
    """`fixed` is what the settings say of the ceiling, by field of `Policy`."""

    def __init__(
        self,
        *,
        pool: Pool,
        book: LimitsBook,
        desk: Desk,
        catalogue: Catalogue,
        clock: Clock,
        fixed: Mapping[str, int],
        delay_ns: int = _HOUR_NS,
        counters: Counters | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pool = pool
        self._users = Users(pool)
        self._accounts = Accounts(pool)
        self._policies = Policies(pool)
        self._ceilings = Ceilings(pool)
        self._pending = PendingLimits(pool)
        self._audit = Audit(pool)
        self._book = book
        self._desk = desk
        self._catalogue = catalogue
        self._clock = clock
        self._fixed = fixed
        self._delay_ns = delay_ns
        self._counters = counters
        self._waits = Waits(clock)
        self._sleep = sleep

    # --- looking --------------------------------------------------------------------------------

    async def ledger(self, user_id: int) -> Ledger:
        """Return a user's limits with what is used. Raises `NotFoundError`."""
        await self._book.ensure(user_id)
        now_ns = self._clock.now_ns()
        return ledger(
            user_id,
            self._book.policy(user_id),
            self._book.exposure(user_id),
            windows=await self._windows(user_id, now_ns),
            breaker=self._book.breaker(user_id),
            now_ns=now_ns,
        )

    async def _windows(self, user_id: int, now_ns: int) -> Windows | None:
        if self._counters is None:
            return None
        try:
            return await self._counters.usage(user_id, now_ns)
        except redis.AWAY as error:
            _log.warning("limits.counters_away", error=type(error).__name__)
            return None

    async def what_if(self, user_id: int, intent: Intent) -> Preview:
        """Return what a wish would come to; `limit_rows.after` says what it would use."""
        await self._book.ensure(user_id)
        return await self._desk.preview(msgspec.structs.replace(intent, user_id=user_id))

    async def pending(self, user_id: int) -> list[PendingLimit]:
        """Return the looser limits that wait, soonest first."""
        return await self._pending.of_user(user_id)

    async def way(self, user_id: int, key: str, text: str) -> Way:
        """Tell which way a change of a person's own limit goes. Raises `InputError`."""
        limit = find(key, own=True)
        _, own = await self._policies.current(user_id)
        return direction(limit, value_of(own, limit), parse(limit, text, self._catalogue))

    # --- a person's own -------------------------------------------------------------------------

    async def set_risk(
        self, actor: Actor, user_id: int, key: str, text: str, *, stepped_up: bool = False
    ) -> Reply:
        """Change a person's own limit: tighter at once, looser after a wait and with step-up.

        Raises `InputError` for an unknown key or a value that is none, `NotFoundError` for who has
        no account.
        """
        limit = find(key, own=True)
        value = parse(limit, text, self._catalogue)
        if actor.user.id != user_id:
            return refusals.refused(refusals.role("Only you change your own limits."))
        await self._book.ensure(user_id)
        if (reply := self._above_ceiling(limit, value)) is not None:
            return reply
        async with self._pool.acquire() as conn, conn.transaction():
            _, own = await self._policies.lock(conn, user_id)
            old = value_of(own, limit)
            match direction(limit, old, value):
                case Way.LOOSER if not stepped_up:
                    return refusals.refused(refusals.stale_proof(), need=Need.STEP_UP)
                case Way.LOOSER:
                    reply = await self._let_wait(conn, actor, limit, old, value)
                case Way.TIGHTER:
                    now_ns = self._clock.now_ns()
                    changed = with_value(own, limit, value)
                    await self._policies.put(conn, user_id, changed, now_ns, actor.name)
                    dropped = await self._pending.drop(conn, user_id, limit.key)
                    reply = self._changed(limit, old, value, dropped)
                    await self._note(conn, actor, "limit.tightened", user_id, reply.data)
                case Way.SAME:
                    dropped = await self._pending.drop(conn, user_id, limit.key)
                    reply = self._changed(limit, old, value, dropped)
                    if dropped is not None:
                        await self._note(conn, actor, "limit.kept", user_id, reply.data)
        await self._book.reread_limits(user_id)
        return reply

    async def _let_wait(
        self, conn: Conn, actor: Actor, limit: Limit, old: Value, value: Value
    ) -> Reply:
        now_ns = self._clock.now_ns()
        pending = PendingLimit(
            user_id=actor.user.id,
            key=limit.key,
            value=value,
            asked_ns=now_ns,
            due_ns=now_ns + self._delay_ns,
            asked_by=actor.name,
        )
        await self._pending.put(conn, pending)
        self._waits.begin(pending)
        reply = limit_words.waits(
            limit.title, shown(limit, old, self._catalogue), self._shown(limit, value), pending
        )
        await self._note(conn, actor, "limit.asked", actor.user.id, reply.data)
        return reply

    def _above_ceiling(self, limit: Limit, value: Value) -> Reply | None:
        most = value_of(self._book.ceiling(), limit)
        if limit is MARKETS or direction(limit, most, value) is not Way.LOOSER:
            return None
        return limit_words.above_ceiling(
            limit, value, most, self._shown(limit, value), self._shown(limit, most)
        )

    # --- operators ------------------------------------------------------------------------------

    async def set_limit(self, actor: Actor, key: str, text: str, user_id: int | None) -> Reply:
        """Set the system's ceiling of a limit, or with `user_id` that user's own; at once.

        Raises `InputError` for an unknown key or a value that is none, `NotFoundError` for nobody.
        """
        limit = find(key, own=False)
        if limit is MARKETS and user_id is None:
            raise InputError(
                "E-ARG", field="user", value="", limit="an id: of markets there is no ceiling"
            )
        value = parse(limit, text, self._catalogue)
        if not may(actor.user.role, Right.GOVERN):
            return refusals.refused(refusals.role("Only super admins set limits of others."))
        if user_id is None:
            return await self._set_ceiling(actor, limit, value)
        return await self._set_of_user(actor, limit, value, user_id)

    async def _set_ceiling(self, actor: Actor, limit: Limit, value: Value) -> Reply:
        fixed = self._fixed.get(limit.field)
        if fixed is not None and direction(limit, fixed, value) is Way.LOOSER:
            return limit_words.above_ceiling(
                limit,
                value,
                fixed,
                self._shown(limit, value),
                f"{self._shown(limit, fixed)} of this machine's settings",
            )
        assert isinstance(value, int)  # only the allow-list is not, and it has no ceiling
        async with self._pool.acquire() as conn, conn.transaction():
            values = await self._ceilings.lock(conn)
            old = value_of(self._book.ceiling(), limit)
            values[limit.key] = value
            await self._ceilings.put(conn, values, self._clock.now_ns(), actor.name)
            reply = self._changed(limit, old, value, None, whose="the ceiling of everybody")
            await self._note(conn, actor, "ceiling.set", None, reply.data)
        await self._book.reread_ceiling()
        return reply

    async def _set_of_user(self, actor: Actor, limit: Limit, value: Value, user_id: int) -> Reply:
        await self._users.get(user_id)
        if (reply := self._above_ceiling(limit, value)) is not None:
            return reply
        async with self._pool.acquire() as conn, conn.transaction():
            _, own = await self._policies.lock(conn, user_id)
            changed = with_value(own, limit, value)
            await self._policies.put(conn, user_id, changed, self._clock.now_ns(), actor.name)
            dropped = await self._pending.drop(conn, user_id, limit.key)
            reply = self._changed(
                limit, value_of(own, limit), value, dropped, whose=f"user {user_id}"
            )
            await self._note(conn, actor, "limit.set", user_id, reply.data)
        await self._book.reread_limits(user_id)
        return reply

    # --- the breaker ----------------------------------------------------------------------------

    async def pause(self, actor: Actor, hours: int) -> Reply:
        """Open the person's own breaker for some hours; one that holds longer stays.

        Raises `InputError` unless `hours` is 1 to 720, `NotFoundError` for who has no account.
        """
        if not 1 <= hours <= MAX_PAUSE_H:
            raise InputError(
                "E-ARG", field="hours", value=hours, limit=f"a whole number from 1 to {MAX_PAUSE_H}"
            )
        user_id = actor.user.id
        await self._book.ensure(user_id)
        until_ns = self._clock.now_ns() + hours * _HOUR_NS
        async with self._pool.acquire() as conn, conn.transaction():
            await self._accounts.pause(conn, user_id, until_ns)
            await self._note(conn, actor, "breaker.opened", user_id, {"hours": hours})
        await self._book.reread_limits(user_id)
        return limit_words.breaker(self._book.breaker(user_id), self._clock.now_ns())

    async def end_pause(self, actor: Actor, *, stepped_up: bool = False) -> Reply:
        """Let the person's breaker close sooner: looser, so with step-up and after the wait."""
        user_id = actor.user.id
        await self._book.ensure(user_id)
        if self._book.breaker(user_id) is not None:
            if not stepped_up:
                return refusals.refused(refusals.stale_proof(), need=Need.STEP_UP)
            until_ns = self._clock.now_ns() + self._delay_ns
            async with self._pool.acquire() as conn, conn.transaction():
                await self._accounts.shorten_breaker(conn, user_id, until_ns)
                await self._note(conn, actor, "breaker.shortened", user_id, {"until_ns": until_ns})
            await self._book.reread_limits(user_id)
        return limit_words.breaker(self._book.breaker(user_id), self._clock.now_ns())

    async def breaker(self, user_id: int) -> Reply:
        """Say whether a user's breaker is open. Raises `NotFoundError`."""
        await self._book.ensure(user_id)
        return limit_words.breaker(self._book.breaker(user_id), self._clock.now_ns())

    # --- what has waited ------------------------------------------------------------------------

    async def run(self) -> None:
        """Apply looser limits when their time has come, for ever."""
        while True:
            beat()
            try:
                await self.apply_due()
            except AWAY as error:
                _log.warning("limits.store_away", error=type(error).__name__)
            await self._sleep(LOOK_EVERY_S)

    async def apply_due(self) -> int:
        """Apply what has waited long enough; return how many."""
        found = self._waits.over(await self._pending.soonest())
        return sum([await self._apply(pending) for pending in found])

    async def _apply(self, pending: PendingLimit) -> bool:
        now_ns = self._clock.now_ns()
        async with self._pool.acquire() as conn, conn.transaction():
            _, own = await self._policies.lock(conn, pending.user_id)
            taken = await self._pending.take(conn, pending)
            if taken is None:
                return False  # taken back or asked anew meanwhile
            try:
                limit = find(taken.key, own=True)
            except InputError:
                _log.error("limits.unknown_pending", key=taken.key, user_id=taken.user_id)
                return False
            value = tuple(taken.value) if limit is MARKETS else int(taken.value)
            changed = with_value(own, limit, value)
            await self._policies.put(conn, taken.user_id, changed, now_ns, taken.asked_by)
            detail = self._changed(limit, value_of(own, limit), value, None).data
            await self._audit.append(
                conn, taken.asked_by, "limit.loosened", f"user:{taken.user_id}", detail, "", now_ns
            )
        await self._book.reread_limits(pending.user_id)
        return True

    # --- words and records ----------------------------------------------------------------------

    def _shown(self, limit: Limit, value: Value) -> str:
        return shown(limit, value, self._catalogue)

    def _changed(
        self,
        limit: Limit,
        old: Value,
        new: Value,
        dropped: PendingLimit | None,
        *,
        whose: str = "your limit",
    ) -> Reply:
        waited = None if dropped is None else self._shown(limit, _value(limit, dropped.value))
        return limit_words.changed(
            limit, self._shown(limit, old), self._shown(limit, new), waited, whose
        )

    async def _note(
        self, conn: Conn, actor: Actor, action: str, user_id: int | None, detail: dict[str, Any]
    ) -> None:
        about = "ceiling" if user_id is None else f"user:{user_id}"
        now_ns = self._clock.now_ns()
        await self._audit.append(conn, actor.name, action, about, detail, actor.trace_id, now_ns)


def _value(limit: Limit, stored: Any) -> Value:
    return tuple(stored) if limit is MARKETS else int(stored)
