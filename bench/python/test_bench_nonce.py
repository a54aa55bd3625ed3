"""The nonce ledger through the border, beside a plain Python ledger of dicts and a dataclass.

A round is 256 transactions' lives over 16 wallets, each with 64 settled slots that wait for
finality; intents and hashes rotate. The twin keeps the same promises the plain way: one nonce an
intent, a cap in flight, known hashes, losers, finality. Both give the same answers, asserted first.

    python -m pytest bench/python/test_bench_nonce.py --benchmark-group-by=group
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest

from vanta import _core

CHAIN = 8453
LANES = 16
ROUND = 256
WAITING = 64
NAMES = 8_192
INTENTS = [f"order:{n}" for n in range(NAMES)]
HASHES = [sha256(n.to_bytes(8, "big")).digest() for n in range(NAMES)]
BLOCK = sha256(b"block").digest()


@dataclass(slots=True)
class Slot:
    intent: str
    hashes: dict[bytes, str] = field(default_factory=dict)
    winner: bytes | None = None


class PlainLedger:
    """Dicts and a dataclass: what one would write without a core."""

    def __init__(self) -> None:
        self.lanes = [self._lane() for _ in range(LANES)]
        self.intents: dict[str, tuple[int, int]] = {}

    @staticmethod
    def _lane() -> dict[str, Any]:
        return {"next": 0, "final": 0, "open": {}, "settled": {}, "hashes": {}}

    def reserve(self, lane: int, *, intent: str, now_ns: int) -> int | str:
        if intent in self.intents:
            raise RuntimeError("intent has a nonce")
        at = self.lanes[lane]
        if len(at["open"]) >= 4:
            return "FULL"
        nonce: int = at["next"]
        at["next"] = nonce + 1
        at["open"][nonce] = Slot(intent)
        self.intents[intent] = (lane, nonce)
        return nonce

    def signed(
        self,
        lane: int,
        *,
        nonce: int,
        hash: bytes,
        tip_wei: int,
        cap_wei: int,
        purpose: str,
        now_ns: int,
    ) -> None:
        at = self.lanes[lane]
        if hash in at["hashes"] or len(hash) != 32 or tip_wei > cap_wei:
            raise RuntimeError("hash is known")
        at["open"][nonce].hashes[hash] = "unsent"
        at["hashes"][hash] = nonce

    def sent(self, lane: int, *, hash: bytes, outcome: str, now_ns: int) -> int:
        at = self.lanes[lane]
        nonce: int = at["hashes"][hash]
        at["open"][nonce].hashes[hash] = outcome
        return nonce

    def sync(self, lane: int, *, latest: int, safe: int, finalized: int) -> None:
        self.lanes[lane]["final"] = max(self.lanes[lane]["final"], finalized)

    def confirm(
        self, lane: int, *, nonce: int, hash: bytes, block: int, block_hash: bytes, ok: bool
    ) -> tuple[str, list[bytes]]:
        at = self.lanes[lane]
        slot = at["open"].pop(nonce, None)
        losers = [] if slot is None else [other for other in slot.hashes if other != hash]
        if slot is None:
            slot = at["settled"].pop(nonce)
        slot.winner = hash
        if nonce >= at["final"]:
            at["settled"][nonce] = slot
            return "MINED", losers
        for other in slot.hashes:
            del at["hashes"][other]
        del self.intents[slot.intent]
        return "FINAL", losers


def core_ledger() -> _core.NonceLedger:
    ledger = _core.NonceLedger(_core.NonceConfig())
    for lane in range(LANES):
        wallet = lane.to_bytes(20, "big")
        ledger.open_lane(CHAIN, wallet=wallet, latest=0, safe=0, finalized=0)
    return ledger


LEDGERS: dict[str, Callable[[], Any]] = {"core": core_ledger, "python dict": PlainLedger}


class Life:
    """One transaction after another, and finality for the one of 64 sends ago."""

    def __init__(self, ledger: Any) -> None:
        self.ledger = ledger
        self.turn = 0

    def one(self) -> Any:
        ledger, turn = self.ledger, self.turn
        lane, name = turn % LANES, turn % NAMES
        tx_hash = HASHES[name]
        nonce = ledger.reserve(lane, intent=INTENTS[name], now_ns=turn)
        ledger.signed(
            lane,
            nonce=nonce,
            hash=tx_hash,
            tip_wei=1_000_000,
            cap_wei=12_000_000,
            purpose="original",
            now_ns=turn,
        )
        ledger.sent(lane, hash=tx_hash, outcome="accepted", now_ns=turn)
        told = ledger.confirm(
            lane, nonce=nonce, hash=tx_hash, block=turn, block_hash=BLOCK, ok=True
        )
        old = nonce - WAITING
        if old >= 0:
            ledger.sync(lane, latest=nonce + 1, safe=old + 1, finalized=old + 1)
            before = HASHES[(turn - WAITING * LANES) % NAMES]
            told = ledger.confirm(
                lane, nonce=old, hash=before, block=turn, block_hash=BLOCK, ok=True
            )
        self.turn = turn + 1
        return told

    def round(self) -> None:
        for _ in range(ROUND):
            self.one()


def plain(told: Any) -> Any:
    return told if isinstance(told, tuple) else (told.state, told.losers)


@pytest.mark.benchmark(group="256 transactions from reserve to final")
@pytest.mark.parametrize("who", list(LEDGERS))
def test_life(benchmark: Any, who: str) -> None:
    lives = [Life(make()) for make in LEDGERS.values()]
    for _ in range(WAITING * LANES * 2):
        first, *others = [plain(life.one()) for life in lives]
        assert all(other == first for other in others)
    benchmark(lives[list(LEDGERS).index(who)].round)


@pytest.mark.benchmark(group="what is due over 1,000 wallets of 3 open slots")
def test_due(benchmark: Any) -> None:
    ledger = _core.NonceLedger(_core.NonceConfig())
    for n in range(1_000):
        lane = ledger.open_lane(CHAIN, wallet=n.to_bytes(20, "big"), latest=0, safe=0, finalized=0)
        for k in range(3):
            nonce = ledger.reserve(lane, intent=f"{n}:{k}", now_ns=0)
            assert isinstance(nonce, int)
            tx_hash = sha256(f"{n}:{k}".encode()).digest()
            ledger.signed(
                lane,
                nonce=nonce,
                hash=tx_hash,
                tip_wei=1,
                cap_wei=2,
                purpose="original",
                now_ns=0,
            )
            ledger.sent(lane, hash=tx_hash, outcome="accepted", now_ns=0)
    now = 0

    def look() -> Any:
        nonlocal now
        now += 10**9
        return ledger.due(CHAIN, now_ns=now, next_base_fee_wei=1, low_tip_wei=1)

    assert len(look()) == 1_000
    benchmark(look)
