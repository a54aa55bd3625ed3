//! What opening and closing costs, and the share of an Upside profit.

use pyo3::prelude::*;
use vanta_core::CoreError;
use vanta_core::margin::{self, CoinBook, FeeKind, MakerTaker, Side, SkewLine};
use vanta_core::units::{PercentE10, UsdE6};

use super::words::{OwnedTiers, tier_rule};
use crate::arrays::{OptionalArg, int, int_or, pairs};
use crate::errors::to_py;
use crate::words::Word;

fn worded(answer: Result<(PercentE10, FeeKind), CoreError>) -> PyResult<(i64, &'static str)> {
    answer
        .map(|(rate, kind)| (rate.get(), kind.name()))
        .map_err(to_py)
}

fn rates(maker: &Bound<'_, PyAny>, taker: &Bound<'_, PyAny>) -> PyResult<MakerTaker> {
    Ok(MakerTaker {
        maker: int("maker_p_e10", maker)?,
        taker: int("taker_p_e10", taker)?,
    })
}

fn book(long: &Bound<'_, PyAny>, short: &Bound<'_, PyAny>) -> PyResult<CoinBook> {
    Ok(CoinBook {
        long: int("long_coin_e10", long)?,
        short: int("short_coin_e10", short)?,
    })
}

/// `rate_p` percent of notional less a discount, rounded up once.
#[pyfunction]
#[pyo3(signature = (*, notional_e6, rate_p_e10, discount_p_e10=OptionalArg::ABSENT),
    text_signature = "(*, notional_e6, rate_p_e10, discount_p_e10=0)")]
fn percent_fee(
    notional_e6: &Bound<'_, PyAny>,
    rate_p_e10: &Bound<'_, PyAny>,
    discount_p_e10: OptionalArg<'_>,
) -> PyResult<i64> {
    margin::percent_fee(
        int("notional_e6", notional_e6)?,
        int("rate_p_e10", rate_p_e10)?,
        int_or("discount_p_e10", discount_p_e10, PercentE10::ZERO)?,
    )
    .map(UsdE6::get)
    .map_err(to_py)
}

/// Legacy opening fee by the skew of open interest: (percent e10, USD e6), both rounded up.
#[pyfunction]
#[pyo3(signature = (
    *, notional_e6, is_long, oi_long_e6, oi_short_e6, skew_lines_e10, discount_p_e10=OptionalArg::ABSENT
), text_signature = "(*, notional_e6, is_long, oi_long_e6, oi_short_e6, skew_lines_e10, discount_p_e10=0)")]
fn skew_open_fee(
    notional_e6: &Bound<'_, PyAny>,
    is_long: bool,
    oi_long_e6: &Bound<'_, PyAny>,
    oi_short_e6: &Bound<'_, PyAny>,
    skew_lines_e10: &Bound<'_, PyAny>,
    discount_p_e10: OptionalArg<'_>,
) -> PyResult<(i64, i64)> {
    let lines = pairs("skew_lines_e10", skew_lines_e10)?
        .iter()
        .map(|(slope, base)| {
            Ok(SkewLine {
                slope_e10: int("skew_lines_e10", slope)?,
                base_e10: int("skew_lines_e10", base)?,
            })
        })
        .collect::<PyResult<Vec<_>>>()?;
    margin::skew_open_fee(
        int("notional_e6", notional_e6)?,
        Side::from_is_long(is_long),
        int("oi_long_e6", oi_long_e6)?,
        int("oi_short_e6", oi_short_e6)?,
        &lines,
        int_or("discount_p_e10", discount_p_e10, PercentE10::ZERO)?,
    )
    .map(|fee| (fee.rate.get(), fee.amount.get()))
    .map_err(to_py)
}

/// Maker/taker rate of a trade by the coin open interest before and after it.
#[pyfunction]
#[pyo3(signature = (
    *, long_coin_e10, short_coin_e10, after_long_coin_e10, after_short_coin_e10, size_coin_e10,
    maker_p_e10, taker_p_e10
))]
fn maker_taker_fee(
    long_coin_e10: &Bound<'_, PyAny>,
    short_coin_e10: &Bound<'_, PyAny>,
    after_long_coin_e10: &Bound<'_, PyAny>,
    after_short_coin_e10: &Bound<'_, PyAny>,
    size_coin_e10: &Bound<'_, PyAny>,
    maker_p_e10: &Bound<'_, PyAny>,
    taker_p_e10: &Bound<'_, PyAny>,
) -> PyResult<(i64, &'static str)> {
    let after = CoinBook {
        long: int("after_long_coin_e10", after_long_coin_e10)?,
        short: int("after_short_coin_e10", after_short_coin_e10)?,
    };
    worded(margin::maker_taker_fee(
        book(long_coin_e10, short_coin_e10)?,
        after,
        int("size_coin_e10", size_coin_e10)?,
        rates(maker_p_e10, taker_p_e10)?,
    ))
}

/// Maker/taker rate of opening.
#[pyfunction]
#[pyo3(signature = (
    *, long_coin_e10, short_coin_e10, size_coin_e10, is_long, maker_p_e10, taker_p_e10
))]
fn open_maker_taker_fee(
    long_coin_e10: &Bound<'_, PyAny>,
    short_coin_e10: &Bound<'_, PyAny>,
    size_coin_e10: &Bound<'_, PyAny>,
    is_long: bool,
    maker_p_e10: &Bound<'_, PyAny>,
    taker_p_e10: &Bound<'_, PyAny>,
) -> PyResult<(i64, &'static str)> {
    worded(margin::open_maker_taker_fee(
        book(long_coin_e10, short_coin_e10)?,
        int("size_coin_e10", size_coin_e10)?,
        Side::from_is_long(is_long),
        rates(maker_p_e10, taker_p_e10)?,
    ))
}

/// Maker/taker rate of closing; the size is clamped to what the side holds.
#[pyfunction]
#[pyo3(signature = (
    *, long_coin_e10, short_coin_e10, size_coin_e10, is_long, maker_p_e10, taker_p_e10
))]
fn close_maker_taker_fee(
    long_coin_e10: &Bound<'_, PyAny>,
    short_coin_e10: &Bound<'_, PyAny>,
    size_coin_e10: &Bound<'_, PyAny>,
    is_long: bool,
    maker_p_e10: &Bound<'_, PyAny>,
    taker_p_e10: &Bound<'_, PyAny>,
) -> PyResult<(i64, &'static str)> {
    worded(margin::close_maker_taker_fee(
        book(long_coin_e10, short_coin_e10)?,
        int("size_coin_e10", size_coin_e10)?,
        Side::from_is_long(is_long),
        rates(maker_p_e10, taker_p_e10)?,
    ))
}

/// Share of an Upside profit, percent e10.
#[pyfunction]
#[pyo3(signature = (*, profit_p_e10, thresholds_p_e10, fees_p_e10, rule))]
fn upside_share(
    profit_p_e10: &Bound<'_, PyAny>,
    thresholds_p_e10: &Bound<'_, PyAny>,
    fees_p_e10: &Bound<'_, PyAny>,
    rule: Word<'_>,
) -> PyResult<i64> {
    let tiers = OwnedTiers::read(thresholds_p_e10, fees_p_e10)?;
    let profit = int("profit_p_e10", profit_p_e10)?;
    margin::upside_share(profit, &tiers.tiers(), tier_rule(rule.0)?)
        .map(PercentE10::get)
        .map_err(to_py)
}

/// (share, fee in e6 rounded up) of a realised Upside profit; (0, 0) of a loss.
#[pyfunction]
#[pyo3(signature = (*, profit_p_e10, pnl_e6, thresholds_p_e10, fees_p_e10, rule))]
fn upside_fee(
    profit_p_e10: &Bound<'_, PyAny>,
    pnl_e6: &Bound<'_, PyAny>,
    thresholds_p_e10: &Bound<'_, PyAny>,
    fees_p_e10: &Bound<'_, PyAny>,
    rule: Word<'_>,
) -> PyResult<(i64, i64)> {
    let tiers = OwnedTiers::read(thresholds_p_e10, fees_p_e10)?;
    let (profit, pnl) = (int("profit_p_e10", profit_p_e10)?, int("pnl_e6", pnl_e6)?);
    margin::upside_fee(profit, pnl, &tiers.tiers(), tier_rule(rule.0)?)
        .map(|(share, fee)| (share.get(), fee.get()))
        .map_err(to_py)
}

/// Largest Upside take profit net of the share there, percent e10, rounded down.
#[pyfunction]
#[pyo3(signature = (*, max_gain_p_e10, thresholds_p_e10, fees_p_e10))]
fn adjusted_max_gain(
    max_gain_p_e10: &Bound<'_, PyAny>,
    thresholds_p_e10: &Bound<'_, PyAny>,
    fees_p_e10: &Bound<'_, PyAny>,
) -> PyResult<i64> {
    let tiers = OwnedTiers::read(thresholds_p_e10, fees_p_e10)?;
    margin::adjusted_max_gain(int("max_gain_p_e10", max_gain_p_e10)?, &tiers.tiers())
        .map(PercentE10::get)
        .map_err(to_py)
}

/// Add the functions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(percent_fee, m)?)?;
    m.add_function(wrap_pyfunction!(skew_open_fee, m)?)?;
    m.add_function(wrap_pyfunction!(maker_taker_fee, m)?)?;
    m.add_function(wrap_pyfunction!(open_maker_taker_fee, m)?)?;
    m.add_function(wrap_pyfunction!(close_maker_taker_fee, m)?)?;
    m.add_function(wrap_pyfunction!(upside_share, m)?)?;
    m.add_function(wrap_pyfunction!(upside_fee, m)?)?;
    m.add_function(wrap_pyfunction!(adjusted_max_gain, m)?)
}
