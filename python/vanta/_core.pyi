"""Typed face of the Rust core. Each section names its source.

Integers only. `_e10`: price or ratio * 10**10; `_p_e10`: percent, 1 % = 10**10; `_e6`: USD * 10**6;
`_wei`: wei; `_ns`: Unix or monotonic nanoseconds. Arrays are one-dimensional and contiguous, one
per field, of equal length. Addresses are 20 bytes, hashes and words 32, never hex text. A wrong
type raises `TypeError`, a wrong dtype, length, layout or range `InvalidInput`; both name the
argument, a batch also the row. `a = b`: a takes and gives what b does. A code indexes its names.
"""
from collections.abc import Sequence
from typing import Any, Final, Generic, Literal, Never, Self, TypeVar, final

import numpy as np
from numpy.typing import NDArray

_I64 = NDArray[np.int64]; _U64 = NDArray[np.uint64]; _U32 = NDArray[np.uint32]
_U16 = NDArray[np.uint16]; _U8 = NDArray[np.uint8]; _Bool = NDArray[np.bool_]; _T = TypeVar("_T")
_Names = tuple[str, ...]; _Four = tuple[int, int, int, int]; _Many = Sequence[bytes]
class _Read(Generic[_T]):  # a read-only field
    def __get__(self, of: object, kind: type | None = None, /) -> _T: ...
    def __set__(self, of: object, value: Never, /) -> None: ...
_int: _Read[int]; _str: _Read[str]; _bytes: _Read[bytes]; _flag: _Read[bool]; _i64: _Read[_I64]
_u64: _Read[_U64]; _u32: _Read[_U32]; _u16: _Read[_U16]; _u8: _Read[_U8]; _flags: _Read[_Bool]
_ints: _Read[list[int]]; _bytes_or: _Read[bytes | None]; _str_or: _Read[str | None]
__version__: Final[str]; build_profile: Final[str]  # `release`; `debug` must be visible
class VantaError(Exception): ...  # root of everything the core raises
class InvalidInput(VantaError, ValueError): ...  # names the argument, its value and the limit
class ArithmeticOverflow(VantaError, ArithmeticError): ...  # an answer does not fit its unit
class AbiError(VantaError, ValueError): ...  # malformed bytes, or a value that is not of its type
class NonceError(VantaError, RuntimeError): ...  # what the state of a nonce lane forbids
class SealError(VantaError, ValueError): ...  # wrong key, wrong owner or tampered
# --- prices: the design's price rules, versioned --------------------------------------------------
QUALITIES: Final[_Names]; BREAKERS: Final[_Names]; PRICE_REJECTS: Final[_Names]  # 0: ACCEPTED
@final
class AggregateConfig:
    def __new__(cls, *, version: int = 1, stream_max_age_ns: int = 5 * 10**9,
        future_skew_ns: int = 10**9, deviation_e10: int = 5 * 10**7,
        tolerance_cap_e10: int = 15 * 10**7, max_conf_e10: int = 5 * 10**7,
        jump_base_e10: int = 2 * 10**8, jump_slope_e10: int = 5 * 10**7, jump_cap_e10: int = 10**9,
        jump_confirmations: int = 3, expo_confirmations: int = 5, frozen_after_ns: int = 60 * 10**9,
        frozen_move_e10: int = 2 * 10**7, frozen_push_ns: int = 30 * 10**9, strikes: int = 3,
        strike_window_ns: int = 60 * 10**9, quarantine_ns: int = 60 * 10**9,
        quarantine_max_ns: int = 900 * 10**9, return_after_ns: int = 10 * 10**9,
        return_updates: int = 5, breaker_conflict_ns: int = 3 * 10**9,
        breaker_move_e10: int = 5 * 10**8, breaker_contested_e10: int = 2 * 10**8,
        breaker_window_ns: int = 10 * 10**9, breaker_open_ns: int = 30 * 10**9,
        breaker_good: int = 10, display_ns: int = 900 * 10**9, clock_offset_ns: int = 5 * 10**8,
        sequencer_grace_ns: int = 3600 * 10**9, divergence_e10: int = 3 * 10**7,
        divergence_after_ns: int = 120 * 10**9, divergence_tau_ns: int = 30 * 10**9) -> Self: ...
    version = _int
@final
class Quote:
    """`price_e10`: to trade at if the quality allows it, else last known good; 0 = none.
    `as_of_ns`: oldest publish time used. `valid_until_ns`: to when they stay fresh.
    `sources_rejected`: index, OUTLIER, STALE, QUARANTINED, FROZEN, SEQUENCER or CLOSED."""
    market_ix = price_e10 = conf_e10 = quality = breaker = as_of_ns = valid_until_ns = age_ns = _int
    spread_between_sources_e10 = config_version = _int; sources_used: Final[tuple[int, ...]]
    sources_rejected: Final[tuple[tuple[int, str], ...]]
@final
class Quotes: market_ix = _u16; price_e10 = as_of_ns = _i64; quality = breaker = _u8  # as asked
@final
class PriceBook:
    """Asking changes nothing. Observations of one `recv_mono_ns` are simultaneous. An undeclared
    market or source is `InvalidInput`. Until told otherwise: CLOCK_SUSPECT, sequencer up."""
    def __new__(cls, config: AggregateConfig) -> Self: ...
    def add_market(self, market_ix: int, *, min_price_e10: int, max_price_e10: int,
        has_hours: bool = False, max_conf_e10: int = 0) -> None: ...  # 0 = as configured
    def add_feed(self, market_ix: int, source_ix: int, *, kind: str, group: int,
        primary: bool = False, expo: int = -10, interval_ns: int = 10**9, max_age_ns: int = 0,
        heartbeat_ns: int = 0, deviation_e10: int = 0, conf_required: bool = False) -> None:
        """`kind`: "stream" or "push". Of a `group` one counts; 3 intervals of silence: SILENT."""
    def update(self, market_ix: int, source_ix: int, *, value: int | str, expo: int = -10,
        conf: int | str | None = None, publish_ns: int, seq: int | None = None,
        session_open: bool | None = None, recv_wall_ns: int, recv_mono_ns: int) -> int:
        """Mantissas to 30 digits under `expo`; else, and of unknown feeds, MALFORMED, no error."""
    def tick(self, market_ix: int, source_ix: int, price_e10: int, publish_ns: int,
        recv_wall_ns: int, recv_mono_ns: int, conf_e10: int = 0, seq: int = -1
        ) -> _Four: ...  # `update`, quote: (reject, price_e10, quality, breaker); 0, -1 = none
    def update_batch(self, market_ix: _U16, source_ix: _U16, *, price_e10: _I64, conf_e10: _I64,
        publish_ns: _I64, seq: _I64, recv_wall_ns: int, recv_mono_ns: int) -> _U8: ...  # as `tick`
    def set_head(self, source_ix: int, *, head_ns: int, now_wall_ns: int, now_mono_ns: int
        ) -> None: ...  # the newest sealed block that a push source was read at
    def set_sequencer(self, *, up: bool, since_ns: int, now_wall_ns: int, now_mono_ns: int
        ) -> None: ...  # when it last changed, 0 = never seen down
    def set_clock_offset(self, offset_ns: int | None, *, now_wall_ns: int, now_mono_ns: int
        ) -> None: ...  # measured error, None = unknown
    def withdraw(self, market_ix: int, source_ix: int, *, now_wall_ns: int, now_mono_ns: int
        ) -> None: ...  # forget its observation (reorg, feed shut down)
    def repin(self, market_ix: int, source_ix: int, *, expo: int, now_wall_ns: int, now_mono_ns: int
        ) -> None: ...  # by the word of an operator
    def quote(self, market_ix: int, *, now_wall_ns: int, now_mono_ns: int) -> Quote: ...
    def quotes(self, market_ix: _U16, *, now_wall_ns: int, now_mono_ns: int) -> Quotes: ...
    def ages(self, market_ix: int, *, now_wall_ns: int, now_mono_ns: int
        ) -> list[tuple[int, int, str]]: ...  # source_ix, age or -1, FRESH | reason | SILENT
    def alarms(self, market_ix: int, *, now_wall_ns: int, now_mono_ns: int) -> list[str]:
        """What an operator should look at: CONFLICT (for 3 s), DIVERGENCE (a gap for 2 min)."""
    def counters(self) -> dict[str, int]: ...  # observations, by `PRICE_REJECTS`
    def memory_bytes(self) -> int: ...
# --- margin: the venue's contracts and SDK 2.2 ----------------------------------------------------
# Amounts e6. Rounding is against the trader unless "as the contract". Above 64 bits:
# `ArithmeticOverflow`. Tiers (Upside): thresholds in percent of collateral, fees of profit.
_Ints = Sequence[int]; _Pairs = Sequence[tuple[int, int]]; _Findings = list[tuple[int, int, int]]
_Rule = Literal["highest_met", "count_met"]; _Base = Literal["notional", "notional_plus_pnl"]
_Rate = tuple[int, str]; ORDER_RULES: Final[_Names]; COPY_SKIPS: Final[_Names]  # 0 (NONE): copied
def notional(*, collateral_e6: int, leverage_e10: int) -> int: ...  # rounded down as the contract
def fee(*, notional_e6: int, rate_e10: int) -> int: ...  # rounded up
def execution_price(*, price_e10: int, spread_e10: int, is_long: bool, is_open: bool) -> int: ...
def pnl(*, entry_e10: int, price_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool
    ) -> int: ...  # gross, rounded down (towards loss), never below -collateral
gross_pnl = pnl  # not bounded by the collateral: the web app's estimate
def pnls(*, entry_e10: _I64, price_e10: _I64, collateral_e6: _I64, leverage_e10: _I64,
    is_long: _Bool) -> _I64: ...
def liquidation_price(*, entry_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool,
    threshold_e10: int, rollover_e6: int = 0, funding_e6: int = 0
    ) -> int: ...  # rounded towards entry, at least 0 as the contract
liquidation_estimate = liquidation_price  # not clamped, may be below 0: the web app's estimate
def liquidation_prices(*, entry_e10: _I64, collateral_e6: _I64, leverage_e10: _I64, is_long: _Bool,
    threshold_e10: _I64, rollover_e6: _I64, funding_e6: _I64) -> _I64: ...
def safe_line(*, entry_e10: int, liquidation_e10: int, buffer_e10: int, is_long: bool
    ) -> int: ...  # moved from liquidation to entry by `buffer` of the distance
@final
class Health:  # 0 healthy, 1 beyond safe line, 2 liquidation; distance left 0 = at liquidation
    liquidation_e10 = safe_line_e10 = pnl_e6 = distance_left_e10 = _i64; state = _u8
def health_scan(*, entry_e10: _I64, price_e10: _I64, collateral_e6: _I64, leverage_e10: _I64,
    is_long: _Bool, threshold_e10: _I64, buffer_e10: _I64, out: Health = ...
    ) -> Health: ...  # `out`, an earlier answer of n rows, is written over and returned
def size_for_risk(*, risk_e6: int, entry_e10: int, stop_e10: int, leverage_e10: int, cost_e10: int,
    is_long: bool) -> int: ...  # loses at most that at the stop; cost: both ways, of notional
def sizes_for_risk(*, risk_e6: _I64, entry_e10: _I64, stop_e10: _I64, leverage_e10: _I64,
    cost_e10: _I64, is_long: _Bool) -> _I64: ...
def percent_fee(*, notional_e6: int, rate_p_e10: int, discount_p_e10: int = 0) -> int: ...  # up
def skew_open_fee(*, notional_e6: int, is_long: bool, oi_long_e6: int, oi_short_e6: int,
    skew_lines_e10: _Pairs, discount_p_e10: int = 0) -> tuple[int, int]: ...  # legacy: percent, fee
def maker_taker_fee(*, long_coin_e10: int, short_coin_e10: int, after_long_coin_e10: int,
    after_short_coin_e10: int, size_coin_e10: int, maker_p_e10: int, taker_p_e10: int) -> _Rate: ...
def open_maker_taker_fee(*, long_coin_e10: int, short_coin_e10: int, size_coin_e10: int,
    is_long: bool, maker_p_e10: int, taker_p_e10: int) -> _Rate: ...  # maker, taker or mixed
close_maker_taker_fee = open_maker_taker_fee  # the size clamped to what the closing side holds
def upside_share(*, profit_p_e10: int, thresholds_p_e10: _Ints, fees_p_e10: _Ints, rule: _Rule
    ) -> int: ...  # percent of the profit that goes to the venue, by its tiers
def upside_fee(*, profit_p_e10: int, pnl_e6: int, thresholds_p_e10: _Ints, fees_p_e10: _Ints,
    rule: _Rule) -> tuple[int, int]: ...  # (share, fee) of a realised profit; (0, 0) of a loss
def adjusted_max_gain(*, max_gain_p_e10: int, thresholds_p_e10: _Ints, fees_p_e10: _Ints
    ) -> int: ...  # largest take profit net of the share there, rounded down
@final
class NetPnl:  # net = gross - closing_fee - profit_share + loss_protection - rollover - funding
    gross_e6 = closing_fee_e6 = loss_protection_e6 = profit_share_e6 = net_e6 = _int
def net_pnl(*, entry_e10: int, price_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool,
    rollover_e6: int, funding_e6: int, close_fee_p_e10: int, fee_discount_p_e10: int = 0,
    loss_protection_p_e10: int = 0, close_fee_base: _Base = "notional"
    ) -> NetPnl: ...  # the base is the contract's or the web app's
def net_pnl_upside(*, entry_e10: int, price_e10: int, collateral_e6: int, leverage_e10: int,
    is_long: bool, rollover_e6: int, funding_e6: int, thresholds_p_e10: _Ints, fees_p_e10: _Ints,
    rule: _Rule = "highest_met") -> NetPnl: ...  # of a position that pays a share of profit
def closing_payout(*, collateral_e6: int, pnl_e6: int, charges_e6: int, threshold_e10: int
    ) -> int: ...  # collateral + pnl - charges; 0 if not above collateral * (1 - threshold)
def coin_size(*, notional_e6: int, entry_e10: int, base_is_usd: bool = False) -> int: ...  # e10
def percent_profit(*, entry_e10: int, price_e10: int, leverage_e10: int, is_long: bool,
    max_gain_p_e10: int) -> int: ...  # as the contract: truncated, within -100 % and the maximum
def percent_pnl(*, collateral_e6: int, profit_p_e10: int) -> int: ...  # as the contract
def rollover_fee(*, acc_open: int, acc_now: int, notional_e6: int) -> int: ...  # as the contract
funding_fee = rollover_fee  # (now - open) * notional / 10**6; negative = received, rounded up
def margin_update(*, collateral_e6: int, notional_e6: int, amount_e6: int, is_deposit: bool,
    fees_e6: int) -> tuple[int, int]: ...  # (collateral, leverage) after, as the contract
def withdrawal_leaves_enough(*, collateral_e6: int, pnl_e6: int, threshold_e10: int) -> bool: ...
def impact_spread(*, flow: int, depth: int, impact_p_e10: int, constant_p_e10: int,
    max_spread_p_e10: int) -> int: ...  # impact * sqrt(|flow| / depth) + constant, at most max
def tp_price(*, base_e10: int, take_profit_p_e10: int, leverage_e10: int, is_long: bool,
    profit_share_p_e10: int = 0) -> int: ...  # percent of collateral; away from base, stops to it
def tp_percent(*, base_e10: int, price_e10: int, leverage_e10: int, is_long: bool,
    profit_share_p_e10: int = 0) -> int: ...
def sl_price(*, base_e10: int, stop_loss_p_e10: int, leverage_e10: int, is_long: bool) -> int: ...
def sl_percent(*, base_e10: int, price_e10: int, leverage_e10: int, is_long: bool) -> int: ...
def curve_min_stop(*, leverage_e10: int, curve_e10: _Pairs) -> int: ...  # (leverage, percent)
def tpsl_bounds(*, base_e10: int, leverage_e10: int, is_long: bool, max_gain_p_e10: int,
    min_stop_p_e10: int, max_stop_p_e10: int, profit_share_p_e10: int = 0
    ) -> tuple[int, int, int]: ...  # furthest take profit, nearest stop, furthest stop
@final
class OiCaps:
    def __new__(cls, *, max_open_interest_e6: int, total_oi_e6: int, max_group_oi_e6: int,
        group_oi_e6: int, max_wallet_oi_e6: int, pair_max_oi_e6: int, long_oi_e6: int,
        short_oi_e6: int, group_share_p_e10: int, max_long_p_e10: int, max_short_p_e10: int,
        liquidity_buy_e6: int = ..., liquidity_sell_e6: int = ...) -> Self: ...
    def headroom(self, *, is_long: bool, wallet_oi_e6: int) -> int: ...  # notional left
@final
class OrderRules:
    def __new__(cls, *, is_listed: bool, is_close_only: bool, is_open: bool, is_upside: bool,
        min_leverage_e10: int, max_leverage_e10: int, min_notional_e6: int, max_trades: int,
        max_gain_p_e10: int, max_stop_p_e10: int, spread_buffer_p_e10: int, max_slippage_p_e10: int,
        max_half_spread_p_e10: int, max_spread_x_leverage_p_e10: int, upside_floor_p_e10: int,
        curve_e10: _Pairs, thresholds_p_e10: _Ints, fees_p_e10: _Ints) -> Self: ...
    def min_stop(self, *, leverage_e10: int, spread_p_e10: int = ...) -> int: ...  # percent
def validate_order(rules: OrderRules, caps: OiCaps, *, is_long: bool, collateral_e6: int,
    leverage_e10: int, wallet_oi_e6: int, open_trades: int,
    kind: Literal["market", "limit", "stop_limit"] = "market", price_e10: int = ...,
    market_e10: int = ..., take_profit_p_e10: int = ..., stop_loss_p_e10: int = ...,
    spread_p_e10: int = ..., slippage_p_e10: int = ...) -> tuple[_Findings, _Findings]: ...
@final
class CopySizes: collateral_e6 = leverage_e10 = notional_e6 = _i64; skip = _u8  # 0 where skipped
def copy_sizes(*, leader_collateral_e6: int, leader_leverage_e10: int, leader_equity_e6: int,
    delay_ns: int, slip_e10: int, min_leverage_e10: int, max_market_leverage_e10: int,
    min_notional_e6: int, open_fee_p_e10: int, allowed: _Bool, mode: _U8, value: _I64,
    equity_e6: _I64, free_e6: _I64, max_collateral_e6: _I64, max_notional_e6: _I64,
    max_leverage_e10: _I64, min_leader_e6: _I64, max_leader_e6: _I64, max_delay_ns: _I64,
    max_slip_e10: _I64) -> CopySizes:
    """Rounded down, under every cap. `mode` 0: `value` e6; else e10 of 1 the leader's collateral,
    2 own equity, 3 the leader's by equity. `copy_closes`: the leader's share of own, up."""
def copy_closes(*, collateral_e6: _I64, leader_closed_e6: int, leader_held_e6: int) -> _I64: ...
# --- risk: the design's limits, of all users of this shard ----------------------------------------
# What a rule refuses is a value, in the rule's unit; the limit itself passes (not LOSSES_IN_ROW).
RULES: Final[_Names]  # in the published order. `resets_at_ns`: waiting makes it pass, 0 = never
@final
class Failure: rule = value = limit = resets_at_ns = _int
@final
class RiskVerdict:
    """`nearest_collateral_e6`: largest smaller one that would pass, 0 = none. `required_e6`: with
    fee. `spread_cost_e6`: way out. `worst_loss_e6`: at the stop, else all, with all costs."""
    ok = _flag; nearest_collateral_e6 = reservation = notional_e6 = required_e6 = entry_e10 = _int
    open_fee_e6 = close_fee_e6 = spread_cost_e6 = liquidation_e10 = safe_line_e10 = _int
    worst_loss_e6 = equity_e6 = _int; failures: Final[tuple[Failure, ...]]
@final
class Admissions:  # columns of `admit_batch`, a row for each asked one: the first failure
    ok = _flags; rule = _u8; value = limit = resets_at_ns = nearest_collateral_e6 = _i64
    reservation = _u64
@final
class Exposure:  # at the last marks; `day_pnl_e6`: realised plus unrealised since 00:00 UTC
    cash_e6 = reserved_e6 = margin_e6 = unrealised_e6 = equity_e6 = free_e6 = _int
    long_notional_e6 = short_notional_e6 = day_pnl_e6 = day_start_equity_e6 = _int
    opens_last_minute = trades_today = volume_hour_e6 = volume_day_e6 = losses_in_row = _int
@final
class RiskBook:
    def set_market(self, market_ix: int, *, min_leverage_e10: int, max_leverage_e10: int,
        min_notional_e6: int, threshold_e10: int, open_fee_e10: int, close_fee_e10: int,
        spread_e10: int, is_open: bool = True) -> None: ...  # or replace its facts; False: no opens
    def load_users(self, user_ix: _U32, *, cash_e6: _I64, day_start_equity_e6: _I64,
        losses_in_row: _I64, max_leverage_e10: _I64, max_position_e6: _I64,
        max_account_risk_e10: _I64, liquidation_buffer_e10: _I64, max_daily_loss_e10: _I64,
        opens_per_minute: _I64, trades_per_day: _I64, volume_hour_e6: _I64, volume_day_e6: _I64,
        max_losses_in_row: _I64) -> None: ...  # or replace cash and limits; positions stay
    def load_opens(self, user_ix: _U32, *, at_ns: _I64, notional_e6: _I64) -> None: ...  # in order
    def set_marks(self, market_ix: _U16, *, price_e10: _I64) -> None: ...
    def admit(self, user_ix: int, *, market_ix: int, is_long: bool, collateral_e6: int,
        leverage_e10: int, price_e10: int, stop_loss_e10: int = 0, now_ns: int) -> RiskVerdict: ...
    check = admit  # the same answer; only `admit` reserves cash and counts the open
    def admit_batch(self, user_ix: _U32, *, market_ix: _U16, is_long: _Bool, collateral_e6: _I64,
        leverage_e10: _I64, price_e10: _I64, stop_loss_e10: _I64, now_ns: int) -> Admissions: ...
    def release(self, reservation: int) -> bool: ...  # of a refused order; False when unknown
    def apply_fill(self, user_ix: int, *, position_id: int, market_ix: int, is_long: bool,
        entry_e10: int, collateral_e6: int, leverage_e10: int, cash_delta_e6: int, realised_e6: int,
        is_close: bool, at_ns: int, reservation: int = 0) -> None: ...  # collateral 0: gone
    def start_day(self, user_ix: int, *, day_start_ns: int, equity_e6: int) -> None: ...
    def exposure(self, user_ix: int, *, now_ns: int) -> Exposure: ...
    def dump(self) -> list[tuple[int, int, int, int, int, int, int]]:
        """(user, position_id, market, 1 long | 0 short, entry_e10, collateral_e6, leverage_e10)."""
    def memory_bytes(self) -> int: ...
# --- triggers: armed levels; a tick touches only what fires ---------------------------------------
TRIGGER_KINDS: Final[_Names]
@final
class Firings: row = version = _u32; id = level_e10 = _i64; kind = _u8
@final
class TriggerBook:
    """Equal prices fire, each id once, as (id, version, kind, level_e10): falls from the highest,
    then rises from the lowest, then by id. A long's (short mirrored) STOP_LOSS, BUFFER, LIMIT fire
    at or below `level`, TAKE_PROFIT at or above; TRAILING `distance` behind the best since `level`;
    BREAK_EVEN, once `distance` in gain, at `level` + `offset`. Unused is 0, as is no price."""
    def arm(self, id: int, *, version: int, market_ix: int, kind: int, is_long: bool,
        level_e10: int, distance_e10: int = 0, offset_e10: int = 0) -> None: ...  # or newer version
    def arm_batch(self, id: _I64, *, version: _U32, market_ix: _U16, kind: _U8, is_long: _Bool,
        level_e10: _I64, distance_e10: _I64, offset_e10: _I64) -> None: ...  # all rows or none
    def disarm(self, id: int) -> bool: ...  # False: not armed (any more)
    def disarm_batch(self, id: _I64) -> _Bool: ...
    def on_quote(self, market_ix: int, price_e10: int) -> tuple[_Four, ...]: ...
    def on_quotes(self, market_ix: _U16, *, price_e10: _I64, tradable: _Bool) -> Firings: ...
    def next_levels(self, market_ix: int) -> tuple[int | None, int | None]: ...  # above, below
    def level(self, id: int) -> int | None: ...  # None: unknown, at rest or out of reach
    memory_bytes = _int
    def __len__(self) -> int: ...
    def __contains__(self, id: int, /) -> bool: ...
# --- abi: Solidity's ABI, the venue's contracts ---------------------------------------------------
# Values: int, bytes, str, tuple, list (of arrays). Unfit or not canonical: `AbiError` saying where.
def open_trade_calldata(trader: bytes, *, pair_index: int, collateral_e6: int, open_price_e10: int,
    is_long: bool, leverage_e10: int, tp_e10: int, sl_e10: int, order_type: int, slippage_e10: int
    ) -> bytes: ...  # 0 = none; type 0 market, 1 stop-limit, 2 limit, 3 fee on profit; slippage %
def close_trade_calldata(*, pair_index: int, index: int, amount_e6: int, wanted_price_e10: int
    ) -> bytes: ...  # `closeTradeMarket` of v2, 132 bytes; collateral to take out
@final
class OpenOrders:  # n opens, checked once; `trader` is one address or n * 20 bytes
    def __new__(cls, *, trader: bytes | _U8, pair_index: _U16, collateral_e6: _I64,
        open_price_e10: _I64, is_long: _Bool, leverage_e10: _I64, tp_e10: _I64, sl_e10: _I64,
        order_type: _U8, slippage_e10: _I64) -> Self: ...
    def __len__(self) -> int: ...
    def calldata(self) -> _U8: ...  # n * 420 bytes
def abi_encode(types: Sequence[str], values: Sequence[Any]) -> bytes: ...
def abi_decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]: ...
def abi_encode_packed(types: Sequence[str], values: Sequence[Any]) -> bytes: ...
def selector(signature: str) -> bytes: ...  # 4 bytes
def keccak256(data: bytes) -> bytes: ...
def append_builder_code(calldata: bytes, *, code: bytes, rate: int, rate_bytes: int) -> bytes: ...
def split_builder_code(calldata: bytes, *, rate_bytes: int) -> tuple[bytes, bytes, int] | None: ...
@final
class Event:  # structs are dicts, an indexed reference type its hash; doubtful: of third parties
    name = signature = version = _str; doubtful = _flag; fields: Final[dict[str, Any]]
@final
class AbiTable:
    """`extra` lines `v2? event E(address indexed a)`, `v2 function f(...) returns (...)`,
    `v2 error E()` add or replace. `name`: or a signature. None: unknown, unfit, other emitter."""
    def __new__(cls, extra: Sequence[str] = ()) -> Self: ...
    def entries(self) -> list[tuple[str, str, bytes, str, bool]]: ...
    def encode_call(self, name: str, args: Sequence[Any]) -> bytes: ...
    def decode_call(self, calldata: bytes) -> tuple[str, tuple[Any, ...]] | None: ...
    def decode_error(self, data: bytes) -> tuple[str, tuple[Any, ...]] | None: ...
    def encode_return(self, name: str, values: Sequence[Any]) -> bytes: ...
    def decode_return(self, name: str, data: bytes) -> tuple[Any, ...]: ...
    def encode_log(self, name: str, values: Sequence[Any]) -> tuple[list[bytes], bytes]: ...
    def decode_logs(self, logs: Sequence[tuple[bytes, _Many, bytes]], *,
        emitters: _Many | None = None) -> list[Event | None]: ...  # emitter, topics, data
# --- typed data: EIP-712, EIP-191, EIP-7702, the venue's intents and delegate ---------------------
# `kind`: a primary type; `message`: exactly its fields, a struct as dict; errors name the field.
_Message = dict[str, Any]; _Call = tuple[bytes, int, bytes]  # to, value in wei, data
@final
class IntentDomain:
    separator = _bytes
    def __new__(cls, *, name: str, version: str, chain_id: int, verifying_contract: bytes
        ) -> Self: ...
@final
class SignedIntent: digest = intent = signature = _bytes  # signature r || s || v (27, 28)
def intent_type(kind: str) -> tuple[str, bytes]: ...  # type string and type hash
def intent_struct_hash(kind: str, *, message: _Message) -> bytes: ...
def intent_digest(kind: str, *, message: _Message, domain: IntentDomain) -> bytes: ...
def intent_digests(kind: str, *, messages: list[_Message], domain: IntentDomain) -> list[bytes]: ...
def intent_bytes(kind: str, *, message: _Message) -> bytes: ...  # `userIntent`
def decode_intent(kind: str, *, data: bytes) -> _Message: ...  # `AbiError` unless canonical
def sign_intent(keyring: Keyring, *, handle: int, kind: str, message: _Message, domain: IntentDomain
    ) -> SignedIntent: ...
def sign_intents(keyring: Keyring, *, handles: list[int], kind: str, messages: list[_Message],
    domain: IntentDomain) -> list[SignedIntent]: ...  # message i by handle i
def typed_data_digest(data: str | bytes) -> bytes: ...  # of EIP-712 JSON; errors say where
def typed_data_encoded(data: str | bytes) -> bytes: ...  # type hash and words
def personal_digest(message: bytes) -> bytes: ...  # EIP-191
def recover_address(digest: bytes, *, signature: bytes) -> bytes: ...  # v 0, 1, 27, 28; high s too
def delegate_of(code: bytes) -> bytes | None: ...  # whose code an account with this one runs
# What a delegating account signs for a relay, and that call to itself; `nonce` = key << 64.
def execute_digest(account: bytes, *, chain_id: int, calls: list[_Call], nonce: int) -> bytes: ...
def execute_calldata(*, calls: list[_Call], nonce: int, signature: bytes) -> bytes: ...
# --- transactions: EIP-2718, 2930, 1559, 4844, 7702, 155, 2; RLP; EIP-55 --------------------------
_Accesses = Sequence[tuple[bytes, _Many]]; _Raw = tuple[bytes, bytes]  # signed bytes, their hash
_Leave = tuple[int, bytes, int, int, int, int]  # chain_id, address, nonce, y_parity, r, s
@final
class Transaction:  # types 0 to 4; without chain: type 0, holds on all; `gas_price_wei`: 0 and 1
    type = nonce = gas_limit = value_wei = max_fee_per_gas_wei = max_priority_fee_per_gas_wei = _int
    max_fee_per_blob_gas_wei = _int; chain_id: Final[int | None]; to = _bytes_or; data = _bytes
    access_list: Final[_Accesses]; authorizations: Final[tuple[_Leave, ...]]
    blob_hashes: Final[tuple[bytes, ...]]
    def __new__(cls, *, type: int = 2, chain_id: int | None, nonce: int, gas_limit: int,
        to: bytes | None, value_wei: int = 0, data: bytes = b"", gas_price_wei: int = ...,
        max_fee_per_gas_wei: int = ..., max_priority_fee_per_gas_wei: int = ...,
        access_list: _Accesses = (), max_fee_per_blob_gas_wei: int = ..., blob_hashes: _Many = (),
        authorizations: Sequence[_Leave] = ()) -> Self: ...
@final
class SignedTransaction: hash = sender = signature = _bytes; tx: Final[Transaction]
def tx_preimage(tx: Transaction) -> bytes: ...  # its keccak is `tx_signing_hash`
def tx_signing_hash(tx: Transaction) -> bytes: ...
def tx_sign(keyring: Keyring, *, handle: int, tx: Transaction) -> _Raw: ...  # RFC 6979; no type 3
def tx_signs(keyring: Keyring, *, handle: int, orders: OpenOrders | _Many, chain_id: int, to: bytes,
    nonce: _U64, gas_limit: int | _U64, max_fee_per_gas_wei: int | _U64,
    max_priority_fee_per_gas_wei: int | _U64, value_wei: int | _U64 = 0) -> list[_Raw]: ...
def tx_assemble(tx: Transaction, *, signature: bytes) -> _Raw: ...  # low-s, made elsewhere
def tx_decode(raw: bytes) -> SignedTransaction: ...  # `AbiError` unless canonical and low-s
def authorization_hash(*, chain_id: int, address: bytes, nonce: int) -> bytes: ...
def authorization_sign(keyring: Keyring, *, handle: int, chain_id: int, address: bytes, nonce: int
    ) -> _Leave: ...  # leave to run the code of `address`; chain 0 = every chain
def normalize_signature(der: bytes, *, digest: bytes, expected_address: bytes) -> bytes: ...
def intrinsic_gas(tx: Transaction, *, nonzero_byte: int = 16, create: int = 32000,
    init_word: int = 2, floor_token: int = 10) -> tuple[int, int]: ...  # before code, at least
def rlp_encode(item: Any) -> bytes: ...  # nested lists of bytes, at most 512 deep
def rlp_decode(data: bytes) -> Any: ...  # `AbiError` unless canonical, 1 MiB and 512 deep at most
def create_address(sender: bytes, *, nonce: int) -> bytes: ...
def create2_address(sender: bytes, *, salt: bytes, init_code_hash: bytes) -> bytes: ...  # EIP-1014
def checksum_address(address: bytes) -> str: ...  # EIP-55
def parse_address(text: str) -> bytes: ...  # verifies EIP-55; digits of one case have no checksum
# --- nonces: a lane per (chain, wallet) -----------------------------------------------------------
NONCE_WORDS: Final[dict[str, _Names]]  # by "state", "purpose", "outcome", "due"
_Reorged = tuple[int, list[int], bool]  # lane, nonces open again, whether a final block is gone
_Due = tuple[int, int, str, bytes | None, int, int]  # lane, nonce, kind, hash, tip and cap wei
_Lane = tuple[int, bytes, bool, str, int, int, int, int, int | None]
_Slot = tuple[int, str | None, str, bytes | None, int, bytes | None, bool]
_Attempt = tuple[int, bytes, int, int, str, str]; _Rows = tuple[_Lane, list[_Slot], list[_Attempt]]
@final
class NonceConfig:  # in flight 1..=16, bumps 0..=32, intervals 1 ns..=1 h
    def __new__(cls, *, max_in_flight: int = 4, max_bumps: int = 8, bump_after_ns: int = 6 * 10**9,
        resend_ns: int = 4 * 10**9, receipt_ns: int = 500_000_000, tags_ns: int = 12 * 10**9,
        sign_ns: int = 2_500_000_000) -> Self: ...
@final
class Confirmed:  # `state` MINED, SAFE, STOLEN or FINAL; hashes of ours that lost, told once
    state = _str; ours = _flag; intent = purpose = _str_or; losers: Final[list[bytes]]
@final
class Synced:  # `foreign` (first, last) used unsigned: hold; `missing` a receipt; to `verify`
    foreign: Final[list[tuple[int, int]]]; missing = safe = verify = _ints
@final
class NonceLedger:
    """Which nonce belongs to which intent. Counts only raise the floor; an intent gets another
    nonce only when its first was never signed, or is FINAL. What a state forbids: `NonceError`."""
    def __new__(cls, config: NonceConfig) -> Self: ...
    def open_lane(self, chain_id: int, *, wallet: bytes, latest: int, safe: int, finalized: int,
        delegated: bool = False) -> int: ...  # the lane
    def dump(self, lane: int) -> _Rows: ...
    def restore(self, rows: _Rows, *, latest: int, safe: int, finalized: int,
        now_ns: int) -> tuple[int, Synced, list[_Due]]: ...  # lane, changes, work
    def reserve(self, lane: int, *, intent: str, now_ns: int) -> int | str: ...  # or FULL, HOLD
    def release(self, lane: int, *, nonce: int) -> bool: ...  # True: it blocks later ones
    def fill(self, lane: int, *, nonce: int, now_ns: int) -> None: ...
    def signed(self, lane: int, *, nonce: int, hash: bytes, tip_wei: int, cap_wei: int,
        purpose: str, now_ns: int) -> None: ...
    def sent(self, lane: int, *, hash: bytes, outcome: str, now_ns: int) -> int: ...
    def confirm(self, lane: int, *, nonce: int, hash: bytes, block: int, block_hash: bytes, ok: bool
        ) -> Confirmed: ...  # what used it, ours or not
    def sync(self, lane: int, *, latest: int, safe: int, finalized: int) -> Synced: ...
    def reorg(self, chain_id: int, *, from_block: int) -> list[_Reorged]: ...
    def due(self, chain_id: int, *, now_ns: int, next_base_fee_wei: int = 0, low_tip_wei: int = 0
        ) -> list[_Due]: ...  # what to do now: the "due" of `NONCE_WORDS`
    def gaps(self, lane: int) -> list[int]: ...
    def in_flight(self, lane: int) -> int: ...
    def slots(self, lane: int) -> list[tuple[int, str | None, str, list[bytes]]]: ...
    def hold(self, lane: int) -> None: ...
    def resume(self, lane: int, *, latest: int) -> None: ...
    def set_delegated(self, lane: int, *, delegated: bool) -> None: ...
# --- fees: EIP-1559, the OP-stack specification; wei per gas --------------------------------------
@final
class FeeMarket:  # given, or of a header (Holocene, Jovian `extraData`)
    elasticity = denominator = min_base_fee_wei = _int
    def __new__(cls, *, elasticity: int, denominator: int, min_base_fee_wei: int = 0) -> Self: ...
    @staticmethod
    def of_extra_data(extra_data: bytes) -> FeeMarket: ...
    def next_base_fee(self, base_fee_wei: int, *, gas_used: int, gas_limit: int,
        blob_gas_used: int = 0, blocks: int = 0) -> int: ...  # or at worst `blocks` later
@final
class FeePolicy:
    def __new__(cls, *, min_tip_wei: int = 1, max_tip_wei: int = 10**9, max_cap_wei: int = 10**11,
        tip_percentile: int = 50, bump_bps: int = 1_250, max_multiple: int = 5,
        multiple_from_wei: int = 10**9) -> Self: ...
@final
class Fees: tip_wei = cap_wei = _int; reason = _str  # MARKET, CEILING, BUMP, MULTIPLE, BUDGET
def choose_fees(next_base_fee_wei: int, *, min_base_fee_wei: int, rewards_wei: _U64,
    policy: FeePolicy) -> Fees: ...
def bump_fees(tip_wei: int, *, cap_wei: int, market_tip_wei: int, next_base_fee_wei: int,
    min_base_fee_wei: int, gas_limit: int, budget_wei: int, value_wei: int = 0, l1_fee_wei: int = 0,
    operator_fee_wei: int = 0, policy: FeePolicy) -> Fees: ...
def max_spend(gas_limit: int, *, cap_wei: int, value_wei: int = 0, l1_fee_wei: int = 0,
    operator_fee_wei: int = 0) -> int: ...  # wei, at worst
def budget_left(budget_wei: int, *, in_flight_wei: list[int]) -> int: ...
# --- seal: AES-256-GCM envelopes, RFC 2104, RFC 8018, RFC 7914, Standard Webhooks -----------------
def hash_bytes(algorithm: str, data: bytes) -> bytes: ...  # `sha256`, `sha512`, `ripemd160`
def hmac_digest(algorithm: str, *, key: bytes, data: bytes) -> bytes: ...  # `sha224`, 256, 384, 512
def derive_key(algorithm: str, *, password: bytes, salt: bytes, length: int, iterations: int = ...,
    n: int = ..., r: int = ..., p: int = ...) -> bytes: ...  # `pbkdf2-sha256`, -sha512, `scrypt`
@final
class Kek:  # 32 bytes; with `wrapped_dek`: the data key that a KMS wrapped as that
    def __new__(cls, key: bytes, *, id: str, version: int, wrapped_dek: bytes = ...) -> Self: ...
    id = _str; version = _int
@final
class SealInfo: kek_id = _str; kek_version = _int; is_external = _flag; wrapped_dek = _bytes
# 1 to 65,536 bytes, bound to all four; `entropy`: 32 random bytes. A key's record: `SealError`.
def seal(secret: bytes, *, kek: Kek, owner: str, subject: bytes, family: str, purpose: str,
    entropy: bytes) -> bytes: ...
def unseal(record: bytes, *, keks: Sequence[Kek], owner: str, subject: bytes, family: str,
    purpose: str) -> bytes: ...  # by the Kek that the record names
def rewrap(record: bytes, *, old_kek: Kek, new_kek: Kek, entropy: bytes) -> bytes: ...  # its key
def seal_info(record: bytes) -> SealInfo: ...
def standard_webhook_verify(*, id: bytes, timestamp: bytes, body: bytes, signature: bytes,
    secrets: _Many) -> int: ...  # index of the first of 1 to 16 that signed, or -1
def standard_webhook_verify_batch(*, id: _Many, timestamp: _Many, body: _Many, signature: _Many,
    secrets: _Many) -> NDArray[np.int16]: ...  # row by row
# --- keys: secp256k1, RFC 6979, BIP-32, BIP-39, Keystore V3 ---------------------------------------
@final
class Keyring:
    """`seed` (32 random bytes) blinds the curve. A forgotten handle is `InvalidInput`, none comes
    twice. Records are bound to owner, purpose, address. Signatures: r, s, v (27, 28), low s.
    BIP-39 in ten languages; `path` m/44'/60'/0'/0/0 unless given. `mnemonic_node`: depth, index,
    parent's and own fingerprint, chain code, compressed public key."""
    def __new__(cls, *, seed: bytes) -> Self: ...
    def __len__(self) -> int: ...
    def add(self, secret: bytes) -> int: ...  # 32 raw bytes, or 64 hex digits with or without 0x
    def add_sealed(self, record: bytes, *, keks: Sequence[Kek], owner: str, purpose: str,
        address: bytes) -> int: ...  # the handle
    def add_keystore(self, json: bytes, *, password: bytes) -> int: ...  # V3, crowdsale
    def add_mnemonic(self, phrase: bytes, *, path: str = ..., passphrase: bytes = ...) -> int: ...
    def mnemonic_node(self, phrase: bytes, *, path: str = ..., passphrase: bytes = ...
        ) -> tuple[int, int, bytes, bytes, bytes, bytes]: ...
    def create(self, entropy: bytes, *, kek: Kek, owner: str, purpose: str
        ) -> tuple[int, bytes, bytes]: ...  # of 64 random bytes: handle, record, address
    def seal(self, handle: int, *, kek: Kek, owner: str, purpose: str, entropy: bytes) -> bytes: ...
    def address(self, handle: int) -> bytes: ...
    def public_key(self, handle: int) -> bytes: ...
    def sign_digest(self, handle: int, digest: bytes) -> bytes: ...
    def sign_digests(self, handle: int, digests: bytes) -> bytes: ...  # 32 bytes a row in, 65 out
    def forget(self, handle: int) -> None: ...
