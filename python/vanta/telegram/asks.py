"""Questions the room has put to a person and waits on: confirm, a word, a step-up, a next page.

A question lives here, in memory, bound to who was asked and in which chat; its button carries the
nonce alone. It is taken out before anything is done, so of any number of presses one acts. A
restart forgets them all: what was not confirmed then is asked anew.
"""

from typing import Final

import msgspec

from vanta.domain.command import Need
from vanta.domain.ports import Clock
from vanta.telegram.callback import new_nonce

ASK_LIFE_S: Final = 60
STEP_UP_LIFE_S: Final = 5 * 60
PAGES_LIFE_S: Final = 15 * 60
MAX_ASKS: Final = 10_000
_LIFE_S: Final = {Need.STEP_UP: STEP_UP_LIFE_S, Need.NOTHING: PAGES_LIFE_S}
_SECOND: Final = 10**9


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A command that waits for its person. `need` NOTHING = only its pages are kept."""

    user_id: int
    chat_id: int
    name: str
    args: tuple[str, ...] = ()
    need: Need = Need.NOTHING
    token: str = ""
    pages: tuple[str, ...] = ()


class Asks:
    """Open questions by nonce; of those that wait for a message, one in each chat."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, tuple[Ask, int]] = {}
        self._spoken: dict[tuple[int, int], str] = {}  # (user, chat) -> nonce of a WORD

    def put(self, ask: Ask) -> str:
        """Keep a question; returns the nonce for its buttons."""
        now_ns = self._clock.mono_ns()
        if len(self._open) >= MAX_ASKS:
            self._open = {n: held for n, held in self._open.items() if held[1] > now_ns}
        while len(self._open) >= MAX_ASKS:
            del self._open[next(iter(self._open))]
        nonce = new_nonce()
        life_s = _LIFE_S.get(ask.need, ASK_LIFE_S)
        self._open[nonce] = (ask, now_ns + life_s * _SECOND)
        if ask.need is Need.WORD:
            self._spoken[ask.user_id, ask.chat_id] = nonce
        return nonce

    def look(self, nonce: str, user_id: int, chat_id: int) -> Ask | None:
        """Return an open question of this person in this chat; None for every other."""
        ask, ends_ns = self._open.get(nonce, (None, 0))
        if ask is None or (ask.user_id, ask.chat_id) != (user_id, chat_id):
            return None
        return ask if ends_ns > self._clock.mono_ns() else None

    def about(self, nonce: str) -> str:
        """Return the name of the command that a kept question is about; "" when there is none."""
        ask, _ = self._open.get(nonce, (None, 0))
        return ask.name if ask else ""

    def take(self, nonce: str, user_id: int, chat_id: int) -> Ask | None:
        """Return a question and close it; None where `look` finds none."""
        ask = self.look(nonce, user_id, chat_id)
        if ask is not None:
            del self._open[nonce]
        return ask

    def waits_for_word(self, user_id: int, chat_id: int) -> bool:
        """Tell whether this person's next message here is to be taken as the word."""
        nonce = self._spoken.get((user_id, chat_id))
        return nonce is not None and self.look(nonce, user_id, chat_id) is not None

    def take_word(self, user_id: int, chat_id: int) -> Ask | None:
        """Return the question this message answers and close it, whatever the message says."""
        nonce = self._spoken.pop((user_id, chat_id), "")
        return self.take(nonce, user_id, chat_id)

    def proving(self, chat_id: int) -> bool:
        """Tell whether somebody in this chat was sent to the panel and may type a PIN instead."""
        now_ns = self._clock.mono_ns()
        return any(
            ask.chat_id == chat_id and ask.need is Need.STEP_UP and ends_ns > now_ns
            for ask, ends_ns in self._open.values()
        )

    def proved(self, user_id: int) -> list[tuple[str, Ask]]:
        """Return the questions that waited for this person's step-up, with their nonces."""
        now_ns = self._clock.mono_ns()
        return [
            (nonce, ask)
            for nonce, (ask, ends_ns) in self._open.items()
            if ask.user_id == user_id and ask.need is Need.STEP_UP and ends_ns > now_ns
        ]
