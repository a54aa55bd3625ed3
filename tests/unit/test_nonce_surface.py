"""What the nonce ledger refuses that no other call has: rows that contradict, states, threads.

What every call must refuse is in `test_core_hostile`.
"""

from functools import partial
from typing import Any

import pytest

from tests.fakes.core_calls import I64
from tests.fakes.nonce_calls import CHAIN, COUNTS, OURS, THEIRS, WALLET, loaded
from tests.fakes.threads import together
from vanta import _core


def test_an_intent_is_as_long_as_it_may_be() -> None:
    ledger = loaded()
    for intent in ("é" * 65, "x" * 129):
        with pytest.raises(_core.InvalidInput, match="intent"):
            ledger.reserve(0, intent=intent, now_ns=0)
    assert ledger.reserve(0, intent="é" * 64, now_ns=0) == 5


ROWS = loaded().dump(0)
LANE_FIELDS = len(ROWS[0])


@pytest.mark.parametrize("table", [0, 1, 2])
@pytest.mark.parametrize("wrong", [None, 1, "x", (), [()], [(1,)], [None], {}, b""])
def test_rows_of_another_shape_are_refused(table: int, wrong: Any) -> None:
    rows: Any = tuple(wrong if at == table else part for at, part in enumerate(ROWS))
    if rows == ROWS:
        return
    ledger = _core.NonceLedger(_core.NonceConfig())
    with pytest.raises((TypeError, _core.InvalidInput)):
        ledger.restore(rows, **COUNTS, now_ns=0)
    assert ledger.open_lane(CHAIN, wallet=WALLET, **COUNTS) == 0


def swapped(table: int, row: int, column: int, value: Any) -> Any:
    rows: list[Any] = [ROWS[0], list(ROWS[1]), list(ROWS[2])]
    if table == 0:
        rows[0] = (*ROWS[0][:column], value, *ROWS[0][column + 1 :])
    else:
        old = rows[table][row]
        rows[table][row] = (*old[:column], value, *old[column + 1 :])
    return tuple(rows)


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "text"),
    [
        (0, 0, 0, -1, "chain_id"),
        (0, 0, 1, b"", "wallet has 0 bytes"),
        (0, 0, 2, 1, "delegated must be bool"),
        (0, 0, 3, "x", "hold"),
        (0, 0, 4, 2**63, "high_water"),
        (0, 0, 5, 2**63, "latest"),
        (0, 0, 6, 6, "safe 6 is above latest 5"),
        (0, 0, 8, -1, "final_block"),
        (1, 0, 0, 6, "nonce 6"),
        (1, 0, 0, I64, "nonce 9223372036854775807"),
        (1, 0, 1, "x", "nonce 5 is RETURNED and has an intent or attempts"),
        (1, 1, 1, "c", "intent has two live nonces in the rows"),
        (1, 1, 1, "", "intent has 0 bytes"),
        (1, 1, 2, "RETURNED", "nonce 6 is RETURNED"),
        (1, 1, 2, "FINAL", "nonce 6 is FINAL and cannot be restored"),
        (1, 1, 2, "MINED", "nonce 6 is MINED without a receipt"),
        (1, 1, 2, "mined", "slots row 1: state"),
        (1, 1, 3, OURS, "slots row 1: block_hash must be bytes"),
        (2, 0, 0, 6.0, "attempts row 0: nonce must be an integer"),
        (2, 0, 0, 9, "nonce 9 has attempts and no slot"),
        (2, 0, 1, bytes(32), "attempts row 0: hash is zero"),
        (2, 0, 2, 3, "tip_wei 3 is above cap_wei 2"),
        (2, 0, 4, "x", "purpose"),
        (2, 0, 5, "x", "outcome"),
    ],
)
def test_rows_that_contradict_are_named(
    table: int, row: int, column: int, value: Any, text: str
) -> None:
    ledger = _core.NonceLedger(_core.NonceConfig())
    with pytest.raises((TypeError, _core.InvalidInput, _core.NonceError)) as raised:
        ledger.restore(swapped(table, row, column, value), **COUNTS, now_ns=0)
    assert text in str(raised.value)
    assert ledger.open_lane(CHAIN, wallet=WALLET, **COUNTS) == 0


def test_a_receipt_must_fit_its_rows() -> None:
    ledger = loaded()
    ledger.sent(0, hash=OURS, outcome="accepted", now_ns=0)
    ledger.confirm(0, nonce=7, hash=OURS, block=1, block_hash=THEIRS, ok=False)
    lane, slots, attempts = ledger.dump(0)
    assert slots[2] == (7, "c", "MINED", OURS, 1, THEIRS, False)
    for state, tx_hash in (("STOLEN", OURS), ("MINED", THEIRS)):
        wrong = [*slots[:2], (7, "c", state, tx_hash, 1, THEIRS, False)]
        with pytest.raises(_core.NonceError, match=f"7 is {state} by a receipt that says other"):
            _core.NonceLedger(_core.NonceConfig()).restore(
                (lane, wrong, attempts), **COUNTS, now_ns=0
            )


def test_a_wallet_has_one_lane_and_an_intent_one_nonce_on_all_of_them() -> None:
    ledger = loaded()
    with pytest.raises(_core.InvalidInput, match="has a lane on chain 8453 already"):
        ledger.open_lane(CHAIN, wallet=WALLET, **COUNTS)
    with pytest.raises(_core.InvalidInput, match="has a lane"):
        ledger.restore(ledger.dump(0), **COUNTS, now_ns=0)
    other = ledger.open_lane(CHAIN, wallet=b"\x08" * 20, **COUNTS)
    with pytest.raises(_core.NonceError, match="nonce 6 is RESERVED for this intent on lane 0"):
        ledger.reserve(other, intent="b", now_ns=0)
    with pytest.raises(_core.InvalidInput, match="lane 2 is unknown"):
        ledger.reserve(2, intent="x", now_ns=0)


def test_refusals_say_state_and_what_was_asked() -> None:
    ledger = loaded()
    assert issubclass(_core.NonceError, RuntimeError)
    for call, text in (
        (lambda: ledger.release(0, nonce=7), "nonce 7 is SIGNED and cannot be released"),
        (lambda: ledger.release(0, nonce=5), "nonce 5 is RETURNED and cannot be released"),
        (lambda: ledger.release(0, nonce=8), "nonce 8 was never reserved and cannot be released"),
        (lambda: ledger.release(0, nonce=4), "nonce 4 is FINAL and cannot be released"),
        (lambda: ledger.fill(0, nonce=6, now_ns=0), "nonce 6 is RESERVED and cannot be filled"),
    ):
        with pytest.raises(_core.NonceError, match=text):
            call()
    ledger.reserve(0, intent="d", now_ns=0)
    ledger.reserve(0, intent="e", now_ns=0)
    assert ledger.reserve(0, intent="f", now_ns=0) == "FULL: 4 of 4 in flight"
    ledger.hold(0)
    assert ledger.reserve(0, intent="f", now_ns=0) == "HOLD: ASKED"


def test_answers_are_frozen() -> None:
    ledger = loaded()
    synced = ledger.sync(0, **COUNTS)
    told = ledger.confirm(0, nonce=7, hash=OURS, block=1, block_hash=THEIRS, ok=True)
    for answer, name in ((synced, "foreign"), (told, "state")):
        with pytest.raises(AttributeError):
            setattr(answer, name, 1)
    assert repr(synced) == "Synced(foreign=[], missing=[], safe=[], verify=[])"
    assert set(_core.NONCE_WORDS) == {"state", "purpose", "outcome", "due"}


def test_threads_share_one_ledger() -> None:
    """However many reserve at once, no nonce is given twice and none is lost."""
    ledger = _core.NonceLedger(_core.NonceConfig(max_in_flight=16))
    lanes = [ledger.open_lane(CHAIN, wallet=bytes([n]) * 20, **COUNTS) for n in range(4)]
    given: list[tuple[int, int]] = []

    def run(worker: int) -> None:
        for at in range(200):
            lane = lanes[at % 4]
            nonce = ledger.reserve(lane, intent=f"{worker}:{at}", now_ns=at)
            ledger.due(CHAIN, now_ns=at)
            if isinstance(nonce, int):
                given.append((lane, nonce))
                if at % 3:
                    ledger.release(lane, nonce=nonce)
                    given.remove((lane, nonce))

    together(*(partial(run, worker) for worker in range(4)))
    held = [(lane, slot[0]) for lane in lanes for slot in ledger.slots(lane)]
    assert sorted(given) == sorted(held)
    assert all(ledger.in_flight(lane) <= 16 for lane in lanes)
