"""Typed face of the Rust core.

Conventions: prices and ratios are integers scaled by 10**10 (`_e10`), USD by 10**6 (`_e6`),
times are Unix or monotonic nanoseconds (`_ns`). Arrays are one-dimensional and contiguous, one per
field, all of equal length. Wrong dtype, length or layout raises `InvalidInput` naming the argument.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, final

import numpy as np
from numpy.typing import NDArray

_I64 = NDArray[np.int64]
_U32 = NDArray[np.uint32]
_U16 = NDArray[np.uint16]
_U8 = NDArray[np.uint8]
_U64 = NDArray[np.uint64]
_Bool = NDArray[np.bool_]
_Accesses = Sequence[tuple[bytes, Sequence[bytes]]]  # (address, storage slots)
_Leave = tuple[int, bytes, int, int, int, int]  # chain_id, address, nonce, y_parity, r, s
_Message = dict[str, Any]
_Call = tuple[bytes, int, bytes]  # to, value in wei, data

__version__: Final[str]
build_profile: Final[str]
"""`release` or `debug`: a debug build in production must be visible."""

QUALITIES: Final[tuple[str, ...]]
"""Names of quote qualities; a quality is an index into it."""
PRICE_REJECTS: Final[tuple[str, ...]]
"""Names of the answers of `PriceBook.update`; index 0 is ACCEPTED."""
BREAKERS: Final[tuple[str, ...]]
"""Names of breaker states: CLOSED, OPEN, HALF_OPEN."""
RULES: Final[tuple[str, ...]]
"""Names of the risk rules in the published order; a `Failure.rule` is an index into it."""

class VantaError(Exception):
    """Root of everything the core raises."""

class InvalidInput(VantaError, ValueError):
    """An argument is out of range, shape or type; the text names it, its value and the limit."""

class ArithmeticOverflow(VantaError, ArithmeticError):
    """A product or sum does not fit its unit."""

class AbiError(VantaError, ValueError):
    """Encoded bytes are malformed, or a value does not fit its type."""

class NonceError(VantaError, RuntimeError):
    """The nonce lane is not in a state that allows this."""

class SealError(VantaError, ValueError):
    """A sealed record does not open: wrong key, wrong owner or tampered."""

# --- prices -------------------------------------------------------------------------------------

@final
class AggregateConfig:
    """Constants of the aggregation (defaults as documented in the price rules).
    Raises `InvalidInput` naming a constant outside of its range."""
    def __new__(cls, *, version: int = 1, stream_max_age_ns: int = 5_000_000_000,
        future_skew_ns: int = 1_000_000_000, deviation_e10: int = 50_000_000,
        tolerance_cap_e10: int = 150_000_000, max_conf_e10: int = 50_000_000,
        jump_base_e10: int = 200_000_000, jump_slope_e10: int = 50_000_000,
        jump_cap_e10: int = 1_000_000_000, jump_confirmations: int = 3,
        expo_confirmations: int = 5, frozen_after_ns: int = 60_000_000_000,
        frozen_move_e10: int = 20_000_000, frozen_push_ns: int = 30_000_000_000,
        strikes: int = 3, strike_window_ns: int = 60_000_000_000,
        quarantine_ns: int = 60_000_000_000, quarantine_max_ns: int = 900_000_000_000,
        return_after_ns: int = 10_000_000_000, return_updates: int = 5,
        breaker_conflict_ns: int = 3_000_000_000, breaker_move_e10: int = 500_000_000,
        breaker_contested_e10: int = 200_000_000, breaker_window_ns: int = 10_000_000_000,
        breaker_open_ns: int = 30_000_000_000, breaker_good: int = 10,
        display_ns: int = 900_000_000_000, clock_offset_ns: int = 500_000_000,
        sequencer_grace_ns: int = 3_600_000_000_000, divergence_e10: int = 30_000_000,
        divergence_after_ns: int = 120_000_000_000, divergence_tau_ns: int = 30_000_000_000,
    ) -> AggregateConfig: ...
    version: Final[int]
@final
class Quote:
    """One market's combined price at one instant. Carries its quality wherever it goes.

    `price_e10`: for trading if the quality allows it, else last known good to show, 0 = none.
    `conf_e10`: the primary's, else the widest of the sources used, 0 = none. `quality`, `breaker`:
    indices into `QUALITIES`, `BREAKERS`. `as_of_ns`: oldest publish time used; `age_ns`: its age,
    never negative. `valid_until_ns`: wall time up to which the used sources stay fresh, 0 without a
    price for trading. `spread_between_sources_e10`: (max - min) / min of the fresh sources, rounded
    up, the number behind CONFLICT. `sources_rejected`: (source_ix, OUTLIER | STALE | QUARANTINED |
    FROZEN | SEQUENCER | CLOSED); sources of a CONFLICT are neither used nor rejected, nor is a
    fresh source whose group a fresher one speaks for."""
    market_ix: Final[int]; price_e10: Final[int]; conf_e10: Final[int]; quality: Final[int]
    breaker: Final[int]; as_of_ns: Final[int]; valid_until_ns: Final[int]; age_ns: Final[int]
    spread_between_sources_e10: Final[int]; sources_used: Final[tuple[int, ...]]
    sources_rejected: Final[tuple[tuple[int, str], ...]]; config_version: Final[int]
@final
class Quotes:
    """Columns, one row per asked market, in the asked order; as in `Quote`."""
    market_ix: Final[_U16]; price_e10: Final[_I64]; quality: Final[_U8]; breaker: Final[_U8]
    as_of_ns: Final[_I64]
@final
class PriceBook:
    """Latest observation per (market, source), gates, and the combination into quotes.

    Time is an argument. Quotes change nothing: the rate of asking has no influence. Observations
    received at one `recv_mono_ns` count as simultaneous: what holds in between never was (no
    strike, no failover, no breaker). A new book does not know the error of the wall clock, so all
    its quotes are CLOCK_SUSPECT until `set_clock_offset`; the sequencer counts as up until
    `set_sequencer`. An undeclared market or source raises `InvalidInput` unless said otherwise."""
    def __new__(cls, config: AggregateConfig) -> PriceBook: ...
    def add_market(self, market_ix: int, *, min_price_e10: int, max_price_e10: int,
        has_hours: bool = False, max_conf_e10: int = 0) -> None:
        """Declare a market, its price bounds and its widest confidence (0 = the configured one)."""
    def add_feed(self, market_ix: int, source_ix: int, *, kind: str, group: int,
        primary: bool = False, expo: int = -10, interval_ns: int = 1_000_000_000,
        max_age_ns: int = 0, heartbeat_ns: int = 0, deviation_e10: int = 0,
        conf_required: bool = False) -> None:
        """Declare a feed. `kind` is "stream" or "push"; sources of one `group` count as one.

        `expo` is the pinned exponent of `update`. `interval_ns` is the expected time between two
        messages (three of them without one make SILENT). `max_age_ns` limits the age of a stream's
        word or of the block a push feed was read at (0 = the configured one); a push feed needs
        `heartbeat_ns` and should name its `deviation_e10`. One group can be primary. At most 16
        feeds a market."""
    def update(self, market_ix: int, source_ix: int, *, value: int | str, expo: int = -10,
        conf: int | str | None = None, publish_ns: int, seq: int | None = None,
        session_open: bool | None = None, recv_wall_ns: int, recv_mono_ns: int) -> int:
        """Offer one observation; returns an index into `PRICE_REJECTS` (0 = accepted).

        `value` and `conf` are mantissas under `expo`. Anything that is not an integer of at most 30
        digits, and an unknown market or source, is MALFORMED, never an exception. Several values
        within one `publish_ns` need a rising `seq`, else the second is an EQUIVOCATION."""
    def tick(self, market_ix: int, source_ix: int, price_e10: int, publish_ns: int,
        recv_wall_ns: int, recv_mono_ns: int, conf_e10: int = 0, seq: int = -1,
    ) -> tuple[int, int, int, int]:
        """`update` at scale 10**10 (conf 0, seq -1 = none) and the quote at `recv_*`, in one call.
        Returns (index into `PRICE_REJECTS`, price_e10, quality, breaker) as in `Quote`."""
    def update_batch(self, market_ix: _U16, source_ix: _U16, *, price_e10: _I64, conf_e10: _I64,
        publish_ns: _I64, seq: _I64, recv_wall_ns: int, recv_mono_ns: int) -> _U8:
        """Offer n observations in order, numbers as in `tick`, answers as in `update`."""
    def set_head(self, source_ix: int, *, head_ns: int, now_wall_ns: int, now_mono_ns: int) -> None:
        """Time of the newest sealed block the push source was read at (its currency clock)."""
    def set_sequencer(self, *, up: bool, since_ns: int, now_wall_ns: int, now_mono_ns: int) -> None:
        """State of the sequencer and the wall time of its last change (0 = never seen down)."""
    def set_clock_offset(self, offset_ns: int | None, *, now_wall_ns: int,
        now_mono_ns: int) -> None:
        """Measured wall clock error; None = unknown, which means CLOCK_SUSPECT."""
    def withdraw(self, market_ix: int, source_ix: int, *, now_wall_ns: int,
        now_mono_ns: int) -> None:
        """Forget a source's observation (reorg, feed shut down)."""
    def repin(self, market_ix: int, source_ix: int, *, expo: int, now_wall_ns: int,
        now_mono_ns: int) -> None:
        """Operator's word that a feed's exponent changed."""
    def quote(self, market_ix: int, *, now_wall_ns: int, now_mono_ns: int) -> Quote: ...
    def quotes(self, market_ix: _U16, *, now_wall_ns: int, now_mono_ns: int) -> Quotes: ...
    def ages(self, market_ix: int, *, now_wall_ns: int, now_mono_ns: int,
    ) -> list[tuple[int, int, str]]:
        """(source_ix, age_ns or -1, FRESH | STALE | QUARANTINED | FROZEN | SEQUENCER | CLOSED |
        SILENT: nothing heard for three intervals, reconnect) of each feed."""
    def alarms(self, market_ix: int, *, now_wall_ns: int, now_mono_ns: int) -> list[str]:
        """What an operator should look at: CONFLICT (for 3 s), DIVERGENCE (a gap for 2 min)."""
    def counters(self) -> dict[str, int]:
        """Observations seen, by `PRICE_REJECTS` name."""
    def memory_bytes(self) -> int: ...

# --- margin -------------------------------------------------------------------------------------
# `_p_e10` is a venue percent (1 % = 10**10), `_e10` a ratio (1.0 = 10**10). Rounding is against the
# trader unless "as the contract". `InvalidInput` for an argument outside of its range, its text
# naming it; `ArithmeticOverflow` for an answer beyond 64 bits; batches name the first wrong row.
# Tiers are two lists: thresholds in percent of collateral, fees in percent of profit.
_Ints = Sequence[int]
_Pairs = Sequence[tuple[int, int]]
_Rule = Literal["highest_met", "count_met"]
_Finding = tuple[int, int, int]  # index into ORDER_RULES, value, limit
ORDER_RULES: Final[tuple[str, ...]]  # in the published order; the last two only warn
COPY_SKIPS: Final[tuple[str, ...]]  # index 0 (NONE): copied
def notional(*, collateral_e6: int, leverage_e10: int) -> int:
    """collateral * leverage in e6, rounded down (the venue's floor)."""
def fee(*, notional_e6: int, rate_e10: int) -> int:
    """notional * rate in e6, rounded up."""
def execution_price(*, price_e10: int, spread_e10: int, is_long: bool, is_open: bool) -> int:
    """Price after spread, rounded against the trader: a buy up, a sell down."""
def pnl(*, entry_e10: int, price_e10: int, collateral_e6: int, leverage_e10: int,
        is_long: bool) -> int:
    """Gross profit in e6, rounded down (towards loss), never below -collateral."""
def gross_pnl(*, entry_e10: int, price_e10: int, collateral_e6: int, leverage_e10: int,
              is_long: bool) -> int:
    """As `pnl`, not bounded by the collateral: the venue's estimate."""
def pnls(*, entry_e10: _I64, price_e10: _I64, collateral_e6: _I64, leverage_e10: _I64,
         is_long: _Bool) -> _I64: ...
def liquidation_price(*, entry_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool,
                      threshold_e10: int, rollover_e6: int = 0, funding_e6: int = 0) -> int:
    """Liquidation price, rounded towards entry, clamped at 0 as the contract."""
def liquidation_estimate(*, entry_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool,
                         threshold_e10: int, rollover_e6: int = 0, funding_e6: int = 0) -> int:
    """As `liquidation_price`, not clamped: the venue's estimate, possibly below 0."""
def liquidation_prices(*, entry_e10: _I64, collateral_e6: _I64, leverage_e10: _I64, is_long: _Bool,
                       threshold_e10: _I64, rollover_e6: _I64, funding_e6: _I64) -> _I64: ...
def safe_line(*, entry_e10: int, liquidation_e10: int, buffer_e10: int, is_long: bool) -> int:
    """Liquidation price moved towards entry by `buffer` of the distance, rounded towards entry."""
@final
class Health:
    """Columns of `health_scan`; state 0 healthy, 1 beyond safe line, 2 liquidation; distance left
    is the share of entry to liquidation, 0 = at liquidation."""
    liquidation_e10: Final[_I64]
    safe_line_e10: Final[_I64]
    pnl_e6: Final[_I64]
    distance_left_e10: Final[_I64]
    state: Final[_U8]
def health_scan(*, entry_e10: _I64, price_e10: _I64, collateral_e6: _I64, leverage_e10: _I64,
                is_long: _Bool, threshold_e10: _I64, buffer_e10: _I64, out: Health = ...) -> Health:
    """Liquidation, safe line, profit and what distance is left, for n positions. `out`, an
    earlier answer of n rows, is written over and returned: its memory is used again."""
def size_for_risk(*, risk_e6: int, entry_e10: int, stop_e10: int, leverage_e10: int, cost_e10: int,
                  is_long: bool) -> int:
    """Largest collateral in e6 that loses at most `risk_e6` at the stop, which must lie on the
    losing side of entry. `cost_e10`: fees of both ways and spread, as a share of notional."""
def sizes_for_risk(*, risk_e6: _I64, entry_e10: _I64, stop_e10: _I64, leverage_e10: _I64,
                   cost_e10: _I64, is_long: _Bool) -> _I64: ...
def percent_fee(*, notional_e6: int, rate_p_e10: int, discount_p_e10: int = 0) -> int:
    """Flat fee in e6 less a discount, rounded up once."""
def skew_open_fee(*, notional_e6: int, is_long: bool, oi_long_e6: int, oi_short_e6: int,
                  skew_lines_e10: _Pairs, discount_p_e10: int = 0) -> tuple[int, int]:
    """Legacy opening fee (percent, e6): (a*oiPct+b)/10000 % by the line of oiPct's tenth."""
def maker_taker_fee(*, long_coin_e10: int, short_coin_e10: int, after_long_coin_e10: int,
                    after_short_coin_e10: int, size_coin_e10: int, maker_p_e10: int,
                    taker_p_e10: int) -> tuple[int, str]:
    """Rate by coin open interest before and after, kind maker, taker or mixed: crossing blends."""
def open_maker_taker_fee(*, long_coin_e10: int, short_coin_e10: int, size_coin_e10: int,
                         is_long: bool, maker_p_e10: int, taker_p_e10: int) -> tuple[int, str]: ...
def close_maker_taker_fee(*, long_coin_e10: int, short_coin_e10: int, size_coin_e10: int,
                          is_long: bool, maker_p_e10: int, taker_p_e10: int) -> tuple[int, str]:
    """As opening; the size is clamped to what the closing side holds."""
def upside_share(*, profit_p_e10: int, thresholds_p_e10: _Ints, fees_p_e10: _Ints,
                 rule: _Rule) -> int:
    """Share of an Upside profit: the venue's estimate (highest_met) or its fee (count_met)."""
def upside_fee(*, profit_p_e10: int, pnl_e6: int, thresholds_p_e10: _Ints, fees_p_e10: _Ints,
               rule: _Rule) -> tuple[int, int]:
    """(share, fee in e6) of a realised profit; (0, 0) of a loss."""
def adjusted_max_gain(*, max_gain_p_e10: int, thresholds_p_e10: _Ints, fees_p_e10: _Ints) -> int:
    """Largest Upside take profit net of the share there, rounded down."""
@final
class NetPnl:
    """`net = gross - closing_fee - profit_share + loss_protection - rollover - funding`."""
    gross_e6: Final[int]
    closing_fee_e6: Final[int]
    loss_protection_e6: Final[int]
    profit_share_e6: Final[int]
    net_e6: Final[int]
def net_pnl(*, entry_e10: int, price_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool,
            rollover_e6: int, funding_e6: int, close_fee_p_e10: int, fee_discount_p_e10: int = 0,
            loss_protection_p_e10: int = 0,
            close_fee_base: Literal["notional", "notional_plus_pnl"] = "notional") -> NetPnl:
    """Of a position that pays fees; the base is the contract's or the web app's."""
def net_pnl_upside(*, entry_e10: int, price_e10: int, collateral_e6: int, leverage_e10: int,
                   is_long: bool, rollover_e6: int, funding_e6: int, thresholds_p_e10: _Ints,
                   fees_p_e10: _Ints, rule: _Rule = "highest_met") -> NetPnl: ...
def closing_payout(*, collateral_e6: int, pnl_e6: int, charges_e6: int, threshold_e10: int) -> int:
    """collateral + pnl - charges; 0 where that is not above collateral * (1 - threshold)."""
def coin_size(*, notional_e6: int, entry_e10: int, base_is_usd: bool = False) -> int:
    """Coins e10 (up to 128 bits) by the contract's two floors; the notional where base is USD."""
def percent_profit(*, entry_e10: int, price_e10: int, leverage_e10: int, is_long: bool,
                   max_gain_p_e10: int) -> int:
    """As the contract: truncated toward zero, clipped to -100 % and the maximum."""
def percent_pnl(*, collateral_e6: int, profit_p_e10: int) -> int: ...  # as the contract
def rollover_fee(*, acc_open: int, acc_now: int, notional_e6: int) -> int:
    """(acc_now - acc_open) * notional / 10**6, rounded down as the contract."""
def funding_fee(*, acc_open: int, acc_now: int, notional_e6: int) -> int:
    """The same, signed (negative = received), rounded up."""
def margin_update(*, collateral_e6: int, notional_e6: int, amount_e6: int, is_deposit: bool,
                  fees_e6: int) -> tuple[int, int]:
    """(collateral, leverage) after a deposit or withdrawal; leverage rounded as the contract."""
def withdrawal_leaves_enough(*, collateral_e6: int, pnl_e6: int, threshold_e10: int) -> bool:
    """collateral + pnl > collateral * (1 - threshold), both of after the withdrawal."""
def impact_spread(*, flow: int, depth: int, impact_p_e10: int, constant_p_e10: int,
                  max_spread_p_e10: int) -> int:
    """impact * sqrt(abs(flow) / depth) + constant, at most the maximum; rounded up once."""
def tp_price(*, base_e10: int, take_profit_p_e10: int, leverage_e10: int, is_long: bool,
             profit_share_p_e10: int = 0) -> int:
    """Price that gains a percent of collateral (net of an Upside share), away from base."""
def tp_percent(*, base_e10: int, price_e10: int, leverage_e10: int, is_long: bool,
               profit_share_p_e10: int = 0) -> int: ...
def sl_price(*, base_e10: int, stop_loss_p_e10: int, leverage_e10: int, is_long: bool) -> int:
    """Price that loses a percent of collateral, rounded towards base."""
def sl_percent(*, base_e10: int, price_e10: int, leverage_e10: int, is_long: bool) -> int: ...
def curve_min_stop(*, leverage_e10: int, curve_e10: _Pairs) -> int:
    """Smallest stop percent on straight pieces between (leverage, percent) corners."""
def tpsl_bounds(*, base_e10: int, leverage_e10: int, is_long: bool, max_gain_p_e10: int,
                min_stop_p_e10: int, max_stop_p_e10: int,
                profit_share_p_e10: int = 0) -> tuple[int, int, int]:
    """Prices (furthest take profit, nearest stop, furthest stop), each rounded into its bound."""
@final
class OiCaps:
    """Caps on open interest and what is open; liquidity left out = the venue does not say."""
    def __new__(cls, *, max_open_interest_e6: int, total_oi_e6: int, max_group_oi_e6: int,
                group_oi_e6: int, max_wallet_oi_e6: int, pair_max_oi_e6: int, long_oi_e6: int,
                short_oi_e6: int, group_share_p_e10: int, max_long_p_e10: int, max_short_p_e10: int,
                liquidity_buy_e6: int = ..., liquidity_sell_e6: int = ...) -> OiCaps: ...
    def headroom(self, *, is_long: bool, wallet_oi_e6: int) -> int:
        """Largest notional a new position may have: the least of what every cap leaves."""
@final
class OrderRules:
    """The venue's rules for one pair; curve and tiers are empty unless Upside."""
    def __new__(cls, *, is_listed: bool, is_close_only: bool, is_open: bool, is_upside: bool,
                min_leverage_e10: int, max_leverage_e10: int, min_notional_e6: int, max_trades: int,
                max_gain_p_e10: int, max_stop_p_e10: int, spread_buffer_p_e10: int,
                max_half_spread_p_e10: int, max_spread_x_leverage_p_e10: int,
                max_slippage_p_e10: int, upside_floor_p_e10: int, curve_e10: _Pairs,
                thresholds_p_e10: _Ints, fees_p_e10: _Ints) -> OrderRules: ...
    def min_stop(self, *, leverage_e10: int, spread_p_e10: int = ...) -> int:
        """Smallest stop percent; the spread counts where it is known. 0 = no demand."""
def validate_order(rules: OrderRules, caps: OiCaps, *, is_long: bool, collateral_e6: int,
                   leverage_e10: int, wallet_oi_e6: int, open_trades: int,
                   kind: Literal["market", "limit", "stop_limit"] = "market", price_e10: int = ...,
                   market_e10: int = ..., take_profit_p_e10: int = ..., stop_loss_p_e10: int = ...,
                   spread_p_e10: int = ...,
                   slippage_p_e10: int = ...) -> tuple[list[_Finding], list[_Finding]]:
    """All (failures, warnings); a value equal to a limit passes unless the rule is a "below"."""
@final
class CopySizes:
    """Struct of arrays of `copy_sizes`; collateral and notional are 0 where skipped."""
    collateral_e6: Final[_I64]
    leverage_e10: Final[_I64]
    notional_e6: Final[_I64]
    skip: Final[_U8]
def copy_sizes(*, leader_collateral_e6: int, leader_leverage_e10: int, leader_equity_e6: int,
               delay_ns: int, slip_e10: int, min_leverage_e10: int, max_market_leverage_e10: int,
               min_notional_e6: int, open_fee_p_e10: int, allowed: _Bool, mode: _U8, value: _I64,
               equity_e6: _I64, free_e6: _I64, max_collateral_e6: _I64, max_notional_e6: _I64,
               max_leverage_e10: _I64, min_leader_e6: _I64, max_leader_e6: _I64, max_delay_ns: _I64,
               max_slip_e10: _I64) -> CopySizes:
    """Sizes of n followers, rounded down, never above a cap; collateral and fee fit `free_e6`.
    mode 0 fixed (`value` in e6), then ratios e10: 1 of the leader's collateral, 2 of own equity,
    3 of the leader's collateral in proportion to equity. Leader limits are notional."""
def copy_closes(*, collateral_e6: _I64, leader_closed_e6: int, leader_held_e6: int) -> _I64:
    """What each follower takes out: the leader's share of its own, rounded up."""

# --- risk ---------------------------------------------------------------------------------------
# Impossible arguments raise `InvalidInput` (by row, nothing applied); what a rule refuses is a value.
# A value of the limit itself passes (LOSSES_IN_ROW: refuses).

@final
class Failure:
    """One `rule` (of `RULES`) that said no. `value` (what would be) and `limit` are in its unit (e10
    ratio or price, e6 USD, count); `resets_at_ns`: when waiting makes it pass, 0 = never."""
    rule: Final[int]; value: Final[int]; limit: Final[int]; resets_at_ns: Final[int]
@final
class RiskVerdict:
    """Answer of `check` and `admit`: all failures, and the ticket. `nearest_collateral_e6`: largest
    smaller collateral that would pass now, 0 = none, or ok. `reservation`: handle for `release` and
    `apply_fill`, 0 = none. `required_e6`: collateral plus opening fee. `spread_cost_e6`: on the way
    out; that of the way in is part of `entry_e10`. `worst_loss_e6`: at the stop, or the whole
    collateral without one, with all costs."""
    ok: Final[bool]; failures: Final[tuple[Failure, ...]]; nearest_collateral_e6: Final[int]
    reservation: Final[int]; notional_e6: Final[int]; required_e6: Final[int]
    entry_e10: Final[int]; open_fee_e6: Final[int]; close_fee_e6: Final[int]
    spread_cost_e6: Final[int]; liquidation_e10: Final[int]; safe_line_e10: Final[int]
    worst_loss_e6: Final[int]; equity_e6: Final[int]
@final
class Admissions:
    """Columns of `admit_batch`, a row for each asked one: the first failure, as in `Failure`."""
    ok: Final[_Bool]; rule: Final[_U8]; value: Final[_I64]; limit: Final[_I64]
    resets_at_ns: Final[_I64]; nearest_collateral_e6: Final[_I64]; reservation: Final[_U64]
@final
class Exposure:
    """An account at the last marks; `day_pnl_e6`: realised plus unrealised since 00:00 UTC."""
    cash_e6: Final[int]; reserved_e6: Final[int]; margin_e6: Final[int]
    unrealised_e6: Final[int]; equity_e6: Final[int]; free_e6: Final[int]
    long_notional_e6: Final[int]; short_notional_e6: Final[int]; day_pnl_e6: Final[int]
    day_start_equity_e6: Final[int]; opens_last_minute: Final[int]; trades_today: Final[int]
    volume_hour_e6: Final[int]; volume_day_e6: Final[int]; losses_in_row: Final[int]
@final
class RiskBook:
    """Accounts, positions, reservations and limits of all users of this shard."""
    def __new__(cls) -> RiskBook: ...
    def set_market(self, market_ix: int, *, min_leverage_e10: int, max_leverage_e10: int,
        min_notional_e6: int, threshold_e10: int, open_fee_e10: int, close_fee_e10: int,
        spread_e10: int, is_open: bool = True) -> None:
        """Declare a market or replace its facts; `is_open` False refuses every open on it."""
    def load_users(self, user_ix: _U32, *, cash_e6: _I64, day_start_equity_e6: _I64,
        losses_in_row: _I64, max_leverage_e10: _I64, max_position_e6: _I64,
        max_account_risk_e10: _I64, liquidation_buffer_e10: _I64, max_daily_loss_e10: _I64,
        opens_per_minute: _I64, trades_per_day: _I64, volume_hour_e6: _I64, volume_day_e6: _I64,
        max_losses_in_row: _I64) -> None:
        """Add users or replace their cash and limits; positions and reservations stay."""
    def load_opens(self, user_ix: _U32, *, at_ns: _I64, notional_e6: _I64) -> None:
        """Past opens, oldest first, so that rolling windows survive a restart."""
    def set_marks(self, market_ix: _U16, *, price_e10: _I64) -> None: ...
    def check(self, user_ix: int, *, market_ix: int, is_long: bool, collateral_e6: int,
        leverage_e10: int, price_e10: int, stop_loss_e10: int = 0, now_ns: int) -> RiskVerdict:
        """What `admit` would say, without reserving."""
    def admit(self, user_ix: int, *, market_ix: int, is_long: bool, collateral_e6: int,
        leverage_e10: int, price_e10: int, stop_loss_e10: int = 0, now_ns: int) -> RiskVerdict:
        """Run every rule; when all pass, reserve cash and count the open."""
    def admit_batch(self, user_ix: _U32, *, market_ix: _U16, is_long: _Bool, collateral_e6: _I64,
        leverage_e10: _I64, price_e10: _I64, stop_loss_e10: _I64, now_ns: int) -> Admissions:
        """`admit` row by row, in order."""
    def release(self, reservation: int) -> bool:
        """Give a reservation back (order refused or rejected later); False when unknown."""
    def apply_fill(self, user_ix: int, *, position_id: int, market_ix: int, is_long: bool,
        entry_e10: int, collateral_e6: int, leverage_e10: int, cash_delta_e6: int,
        realised_e6: int, is_close: bool, at_ns: int, reservation: int = 0) -> None:
        """Set a position to its state after a fill (collateral 0 = gone) and move cash.
        `is_close` with `realised_e6` < 0 lengthens the losing streak, >= 0 ends it."""
    def start_day(self, user_ix: int, *, day_start_ns: int, equity_e6: int) -> None:
        """Set the equity the day's loss is measured from, at 00:00 UTC; else a day starts with the
        equity at its first admission or fill. A loaded start: day of the first question."""
    def exposure(self, user_ix: int, *, now_ns: int) -> Exposure: ...
    def dump(self) -> list[tuple[int, int, int, int, int, int, int]]:
        """(user, position_id, market, 1 long | 0 short, entry_e10, collateral_e6, leverage_e10)."""
    def memory_bytes(self) -> int: ...

# --- triggers ---------------------------------------------------------------------------------------

TRIGGER_KINDS: Final[tuple[str, ...]]
"""Names of trigger kinds; a kind is an index into it."""

@final
class Firings:
    """Struct of arrays of `on_quotes`, one row per fired trigger; `row` is the quote's row."""

    row: Final[_U32]
    id: Final[_I64]
    version: Final[_U32]
    kind: Final[_U8]
    level_e10: Final[_I64]

@final
class TriggerBook:
    """Armed triggers by price; a tick touches only what fires. Equal prices fire, each id once.

    A long's STOP_LOSS, BUFFER, LIMIT fire at or below `level`, its TAKE_PROFIT at or above; shorts
    mirrored. TRAILING: `level` = first peak (trough), fires `distance` behind the best since.
    BREAK_EVEN: `level` = entry; after a gain of `distance`, fires at entry + `offset` (in gain if
    positive, below `distance`). What a kind does not use is 0. Ids are int64, versions uint32.
    """

    def __new__(cls) -> TriggerBook: ...
    def arm(
        self, id: int, *, version: int, market_ix: int, kind: int, is_long: bool, level_e10: int,
        distance_e10: int = 0, offset_e10: int = 0,
    ) -> None:
        """Arm, or replace a live id by a higher version; any other is `InvalidInput`."""
    def arm_batch(
        self, id: _I64, *, version: _U32, market_ix: _U16, kind: _U8, is_long: _Bool,
        level_e10: _I64, distance_e10: _I64, offset_e10: _I64,
    ) -> None:
        """`arm` row by row; a wrong row arms nothing."""
    def disarm(self, id: int) -> bool: ...
    def disarm_batch(self, id: _I64) -> _Bool:
        """`disarm` row by row; False for an id that is not armed (any more)."""
    def on_quote(self, market_ix: int, price_e10: int) -> tuple[tuple[int, int, int, int], ...]:
        """Show a tradable price (0 does nothing); (id, version, kind, level_e10) of all that fire:
        at or below first, highest level first; then at or above, lowest first; equal ones by id."""
    def on_quotes(self, market_ix: _U16, *, price_e10: _I64, tradable: _Bool) -> Firings:
        """`on_quote` for each tradable row, in order."""
    def next_levels(self, market_ix: int) -> tuple[int | None, int | None]:
        """Now the lowest level that fires at or above, the highest that fires at or below."""
    def level(self, id: int) -> int | None:
        """Where it fires now; None = unknown, break-even at rest, trailing out of reach."""
    @property
    def memory_bytes(self) -> int: ...
    def __len__(self) -> int: ...
    def __contains__(self, id: int, /) -> bool: ...

# --- abi --------------------------------------------------------------------------------------------

# Solidity values: `int` of any size, address 20 bytes, `bytesN` N bytes, tuples tuple, arrays list.
# Not fitting its type, or not the canonical encoding: `AbiError` saying where, value and limit.
def open_trade_calldata(
    trader: bytes, *, pair_index: int, collateral_e6: int, open_price_e10: int, is_long: bool,
    leverage_e10: int, tp_e10: int, sl_e10: int, order_type: int, slippage_e10: int) -> bytes:
    """`openTrade`, 420 bytes. tp, sl 0 = none; `order_type` 0 market, 1 stop-limit, 2 limit, 3 fee
    on profit; slippage in percent (1 % is 10**10)."""
def close_trade_calldata(
    *, pair_index: int, index: int, amount_e6: int, wanted_price_e10: int) -> bytes:
    """`closeTradeMarket` of v2, 132 bytes; `amount_e6` is collateral to take out."""
@final
class OpenOrders:
    """n opens, checked once and kept; `trader` is one address or a uint8 array of n * 20 bytes."""
    def __new__(
        cls, *, trader: bytes | _U8, pair_index: _U16, collateral_e6: _I64, open_price_e10: _I64,
        is_long: _Bool, leverage_e10: _I64, tp_e10: _I64, sl_e10: _I64, order_type: _U8,
        slippage_e10: _I64) -> OpenOrders: ...
    def __len__(self) -> int: ...
    def calldata(self) -> _U8: ...  # n * 420 bytes
def abi_encode(types: Sequence[str], values: Sequence[Any]) -> bytes: ...
def abi_decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]: ...
def abi_encode_packed(types: Sequence[str], values: Sequence[Any]) -> bytes: ...
def selector(signature: str) -> bytes: ...
def keccak256(data: bytes) -> bytes: ...
def append_builder_code(calldata: bytes, *, code: bytes, rate: int, rate_bytes: int) -> bytes:
    """code (32 bytes), rate in `rate_bytes` bytes (not documented how many) and magic after it."""
def split_builder_code(calldata: bytes, *, rate_bytes: int) -> tuple[bytes, bytes, int] | None:
    """Calldata, code and rate; None without the magic."""
@final
class Event:
    """A decoded log; structs are dicts, an indexed reference type is its hash. `version` is that of
    the contracts it came with (v1, v2, erc20, ...); `doubtful` ones rest on third parties."""
    name: Final[str]
    signature: Final[str]
    version: Final[str]
    doubtful: Final[bool]
    fields: Final[dict[str, Any]]
@final
class AbiTable:
    """The venue's functions and events. `extra` lines `v2? event E(address indexed a, uint256 b)`
    or `v2 function f(...) returns (...)` add, or replace a shape of the same selector or topic.
    `name` is that or, for an overload, the signature."""
    def __new__(cls, extra: Sequence[str] = ()) -> AbiTable: ...
    def entries(self) -> list[tuple[str, str, bytes, str, bool]]: ...
    def encode_call(self, name: str, args: Sequence[Any]) -> bytes: ...
    def decode_call(self, calldata: bytes) -> tuple[str, tuple[Any, ...]] | None:
        """None: unknown selector. Split a builder's mark off first."""
    def encode_return(self, name: str, values: Sequence[Any]) -> bytes: ...
    def decode_return(self, name: str, data: bytes) -> tuple[Any, ...]: ...
    def encode_log(self, name: str, values: Sequence[Any]) -> tuple[list[bytes], bytes]: ...
    def decode_logs(self, logs: Sequence[tuple[bytes, Sequence[bytes], bytes]], *,
                    emitters: Sequence[bytes] | None = None) -> list[Event | None]:
        """Of (emitter, topics, data); None for unknown or malformed ones and other emitters."""

# --- typed data -------------------------------------------------------------------------------------

@final
class IntentDomain:
    """Domain of the venue's intents; `separator` (32 bytes) is computed once."""

    separator: Final[bytes]
    def __new__(
        cls, *, name: str, version: str, chain_id: int, verifying_contract: bytes
    ) -> IntentDomain: ...
@final
class SignedIntent:
    """`intent` = abi.encode(struct), `signature` = r || s || v over `digest`, v 27 or 28."""

    digest: Final[bytes]; intent: Final[bytes]; signature: Final[bytes]

# `kind` is a primary type, `message` a dict of exactly its fields (int, bool, bytes, str, dict for
# a struct). A missing, unknown or unfit field is `InvalidInput` or `TypeError` naming it.
def intent_type(kind: str) -> tuple[str, bytes]:
    """Type string and type hash."""
def intent_struct_hash(kind: str, *, message: _Message) -> bytes: ...
def intent_digest(kind: str, *, message: _Message, domain: IntentDomain) -> bytes:
    """What is signed; compare it for an intent that somebody else built."""
def intent_digests(kind: str, *, messages: list[_Message], domain: IntentDomain) -> list[bytes]: ...
def intent_bytes(kind: str, *, message: _Message) -> bytes:
    """The venue's `userIntent`: abi.encode of the struct as one tuple."""
def decode_intent(kind: str, *, data: bytes) -> _Message:
    """The message of a `userIntent`; `AbiError` unless it is the canonical encoding."""
def sign_intent(
    keyring: Keyring, *, handle: int, kind: str, message: _Message, domain: IntentDomain
) -> SignedIntent: ...
def sign_intents(
    keyring: Keyring, *, handles: list[int], kind: str, messages: list[_Message],
    domain: IntentDomain,
) -> list[SignedIntent]:
    """Message i by handle i."""
def typed_data_digest(data: str | bytes) -> bytes:
    """Digest of EIP-712 JSON (types, domain, primaryType, message); `InvalidInput` says where it
    is wrong: an undeclared, missing or doubled field, a value that is not of its type."""
def typed_data_encoded(data: str | bytes) -> bytes:
    """Type hash and words of the message; their keccak is its struct hash."""
def personal_digest(message: bytes) -> bytes:
    """EIP-191 digest of a personal message."""
def recover_address(digest: bytes, *, signature: bytes) -> bytes:
    """Who signed: r || s || v, v 0, 1, 27 or 28. High-s is recovered too: no signature is an id."""
def delegate_of(code: bytes) -> bytes | None:
    """Whose code an account with this code runs (EIP-7702)."""
def execute_digest(account: bytes, *, chain_id: int, calls: list[_Call], nonce: int) -> bytes:
    """What a delegating account signs for the venue's relay to do `calls`; `nonce` = key << 64."""
def execute_calldata(*, calls: list[_Call], nonce: int, signature: bytes) -> bytes:
    """`execute(mode, abi.encode(calls, key || signature))`, sent to the account itself."""

# --- transactions -----------------------------------------------------------------------------------

@final
class Transaction:
    """A transaction before it is signed, types 0 to 4; a field its type lacks is `InvalidInput`.

    `chain_id` None: a type 0 that holds on every chain. Types 0 and 1 take `gas_price_wei`, which
    both fee properties then show. Refused as by any chain: priority above the whole fee, nonce over
    2**64 - 2, type 3 or 4 without `to`, type 4 without authorizations."""

    type: Final[int]; chain_id: Final[int | None]; nonce: Final[int]; gas_limit: Final[int]
    to: Final[bytes | None]; value_wei: Final[int]; data: Final[bytes]
    max_fee_per_gas_wei: Final[int]; max_priority_fee_per_gas_wei: Final[int]
    access_list: Final[_Accesses]; max_fee_per_blob_gas_wei: Final[int]
    blob_hashes: Final[tuple[bytes, ...]]; authorizations: Final[tuple[_Leave, ...]]
    def __new__(
        cls, *, type: int = 2, chain_id: int | None, nonce: int, gas_limit: int, to: bytes | None,
        value_wei: int = 0, data: bytes = b"", gas_price_wei: int = ...,
        max_fee_per_gas_wei: int = ..., max_priority_fee_per_gas_wei: int = ...,
        access_list: _Accesses = (), max_fee_per_blob_gas_wei: int = ...,
        blob_hashes: Sequence[bytes] = (), authorizations: Sequence[_Leave] = (),
    ) -> Transaction: ...
    def __eq__(self, other: object, /) -> bool: ...

def tx_preimage(tx: Transaction) -> bytes: ...  # its keccak is `tx_signing_hash`
def tx_signing_hash(tx: Transaction) -> bytes: ...
def tx_sign(keyring: Keyring, *, handle: int, tx: Transaction) -> tuple[bytes, bytes]:
    """(raw bytes, hash), deterministic. Refuses type 3, and type 0 without a chain."""
def tx_signs(
    keyring: Keyring, *, handle: int, orders: OpenOrders | Sequence[bytes], chain_id: int,
    to: bytes, nonce: _U64, gas_limit: int | _U64, max_fee_per_gas_wei: int | _U64,
    max_priority_fee_per_gas_wei: int | _U64, value_wei: int | _U64 = 0,
) -> list[tuple[bytes, bytes]]:
    """`tx_sign` of n type 2 transactions to one contract: orders kept in the core, or calldata."""
def tx_assemble(tx: Transaction, *, signature: bytes) -> tuple[bytes, bytes]:
    """(raw bytes, hash) with a low-s r || s || v made elsewhere over the signing hash."""
def authorization_hash(*, chain_id: int, address: bytes, nonce: int) -> bytes: ...
def authorization_sign(
    keyring: Keyring, *, handle: int, chain_id: int, address: bytes, nonce: int
) -> _Leave:
    """Leave to run the code of `address` (EIP-7702); chain 0 = every chain."""

@final
class SignedTransaction:
    tx: Final[Transaction]; hash: Final[bytes]; sender: Final[bytes]; signature: Final[bytes]

def tx_decode(raw: bytes) -> SignedTransaction:
    """Signed bytes of types 0 to 4, and who signed. `AbiError` for anything but the one canonical
    encoding of what a chain can take (EIP-2: no high s, but in a type 0 without a chain)."""
def normalize_signature(der: bytes, *, digest: bytes, expected_address: bytes) -> bytes:
    """r || s || v, low s, of a key service's strict DER; `InvalidInput` if not that key's."""
def intrinsic_gas(
    tx: Transaction, *, nonzero_byte: int = 16, create: int = 32000, init_word: int = 2,
    floor_token: int = 10,
) -> tuple[int, int]:
    """(gas due before code runs, gas due at least): a limit must reach both. Prices of Prague."""
def rlp_encode(item: Any) -> bytes: ...  # nested lists of bytes, at most 512 deep
def rlp_decode(data: bytes) -> Any: ...  # `AbiError` unless canonical, 1 MiB and 512 deep at most
def create_address(sender: bytes, *, nonce: int) -> bytes: ...
def create2_address(sender: bytes, *, salt: bytes, init_code_hash: bytes) -> bytes: ...
def checksum_address(address: bytes) -> str: ...  # EIP-55
def parse_address(text: str) -> bytes: ...  # verifies EIP-55; digits of one case have no checksum

# --- nonces -----------------------------------------------------------------------------------------

NONCE_WORDS: Final[dict[str, tuple[str, ...]]]
"""Names by argument: "state" of a slot, "purpose" and "outcome" of an attempt, "due" work."""
_Due = tuple[int, int, str, bytes | None, int, int]  # lane, nonce, kind, hash, tip and cap wei
_Lane = tuple[int, bytes, bool, str, int, int, int, int, int | None]
_Slot = tuple[int, str | None, str, bytes | None, int, bytes | None, bool]
_Attempt = tuple[int, bytes, int, int, str, str]
_Rows = tuple[_Lane, list[_Slot], list[_Attempt]]  # fields in the order of the core's row types

@final
class NonceConfig:
    """Defaults are for 2-second blocks; in flight 1..=16, bumps 0..=32, intervals 1 ns..=1 h."""
    def __new__(cls, *, max_in_flight: int = 4, max_bumps: int = 8,
                bump_after_ns: int = 6_000_000_000, resend_ns: int = 4_000_000_000,
                receipt_ns: int = 500_000_000, tags_ns: int = 12_000_000_000,
                sign_ns: int = 2_500_000_000) -> NonceConfig: ...
@final
class Confirmed:
    """`state` MINED, SAFE, STOLEN or FINAL; `losers`: hashes of ours that lost, told once."""
    state: Final[str]
    ours: Final[bool]
    intent: Final[str | None]
    purpose: Final[str | None]
    losers: Final[list[bytes]]
@final
class Synced:
    """Nonces: `foreign` (first, last) used unsigned: hold; `missing` a receipt; due to `verify`."""
    foreign: Final[list[tuple[int, int]]]
    missing: Final[list[int]]
    safe: Final[list[int]]
    verify: Final[list[int]]
@final
class NonceLedger:
    """Which nonce belongs to which intent. Counts only raise the floor; an intent gets another
    nonce only when its first was never signed, or is FINAL. What a state forbids: `NonceError`."""
    def __new__(cls, config: NonceConfig) -> NonceLedger: ...
    def open_lane(self, chain_id: int, *, wallet: bytes, latest: int, safe: int, finalized: int,
                  delegated: bool = False) -> int: ...
    def dump(self, lane: int) -> _Rows: ...
    def restore(self, rows: _Rows, *, latest: int, safe: int, finalized: int,
                now_ns: int) -> tuple[int, Synced, list[_Due]]:
        """A dumped lane at the counts of now: its handle, what they changed, what to do first."""
    def reserve(self, lane: int, *, intent: str, now_ns: int) -> int | str:
        """The nonce, or "FULL: n of cap in flight", "HOLD: FOREIGN_USE | FINAL_REORGED | ASKED"."""
    def release(self, lane: int, *, nonce: int) -> bool:
        """Give a never signed nonce back; True when it blocks later ones (`fill` or reserve it)."""
    def fill(self, lane: int, *, nonce: int, now_ns: int) -> None: ...
    def signed(self, lane: int, *, nonce: int, hash: bytes, tip_wei: int, cap_wei: int,
               purpose: str, now_ns: int) -> None: ...
    def sent(self, lane: int, *, hash: bytes, outcome: str, now_ns: int) -> int: ...
    def confirm(self, lane: int, *, nonce: int, hash: bytes, block: int, block_hash: bytes,
                ok: bool) -> Confirmed:
        """What used `nonce` in a sealed block, ours or not; FINAL once the finalized count passed."""
    def sync(self, lane: int, *, latest: int, safe: int, finalized: int) -> Synced: ...
    def reorg(self, chain_id: int, *, from_block: int) -> list[tuple[int, list[int], bool]]:
        """Blocks gone: (lane, nonces open again, whether a final block is gone: hold)."""
    def due(self, chain_id: int, *, now_ns: int, next_base_fee_wei: int = 0,
            low_tip_wei: int = 0) -> list[_Due]: ...
    def gaps(self, lane: int) -> list[int]: ...
    def in_flight(self, lane: int) -> int: ...
    def slots(self, lane: int) -> list[tuple[int, str | None, str, list[bytes]]]: ...
    def hold(self, lane: int) -> None: ...
    def resume(self, lane: int, *, latest: int) -> None: ...
    def set_delegated(self, lane: int, *, delegated: bool) -> None: ...

# --- fees -------------------------------------------------------------------------------------------

@final
class FeeMarket:
    """EIP-1559 parameters: given, or of an OP-stack header (Holocene, Jovian `extraData`)."""
    elasticity: Final[int]
    denominator: Final[int]
    min_base_fee_wei: Final[int]
    def __new__(
        cls, *, elasticity: int, denominator: int, min_base_fee_wei: int = 0) -> FeeMarket: ...
    @staticmethod
    def of_extra_data(extra_data: bytes) -> FeeMarket: ...
    def next_base_fee(self, base_fee_wei: int, *, gas_used: int, gas_limit: int,
                      blob_gas_used: int = 0, blocks: int = 0) -> int:
        """Exact fee of the block after the header, or at worst `blocks` (<= 1,000) later."""
@final
class FeePolicy:
    def __new__(cls, *, min_tip_wei: int = 1, max_tip_wei: int = 10**9, max_cap_wei: int = 10**11,
                tip_percentile: int = 50, bump_bps: int = 1_250, max_multiple: int = 5,
                multiple_from_wei: int = 10**9) -> FeePolicy: ...
@final
class Fees:
    """Wei per gas. `reason` MARKET, CEILING; of a bump BUMP, else resend: MULTIPLE, CEILING, BUDGET"""
    tip_wei: Final[int]
    cap_wei: Final[int]
    reason: Final[str]
def choose_fees(next_base_fee_wei: int, *, min_base_fee_wei: int, rewards_wei: _U64,
                policy: FeePolicy) -> Fees: ...
def bump_fees(tip_wei: int, *, cap_wei: int, market_tip_wei: int, next_base_fee_wei: int,
              min_base_fee_wei: int, gas_limit: int, budget_wei: int, value_wei: int = 0,
              l1_fee_wei: int = 0, operator_fee_wei: int = 0, policy: FeePolicy) -> Fees: ...
def max_spend(gas_limit: int, *, cap_wei: int, value_wei: int = 0, l1_fee_wei: int = 0,
              operator_fee_wei: int = 0) -> int: ...
def budget_left(budget_wei: int, *, in_flight_wei: list[int]) -> int: ...

# --- seal -------------------------------------------------------------------------------------------

def hash_bytes(algorithm: str, data: bytes) -> bytes:
    """Digest by `sha256`, `sha512` or `ripemd160`."""
def hmac_digest(algorithm: str, *, key: bytes, data: bytes) -> bytes:
    """HMAC (RFC 2104) over `sha224`, `sha256`, `sha384` or `sha512`."""
def derive_key(algorithm: str, *, password: bytes, salt: bytes, length: int, iterations: int = ...,
               n: int = ..., r: int = ..., p: int = ...) -> bytes:
    """`pbkdf2-sha256`, `pbkdf2-sha512` (`iterations` to 10**7) or `scrypt` (n * r * p to 2**22)."""

@final
class Kek:
    """A key-encryption key of 32 bytes. With `wrapped_dek`: the data key a KMS wrapped as that."""
    def __new__(cls, key: bytes, *, id: str, version: int, wrapped_dek: bytes = ...) -> Kek: ...
    id: Final[str]
    version: Final[int]

@final
class SealInfo:
    """What a record says of itself, unproven until it opens."""
    kek_id: Final[str]
    kek_version: Final[int]
    is_external: Final[bool]
    wrapped_dek: Final[bytes]

def seal(secret: bytes, *, kek: Kek, owner: str, subject: bytes, family: str, purpose: str,
         entropy: bytes) -> bytes:
    """Envelope (AES-256-GCM) of 1 to 65 536 bytes bound to all four; `entropy`: 32 random bytes."""
def unseal(record: bytes, *, keks: Sequence[Kek], owner: str, subject: bytes, family: str,
           purpose: str) -> bytes:
    """Open with the Kek the record names; `SealError`, also for a signing key's record."""
def rewrap(record: bytes, *, old_kek: Kek, new_kek: Kek, entropy: bytes) -> bytes:
    """Wrap the data key anew, the secret stays closed; `entropy`: 32 random bytes."""
def seal_info(record: bytes) -> SealInfo: ...

def standard_webhook_verify(*, id: bytes, timestamp: bytes, body: bytes, signature: bytes,
                            secrets: Sequence[bytes]) -> int:
    """Index of the first secret (1 to 16, of 24 to 64 bytes) that signed; -1: none, malformed."""
def standard_webhook_verify_batch(*, id: Sequence[bytes], timestamp: Sequence[bytes],
                                  body: Sequence[bytes], signature: Sequence[bytes],
                                  secrets: Sequence[bytes]) -> NDArray[np.int16]: ...

# --- keys -------------------------------------------------------------------------------------------

@final
class Keyring:
    """Keys that sign; `seed` (32 random bytes) blinds the curve. Handles are never given twice, and
    a forgotten one raises `InvalidInput`. A record is bound to owner, purpose and address.
    Signatures are r, s, v (27 or 28), low-s. Public keys are 65 bytes."""
    def __new__(cls, *, seed: bytes) -> Keyring: ...
    def __len__(self) -> int: ...
    def add(self, secret: bytes) -> int:
        """Take 32 raw bytes, or their 64 hex digits with or without 0x."""
    def add_sealed(self, record: bytes, *, keks: Sequence[Kek], owner: str, purpose: str,
                   address: bytes) -> int: ...
    def add_keystore(self, json: bytes, *, password: bytes) -> int:
        """Keystore V3 (pbkdf2, scrypt) or crowdsale wallet; an address it names must agree."""
    def add_mnemonic(self, phrase: bytes, *, path: str = ..., passphrase: bytes = ...) -> int:
        """BIP-39, UTF-8, ten languages; `path` is m/44'/60'/0'/0/0 unless given (BIP-32)."""
    def mnemonic_node(self, phrase: bytes, *, path: str = ..., passphrase: bytes = ...
                      ) -> tuple[int, int, bytes, bytes, bytes, bytes]:
        """Depth, index, parent's and own fingerprint, chain code, compressed public key."""
    def create(self, entropy: bytes, *, kek: Kek, owner: str,
               purpose: str) -> tuple[int, bytes, bytes]:
        """Make a key of 64 random bytes (then forget them): handle, sealed record, address."""
    def seal(self, handle: int, *, kek: Kek, owner: str, purpose: str, entropy: bytes) -> bytes: ...
    def address(self, handle: int) -> bytes: ...
    def public_key(self, handle: int) -> bytes: ...
    def sign_digest(self, handle: int, digest: bytes) -> bytes: ...
    def sign_digests(self, handle: int, digests: bytes) -> bytes:
        """32 bytes a row in, 65 bytes a row out."""
    def forget(self, handle: int) -> None: ...
