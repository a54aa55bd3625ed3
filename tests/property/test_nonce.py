"""The nonce ledger over a life, beside the slow one: same answers, same state, after every step.

What must never happen is asserted on its own: a nonce given to two intents, an intent with two live
nonces, a signed nonce given again, a high-water mark that falls.
"""

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.oracles.nonce import Attempt, RefusedError, SlowLedger
from vanta import _core

CHAIN = 8453
WALLET = b"\x07" * 20
FIRST = 5
NO_FINAL_BLOCK = -1

nonces = st.integers(FIRST - 1, FIRST + 10)
hashes = st.integers(1, 30).map(lambda n: n.to_bytes(32, "big"))
block_numbers = st.integers(0, 20)
purposes = st.sampled_from(["original", "original", "bump", "cancel", "filler"])
outcomes = st.sampled_from(["accepted", "known", "unknown", "refused"])


def ranges(nonces: list[int]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for nonce in nonces:
        if out and out[-1][1] + 1 == nonce:
            out[-1] = (out[-1][0], nonce)
        else:
            out.append((nonce, nonce))
    return out


class NonceLife(RuleBasedStateMachine):
    """One wallet, one chain that says whatever it likes."""

    @initialize(cap=st.integers(1, 6))
    def open(self, cap: int) -> None:
        self.config = _core.NonceConfig(max_in_flight=cap)
        self.fast = _core.NonceLedger(self.config)
        self.lane = self.fast.open_lane(
            CHAIN, wallet=WALLET, latest=FIRST, safe=FIRST, finalized=FIRST
        )
        self.slow = SlowLedger(FIRST, cap)
        self.now = 0
        self.signed_nonces: set[int] = set()
        self.high_water = FIRST

    def both(self, fast: Callable[[], Any], slow: Callable[[], Any]) -> Any:
        """Run both; the answer, or None when both refuse."""
        try:
            expected = slow()
        except RefusedError:
            before = self.fast.dump(self.lane)
            try:
                fast()
            except (_core.NonceError, _core.InvalidInput):
                assert self.fast.dump(self.lane) == before, "a refusal changed something"
                return None
            raise AssertionError("the core took what the rules refuse") from None
        answer = fast()
        if isinstance(answer, _core.Confirmed):
            answer = (answer.state, answer.ours, answer.losers)
        elif isinstance(answer, _core.Synced):
            answer = (answer.foreign, answer.missing, answer.safe, answer.verify)
        assert answer == expected
        return answer

    @rule(intent=st.integers(0, 7).map(str))
    def reserve(self, intent: str) -> None:
        nonce = self.both(
            lambda: self.fast.reserve(self.lane, intent=intent, now_ns=self.now),
            lambda: self.slow.reserve(intent),
        )
        if isinstance(nonce, int):
            assert nonce not in self.signed_nonces

    @rule(nonce=nonces)
    def release(self, nonce: int) -> None:
        self.both(
            lambda: self.fast.release(self.lane, nonce=nonce), lambda: self.slow.release(nonce)
        )

    @rule(nonce=nonces)
    def fill(self, nonce: int) -> None:
        self.both(
            lambda: self.fast.fill(self.lane, nonce=nonce, now_ns=self.now),
            lambda: self.slow.fill(nonce),
        )

    @rule(nonce=nonces, tx_hash=hashes, tip=st.integers(0, 9), purpose=purposes)
    def sign(self, nonce: int, tx_hash: bytes, tip: int, purpose: str) -> None:
        def fast() -> None:
            self.fast.signed(
                self.lane,
                nonce=nonce,
                hash=tx_hash,
                tip_wei=tip,
                cap_wei=tip + 9,
                purpose=purpose,
                now_ns=self.now,
            )
            self.signed_nonces.add(nonce)

        self.both(fast, lambda: self.slow.signed(nonce, Attempt(tx_hash, tip, tip + 9, purpose)))

    @rule(tx_hash=hashes, outcome=outcomes)
    def send(self, tx_hash: bytes, outcome: str) -> None:
        self.both(
            lambda: self.fast.sent(self.lane, hash=tx_hash, outcome=outcome, now_ns=self.now),
            lambda: self.slow.sent(tx_hash, outcome),
        )

    @rule(data=st.data(), ours=st.booleans(), block=block_numbers)
    def confirm(self, data: st.DataObject, ours: bool, block: int) -> None:
        signed = [(s.nonce, h) for s in self.slow.slots for h in s.hashes]
        if ours and signed:
            nonce, tx_hash = data.draw(st.sampled_from(signed))
        else:
            nonce, tx_hash = data.draw(nonces), data.draw(hashes | st.just(b"\xff" * 32))
        self.both(
            lambda: self.fast.confirm(
                self.lane, nonce=nonce, hash=tx_hash, block=block, block_hash=bytes(32), ok=True
            ),
            lambda: self.slow.confirm(nonce, tx_hash, block),
        )

    @rule(latest=nonces, behind=st.integers(-1, 3), final=st.integers(-1, 3))
    def sync(self, latest: int, behind: int, final: int) -> None:
        safe = max(latest - behind, 0)
        finalized = max(safe - final, 0)

        def slow() -> Any:
            foreign, *rest = self.slow.sync(latest, safe, finalized)
            return (ranges(foreign), *rest)

        self.both(
            lambda: self.fast.sync(self.lane, latest=latest, safe=safe, finalized=finalized), slow
        )

    @rule(block=block_numbers)
    def reorg(self, block: int) -> None:
        back, beyond = self.slow.reorg(block)
        expected = [(self.lane, back, beyond)] if back or beyond else []
        assert self.fast.reorg(CHAIN, from_block=block) == expected

    @rule()
    def hold(self) -> None:
        self.fast.hold(self.lane)
        self.slow.hold("ASKED")

    @rule(latest=nonces)
    def resume(self, latest: int) -> None:
        self.fast.resume(self.lane, latest=latest)
        self.slow.resume(latest)

    @rule(wait=st.integers(0, 20 * 10**9))
    def look(self, wait: int) -> None:
        self.now += wait
        rows = self.fast.due(CHAIN, now_ns=self.now, next_base_fee_wei=10, low_tip_wei=1)
        states = {s.nonce: self.slow.state(s) for s in self.slow.slots}
        wanted = {
            "SIGN": {"RESERVED"},
            "SEND": {"SIGNED", "BROADCAST"},
            "RESEND": {"BROADCAST"},
            "BUMP": {"BROADCAST"},
            "REPLACE": {"REFUSED"},
            "FILL": {"RETURNED"},
            "RECEIPT": {"SIGNED", "BROADCAST"},
            "FIND": {"MISSING", "STOLEN"},
            "VERIFY": {"MINED", "SAFE", "STOLEN"},
        }
        lowest = min((s.nonce for s in self.slow.slots if s.open), default=-1)
        for lane, nonce, kind, _, _, _ in rows:
            assert lane == self.lane
            assert states[nonce] in wanted[kind], (nonce, kind)
            if self.slow.held:
                assert kind not in {"SIGN", "BUMP", "REPLACE", "FILL"}
            if kind == "BUMP" and nonce != lowest:
                below = [s for s in self.slow.slots if s.open and s.nonce < nonce]
                assert all(s.nonce < self.slow.latest for s in below)
        assert [row[1] for row in rows] == sorted(row[1] for row in rows)
        again = self.fast.due(CHAIN, now_ns=self.now, next_base_fee_wei=10, low_tip_wei=1)
        assert {row[2] for row in again} <= {"FILL"}

    @rule()
    def crash(self) -> None:
        counts = (self.slow.latest, self.slow.safe, self.slow.finalized)
        other = _core.NonceLedger(self.config)
        rows = self.fast.dump(self.lane)
        lane, synced, _ = other.restore(
            rows, latest=counts[0], safe=counts[1], finalized=counts[2], now_ns=self.now
        )
        foreign, *rest = self.slow.sync(*counts)
        assert (synced.foreign, synced.missing, synced.safe, synced.verify) == (
            ranges(foreign),
            *rest,
        )
        self.fast, self.lane = other, lane

    @invariant()
    def both_ledgers_agree(self) -> None:
        kept = sorted(
            (s for s in self.slow.slots if not s.final and not s.returned), key=lambda s: s.nonce
        )
        expected = [(s.nonce, s.intent, self.slow.state(s), s.hashes) for s in kept]
        assert self.fast.slots(self.lane) == expected
        assert self.fast.gaps(self.lane) == self.slow.gaps()
        assert self.fast.in_flight(self.lane) == self.slow.in_flight()
        row = self.fast.dump(self.lane)[0]
        block = NO_FINAL_BLOCK if row[8] is None else row[8]
        slow = self.slow
        assert row[3:8] == (slow.held, slow.high_water, slow.latest, slow.safe, slow.finalized)
        assert block == slow.final_block
        assert row[4] >= self.high_water, "the mark fell"
        self.high_water = row[4]

    @invariant()
    def nobody_shares(self) -> None:
        slots = self.fast.slots(self.lane)
        intents = [intent for _, intent, _, _ in slots if intent is not None]
        assert len(intents) == len(set(intents)), "an intent with two live nonces"
        assert len(slots) == len({nonce for nonce, *_ in slots})


NonceLife.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestNonceLife = NonceLife.TestCase
