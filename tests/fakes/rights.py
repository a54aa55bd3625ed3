"""The people desk, step-up, second person and gate on a database of the test, with cheap hashes."""

from pathlib import Path

import argon2
import pyotp

from tests.fakes.clock import ManualClock
from tests.fakes.envelope import TestEnvelope
from vanta.app.rights import Rights
from vanta.domain.command import Actor, Channel, CommandInfo
from vanta.domain.policy import User
from vanta.domain.ports import Envelope
from vanta.domain.roles import Right, Role, Standing
from vanta.settings import Settings
from vanta.store import owner_file
from vanta.store.audit import Audit, AuditRow
from vanta.store.pool import Pool
from vanta.store.users import Users

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PIN = "q7-lamp"
MINUTE = 60 * 10**9


class RightsWorld:
    """Everybody and everything that decides on rights."""

    def __init__(
        self,
        pool: Pool,
        clock: ManualClock,
        home: Path,
        *,
        two_person: bool = False,
        envelope: Envelope | None = None,
    ) -> None:
        self.pool = pool
        self.clock = clock
        self.home = home
        self.changed: list[int] = []
        self.rights = Rights(
            settings=Settings(home=home, two_person=two_person),
            pool=pool,
            clock=clock,
            envelope=envelope or TestEnvelope(),
            changed=self._note,
            hasher=CHEAP,
        )
        self.people = self.rights.people
        self.step_up = self.rights.step_up
        self.approvals = self.rights.approvals
        self.gate = self.rights.gate
        self.users = Users(pool)

    async def _note(self, user_id: int) -> None:
        self.changed.append(user_id)

    async def user(
        self,
        role: str = Role.TRADER,
        standing: str = Standing.ACTIVE,
        telegram_id: int | None = None,
    ) -> User:
        """Make somebody."""
        now_ns = self.clock.now_ns()
        return await self.users.create(
            "somebody", role, telegram_id, now_ns=now_ns, standing=standing
        )

    async def proven(self, role: str = Role.SUPER_ADMIN) -> User:
        """Make somebody whose proof is fresh."""
        user = await self.user(role)
        await self.step_up.set_pin(user.id, PIN, vouched=True)
        assert (await self.step_up.prove(user.id, pin=PIN)).ok
        return user

    async def state(self, user: User) -> tuple[str, str]:
        """Return role and standing as they are now."""
        now = await self.users.get(user.id)
        return now.role, now.standing

    def owner_code(self) -> str:
        """Write a fresh owner code, as `vanta init` does."""
        code = owner_file.new_code()
        owner_file.write(self.home, code, now_ns=self.clock.now_ns())
        return code

    async def acts(self) -> list[AuditRow]:
        """Return what the audit log holds, newest first."""
        return await Audit(self.pool).recent(1000)

    async def with_totp(self, user: User) -> pyotp.TOTP:
        """Set a code up; the step of its confirmation is used."""
        enrolment = await self.step_up.begin_totp(user.id)
        totp = pyotp.TOTP(enrolment.secret)
        assert (await self.step_up.confirm_totp(user.id, self.code(totp), vouched=True)).done
        return totp

    def code(self, totp: pyotp.TOTP, steps: int = 0) -> str:
        """Return the code of now, or of some steps before or after."""
        return totp.at(self.clock.now_ns() // 10**9 + 30 * steps)


def actor(user: User, *, private: bool = True, channel: Channel = Channel.TELEGRAM) -> Actor:
    return Actor(user=user, channel=channel, trace_id="feed", private=private)


def command(right: Right = Right.GOVERN, **changes: object) -> CommandInfo:
    return CommandInfo(
        name="execution_mode", usage="", summary="", group="admin", right=right, **changes
    )
