"""The words after a command, read one by one: each complaint names field, value and limit."""

from collections.abc import Collection, Sequence
from typing import Final

from vanta.domain.errors import InputError

MAX_WORDS: Final = 40
MAX_CHARS: Final = 200
MAX_ID: Final = 2**31 - 1  # of users and orders of approval
MAX_TEXT: Final = 200


class Words:
    """What a person said after the name of a command; `given` is all of it, in canonical form.

    Raises `InputError` E-ARG for too many or too long words, and for characters that are not shown.
    """

    def __init__(self, args: Sequence[str]) -> None:
        self.given = tuple(word for arg in args for word in arg.split())
        self._next = 0
        if len(self.given) > MAX_WORDS:
            count = str(len(self.given))
            raise InputError("E-ARG", field="words", value=count, limit=f"at most {MAX_WORDS}")
        for word in self.given:
            if len(word) > MAX_CHARS:
                limit = f"at most {MAX_CHARS} characters"
                raise InputError("E-ARG", field="word", value=word, limit=limit)
            if not word.isprintable():
                limit = "only characters that can be seen"
                raise InputError("E-ARG", field="word", value=ascii(word), limit=limit)

    def maybe(self) -> str | None:
        """Return the next word; None when there is none left."""
        if self._next >= len(self.given):
            return None
        self._next += 1
        return self.given[self._next - 1]

    def peek(self) -> str:
        """Return the next word without taking it; empty when there is none left."""
        return self.given[self._next] if self.are_left else ""

    def need(self, field: str, limit: str) -> str:
        """Return the next word. Raises `InputError` when there is none."""
        word = self.maybe()
        if word is None:
            raise InputError("E-ARG", field=field, value="", limit=limit)
        return word

    def skip(self, word: str) -> bool:
        """Pass over the next word if it is this one; tell whether it was."""
        if self.peek().lower() == word:
            self._next += 1
            return True
        return False

    def choice(self, field: str, allowed: Collection[str]) -> str:
        """Return the next word in lower case, one of `allowed`. Raises `InputError`."""
        limit = "one of " + ", ".join(allowed)
        word = self.need(field, limit)
        if word.lower() not in allowed:
            raise InputError("E-ARG", field=field, value=word, limit=limit)
        return word.lower()

    def whole(self, field: str, *, low: int, high: int) -> int:
        """Return the next word as a whole number. Raises `InputError`."""
        limit = f"a whole number from {low} to {high}"
        return _whole(self.need(field, limit), field, limit, low, high)

    def number(self, field: str, *, low: int, high: int) -> int:
        """Return an id such as `12` or `#12`. Raises `InputError`."""
        limit = "a number such as 12"
        return _whole(self.need(field, limit).removeprefix("#"), field, limit, low, high)

    def user_id(self) -> int:
        """Return the id of a user. Raises `InputError`."""
        return self.number("user", low=1, high=MAX_ID)

    def text(self, field: str) -> str:
        """Return all that is left as one text, perhaps empty. Raises `InputError`."""
        found = " ".join(self.given[self._next :])
        self._next = len(self.given)
        if len(found) > MAX_TEXT:
            limit = f"at most {MAX_TEXT} characters"
            raise InputError("E-ARG", field=field, value=found, limit=limit)
        return found

    def end(self, usage: str) -> None:
        """Make sure that every word was understood. Raises `InputError`."""
        if (word := self.maybe()) is not None:
            raise InputError("E-ARG", field="word", value=word, limit=f"the form {usage}")

    @property
    def are_left(self) -> bool:
        return self._next < len(self.given)


def is_number(word: str) -> bool:
    """Tell whether a word could be an id."""
    bare = word.removeprefix("#")
    return bare.isascii() and bare.isdigit()


def _whole(word: str, field: str, limit: str, low: int, high: int) -> int:
    fits = word.isascii() and word.isdigit() and len(word) <= len(str(high))
    if not fits or not low <= int(word) <= high:
        raise InputError("E-ARG", field=field, value=word, limit=limit)
    return int(word)
