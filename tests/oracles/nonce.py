"""The nonce ledger the slow and obvious way: one list of everything that ever happened to a nonce.

Written from the rules of sending transactions, not from the core. What it refuses it raises.
"""

from dataclasses import dataclass, field

LIVE = {"accepted", "known", "unknown"}


class RefusedError(Exception):
    """What the ledger answers with a `NonceError` or `InvalidInput`."""


@dataclass
class Attempt:
    hash: bytes
    tip: int
    cap: int
    purpose: str
    outcome: str = "unsent"


@dataclass
class Slot:
    nonce: int
    intent: str | None
    attempts: list[Attempt] = field(default_factory=list)
    receipt: tuple[bytes, int] | None = None  # hash, block
    safe: bool = False
    returned: bool = False
    final: bool = False

    @property
    def live(self) -> bool:
        return any(attempt.outcome in LIVE for attempt in self.attempts)

    @property
    def hashes(self) -> list[bytes]:
        return [attempt.hash for attempt in self.attempts]

    @property
    def ours(self) -> bool:
        return self.receipt is not None and self.receipt[0] in self.hashes

    @property
    def open(self) -> bool:
        return self.receipt is None and not self.returned and not self.final


class SlowLedger:
    """One lane. Every question walks all slots."""

    def __init__(self, first: int, cap: int) -> None:
        self.cap = cap
        self.high_water = first
        self.latest = self.safe = self.finalized = first
        self.held = ""
        self.final_block = -1
        self.slots: list[Slot] = []

    def slot(self, nonce: int) -> Slot | None:
        return next((slot for slot in self.slots if slot.nonce == nonce), None)

    def owner(self, tx_hash: bytes) -> Slot | None:
        known = (slot for slot in self.slots if not slot.final)
        return next((slot for slot in known if tx_hash in slot.hashes), None)

    def state(self, slot: Slot) -> str:
        if slot.final:
            return "FINAL"
        if slot.returned:
            return "RETURNED"
        if slot.receipt is not None:
            return ("SAFE" if slot.safe else "MINED") if slot.ours else "STOLEN"
        used = slot.nonce < self.latest
        if not slot.attempts:
            return "STOLEN" if used else "RESERVED"
        if used:
            return "MISSING"
        if slot.live:
            return "BROADCAST"
        unsent = any(attempt.outcome == "unsent" for attempt in slot.attempts)
        return "SIGNED" if unsent else "REFUSED"

    # --- giving and taking back ---

    def in_flight(self) -> int:
        return sum(1 for slot in self.slots if slot.open)

    def reserve(self, intent: str) -> int | str:
        mine = [slot for slot in self.slots if slot.intent == intent]
        if any(not slot.final and not slot.returned for slot in mine):
            raise RefusedError
        if self.held:
            return f"HOLD: {self.held}"
        if self.in_flight() >= self.cap:
            return f"FULL: {self.in_flight()} of {self.cap} in flight"
        back = [slot.nonce for slot in self.slots if slot.returned and slot.nonce >= self.latest]
        nonce = min(back, default=max(self.high_water, self.latest))
        # Used by others, but not for good.
        others = range(max(self.high_water, self.finalized), nonce)
        self.slots.extend(Slot(other, None, returned=True) for other in others)
        self.slots = [slot for slot in self.slots if slot.nonce != nonce]
        self.slots.append(Slot(nonce, intent))
        self.high_water = max(self.high_water, nonce + 1)
        return nonce

    def release(self, nonce: int) -> bool:
        slot = self.slot(nonce)
        if slot is None or not slot.open or slot.attempts:
            raise RefusedError
        slot.returned, slot.intent = True, None
        return nonce in self.gaps()

    def fill(self, nonce: int) -> None:
        slot = self.slot(nonce)
        if slot is None or not slot.returned or slot.final or nonce < self.latest:
            raise RefusedError
        slot.returned = False

    # --- signing and sending ---

    def signed(self, nonce: int, attempt: Attempt) -> None:
        slot = self.slot(nonce)
        if slot is None or not slot.open or nonce < self.latest or self.owner(attempt.hash):
            raise RefusedError
        if attempt.purpose == "original" and (slot.attempts or self.held):
            raise RefusedError
        if attempt.purpose == "bump" and not slot.attempts:
            raise RefusedError
        if slot.intent is None and attempt.purpose in {"original", "cancel"}:
            raise RefusedError
        no_op = any(one.purpose in {"cancel", "filler"} for one in slot.attempts)
        if attempt.purpose == "bump" and slot.intent is not None and no_op:
            raise RefusedError
        slot.attempts.append(attempt)

    def sent(self, tx_hash: bytes, outcome: str) -> int:
        slot = self.owner(tx_hash)
        if slot is None:
            raise RefusedError
        attempt = next(one for one in slot.attempts if one.hash == tx_hash)
        maybe_out = attempt.outcome in LIVE
        attempt.outcome = "unknown" if outcome == "refused" and maybe_out else outcome
        return slot.nonce

    def gaps(self) -> list[int]:
        out = [slot.nonce for slot in self.slots if slot.open and slot.live]
        idle = (slot for slot in self.slots if slot.returned or (slot.open and not slot.live))
        return sorted(
            slot.nonce
            for slot in idle
            if not slot.final and self.latest <= slot.nonce < max(out, default=0)
        )

    # --- the chain's word ---

    def confirm(self, nonce: int, tx_hash: bytes, block: int) -> tuple[str, bool, list[bytes]]:
        owner = self.owner(tx_hash)
        if owner is not None and owner.nonce != nonce:
            raise RefusedError
        slot = self.slot(nonce)
        if slot is None or slot.returned:
            if (slot is None and nonce < self.high_water) or (slot is not None and slot.final):
                raise RefusedError
            self.hold("FOREIGN_USE")
            return "STOLEN", False, []
        if slot.final:
            raise RefusedError
        before = slot.receipt
        was_ours = slot.ours
        slot.receipt = (tx_hash, block)
        slot.safe = slot.ours and nonce < self.safe
        if before is None:
            losers = [one for one in slot.hashes if one != tx_hash]
        else:
            losers = [before[0]] if was_ours and before[0] != tx_hash else []
        if not slot.ours and (before is None or before[0] != tx_hash):
            self.hold("FOREIGN_USE")
        ours, state = slot.ours, self.state(slot)
        if nonce < self.finalized:
            slot.final, state = True, "FINAL"
            self.final_block = max(self.final_block, block)
        return state, ours, losers

    def sync(
        self, latest: int, safe: int, finalized: int
    ) -> tuple[list[int], list[int], list[int], list[int]]:
        if not finalized <= safe <= latest:
            raise RefusedError
        before = self.latest
        self.latest = max(self.latest, latest)
        self.safe = max(self.safe, safe)
        self.finalized = max(self.finalized, finalized)
        foreign = []
        for nonce in range(before, self.latest):
            slot = self.slot(nonce)
            unsigned = slot is not None and (slot.returned or (slot.open and not slot.attempts))
            if (unsigned and not (slot and slot.final)) or nonce >= self.high_water:
                foreign.append(nonce)
        if foreign:
            self.hold("FOREIGN_USE")
        if not self.held:
            for slot in self.slots:
                if slot.returned and slot.nonce < self.finalized:
                    slot.final = True
        new_safe = []
        for slot in self.slots:
            settled = slot.ours and not slot.final and not slot.safe
            if settled and slot.nonce < self.safe:
                slot.safe = True
                new_safe.append(slot.nonce)
        missing = [slot.nonce for slot in self.slots if self.state(slot) == "MISSING"]
        settled_ones = (slot for slot in self.slots if slot.receipt and not slot.final)
        verify = [slot.nonce for slot in settled_ones if slot.nonce < self.finalized]
        return foreign, sorted(missing), sorted(new_safe), sorted(verify)

    def reorg(self, from_block: int) -> tuple[list[int], bool]:
        beyond = self.final_block >= from_block
        if beyond:
            self.hold("FINAL_REORGED")
        back = []
        for slot in self.slots:
            if slot.receipt is not None and not slot.final and slot.receipt[1] >= from_block:
                for attempt in slot.attempts:
                    if attempt.outcome in LIVE or attempt.hash == slot.receipt[0]:
                        attempt.outcome = "unknown"
                slot.receipt, slot.safe = None, False
                back.append(slot.nonce)
            elif slot.open and slot.nonce < self.latest:  # who knows in which block
                for attempt in slot.attempts:
                    if attempt.outcome in LIVE:
                        attempt.outcome = "unknown"
                back.append(slot.nonce)
        for nonce in [*back, *(slot.nonce for slot in self.slots if slot.returned)]:
            if any(slot.nonce == nonce and slot.final for slot in self.slots):
                continue
            self.latest = min(self.latest, nonce)
            self.safe = min(self.safe, nonce)
            self.finalized = min(self.finalized, nonce)
        return sorted(back), beyond

    def hold(self, why: str) -> None:
        if not self.held or why != "ASKED":
            self.held = why

    def resume(self, latest: int) -> None:
        self.latest = latest
        self.safe = min(self.safe, latest)
        self.finalized = min(self.finalized, latest)
        self.held = ""
