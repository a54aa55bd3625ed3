//! The contract's own divisions, and the flow-based spread.

use pyo3::prelude::*;
use vanta_core::margin::{self, MarginMove, Side};
use vanta_core::units::{PercentE10, UsdE6};

use crate::arrays::int;
use crate::errors::to_py;

/// Coins of a position, e10, by the contract's two floors.
#[pyfunction]
#[pyo3(signature = (*, notional_e6, entry_e10, base_is_usd=false))]
fn coin_size(
    notional_e6: &Bound<'_, PyAny>,
    entry_e10: &Bound<'_, PyAny>,
    base_is_usd: bool,
) -> PyResult<u128> {
    let notional = int("notional_e6", notional_e6)?;
    margin::coin_size(notional, int("entry_e10", entry_e10)?, base_is_usd).map_err(to_py)
}

/// Percent profit e10 as the contract: truncated, clipped to -100 % and the maximum.
#[pyfunction]
#[pyo3(signature = (*, entry_e10, price_e10, leverage_e10, is_long, max_gain_p_e10))]
fn percent_profit(
    entry_e10: &Bound<'_, PyAny>,
    price_e10: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
    max_gain_p_e10: &Bound<'_, PyAny>,
) -> PyResult<i64> {
    margin::percent_profit(
        int("entry_e10", entry_e10)?,
        int("price_e10", price_e10)?,
        int("leverage_e10", leverage_e10)?,
        Side::from_is_long(is_long),
        int("max_gain_p_e10", max_gain_p_e10)?,
    )
    .map(PercentE10::get)
    .map_err(to_py)
}

/// Profit in e6 of a percent profit, by the contract's two truncations.
#[pyfunction]
#[pyo3(signature = (*, collateral_e6, profit_p_e10))]
fn percent_pnl(collateral_e6: &Bound<'_, PyAny>, profit_p_e10: &Bound<'_, PyAny>) -> PyResult<i64> {
    let collateral = int("collateral_e6", collateral_e6)?;
    margin::percent_pnl(collateral, int("profit_p_e10", profit_p_e10)?)
        .map(UsdE6::get)
        .map_err(to_py)
}

/// Rollover owed between two readings of its accumulator, rounded down as the contract.
#[pyfunction]
#[pyo3(signature = (*, acc_open, acc_now, notional_e6))]
fn rollover_fee(
    acc_open: &Bound<'_, PyAny>,
    acc_now: &Bound<'_, PyAny>,
    notional_e6: &Bound<'_, PyAny>,
) -> PyResult<i64> {
    margin::rollover_fee(
        int("acc_open", acc_open)?,
        int("acc_now", acc_now)?,
        int("notional_e6", notional_e6)?,
    )
    .map(UsdE6::get)
    .map_err(to_py)
}

/// Funding owed (negative: received) between two readings, rounded up.
#[pyfunction]
#[pyo3(signature = (*, acc_open, acc_now, notional_e6))]
fn funding_fee(
    acc_open: &Bound<'_, PyAny>,
    acc_now: &Bound<'_, PyAny>,
    notional_e6: &Bound<'_, PyAny>,
) -> PyResult<i64> {
    margin::funding_fee(
        int("acc_open", acc_open)?,
        int("acc_now", acc_now)?,
        int("notional_e6", notional_e6)?,
    )
    .map(UsdE6::get)
    .map_err(to_py)
}

/// (collateral, leverage) after a margin update.
#[pyfunction]
#[pyo3(signature = (*, collateral_e6, notional_e6, amount_e6, is_deposit, fees_e6))]
fn margin_update(
    collateral_e6: &Bound<'_, PyAny>,
    notional_e6: &Bound<'_, PyAny>,
    amount_e6: &Bound<'_, PyAny>,
    is_deposit: bool,
    fees_e6: &Bound<'_, PyAny>,
) -> PyResult<(i64, i64)> {
    let direction = if is_deposit {
        MarginMove::Deposit
    } else {
        MarginMove::Withdraw
    };
    margin::margin_update(
        int("collateral_e6", collateral_e6)?,
        int("notional_e6", notional_e6)?,
        int("amount_e6", amount_e6)?,
        direction,
        int("fees_e6", fees_e6)?,
    )
    .map(|(left, leverage)| (left.get(), leverage.get()))
    .map_err(to_py)
}

/// Whether a withdrawal leaves more than the venue demands.
#[pyfunction]
#[pyo3(signature = (*, collateral_e6, pnl_e6, threshold_e10))]
fn withdrawal_leaves_enough(
    collateral_e6: &Bound<'_, PyAny>,
    pnl_e6: &Bound<'_, PyAny>,
    threshold_e10: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    margin::withdrawal_leaves_enough(
        int("collateral_e6", collateral_e6)?,
        int("pnl_e6", pnl_e6)?,
        int("threshold_e10", threshold_e10)?,
    )
    .map_err(to_py)
}

/// The flow-based spread, percent e10, rounded up.
#[pyfunction]
#[pyo3(signature = (*, flow, depth, impact_p_e10, constant_p_e10, max_spread_p_e10))]
fn impact_spread(
    flow: &Bound<'_, PyAny>,
    depth: &Bound<'_, PyAny>,
    impact_p_e10: &Bound<'_, PyAny>,
    constant_p_e10: &Bound<'_, PyAny>,
    max_spread_p_e10: &Bound<'_, PyAny>,
) -> PyResult<i64> {
    margin::impact_spread(
        int("flow", flow)?,
        int("depth", depth)?,
        int("impact_p_e10", impact_p_e10)?,
        int("constant_p_e10", constant_p_e10)?,
        int("max_spread_p_e10", max_spread_p_e10)?,
    )
    .map(PercentE10::get)
    .map_err(to_py)
}

/// Add the functions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(coin_size, m)?)?;
    m.add_function(wrap_pyfunction!(percent_profit, m)?)?;
    m.add_function(wrap_pyfunction!(percent_pnl, m)?)?;
    m.add_function(wrap_pyfunction!(rollover_fee, m)?)?;
    m.add_function(wrap_pyfunction!(funding_fee, m)?)?;
    m.add_function(wrap_pyfunction!(margin_update, m)?)?;
    m.add_function(wrap_pyfunction!(withdrawal_leaves_enough, m)?)?;
    m.add_function(wrap_pyfunction!(impact_spread, m)?)
}
