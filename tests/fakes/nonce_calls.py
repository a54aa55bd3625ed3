"""One good call per binding of the nonce ledger, for tests that replace its arguments."""

from typing import Any

from tests.fakes.hostile import UNSIGNED_128, Area, Calls
from vanta import _core

CHAIN = 8453
WALLET = b"\x07" * 20
OURS = b"\x01" * 32
THEIRS = b"\x02" * 32
COUNTS: dict[str, Any] = {"latest": 5, "safe": 5, "finalized": 5}


def loaded() -> _core.NonceLedger:
    """A ledger with a returned nonce 5, a reserved 6 and a signed 7."""
    ledger = _core.NonceLedger(_core.NonceConfig())
    lane = ledger.open_lane(CHAIN, wallet=WALLET, **COUNTS)
    for intent in ("a", "b", "c"):
        ledger.reserve(lane, intent=intent, now_ns=0)
    ledger.release(lane, nonce=5)
    ledger.signed(lane, nonce=7, hash=OURS, tip_wei=1, cap_wei=2, purpose="original", now_ns=0)
    return ledger


def calls() -> Calls:
    ledger = loaded()
    other = _core.NonceLedger(_core.NonceConfig())
    return {
        "NonceConfig": (
            _core.NonceConfig,
            {
                "max_in_flight": 4,
                "max_bumps": 8,
                "bump_after_ns": 1,
                "resend_ns": 1,
                "receipt_ns": 1,
                "tags_ns": 1,
                "sign_ns": 1,
            },
        ),
        "NonceLedger": (_core.NonceLedger, {"config": _core.NonceConfig()}),
        "open_lane": (
            ledger.open_lane,
            {"chain_id": 1, "wallet": WALLET, **COUNTS, "delegated": False},
        ),
        "dump": (ledger.dump, {"lane": 0}),
        "restore": (other.restore, {"rows": ledger.dump(0), **COUNTS, "now_ns": 0}),
        "reserve": (ledger.reserve, {"lane": 0, "intent": "d", "now_ns": 0}),
        "release": (ledger.release, {"lane": 0, "nonce": 6}),
        "fill": (ledger.fill, {"lane": 0, "nonce": 5, "now_ns": 0}),
        "signed": (
            ledger.signed,
            {
                "lane": 0,
                "nonce": 6,
                "hash": THEIRS,
                "tip_wei": 1,
                "cap_wei": 2,
                "purpose": "original",
                "now_ns": 0,
            },
        ),
        "sent": (ledger.sent, {"lane": 0, "hash": OURS, "outcome": "accepted", "now_ns": 0}),
        "confirm": (
            ledger.confirm,
            {
                "lane": 0,
                "nonce": 7,
                "hash": OURS,
                "block": 1,
                "block_hash": THEIRS,
                "ok": True,
            },
        ),
        "sync": (ledger.sync, {"lane": 0, **COUNTS}),
        "reorg": (ledger.reorg, {"chain_id": CHAIN, "from_block": 1}),
        "due": (
            ledger.due,
            {"chain_id": CHAIN, "now_ns": 0, "next_base_fee_wei": 1, "low_tip_wei": 1},
        ),
        "gaps": (ledger.gaps, {"lane": 0}),
        "in_flight": (ledger.in_flight, {"lane": 0}),
        "slots": (ledger.slots, {"lane": 0}),
        "hold": (ledger.hold, {"lane": 0}),
        "resume": (ledger.resume, {"lane": 0, "latest": 5}),
        "set_delegated": (ledger.set_delegated, {"lane": 0, "delegated": True}),
    }


AREA = Area(
    name="nonce",
    calls=calls,
    limits=UNSIGNED_128,
    fine=("reserve.intent.unsaid", "reserve.intent.in capitals"),
)
