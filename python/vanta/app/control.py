"""Wires the control room: rights, credentials, limits, modes, and the one book of commands."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import argon2

from vanta.app.prices import PriceRoom
from vanta.app.rights import Rights
from vanta.app.stores import Stores
from vanta.app.trading import Trading
from vanta.checks import Check
from vanta.control.commands import Command, CommandBook
from vanta.control.credentials_desk import CredentialsDesk
from vanta.control.handlers.limits import LimitCommands
from vanta.control.handlers.modes import ModeCommands
from vanta.control.handlers.people import PeopleCommands
from vanta.control.handlers.prices import PriceCommands
from vanta.control.handlers.rates import RateCommands
from vanta.control.handlers.records import AuditCommands
from vanta.control.handlers.risk import RiskCommands
from vanta.control.handlers.security import SecurityCommands
from vanta.control.handlers.system import SystemCommands
from vanta.control.limits import LimitsOffice
from vanta.control.operating import Operating
from vanta.control.step_up import HASHER
from vanta.domain.command import Reply
from vanta.domain.market import Catalogue
from vanta.domain.policy import User
from vanta.domain.ports import Clock, Envelope
from vanta.settings import Settings
from vanta.store.counters import Counters
from vanta.store.credentials import Credentials
from vanta.supervise import SILENT_AFTER_S, Supervisor
from vanta.telegram.context import Control
from vanta.web.panel import Panel

Tasks = Callable[[], Mapping[str, Mapping[str, Any]]]


class ControlRoom:
    """Built once; chat, command line and HTTP share it.

    way in ─► book ─► gate ─► handlers ─► people · step-up · limits · operating · engine

    `checks` are the readiness checks by part, `tasks` tells of the supervised tasks; both are asked
    at each look, so that what is wired later shows too.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        stores: Stores,
        trading: Trading,
        prices: PriceRoom,
        counters: Counters,
        catalogue: Catalogue,
        envelope: Envelope,
        clock: Clock,
        checks: Mapping[str, Check],
        tasks: Tasks,
        hasher: argon2.PasswordHasher = HASHER,
    ) -> None:
        self._stores = stores
        self._trading = trading
        self._prices = prices
        self._counters = counters
        self._catalogue = catalogue
        self._clock = clock
        self.rights = Rights(
            settings=settings,
            pool=stores.pool,
            clock=clock,
            envelope=envelope,
            changed=self._changed,
            hasher=hasher,
        )
        self.credentials = CredentialsDesk(self.rights.step_up)
        self.limits = LimitsOffice(
            pool=stores.pool,
            book=trading.book,
            desk=trading.engine,
            catalogue=catalogue,
            clock=clock,
            fixed=settings.ceilings,
            delay_ns=settings.loosen_delay_s * 10**9,
            counters=counters,
        )
        self.limit_commands = LimitCommands(
            office=self.limits, catalogue=catalogue, quotes=prices.feed
        )
        self.operating = Operating(
            system=trading.switches,
            modes=trading.modes,
            pool=stores.pool,
            clock=clock,
            changed=self._changed,
            canary=trading.canary.words() if trading.canary else "",
        )
        self._security = SecurityCommands(
            step_up=self.rights.step_up, credentials=Credentials(stores.pool), clock=clock
        )
        self.book = CommandBook(self.rights.gate)
        self.book.add(self._personal())
        self.book.add(self._looking(checks, tasks))
        self.book.add(self._people())

    def add_roles(self, supervisor: Supervisor) -> None:
        """Supervise what this room does by itself."""
        supervisor.add("limits", self.limits.run, silent_after_s=SILENT_AFTER_S)

    def _personal(self) -> Iterator[Command]:
        yield from ModeCommands(self.operating).commands()
        yield from self._security.commands()
        yield from self.limit_commands.commands()

    def _looking(self, checks: Mapping[str, Check], tasks: Tasks) -> Iterator[Command]:
        stores, trading, feed = self._stores, self._trading, self._prices.feed

        async def under_way() -> int:
            return len(trading.ledger.in_flight())

        yield from SystemCommands(
            operating=self.operating,
            controls=trading.switches,
            checks=checks,
            queues={
                "orders": under_way,
                "signals": stores.signals.waiting,
                "notices": stores.outbox.waiting,
            },
            tasks=tasks,
            listing=self.book.listing,
            users=stores.users,
            books=trading.book,
            clock=self._clock,
        ).commands()
        yield from RiskCommands(
            users=stores.users,
            books=trading.book,
            quotes=feed,
            catalogue=self._catalogue,
        ).commands()
        yield from RateCommands(
            office=self.limits, users=stores.users, books=trading.book
        ).commands()
        yield from PriceCommands(
            catalogue=self._catalogue, quotes=feed, feed_status=feed.status
        ).commands()
        yield from AuditCommands(stores.audit).commands()

    def _people(self) -> Iterator[Command]:
        yield from PeopleCommands(
            people=self.rights.people,
            approvals=self.rights.approvals,
            right_of=self.book.right_of,
            carry_out=self.book.carry_out,
            users=self._stores.users,
            policies=self._stores.policies,
            books=self._trading.book,
        ).commands()

    def for_chat(self, panel_url: str) -> Control:
        """Return the chat's view; `panel_url` is the address of the secure panel."""

        async def meet(telegram_id: int, name: str) -> User | None:
            return await self.rights.people.knock(telegram_id, name)

        async def claim(telegram_id: int, name: str, code: str) -> Reply:
            return await self.rights.people.claim_owner(telegram_id, name, code)

        async def prove(user_id: int, code: str) -> Reply:
            return await self.credentials.prove(user_id, code=code)

        async def panel(user_id: int) -> str:
            return f"{panel_url}#{await self.rights.step_up.invite(user_id)}"

        return Control(
            commands=self.book,
            meet=meet,
            claim=claim,
            prove=prove,
            panel=panel,
            messages_per_minute=lambda who: self._trading.book.policy(who).messages_per_minute,
            count_message=self._counters.message,
        )

    def panel(self, proved: Callable[[int], None]) -> Panel:
        """Return the secure panel; `proved` is told whose PIN or code was right."""
        return Panel(
            credentials=self.credentials,
            redeem=self.rights.step_up.redeem,
            state=self._security.describe,
            proved=proved,
            clock=self._clock,
        )

    async def _changed(self, user_id: int) -> None:
        # The engine looks at people every few seconds by itself; a right taken away is heard now.
        await self._trading.book.reread(user_id)
