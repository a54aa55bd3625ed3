"""Limits in force: each user's own under the system's ceiling. A copy, read from the stores."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from vanta.domain.limits import ceiling, stricter
from vanta.domain.policy import Policy
from vanta.store.ceilings import Ceilings
from vanta.store.policies import Policies

_NOTHING_FIXED: Final[Mapping[str, int]] = {}


class LimitsInForce:
    """Answers what a user may; never waits. `fixed` is what the settings say of the ceiling."""

    def __init__(
        self,
        *,
        policies: Policies,
        ceilings: Ceilings,
        fixed: Mapping[str, int] = _NOTHING_FIXED,
    ) -> None:
        self._policies = policies
        self._ceilings = ceilings
        self._fixed = fixed
        self._in_force: dict[int, Policy] = {}
        self._reading = asyncio.Lock()  # a slow look at all must not undo a newer look at one
        self.ceiling = ceiling({}, fixed)
        self._default = stricter(Policy(), self.ceiling)

    def of(self, user_id: int) -> Policy:
        """Return a user's limits, each the stricter of its own and the system's ceiling."""
        return self._in_force.get(user_id, self._default)

    async def load(self) -> None:
        """Read everything."""
        async with self._reading:
            self.ceiling = ceiling(await self._ceilings.current(), self._fixed)
            self._default = stricter(Policy(), self.ceiling)
            own = await self._policies.all_current()
            self._in_force = {user: stricter(mine, self.ceiling) for user, mine in own.items()}

    async def reread(self, user_id: int) -> bool:
        """Read one user's; tell whether they changed."""
        async with self._reading:
            before = self.of(user_id)
            _, own = await self._policies.current(user_id)
            self._in_force[user_id] = stricter(own, self.ceiling)
            return self._in_force[user_id] != before

    async def reread_all(self, users: Iterable[int]) -> list[int]:
        """Read everything; return those of `users` whose limits changed."""
        before = {user: self.of(user) for user in users}
        await self.load()
        return [user for user, had in before.items() if self.of(user) != had]
