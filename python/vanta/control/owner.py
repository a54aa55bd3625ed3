"""The one-time owner code: whoever shows it becomes super admin, once."""

from collections import OrderedDict
from pathlib import Path
from typing import Final

from vanta import logs
from vanta.domain.ports import Clock
from vanta.store import owner_file

_log = logs.get(__name__)

WRONG_TRIES: Final = 5
WINDOW_NS: Final = 15 * 60 * 10**9
MAX_PEOPLE: Final = 10_000  # remembered; the longest unseen is forgotten first


class OwnerCode:
    """The code of HOME/owner.json, and who has tried wrong ones lately."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._wrong: OrderedDict[int, list[int]] = OrderedDict()

    def matches(self, telegram_id: int, code: str) -> bool:
        """Tell whether the code is good; after too many wrong ones nobody's is looked at."""
        now_ns = self._clock.mono_ns()
        wrong = [at for at in self._wrong.pop(telegram_id, []) if at > now_ns - WINDOW_NS]
        good = len(wrong) < WRONG_TRIES and owner_file.matches(
            self._home, code, now_ns=self._clock.now_ns()
        )
        if not good:
            self._wrong[telegram_id] = [*wrong, now_ns][-WRONG_TRIES:]
            while len(self._wrong) > MAX_PEOPLE:
                self._wrong.popitem(last=False)
        return good

    def used(self) -> None:
        """Remove the file; the database already knows that the code is used."""
        try:
            owner_file.remove(self._home)
        except OSError as error:
            _log.warning("owner.file_stays", error=str(error))
