//! Take profit and stop: prices to percents and back, and their bounds.

use pyo3::prelude::*;
use vanta_core::margin::{self, Side};
use vanta_core::units::{PercentE10, PriceE10};

use super::words::corners;
use crate::arrays::{OptionalArg, int, int_or};
use crate::errors::to_py;

/// Price that gains a percent of collateral, rounded away from base.
#[pyfunction]
#[pyo3(signature = (*, base_e10, take_profit_p_e10, leverage_e10, is_long, profit_share_p_e10=OptionalArg::ABSENT), text_signature = "(*, base_e10, take_profit_p_e10, leverage_e10, is_long, profit_share_p_e10=0)")]
fn tp_price(
    base_e10: &Bound<'_, PyAny>,
    take_profit_p_e10: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
    profit_share_p_e10: OptionalArg<'_>,
) -> PyResult<i64> {
    margin::tp_price(
        int("base_e10", base_e10)?,
        int("take_profit_p_e10", take_profit_p_e10)?,
        int("leverage_e10", leverage_e10)?,
        Side::from_is_long(is_long),
        int_or("profit_share_p_e10", profit_share_p_e10, PercentE10::ZERO)?,
    )
    .map(PriceE10::get)
    .map_err(to_py)
}

/// Percent of collateral gained at a price, rounded down.
#[pyfunction]
#[pyo3(signature = (*, base_e10, price_e10, leverage_e10, is_long, profit_share_p_e10=OptionalArg::ABSENT), text_signature = "(*, base_e10, price_e10, leverage_e10, is_long, profit_share_p_e10=0)")]
fn tp_percent(
    base_e10: &Bound<'_, PyAny>,
    price_e10: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
    profit_share_p_e10: OptionalArg<'_>,
) -> PyResult<i64> {
    margin::tp_percent(
        int("base_e10", base_e10)?,
        int("price_e10", price_e10)?,
        int("leverage_e10", leverage_e10)?,
        Side::from_is_long(is_long),
        int_or("profit_share_p_e10", profit_share_p_e10, PercentE10::ZERO)?,
    )
    .map(PercentE10::get)
    .map_err(to_py)
}

/// Price that loses a percent of collateral, rounded towards base.
#[pyfunction]
#[pyo3(signature = (*, base_e10, stop_loss_p_e10, leverage_e10, is_long))]
fn sl_price(
    base_e10: &Bound<'_, PyAny>,
    stop_loss_p_e10: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
) -> PyResult<i64> {
    margin::sl_price(
        int("base_e10", base_e10)?,
        int("stop_loss_p_e10", stop_loss_p_e10)?,
        int("leverage_e10", leverage_e10)?,
        Side::from_is_long(is_long),
    )
    .map(PriceE10::get)
    .map_err(to_py)
}

/// Percent of collateral lost at a price, rounded up.
#[pyfunction]
#[pyo3(signature = (*, base_e10, price_e10, leverage_e10, is_long))]
fn sl_percent(
    base_e10: &Bound<'_, PyAny>,
    price_e10: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
) -> PyResult<i64> {
    margin::sl_percent(
        int("base_e10", base_e10)?,
        int("price_e10", price_e10)?,
        int("leverage_e10", leverage_e10)?,
        Side::from_is_long(is_long),
    )
    .map(PercentE10::get)
    .map_err(to_py)
}

/// Smallest Upside stop at a leverage, percent e10, rounded up.
#[pyfunction]
#[pyo3(signature = (*, leverage_e10, curve_e10))]
fn curve_min_stop(leverage_e10: &Bound<'_, PyAny>, curve_e10: &Bound<'_, PyAny>) -> PyResult<i64> {
    let leverage = int("leverage_e10", leverage_e10)?;
    margin::curve_min_stop(leverage, &corners(curve_e10)?)
        .map(PercentE10::get)
        .map_err(to_py)
}

/// (furthest take profit, nearest stop, furthest stop).
#[pyfunction]
#[pyo3(signature = (
    *, base_e10, leverage_e10, is_long, max_gain_p_e10, min_stop_p_e10, max_stop_p_e10,
    profit_share_p_e10=OptionalArg::ABSENT
), text_signature = "(*, base_e10, leverage_e10, is_long, max_gain_p_e10, min_stop_p_e10, max_stop_p_e10, profit_share_p_e10=0)")]
fn tpsl_bounds(
    base_e10: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
    max_gain_p_e10: &Bound<'_, PyAny>,
    min_stop_p_e10: &Bound<'_, PyAny>,
    max_stop_p_e10: &Bound<'_, PyAny>,
    profit_share_p_e10: OptionalArg<'_>,
) -> PyResult<(i64, i64, i64)> {
    margin::tpsl_bounds(
        int("base_e10", base_e10)?,
        int("leverage_e10", leverage_e10)?,
        Side::from_is_long(is_long),
        int("max_gain_p_e10", max_gain_p_e10)?,
        int_or("profit_share_p_e10", profit_share_p_e10, PercentE10::ZERO)?,
        (
            int("min_stop_p_e10", min_stop_p_e10)?,
            int("max_stop_p_e10", max_stop_p_e10)?,
        ),
    )
    .map(|bounds| {
        (
            bounds.take_profit.get(),
            bounds.stop_near.get(),
            bounds.stop_far.get(),
        )
    })
    .map_err(to_py)
}

/// Add the functions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(tp_price, m)?)?;
    m.add_function(wrap_pyfunction!(tp_percent, m)?)?;
    m.add_function(wrap_pyfunction!(sl_price, m)?)?;
    m.add_function(wrap_pyfunction!(sl_percent, m)?)?;
    m.add_function(wrap_pyfunction!(curve_min_stop, m)?)?;
    m.add_function(wrap_pyfunction!(tpsl_bounds, m)?)
}
