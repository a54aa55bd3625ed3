//! Whether the venue takes an order, and how much more it takes.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use vanta_core::margin::{
    self, Finding, OiCaps, OpenOrder, OrderPrice, OrderRule, OrderRules, Side, StopCorner,
    StopRules,
};
use vanta_core::units::{PercentE10, PriceE10, RatioE10, UsdE6};

use super::words::{OwnedTiers, corners};
use crate::arrays::{FromInt, OptionalArg, int, int_or};
use crate::errors::{invalid, to_py};
use crate::words::Word;

type Findings = Vec<(usize, i64, i64)>;

fn given<T: FromInt>(name: &'static str, argument: OptionalArg<'_>) -> PyResult<Option<T>> {
    argument.given().map(|any| int(name, &any)).transpose()
}

/// Caps on open interest and what is open now.
#[pyclass(frozen, module = "vanta._core", name = "OiCaps")]
struct PyOiCaps(OiCaps);

#[pymethods]
impl PyOiCaps {
    #[new]
    #[pyo3(signature = (
        *, max_open_interest_e6, total_oi_e6, max_group_oi_e6, group_oi_e6, max_wallet_oi_e6,
        pair_max_oi_e6, long_oi_e6, short_oi_e6, group_share_p_e10, max_long_p_e10,
        max_short_p_e10, liquidity_buy_e6=OptionalArg::ABSENT, liquidity_sell_e6=OptionalArg::ABSENT
    ), text_signature = "(*, max_open_interest_e6, total_oi_e6, max_group_oi_e6, group_oi_e6, max_wallet_oi_e6, pair_max_oi_e6, long_oi_e6, short_oi_e6, group_share_p_e10, max_long_p_e10, max_short_p_e10, liquidity_buy_e6=9223372036854775807, liquidity_sell_e6=9223372036854775807)")]
    #[expect(clippy::too_many_arguments, reason = "one cap each, by keyword")]
    fn new(
        max_open_interest_e6: &Bound<'_, PyAny>,
        total_oi_e6: &Bound<'_, PyAny>,
        max_group_oi_e6: &Bound<'_, PyAny>,
        group_oi_e6: &Bound<'_, PyAny>,
        max_wallet_oi_e6: &Bound<'_, PyAny>,
        pair_max_oi_e6: &Bound<'_, PyAny>,
        long_oi_e6: &Bound<'_, PyAny>,
        short_oi_e6: &Bound<'_, PyAny>,
        group_share_p_e10: &Bound<'_, PyAny>,
        max_long_p_e10: &Bound<'_, PyAny>,
        max_short_p_e10: &Bound<'_, PyAny>,
        liquidity_buy_e6: OptionalArg<'_>,
        liquidity_sell_e6: OptionalArg<'_>,
    ) -> PyResult<Self> {
        let caps = OiCaps {
            max_open_interest: int("max_open_interest_e6", max_open_interest_e6)?,
            total_oi: int("total_oi_e6", total_oi_e6)?,
            max_group_oi: int("max_group_oi_e6", max_group_oi_e6)?,
            group_oi: int("group_oi_e6", group_oi_e6)?,
            max_wallet_oi: int("max_wallet_oi_e6", max_wallet_oi_e6)?,
            wallet_oi: UsdE6::ZERO,
            pair_max_oi: int("pair_max_oi_e6", pair_max_oi_e6)?,
            long_oi: int("long_oi_e6", long_oi_e6)?,
            short_oi: int("short_oi_e6", short_oi_e6)?,
            group_share: int("group_share_p_e10", group_share_p_e10)?,
            max_long: int("max_long_p_e10", max_long_p_e10)?,
            max_short: int("max_short_p_e10", max_short_p_e10)?,
            liquidity_buy: int_or("liquidity_buy_e6", liquidity_buy_e6, UsdE6::MAX)?,
            liquidity_sell: int_or("liquidity_sell_e6", liquidity_sell_e6, UsdE6::MAX)?,
        };
        caps.check().map_err(to_py)?;
        Ok(Self(caps))
    }

    /// Largest notional a new position may have; `wallet_oi` is what the wallet has open.
    #[pyo3(signature = (*, is_long, wallet_oi_e6))]
    fn headroom(&self, is_long: bool, wallet_oi_e6: &Bound<'_, PyAny>) -> PyResult<i64> {
        self.of_wallet(int("wallet_oi_e6", wallet_oi_e6)?)
            .headroom(Side::from_is_long(is_long))
            .map(UsdE6::get)
            .map_err(to_py)
    }
}

impl PyOiCaps {
    fn of_wallet(&self, wallet_oi: UsdE6) -> OiCaps {
        OiCaps {
            wallet_oi,
            ..self.0
        }
    }
}

/// The venue's rules for one pair and one kind of position.
#[pyclass(frozen, module = "vanta._core", name = "OrderRules")]
#[expect(clippy::struct_excessive_bools, reason = "the venue's own flags")]
struct PyOrderRules {
    is_listed: bool,
    is_close_only: bool,
    is_open: bool,
    is_upside: bool,
    min_leverage: RatioE10,
    max_leverage: RatioE10,
    min_notional: UsdE6,
    max_trades: u32,
    max_gain: PercentE10,
    max_stop: PercentE10,
    spread_buffer: PercentE10,
    max_half_spread: PercentE10,
    max_spread_x_leverage: PercentE10,
    max_slippage: PercentE10,
    upside_floor: PercentE10,
    curve: Vec<StopCorner>,
    tiers: OwnedTiers,
}

#[pymethods]
impl PyOrderRules {
    #[new]
    #[pyo3(signature = (
        *, is_listed, is_close_only, is_open, is_upside, min_leverage_e10, max_leverage_e10,
        min_notional_e6, max_trades, max_gain_p_e10, max_stop_p_e10, spread_buffer_p_e10,
        max_half_spread_p_e10, max_spread_x_leverage_p_e10, max_slippage_p_e10, upside_floor_p_e10,
        curve_e10, thresholds_p_e10, fees_p_e10
    ))]
    #[expect(clippy::too_many_arguments, reason = "one rule each, by keyword")]
    #[expect(clippy::fn_params_excessive_bools, reason = "the venue's own flags")]
    fn new(
        is_listed: bool,
        is_close_only: bool,
        is_open: bool,
        is_upside: bool,
        min_leverage_e10: &Bound<'_, PyAny>,
        max_leverage_e10: &Bound<'_, PyAny>,
        min_notional_e6: &Bound<'_, PyAny>,
        max_trades: &Bound<'_, PyAny>,
        max_gain_p_e10: &Bound<'_, PyAny>,
        max_stop_p_e10: &Bound<'_, PyAny>,
        spread_buffer_p_e10: &Bound<'_, PyAny>,
        max_half_spread_p_e10: &Bound<'_, PyAny>,
        max_spread_x_leverage_p_e10: &Bound<'_, PyAny>,
        max_slippage_p_e10: &Bound<'_, PyAny>,
        upside_floor_p_e10: &Bound<'_, PyAny>,
        curve_e10: &Bound<'_, PyAny>,
        thresholds_p_e10: &Bound<'_, PyAny>,
        fees_p_e10: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let curve = corners(curve_e10)?;
        let rules = Self {
            is_listed,
            is_close_only,
            is_open,
            is_upside,
            min_leverage: int("min_leverage_e10", min_leverage_e10)?,
            max_leverage: int("max_leverage_e10", max_leverage_e10)?,
            min_notional: int("min_notional_e6", min_notional_e6)?,
            max_trades: int("max_trades", max_trades)?,
            max_gain: int("max_gain_p_e10", max_gain_p_e10)?,
            max_stop: int("max_stop_p_e10", max_stop_p_e10)?,
            spread_buffer: int("spread_buffer_p_e10", spread_buffer_p_e10)?,
            max_half_spread: int("max_half_spread_p_e10", max_half_spread_p_e10)?,
            max_spread_x_leverage: int("max_spread_x_leverage_p_e10", max_spread_x_leverage_p_e10)?,
            max_slippage: int("max_slippage_p_e10", max_slippage_p_e10)?,
            upside_floor: int("upside_floor_p_e10", upside_floor_p_e10)?,
            curve,
            tiers: OwnedTiers::read(thresholds_p_e10, fees_p_e10)?,
        };
        rules.rules().check().map_err(to_py)?;
        Ok(rules)
    }

    /// Smallest stop at a leverage, percent e10; 0 = no demand.
    #[pyo3(signature = (*, leverage_e10, spread_p_e10=OptionalArg::ABSENT),
        text_signature = "($self, *, leverage_e10, spread_p_e10=...)")]
    fn min_stop(
        &self,
        leverage_e10: &Bound<'_, PyAny>,
        spread_p_e10: OptionalArg<'_>,
    ) -> PyResult<i64> {
        let leverage = int("leverage_e10", leverage_e10)?;
        self.rules()
            .stop
            .min_stop(leverage, given("spread_p_e10", spread_p_e10)?)
            .map(PercentE10::get)
            .map_err(to_py)
    }
}

impl PyOrderRules {
    fn rules(&self) -> OrderRules<'_> {
        OrderRules {
            is_listed: self.is_listed,
            is_close_only: self.is_close_only,
            is_open: self.is_open,
            is_upside: self.is_upside,
            min_leverage: self.min_leverage,
            max_leverage: self.max_leverage,
            min_notional: self.min_notional,
            max_trades: self.max_trades,
            max_gain: self.max_gain,
            stop: StopRules {
                max_stop: self.max_stop,
                spread_buffer: self.spread_buffer,
                floor: self.upside_floor,
                curve: &self.curve,
            },
            tiers: self.tiers.tiers(),
            max_half_spread: self.max_half_spread,
            max_spread_x_leverage: self.max_spread_x_leverage,
            max_slippage: self.max_slippage,
        }
    }
}

fn order_price(kind: &str, price: Option<PriceE10>) -> PyResult<OrderPrice> {
    match (kind, price) {
        ("market", None) => Ok(OrderPrice::Market),
        ("limit", Some(price)) => Ok(OrderPrice::Limit(price)),
        ("stop_limit", Some(price)) => Ok(OrderPrice::StopLimit(price)),
        ("market", Some(_)) => Err(invalid("price_e10", "has no meaning for a market order")),
        ("limit" | "stop_limit", None) => Err(invalid("price_e10", "is missing")),
        _ => Err(invalid("kind", "must be market, limit or stop_limit")),
    }
}

fn rows(findings: &[Finding]) -> Findings {
    findings
        .iter()
        .map(|one| (one.rule.code(), one.value, one.limit))
        .collect()
}

/// (failures, warnings) of an order that would open a position, each (rule, value, limit).
#[pyfunction]
#[pyo3(signature = (
    rules, caps, *, is_long, collateral_e6, leverage_e10, wallet_oi_e6, open_trades, kind=Word("market"),
    price_e10=OptionalArg::ABSENT, market_e10=OptionalArg::ABSENT,
    take_profit_p_e10=OptionalArg::ABSENT, stop_loss_p_e10=OptionalArg::ABSENT,
    spread_p_e10=OptionalArg::ABSENT, slippage_p_e10=OptionalArg::ABSENT
), text_signature = "(rules, caps, *, is_long, collateral_e6, leverage_e10, wallet_oi_e6, open_trades, kind='market', price_e10=..., market_e10=..., take_profit_p_e10=..., stop_loss_p_e10=..., spread_p_e10=..., slippage_p_e10=...)")]
#[expect(clippy::too_many_arguments, reason = "one fact each, by keyword")]
fn validate_order(
    rules: &Bound<'_, PyOrderRules>,
    caps: &Bound<'_, PyOiCaps>,
    is_long: bool,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    wallet_oi_e6: &Bound<'_, PyAny>,
    open_trades: &Bound<'_, PyAny>,
    kind: Word<'_>,
    price_e10: OptionalArg<'_>,
    market_e10: OptionalArg<'_>,
    take_profit_p_e10: OptionalArg<'_>,
    stop_loss_p_e10: OptionalArg<'_>,
    spread_p_e10: OptionalArg<'_>,
    slippage_p_e10: OptionalArg<'_>,
) -> PyResult<(Findings, Findings)> {
    let order = OpenOrder {
        side: Side::from_is_long(is_long),
        collateral: int("collateral_e6", collateral_e6)?,
        leverage: int("leverage_e10", leverage_e10)?,
        price: order_price(kind.0, given("price_e10", price_e10)?)?,
        market: given("market_e10", market_e10)?,
        take_profit: given("take_profit_p_e10", take_profit_p_e10)?,
        stop_loss: given("stop_loss_p_e10", stop_loss_p_e10)?,
        spread: given("spread_p_e10", spread_p_e10)?,
        slippage: given("slippage_p_e10", slippage_p_e10)?,
        open_trades: int("open_trades", open_trades)?,
    };
    let caps = caps.get().of_wallet(int("wallet_oi_e6", wallet_oi_e6)?);
    let found = margin::validate_order(&rules.get().rules(), &caps, &order).map_err(to_py)?;
    Ok((rows(&found.failures), rows(&found.warnings)))
}

/// Add the functions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("ORDER_RULES", PyTuple::new(m.py(), OrderRule::NAMES)?)?;
    m.add_class::<PyOiCaps>()?;
    m.add_class::<PyOrderRules>()?;
    m.add_function(wrap_pyfunction!(validate_order, m)?)
}
