"""The Bot API's methods, as far as a bot like ours uses them, with the real server's answers."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
import orjson

from vanta.sandbox.botapi_html import MarkupError, parse_html, utf16_length
from vanta.sandbox.botapi_state import BotState, Json, private_chat

MAX_TEXT: Final = 4_096
MAX_CALLBACK_DATA: Final = 64
MAX_POLL_S: Final = 50
MAX_BATCH: Final = 100
MAX_COMMANDS: Final = 100
MAX_DESCRIPTION: Final = 256
_COMMAND: Final = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)
# The real server takes an address in digits but no bare name such as localhost.
_URL: Final = re.compile(r"https?://[^/\s:]+\.[^/\s]+(?:[/?#]\S*)?", re.ASCII)

Params = Mapping[str, Any]


class ApiError(Exception):
    """An answer with `ok: false`."""

    def __init__(
        self, code: int, description: str, *, retry_after: int = 0, page: str = ""
    ) -> None:
        self.code = code
        self.page = page
        self.description = description
        self.retry_after = retry_after
        super().__init__(description)

    def body(self) -> Json:
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


class Fault(msgspec.Struct, kw_only=True):
    """A failure to inject: the next `times` calls of `method` ("" = any) get this answer."""

    code: int
    description: str
    method: str = ""
    retry_after: int = 0
    page: str = ""  # answered instead of JSON, as a gateway in between does
    times: int = 1


class BotMethods:
    """Methods by their lower-case name; an unknown one answers true, as harmless as it gets."""

    def __init__(self, state: BotState) -> None:
        self._state = state
        self._poll = 0
        self._faults: list[Fault] = []
        self._closing = asyncio.Event()
        self._methods: dict[str, Callable[[Params], Awaitable[Any]]] = {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_text,
            "editmessagereplymarkup": self._edit_markup,
            "deletemessage": self._delete_message,
            "answercallbackquery": self._answer_callback,
            "setmycommands": self._set_commands,
            "getmycommands": self._get_commands,
            "sendchataction": self._chat_action,
        }

    def inject(self, fault: Fault) -> None:
        """Make coming calls fail: how tests and drills play a flood or an outage."""
        self._faults.append(fault)

    def close(self) -> None:
        """End a waiting getUpdates."""
        self._closing.set()
        self._state.arrived.set()

    async def call(self, name: str, params: Params) -> Any:
        """Run a method and return its `result`; raises `ApiError`."""
        self._raise_fault(name.lower())
        method = self._methods.get(name.lower())
        return True if method is None else await method(params)

    def _raise_fault(self, name: str) -> None:
        for fault in self._faults:
            if fault.method.lower() in ("", name) and fault.times > 0:
                fault.times -= 1
                raise ApiError(
                    fault.code, fault.description, retry_after=fault.retry_after, page=fault.page
                )

    async def _get_me(self, _: Params) -> Json:
        return {
            **msgspec.to_builtins(self._state.bot),
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    async def _get_updates(self, params: Params) -> list[Json]:
        state = self._state
        offset = _int(params, "offset", 0)
        limit = min(max(_int(params, "limit", MAX_BATCH), 1), MAX_BATCH)
        timeout_s = min(max(_int(params, "timeout", 0), 0), MAX_POLL_S)
        state.confirm(offset)
        self._poll += 1
        mine = self._poll
        state.arrived.set()  # wakes an older poll, which then sees that it was replaced
        try:
            async with asyncio.timeout(timeout_s or None):
                while not state.updates and timeout_s and not self._closing.is_set():
                    state.arrived.clear()
                    await state.arrived.wait()
                    if mine != self._poll:
                        raise ApiError(
                            409,
                            "Conflict: terminated by other getUpdates request; "
                            "make sure that only one bot instance is running",
                        )
        except TimeoutError:
            return []
        return list(state.updates)[:limit]

    async def _send_message(self, params: Params) -> Json:
        text, entities = _text(params)
        chat = self._chat(_int(params, "chat_id", 0))
        extra: Json = {"entities": entities} if entities else {}
        if markup := _markup(params):
            extra["reply_markup"] = markup
        return self._state.say(chat, text, **extra)

    async def _edit_text(self, params: Params) -> Json:
        message = self._own_message(params)
        text, entities = _text(params)
        changed = {k: v for k, v in message.items() if k not in ("entities", "reply_markup")}
        changed["text"] = text
        if entities:
            changed["entities"] = entities
        return self._edit(message, changed, _markup(params))

    async def _edit_markup(self, params: Params) -> Json:
        message = self._own_message(params)
        changed = {k: v for k, v in message.items() if k != "reply_markup"}
        return self._edit(message, changed, _markup(params))

    def _edit(self, before: Json, after: Json, markup: Json | None) -> Json:
        if markup:
            after["reply_markup"] = markup
        keys = ("text", "entities", "reply_markup")
        if all(before.get(key) == after.get(key) for key in keys):
            raise ApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply "
                "markup are exactly the same as a current content and reply markup of the message",
            )
        after["edit_date"] = self._state.now_s()
        self._state.put_message(after)
        return after

    async def _delete_message(self, params: Params) -> bool:
        place = (_int(params, "chat_id", 0), _int(params, "message_id", 0))
        if not self._state.delete_message(*place):
            raise ApiError(400, "Bad Request: message to delete not found")
        return True

    async def _answer_callback(self, params: Params) -> bool:
        text = str(params.get("text") or "")
        if utf16_length(text) > 200:
            raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        alert = str(params.get("show_alert", "")).lower() in ("true", "1")
        if not self._state.answer(str(params.get("callback_query_id", "")), text, alert=alert):
            raise ApiError(
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
            )
        return True

    async def _set_commands(self, params: Params) -> bool:
        commands = _json(params, "commands")
        if not isinstance(commands, list):
            raise ApiError(400, "Bad Request: can't parse commands")
        for command in commands:
            if not _COMMAND.fullmatch(str(command.get("command", ""))):
                raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(str(command.get("description", ""))) <= MAX_DESCRIPTION:
                raise ApiError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        if len(commands) > MAX_COMMANDS:
            raise ApiError(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        self._state.set_commands(commands, _scope(params))
        return True

    async def _get_commands(self, params: Params) -> list[Json]:
        return self._state.menus.get(_scope(params), [])

    async def _chat_action(self, params: Params) -> bool:
        self._state.typing(_int(params, "chat_id", 0))
        return True

    def _chat(self, chat_id: int) -> Json:
        if chat_id == self._state.user.id:
            return private_chat(self._state.user)
        for (chat, _), message in self._state.messages.items():
            if chat == chat_id:
                return dict(message["chat"])
        raise ApiError(400, "Bad Request: chat not found")

    def _own_message(self, params: Params) -> Json:
        place = (_int(params, "chat_id", 0), _int(params, "message_id", 0))
        message = self._state.messages.get(place)
        if message is None:
            raise ApiError(400, "Bad Request: message to edit not found")
        if not message["from"].get("is_bot"):
            raise ApiError(400, "Bad Request: message can't be edited")
        return message


def _text(params: Params) -> tuple[str, list[Json]]:
    text = str(params.get("text") or "")
    entities: list[Json] = []
    if str(params.get("parse_mode") or "").upper() == "HTML":
        try:
            text, entities = parse_html(text)
        except MarkupError as error:
            raise ApiError(400, f"Bad Request: can't parse entities: {error}") from None
    if not text.strip():
        raise ApiError(400, "Bad Request: message text is empty")
    if utf16_length(text) > MAX_TEXT:
        raise ApiError(400, "Bad Request: message is too long")
    return text, entities


def _markup(params: Params) -> Json | None:
    markup = _json(params, "reply_markup")
    if not isinstance(markup, dict) or not markup.get("inline_keyboard"):
        return None
    for row in markup["inline_keyboard"]:
        for button in row:
            if not str(button.get("text", "")):
                raise ApiError(400, "Bad Request: inline keyboard button text is empty")
            data = button.get("callback_data")
            url = button.get("url")
            if (data is None) is (url is None):
                raise ApiError(400, "Bad Request: BUTTON_TYPE_INVALID")
            if url is not None and not _URL.fullmatch(str(url)):
                raise ApiError(
                    400,
                    f"Bad Request: inline keyboard button URL '{url}' is invalid: Wrong HTTP URL",
                )
            if data is not None and not 1 <= len(str(data).encode()) <= MAX_CALLBACK_DATA:
                raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return markup


def _scope(params: Params) -> int:
    """Return the chat a menu is for; 0 for every kind of scope that is not one chat."""
    scope = _json(params, "scope")
    return _int(scope, "chat_id", 0) if isinstance(scope, dict) else 0


def _json(params: Params, key: str) -> Any:
    value = params.get(key)
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value) if value else None
    except orjson.JSONDecodeError:
        raise ApiError(400, f"Bad Request: can't parse {key} JSON object") from None


def _int(params: Params, key: str, default: int) -> int:
    value = params.get(key)
    if value in (None, ""):
        return default
    try:
        return int(str(value))
    except ValueError:
        raise ApiError(400, f"Bad Request: {key} must be a number") from None
