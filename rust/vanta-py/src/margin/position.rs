//! One position: its size, fee, profit, liquidation and safe line.

use pyo3::prelude::*;
use vanta_core::margin::{self, Fill, Side};
use vanta_core::units::{PriceE10, UsdE6};

use crate::arrays::{OptionalArg, int, int_or};
use crate::errors::to_py;

/// collateral * leverage in e6, rounded down (the venue's floor).
#[pyfunction]
#[pyo3(signature = (*, collateral_e6, leverage_e10))]
fn notional(collateral_e6: &Bound<'_, PyAny>, leverage_e10: &Bound<'_, PyAny>) -> PyResult<i64> {
    let collateral = int("collateral_e6", collateral_e6)?;
    let leverage = int("leverage_e10", leverage_e10)?;
    margin::notional(collateral, leverage)
        .map(UsdE6::get)
        .map_err(to_py)
}

/// notional * rate in e6, rounded up.
#[pyfunction]
#[pyo3(signature = (*, notional_e6, rate_e10))]
fn fee(notional_e6: &Bound<'_, PyAny>, rate_e10: &Bound<'_, PyAny>) -> PyResult<i64> {
    let notional = int("notional_e6", notional_e6)?;
    let rate = int("rate_e10", rate_e10)?;
    margin::fee(notional, rate).map(UsdE6::get).map_err(to_py)
}

/// Price after spread, rounded against the trader: a buy up, a sell down.
#[pyfunction]
#[pyo3(signature = (*, price_e10, spread_e10, is_long, is_open))]
fn execution_price(
    price_e10: &Bound<'_, PyAny>,
    spread_e10: &Bound<'_, PyAny>,
    is_long: bool,
    is_open: bool,
) -> PyResult<i64> {
    let price = int("price_e10", price_e10)?;
    let spread = int("spread_e10", spread_e10)?;
    let fill = if is_open { Fill::Open } else { Fill::Close };
    margin::execution_price(price, spread, Side::from_is_long(is_long), fill)
        .map(PriceE10::get)
        .map_err(to_py)
}

/// Gross profit in e6, rounded down (towards loss), never below -collateral.
#[pyfunction]
#[pyo3(signature = (*, entry_e10, price_e10, collateral_e6, leverage_e10, is_long))]
fn pnl(
    entry_e10: &Bound<'_, PyAny>,
    price_e10: &Bound<'_, PyAny>,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
) -> PyResult<i64> {
    margin::pnl(
        int("entry_e10", entry_e10)?,
        int("price_e10", price_e10)?,
        int("collateral_e6", collateral_e6)?,
        int("leverage_e10", leverage_e10)?,
        Side::from_is_long(is_long),
    )
    .map(UsdE6::get)
    .map_err(to_py)
}

/// As `pnl`, not bounded by the collateral: the venue's estimate.
#[pyfunction]
#[pyo3(signature = (*, entry_e10, price_e10, collateral_e6, leverage_e10, is_long))]
fn gross_pnl(
    entry_e10: &Bound<'_, PyAny>,
    price_e10: &Bound<'_, PyAny>,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
) -> PyResult<i64> {
    margin::gross_pnl(
        int("entry_e10", entry_e10)?,
        int("price_e10", price_e10)?,
        int("collateral_e6", collateral_e6)?,
        int("leverage_e10", leverage_e10)?,
        Side::from_is_long(is_long),
    )
    .map(UsdE6::get)
    .map_err(to_py)
}

/// Liquidation price, rounded towards entry, clamped at 0.
#[pyfunction]
#[pyo3(signature = (
    *, entry_e10, collateral_e6, leverage_e10, is_long, threshold_e10, rollover_e6=OptionalArg::ABSENT,
    funding_e6=OptionalArg::ABSENT,
), text_signature = "(*, entry_e10, collateral_e6, leverage_e10, is_long, threshold_e10, rollover_e6=0, funding_e6=0)")]
fn liquidation_price(
    entry_e10: &Bound<'_, PyAny>,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
    threshold_e10: &Bound<'_, PyAny>,
    rollover_e6: OptionalArg<'_>,
    funding_e6: OptionalArg<'_>,
) -> PyResult<i64> {
    margin::liquidation_price(
        int("entry_e10", entry_e10)?,
        int("collateral_e6", collateral_e6)?,
        int("leverage_e10", leverage_e10)?,
        Side::from_is_long(is_long),
        int("threshold_e10", threshold_e10)?,
        int_or("rollover_e6", rollover_e6, UsdE6::ZERO)?,
        int_or("funding_e6", funding_e6, UsdE6::ZERO)?,
    )
    .map(PriceE10::get)
    .map_err(to_py)
}

/// As `liquidation_price`, not clamped: the venue's estimate, possibly below 0.
#[pyfunction]
#[pyo3(signature = (
    *, entry_e10, collateral_e6, leverage_e10, is_long, threshold_e10, rollover_e6=OptionalArg::ABSENT,
    funding_e6=OptionalArg::ABSENT,
), text_signature = "(*, entry_e10, collateral_e6, leverage_e10, is_long, threshold_e10, rollover_e6=0, funding_e6=0)")]
fn liquidation_estimate(
    entry_e10: &Bound<'_, PyAny>,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
    threshold_e10: &Bound<'_, PyAny>,
    rollover_e6: OptionalArg<'_>,
    funding_e6: OptionalArg<'_>,
) -> PyResult<i64> {
    margin::liquidation_estimate(
        int("entry_e10", entry_e10)?,
        int("collateral_e6", collateral_e6)?,
        int("leverage_e10", leverage_e10)?,
        Side::from_is_long(is_long),
        int("threshold_e10", threshold_e10)?,
        int_or("rollover_e6", rollover_e6, UsdE6::ZERO)?,
        int_or("funding_e6", funding_e6, UsdE6::ZERO)?,
    )
    .map_err(to_py)
}

/// Liquidation price moved towards entry by `buffer` of the distance, rounded towards entry.
#[pyfunction]
#[pyo3(signature = (*, entry_e10, liquidation_e10, buffer_e10, is_long))]
fn safe_line(
    entry_e10: &Bound<'_, PyAny>,
    liquidation_e10: &Bound<'_, PyAny>,
    buffer_e10: &Bound<'_, PyAny>,
    is_long: bool,
) -> PyResult<i64> {
    margin::safe_line(
        int("entry_e10", entry_e10)?,
        int("liquidation_e10", liquidation_e10)?,
        int("buffer_e10", buffer_e10)?,
        Side::from_is_long(is_long),
    )
    .map(PriceE10::get)
    .map_err(to_py)
}

/// Largest collateral in e6 whose loss at the stop, costs included, stays within `risk_e6`.
#[pyfunction]
#[pyo3(signature = (*, risk_e6, entry_e10, stop_e10, leverage_e10, cost_e10, is_long))]
fn size_for_risk(
    risk_e6: &Bound<'_, PyAny>,
    entry_e10: &Bound<'_, PyAny>,
    stop_e10: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    cost_e10: &Bound<'_, PyAny>,
    is_long: bool,
) -> PyResult<i64> {
    margin::size_for_risk(
        int("risk_e6", risk_e6)?,
        int("entry_e10", entry_e10)?,
        int("stop_e10", stop_e10)?,
        int("leverage_e10", leverage_e10)?,
        int("cost_e10", cost_e10)?,
        Side::from_is_long(is_long),
    )
    .map(UsdE6::get)
    .map_err(to_py)
}

/// Add the functions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(notional, m)?)?;
    m.add_function(wrap_pyfunction!(fee, m)?)?;
    m.add_function(wrap_pyfunction!(execution_price, m)?)?;
    m.add_function(wrap_pyfunction!(pnl, m)?)?;
    m.add_function(wrap_pyfunction!(gross_pnl, m)?)?;
    m.add_function(wrap_pyfunction!(liquidation_price, m)?)?;
    m.add_function(wrap_pyfunction!(liquidation_estimate, m)?)?;
    m.add_function(wrap_pyfunction!(safe_line, m)?)?;
    m.add_function(wrap_pyfunction!(size_for_risk, m)?)
}
