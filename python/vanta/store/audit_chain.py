"""The chain of the audit log, recomputed from its published encoding alone.

The database makes the hashes (revision 0004 tells how). Nothing of that code is used here, so a
function that was changed there shows as well as a row that was.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from vanta.domain.errors import InputError
from vanta.store.pool import Row

START: Final = bytes(32)
"""What stands for the hash before the first row."""
_WORD: Final = b"vanta.audit.1"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the chain. Its text is SEQ:HASH, the hash in hex: a thing to keep elsewhere."""

    seq: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"

    @classmethod
    def parse(cls, told: str, *, field: str) -> "Link":
        """Read SEQ:HASH. Raises `InputError`."""
        seq, _, digits = told.partition(":")
        try:
            found = bytes.fromhex(digits)
        except ValueError:
            found = b""
        if not (seq.isascii() and seq.isdigit() and len(seq) <= 18 and len(found) == 32):
            raise InputError(
                "E-ARG", field=field, value=told[:100], limit="SEQ:HASH as `audit verify` prints it"
            )
        return cls(seq=int(seq), hash=found)


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """The first place where the chain does not hold.

    `kind` is `missing`, `doubled`, `changed`, `unlinked`, `cut`, `head` or `foreign`.
    """

    seq: int
    kind: str
    text: str


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """What a walk saw: how many rows hold, where they end, and what broke, if anything did."""

    rows: int
    head: Link
    broken: Break | None


class Walk:
    """Goes over the rows in the order of the chain and stops at the first that does not hold.

    `expect` is a head noted earlier and kept elsewhere: it must still be in the chain.
    """

    def __init__(self, expect: Link | None = None) -> None:
        self._expect = expect
        self._rows = 0
        self._head = Link(seq=0, hash=START)
        self.broken: Break | None = None
        self._compare_expected()

    def over(self, rows: Iterable[Row]) -> None:
        """Go over the next rows."""
        for row in rows:
            if self.broken is None:
                self.broken = self._judge(row)
            if self.broken is not None:
                return
            self._rows += 1
            self._head = Link(seq=row["seq"], hash=row["hash"])
            self._compare_expected()

    def end(self, noted: Link | None) -> Chain:
        """Compare the end with the head that the database noted."""
        if self.broken is None:
            self.broken = self._judge_end(noted)
        return Chain(rows=self._rows, head=self._head, broken=self.broken)

    def _judge(self, row: Row) -> Break | None:
        seq, due = row["seq"], self._head.seq + 1
        if seq > due:
            return Break(seq=due, kind="missing", text=f"{seq - due} of the rows are missing here")
        if seq < due:
            return Break(seq=seq, kind="doubled", text="two rows have this place")
        if _hash(row) != row["hash"]:
            return Break(seq=seq, kind="changed", text="the row is not what was hashed")
        if row["prev_hash"] != self._head.hash:
            why = "the row follows another one than stands before it: that one was rewritten"
            return Break(seq=seq, kind="unlinked", text=why)
        return None

    def _judge_end(self, noted: Link | None) -> Break | None:
        here, expect = self._head, self._expect
        if noted is None:
            return Break(
                seq=here.seq, kind="head", text="the database has lost its note of the end"
            )
        if noted.seq > here.seq:
            why = f"the rows end here, and {noted.seq} were written"
            return Break(seq=here.seq + 1, kind="cut", text=why)
        if noted != here:
            why = "the database's note of the end is of another chain"
            return Break(seq=here.seq, kind="head", text=why)
        if expect is not None and expect.seq > here.seq:
            why = f"the log ends before the expected row {expect.seq}: it was cut or set back"
            return Break(seq=here.seq + 1, kind="cut", text=why)
        return None

    def _compare_expected(self) -> None:
        expect = self._expect
        if expect is not None and expect.seq == self._head.seq and expect != self._head:
            why = "the row is not the expected one: the log was written anew"
            self.broken = Break(seq=expect.seq, kind="foreign", text=why)


def _hash(row: Row) -> bytes:
    told = hashlib.sha256(_WORD)
    for number in (row["seq"], row["id"], row["at_ns"]):
        told.update(number.to_bytes(8, "big", signed=True))
    for name in ("actor", "action", "object", "told", "trace_id"):
        part = row[name].encode()
        told.update(len(part).to_bytes(4, "big"))
        told.update(part)
    told.update(row["prev_hash"])
    return told.digest()
