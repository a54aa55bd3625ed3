"""Wires the control room: rights, credentials, and the one book of commands for every way in."""

from vanta.app.rights import Rights
from vanta.app.trading import Stores, Trading
from vanta.control.commands import CommandBook
from vanta.control.credentials_desk import CredentialsDesk
from vanta.control.handlers.modes import ModeCommands
from vanta.control.handlers.people import PeopleCommands
from vanta.control.handlers.prices import PriceCommands
from vanta.control.handlers.records import AuditCommands
from vanta.control.handlers.risk import RiskCommands
from vanta.control.handlers.security import SecurityCommands
from vanta.control.limits import LimitsOffice
from vanta.control.operating import Operating
from vanta.domain.command import Reply
from vanta.domain.market import Catalogue
from vanta.domain.policy import User
from vanta.domain.ports import Clock, Envelope
from vanta.settings import Settings
from vanta.store.audit import Audit
from vanta.store.credentials import Credentials
from vanta.telegram.context import Control


class ControlRoom:
    """Built once; chat, command line and HTTP share it.

    way in ─► book ─► gate ─► handlers ─► people · step-up · engine
    """

    def __init__(
        self,
        *,
        settings: Settings,
        stores: Stores,
        trading: Trading,
        catalogue: Catalogue,
        envelope: Envelope,
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._trading = trading
        self.rights = Rights(
            settings=settings,
            pool=stores.pool,
            clock=clock,
            envelope=envelope,
            changed=self._changed,
        )
        self.limits = LimitsOffice(
            pool=stores.pool,
            book=trading.book,
            desk=trading.engine,
            catalogue=catalogue,
            clock=clock,
            fixed=settings.ceilings,
            delay_ns=settings.loosen_delay_s * 10**9,
        )
        self.credentials = CredentialsDesk(self.rights.step_up)
        self.book = CommandBook(self.rights.gate)
        self.book.add(
            SecurityCommands(
                step_up=self.rights.step_up, credentials=Credentials(stores.pool), clock=clock
            ).commands()
        )
        self.book.add(
            RiskCommands(
                users=stores.users, books=trading.book, quotes=trading.feed, catalogue=catalogue
            ).commands()
        )
        self.book.add(
            PriceCommands(
                catalogue=catalogue, quotes=trading.feed, feed_status=trading.feed.status
            ).commands()
        )
        self.book.add(
            PeopleCommands(
                people=self.rights.people,
                approvals=self.rights.approvals,
                right_of=self.book.right_of,
                carry_out=self.book.carry_out,
                users=stores.users,
                policies=stores.policies,
                books=trading.book,
            ).commands()
        )
        self.book.add(AuditCommands(Audit(stores.pool)).commands())
        self.operating = Operating(
            system=trading.switches,
            modes=trading.modes,
            pool=stores.pool,
            clock=clock,
            changed=self._changed,
            canary=trading.canary.words() if trading.canary else "",
        )
        self.book.add(ModeCommands(self.operating).commands())

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

        async def count(_user_id: int, _limit: int, _now_ns: int) -> int:
            raise OSError("no shared counter")

        return Control(
            commands=self.book,
            meet=meet,
            claim=claim,
            prove=prove,
            panel=panel,
            messages_per_minute=lambda who: self._trading.book.policy(who).messages_per_minute,
            count_message=count,
        )

    async def _changed(self, user_id: int) -> None:
        # The engine looks at people every few seconds by itself; a right taken away is heard now.
        await self._trading.book.reread(user_id)
