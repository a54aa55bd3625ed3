"""What the chat may ask of the rooms that govern people and commands."""

from collections.abc import Sequence

from vanta.app.trading import Stores, Trading
from vanta.domain.command import Actor, CommandInfo, Reply
from vanta.domain.policy import User
from vanta.domain.verdict import Reason
from vanta.telegram.context import Control


def control(stores: Stores, trading: Trading) -> Control:
    """Build the chat's view of the control room."""

    async def meet(telegram_id: int, _name: str) -> User | None:
        return await stores.users.by_telegram(telegram_id)

    async def claim(_telegram_id: int, _name: str, _code: str) -> Reply:
        return _not_yet()

    async def prove(_user_id: int, _code: str) -> Reply:
        return _not_yet()

    async def panel(_user_id: int) -> str:
        raise OSError("no panel is served")

    async def count(_user_id: int, _limit: int, _now_ns: int) -> int:
        raise OSError("no shared counter")

    return Control(
        commands=NoCommands(),
        meet=meet,
        claim=claim,
        prove=prove,
        panel=panel,
        messages_per_minute=lambda user_id: trading.book.policy(user_id).messages_per_minute,
        count_message=count,
    )


class NoCommands:
    """An empty book."""

    def listing(self, role: str) -> Sequence[CommandInfo]:  # noqa: ARG002  # as the port has it
        return ()

    async def run(
        self,
        actor: Actor,  # noqa: ARG002
        name: str,
        args: Sequence[str],  # noqa: ARG002
        *,
        token: str = "",  # noqa: ARG002
        word: str = "",  # noqa: ARG002
    ) -> Reply:
        return Reply(title=f"No command {name}.", reasons=_not_yet().reasons)


def _not_yet() -> Reply:
    why = Reason(code="E-ROLE", rule="CONTROL", text="Nothing is governed here.")
    return Reply(title=why.text, reasons=(why,))
