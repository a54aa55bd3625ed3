"""The command menu beside the message field: one for each role, set and read back.

What everybody may use stands in the default scope; whoever may do more gets the menu of his role in
the scope of his own chat. Telegram keeps menus, so one that is set stays through restarts.
"""

from collections.abc import Iterable
from typing import Final

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import BotCommand, BotCommandScopeChat, BotCommandScopeDefault

from vanta import logs
from vanta.domain.command import Commands
from vanta.domain.policy import User
from vanta.domain.roles import Right, Role, Standing, may

_log = logs.get(__name__)

MAX_COMMANDS: Final = 100
MAX_DESCRIPTION: Final = 256
MAX_KNOWN: Final = 10_000
_OPERATORS: Final = frozenset({Role.ADMIN, Role.SUPER_ADMIN})
_OWN: Final = (
    ("start", "First steps, demo trade", Right.LOOK),
    ("long", "Open a long", Right.TRADE),
    ("short", "Open a short", Right.TRADE),
    ("positions", "Open positions", Right.LOOK),
    ("close", "Close all or a part", Right.TRADE),
    ("price", "Prices now", Right.LOOK),
    ("pnl", "Profit and loss", Right.LOOK),
    ("risk", "Limits and their use", Right.LOOK),
    ("orders", "Newest orders", Right.LOOK),
    ("why", "Why an order went or not", Right.LOOK),
    ("markets", "What can be traded", Right.LOOK),
    ("status", "Account and prices", Right.LOOK),
    ("security", "Set and prove PIN or code", Right.TRADE),
    ("help", "How to write commands", Right.LOOK),
)


def menu_of(commands: Commands, role: str) -> list[BotCommand]:
    """Return the menu of a role: the room's own commands first, each name once."""
    found = {name: text for name, text, right in _OWN if may(role, right)}
    for info in commands.listing(role):
        if info.menu:
            found.setdefault(info.name, info.summary)
    return [
        BotCommand(command=name, description=text[:MAX_DESCRIPTION])
        for name, text in list(found.items())[:MAX_COMMANDS]
    ]


class Menus:
    """Sets menus; remembers what is set, so that a message costs no call."""

    def __init__(self, bot: Bot, commands: Commands) -> None:
        self._bot = bot
        self._commands = commands
        self._known: dict[int, str] = {}  # Telegram id -> role its menu is for

    async def start(self, users: Iterable[User]) -> None:
        """Set the default menu and those of the operators; others follow when they write."""
        await self._set(BotCommandScopeDefault(), menu_of(self._commands, Role.VIEWER))
        for user in users:
            if user.role in _OPERATORS:
                await self.fit(user)

    def fits(self, user: User) -> bool:
        """Tell whether a person's menu is that of his role."""
        return user.telegram_id is None or self._known.get(user.telegram_id) == _menu_role(user)

    async def fit(self, user: User) -> None:
        """Give a person the menu of the role he has now, if it is not that already."""
        if user.telegram_id is None or self.fits(user):
            return
        role = _menu_role(user)
        scope = BotCommandScopeChat(chat_id=user.telegram_id)
        if await self._set(scope, menu_of(self._commands, role)):
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[user.telegram_id] = role

    async def refit(self, users: Iterable[User]) -> None:
        """Look at everybody whose menu is set: somebody's role may have changed."""
        for user in users:
            if user.telegram_id in self._known:
                await self.fit(user)

    async def _set(
        self, scope: BotCommandScopeDefault | BotCommandScopeChat, menu: list[BotCommand]
    ) -> bool:
        try:
            await self._bot.set_my_commands(menu, scope=scope)
            shown = await self._bot.get_my_commands(scope=scope)
        except AiogramError as error:
            _log.warning("telegram.menu_failed", error=type(error).__name__)
            return False
        if [c.command for c in shown] != [c.command for c in menu]:
            _log.warning("telegram.menu_differs", shown=len(shown), wanted=len(menu))
            return False
        return True


def _menu_role(user: User) -> str:
    return user.role if user.standing == Standing.ACTIVE else Role.VIEWER
