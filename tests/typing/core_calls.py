"""What must and must not type-check against the core; `mypy tests/typing` runs in `make lint`.

Each line with an ignore must fail: strict mode reports an ignore that is not needed.
"""

import numpy as np

from vanta import _core
from vanta.domain.enums import Action, Source
from vanta.domain.intent import Intent

pnl_e6: int = _core.pnl(
    entry_e10=1, price_e10=1, collateral_e6=1, leverage_e10=10_000_000_000, is_long=True
)

_core.pnl(1, 1, 1, 1, True)  # type: ignore[call-arg]
_core.notional(collateral_e6=1.5, leverage_e10=1)  # type: ignore[arg-type]
_core.notional(collateral=1, leverage_e10=1)  # type: ignore[call-arg]
_core.PriceBook(_core.AggregateConfig()).quote(0).price  # type: ignore[attr-defined, call-arg]

config = _core.AggregateConfig(strikes=2)
_core.AggregateConfig(strikes=2.0)  # type: ignore[arg-type]
_core.AggregateConfig(strike=2)  # type: ignore[call-arg]
book = _core.PriceBook(config)
_core.PriceBook(None)  # type: ignore[arg-type]
book.tick(0, 0, 1, 1, 1, 1)
book.tick(0, 0, 1.5, 1, 1, 1)  # type: ignore[arg-type]
quote = book.quote(0, now_wall_ns=1, now_mono_ns=1)
price_e10: int = quote.price_e10
quote.price_e10 = 1  # type: ignore[assignment]
as_text: str = quote.price_e10  # type: ignore[assignment]
book.quote(0, now_wall=1, now_mono_ns=1)  # type: ignore[call-arg]

i64 = np.zeros(1, dtype=np.int64)
floats = np.zeros(1, dtype=np.float64)
u16 = np.zeros(1, dtype=np.uint16)
u64 = np.zeros(1, dtype=np.uint64)
flags = np.zeros(1, dtype=np.bool_)
_core.copy_closes(collateral_e6=i64, leader_closed_e6=1, leader_held_e6=2)
_core.copy_closes(collateral_e6=floats, leader_closed_e6=1, leader_held_e6=2)  # type: ignore[arg-type]
_core.gross_pnl(entry_e10=1, price_e10=1, collateral_e6=1, leverage_e10=1, is_long=True)
_core.gross_pnl(entry_e10=1, price_e10=1, collateral_e6=1, is_long=True)  # type: ignore[call-arg]
_core.funding_fee(acc_open=1, acc_now=2, notional_e6=3)
_core.funding_fee(1, 2, 3)  # type: ignore[call-arg]
_core.percent_fee(notional_e6=1, rate_e10=1)  # type: ignore[call-arg]
_core.upside_share(profit_p_e10=1, thresholds_p_e10=[1], fees_p_e10=[1], rule="highest_met")
_core.upside_share(profit_p_e10=1, thresholds_p_e10=[1], fees_p_e10=[1], rule="all")  # type: ignore[arg-type]

risk = _core.RiskBook()
(
    risk.check(1, market_ix=1, is_long=True, collateral_e6=1, leverage_e10=1, price_e10=1, now_ns=1)
    .failures[0]
    .rule
    + 1
)
risk.check(1, 1, True, 1, 1, 1, 1)  # type: ignore[call-arg]
risk.set_marks(u16, price_e10=i64)
risk.set_marks(i64, price_e10=i64)  # type: ignore[arg-type]
risk.release("1")  # type: ignore[arg-type]

triggers = _core.TriggerBook()
triggers.arm(1, version=1, market_ix=1, kind=1, is_long=True, level_e10=1)
triggers.arm(1, version=1, market_ix=1, kind="LIMIT", is_long=True, level_e10=1)  # type: ignore[arg-type]
triggers.on_quote(1, 2.5)  # type: ignore[arg-type]
triggers.on_quotes(u16, price_e10=i64, tradable=u16)  # type: ignore[arg-type]
triggers.memory_bytes()  # type: ignore[operator]

_core.keccak256(b"")
_core.keccak256("0x")  # type: ignore[arg-type]
_core.selector(b"f()")  # type: ignore[arg-type]
_core.abi_encode("uint8", [1]) + ""  # type: ignore[operator]
_core.close_trade_calldata(pair_index=1, index=2, amount_e6=3.5, wanted_price_e10=4)  # type: ignore[arg-type]
_core.append_builder_code(b"", code="00", rate=1, rate_bytes=2)  # type: ignore[arg-type]

domain = _core.IntentDomain(name="A", version="1", chain_id=1, verifying_contract=bytes(20))
_core.IntentDomain(name="A", version=1, chain_id=1, verifying_contract=bytes(20))  # type: ignore[arg-type]
_core.IntentDomain(name="A", version="1", chain_id=1, verifying_contract="0x")  # type: ignore[arg-type]
domain.separator = bytes(32)  # type: ignore[assignment]
_core.intent_digest("OpenTradeReq", message={}, domain=domain)
_core.intent_digest("OpenTradeReq", message=[], domain=domain)  # type: ignore[arg-type]
_core.recover_address(bytes(32), signature="0x")  # type: ignore[arg-type]

tx = _core.Transaction(chain_id=1, nonce=0, gas_limit=21_000, to=bytes(20), max_fee_per_gas_wei=1)
_core.Transaction(chain_id=1, nonce=0, gas_limit=21_000, to="0x")  # type: ignore[arg-type]
_core.Transaction(chain_id=1, nonce=0, gas=21_000, to=None)  # type: ignore[call-arg]
tx.nonce = 1  # type: ignore[assignment]
keyring = _core.Keyring(seed=bytes(32))
_core.Keyring(bytes(32))  # type: ignore[call-arg]
raw, digest = _core.tx_sign(keyring, handle=0, tx=tx)
_core.tx_sign(tx, handle=0, tx=keyring)  # type: ignore[arg-type]
_core.tx_decode(raw.hex())  # type: ignore[arg-type]
_core.checksum_address("0x")  # type: ignore[arg-type]
keyring.add("00")  # type: ignore[arg-type]
keyring.sign_digest(digest, 0)  # type: ignore[arg-type]

ledger = _core.NonceLedger(_core.NonceConfig())
nonce: int = ledger.reserve(0, intent="a", now_ns=1)  # type: ignore[assignment]
ledger.release(0, 1)  # type: ignore[call-arg]
ledger.reserve(0, intent=b"a", now_ns=1)  # type: ignore[arg-type]
ledger.sent(0, hash="0x", outcome="accepted", now_ns=1)  # type: ignore[arg-type]
_core.choose_fees(1, min_base_fee_wei=1, rewards_wei=u64, policy=_core.FeePolicy())
_core.choose_fees(1, min_base_fee_wei=1, rewards_wei=i64, policy=_core.FeePolicy())  # type: ignore[arg-type]
_core.max_spend(21_000, cap_wei=1e9)  # type: ignore[arg-type]

kek = _core.Kek(bytes(32), id="main", version=1)
_core.Kek("00", id="main", version=1)  # type: ignore[arg-type]
kek.version = 2  # type: ignore[assignment]
_core.rewrap(b"", old_kek=kek, new_kek=kek, entropy=bytes(32))
_core.rewrap(b"", kek, kek, bytes(32))  # type: ignore[call-arg]
_core.hmac_digest("sha256", key="k", data=b"")  # type: ignore[arg-type]


class OwnKeyring(_core.Keyring): ...  # type: ignore[misc]


Intent(user_id=1, source="cli", ref="r", action=Action.OPEN, trace_id="t", market_ix=1)  # type: ignore[arg-type]
Intent(source=Source.CLI, ref="r", action=Action.OPEN, trace_id="t", market_ix=1)  # type: ignore[call-arg]
