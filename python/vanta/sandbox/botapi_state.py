"""What the local Bot API server remembers: messages, waiting updates, commands.

The wire's own JSON objects are kept as they are. Everything that must be found again after a kill
goes through the journal; the page listens to the same changes.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from vanta.domain.ports import Clock
from vanta.sandbox.botapi_journal import Journal

KEEP_MESSAGES: Final = 2_000
KEEP_CLIENT_IDS: Final = 500
QUEUE_LIMIT: Final = 1_000
"""Events waiting for one page; a page that falls behind is cut off and starts from a snapshot."""

Json = dict[str, Any]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A Telegram user as the wire shows it."""

    id: int
    first_name: str
    username: str
    is_bot: bool = False


class BotState:
    """Messages of all chats, and the updates the bot has not confirmed."""

    def __init__(self, clock: Clock, journal: Journal, *, bot: Person, user: Person) -> None:
        self._clock = clock
        self._journal = journal
        self.bot = bot
        self.user = user
        self.messages: dict[tuple[int, int], Json] = {}
        self.updates: deque[Json] = deque()
        self.menus: dict[int, list[Json]] = {}  # chat -> commands; 0 = the default for all
        self.queries: dict[str, tuple[int, int]] = {}  # callback query -> (chat, message)
        self.arrived = asyncio.Event()
        self._listeners: set[asyncio.Queue[Json | None]] = set()
        self._client_ids: dict[str, int] = {}
        self._next_message = 1
        self._next_update = 1
        self._load()

    # --- what people do ---------------------------------------------------------------------

    def receive(
        self,
        text: str,
        *,
        client_id: str = "",
        user: Person | None = None,
        chat: Json | None = None,
    ) -> Json:
        """Take a message from a person; the same `client_id` again changes nothing."""
        if client_id and (known := self._client_ids.get(client_id)):
            return self.messages.get((self.user.id, known), {"message_id": known})
        author = user or self.user
        message = self._new_message(chat or private_chat(author), author, text)
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0])
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        self.put_message(message)
        if client_id:
            self._remember_client(client_id, message["message_id"])
            self._journal.append("client", [client_id, message["message_id"]])
        self._put_update({"message": message})
        return message

    def press(
        self, chat_id: int, message_id: int, data: str, *, user: Person | None = None
    ) -> str | None:
        """Take a press of an inline button; returns the query's id, or None without a message."""
        message = self.messages.get((chat_id, message_id))
        if message is None:
            return None
        query = {
            "id": str(secrets.randbits(62)),
            "from": msgspec.to_builtins(user or self.user),
            "message": message,
            "chat_instance": str(chat_id),
            "data": data,
        }
        self.queries[query["id"]] = (chat_id, message_id)
        self._put_update({"callback_query": query})
        return str(query["id"])

    # --- what the bot does ------------------------------------------------------------------

    def say(self, chat: Json, text: str, **extra: Any) -> Json:
        """Put a message of the bot into a chat."""
        message = self._new_message(chat, self.bot, text) | extra
        self.put_message(message)
        return message

    def put_message(self, message: Json) -> None:
        """Keep a new or changed message and show it."""
        self.messages[message["chat"]["id"], message["message_id"]] = message
        while len(self.messages) > KEEP_MESSAGES:
            del self.messages[next(iter(self.messages))]
        self._journal.append("message", message)
        if self._journal.lines > 4 * KEEP_MESSAGES:
            self.compact()
        self._tell({"type": "message", "message": message})

    def delete_message(self, chat_id: int, message_id: int) -> bool:
        """Remove a message from the screen and from the disk."""
        if self.messages.pop((chat_id, message_id), None) is None:
            return False
        # The file is rewritten, not marked: what was deleted may have been a private key.
        self.compact()
        self._tell({"type": "delete", "chat_id": chat_id, "message_id": message_id})
        return True

    @property
    def commands(self) -> list[Json]:
        """The menu that the page's person sees."""
        return self.menus.get(self.user.id) or self.menus.get(0, [])

    def set_commands(self, commands: list[Json], chat_id: int = 0) -> None:
        """Set the menu of one chat, or with 0 the default."""
        self.menus[chat_id] = commands
        self._journal.append("menu", [chat_id, commands])
        self._tell({"type": "commands", "commands": self.commands})

    def answer(self, query_id: str, text: str, *, alert: bool) -> bool:
        """Answer a press once; False when it is unknown or answered already."""
        place = self.queries.pop(query_id, None)
        if place is None:
            return False
        self._tell({"type": "answer", "query_id": query_id, "text": text, "alert": alert})
        return True

    def now_s(self) -> int:
        """Unix seconds, the wire's unit."""
        return self._clock.now_ns() // 10**9

    def typing(self, chat_id: int) -> None:
        self._tell({"type": "typing", "chat_id": chat_id})

    def confirm(self, offset: int) -> None:
        """Forget the updates below `offset`."""
        forgot_deleted = False
        confirmed = False
        while self.updates and self.updates[0]["update_id"] < offset:
            update = self.updates.popleft()
            confirmed = True
            message = update.get("message")
            if message is not None:
                key = (message["chat"]["id"], message["message_id"])
                forgot_deleted = forgot_deleted or key not in self.messages
        if forgot_deleted:
            self.compact()
        elif confirmed:
            self._journal.append("confirm", offset)

    # --- the page ---------------------------------------------------------------------------

    def history(self, chat_id: int, limit: int) -> list[Json]:
        """Newest messages of a chat, oldest first."""
        mine = [m for (chat, _), m in self.messages.items() if chat == chat_id]
        return sorted(mine, key=lambda m: int(m["message_id"]))[-limit:]

    def listen(self) -> asyncio.Queue[Json | None]:
        """Open a queue of changes; None in it means: fell behind, start again."""
        queue: asyncio.Queue[Json | None] = asyncio.Queue(QUEUE_LIMIT + 1)
        self._listeners.add(queue)
        return queue

    def unlisten(self, queue: asyncio.Queue[Json | None]) -> None:
        self._listeners.discard(queue)

    def close(self) -> None:
        for queue in list(self._listeners):
            queue.put_nowait(None)
        self._listeners.clear()
        self._journal.close()

    # --- inside -----------------------------------------------------------------------------

    def compact(self) -> None:
        """Write the file anew with what is still there."""
        self._journal.rewrite(self._records())

    def _records(self) -> Iterator[tuple[str, Any]]:
        yield "next", [self._next_message, self._next_update]
        for chat_id, commands in self.menus.items():
            yield "menu", [chat_id, commands]
        for message in self.messages.values():
            yield "message", message
        for client_id, message_id in self._client_ids.items():
            yield "client", [client_id, message_id]
        for update in self.updates:
            yield "update", update

    def _load(self) -> None:
        for kind, value in self._journal.load():
            match kind:
                case "next":
                    self._next_message, self._next_update = value
                case "commands":  # as files before menus of single chats have it
                    self.menus[0] = value
                case "menu":
                    self.menus[value[0]] = value[1]
                case "message":
                    self.messages[value["chat"]["id"], value["message_id"]] = value
                    self._next_message = max(self._next_message, value["message_id"] + 1)
                case "client":
                    self._remember_client(*value)
                case "update":
                    self._next_update = max(self._next_update, value["update_id"] + 1)
                    self.updates.append(value)
                case "confirm":
                    while self.updates and self.updates[0]["update_id"] < value:
                        self.updates.popleft()
        for update in self.updates:
            if query := update.get("callback_query"):
                message = query["message"]
                self.queries[query["id"]] = (message["chat"]["id"], message["message_id"])
        if self.updates:
            self.arrived.set()

    def _new_message(self, chat: Json, author: Person, text: str) -> Json:
        message_id = self._next_message
        self._next_message += 1
        return {
            "message_id": message_id,
            "date": self.now_s(),
            "chat": chat,
            "from": msgspec.to_builtins(author),
            "text": text,
        }

    def _put_update(self, body: Json) -> None:
        update = {"update_id": self._next_update, **body}
        self._next_update += 1
        self.updates.append(update)
        self._journal.append("update", update)
        self.arrived.set()

    def _remember_client(self, client_id: str, message_id: int) -> None:
        self._client_ids[client_id] = message_id
        while len(self._client_ids) > KEEP_CLIENT_IDS:
            del self._client_ids[next(iter(self._client_ids))]

    def _tell(self, event: Json) -> None:
        for queue in list(self._listeners):
            if queue.qsize() >= QUEUE_LIMIT:
                queue.put_nowait(None)
                self._listeners.discard(queue)
            else:
                queue.put_nowait(event)


def private_chat(user: Person) -> Json:
    """Return the private chat of a user with the bot."""
    return {
        "id": user.id,
        "type": "private",
        "first_name": user.first_name,
        "username": user.username,
    }
