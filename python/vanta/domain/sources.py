"""Names of price sources: dense indices inside, names at the edges."""

from vanta.domain.errors import InvalidInput

MAX_SOURCES = 4096


class SourceNames:
    """Two-way registry of source names and indices; one per process, built by the app.

    An index is given at the first mention of a name and never changes or goes away, so the
    registry doubles as the bound on label values in metrics.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._ix: dict[str, int] = {}

    def ix(self, name: str) -> int:
        """Return the index of `name`, giving it the next free one at first sight."""
        found = self._ix.get(name)
        if found is not None:
            return found
        if len(self._names) >= MAX_SOURCES:
            raise InvalidInput(f"source {name!r}: more than {MAX_SOURCES} sources")
        self._ix[name] = len(self._names)
        self._names.append(name)
        return self._ix[name]

    def name(self, ix: int) -> str:
        """Return the name behind `ix`; raises `IndexError` for one never given."""
        return self._names[ix]

    def __len__(self) -> int:
        return len(self._names)
