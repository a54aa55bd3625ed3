"""Data on stdout as tables or one JSON document; talk and errors on stderr."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TextIO

from vanta.cli.exits import CliError, Exit

_STYLES: Final = {"bold": "1", "dim": "2", "gain": "34", "loss": "33", "bad": "31"}


class Output:
    """Where a command writes. Colours only on a terminal and without NO_COLOR."""

    def __init__(
        self, out: TextIO, err: TextIO, environ: Mapping[str, str], *, as_json: bool
    ) -> None:
        self._out = out
        self._err = err
        self.as_json = as_json
        allowed = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        self._out_colour = allowed and out.isatty()
        self._err_colour = allowed and err.isatty()

    def document(self, value: Any) -> None:
        """Write the one JSON document of this run."""
        self._write(json.dumps(value, ensure_ascii=True, indent=2, default=str))

    def line(self, text: str = "", style: str = "") -> None:
        """Write one line of data."""
        self._write(self.paint(plain(text), style))

    def raw_line(self, painted: str, text: str) -> None:
        """Write a line whose first part is already painted."""
        self._write(painted + plain(text))

    def table(
        self, headers: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1
    ) -> None:
        """Write a table; the first `left` columns lean left, all others right."""
        cells = [[plain(cell) for cell in row] for row in rows]
        widths = [
            max(len(header), *(len(row[i]) for row in cells)) if cells else len(header)
            for i, header in enumerate(headers)
        ]
        self._write(self.paint(_row(headers, widths, left), "bold"))
        for row in cells:
            self._write(_row(row, widths, left))

    def paint(self, text: str, style: str) -> str:
        """Colour data where colours are wanted."""
        code = _STYLES.get(style, "")
        return f"\x1b[{code}m{text}\x1b[0m" if code and self._out_colour and text else text

    def say(self, text: str) -> None:
        """Tell a person something that is not data."""
        self._err.write(plain(text) + "\n")
        self._err.flush()

    def fail(self, error: CliError) -> Exit:
        """Tell what went wrong, the code last, and return the exit code."""
        if self.as_json:
            told = {"code": error.code, "text": error.text, **error.more}
            if error.hint:
                told["hint"] = error.hint
            document = error.document or {"error": told}
            self.document({**document, "exit_code": int(error.exit_code)})
            self.flush()
            return error.exit_code
        text = plain(error.text)
        code = f"\x1b[2m[{error.code}]\x1b[0m" if self._err_colour else f"[{error.code}]"
        self._err.write(f"{text} {code}\n")
        if error.hint:
            self._err.write(plain(error.hint) + "\n")
        self._err.flush()
        return error.exit_code

    def flush(self) -> None:
        """Bring everything out; a closed pipe shows here and not at exit."""
        self._out.flush()

    def _write(self, text: str) -> None:
        encoding = self._out.encoding or "utf-8"
        self._out.write(text.encode(encoding, "replace").decode(encoding) + "\n")


def plain(text: str) -> str:
    """Defuse foreign text: what is not printable could move the cursor or hide a line."""
    return "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in str(text)
    )


def _row(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    return "  ".join(
        cell.ljust(width) if i < left else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()
