"""The Telegram room: what people write and press becomes intents, and shows what came of them."""

from vanta.telegram.bot import TelegramBot
from vanta.telegram.context import Stores

__all__ = ["Stores", "TelegramBot"]
