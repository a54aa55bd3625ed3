//! Bindings of `vanta_core::margin`.

use std::ops::Range;

use numpy::{PyArray1, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use vanta_core::margin::{self, Fill, Health, HealthRows, LiquidationRows, PnlRows, Side};
use vanta_core::units::{PriceE10, UsdE6};

use crate::arrays::{
    Column, OptionalArg, array, array_like, int, int_or, pieces, same_length, store, type_name,
};
use crate::errors::{detached, to_py};

type I64s = Py<PyArray1<i64>>;

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

/// Batch of `pnl`.
#[pyfunction]
#[pyo3(signature = (*, entry_e10, price_e10, collateral_e6, leverage_e10, is_long))]
fn pnls(
    py: Python<'_>,
    entry_e10: &Bound<'_, PyAny>,
    price_e10: &Bound<'_, PyAny>,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: &Bound<'_, PyAny>,
) -> PyResult<I64s> {
    let entry: Vec<i64> = array("entry_e10", entry_e10)?;
    let (n, like) = (entry.len(), "entry_e10");
    let price: Vec<i64> = array_like("price_e10", price_e10, n, like)?;
    let collateral: Vec<i64> = array_like("collateral_e6", collateral_e6, n, like)?;
    let leverage: Vec<i64> = array_like("leverage_e10", leverage_e10, n, like)?;
    let is_long: Vec<bool> = array_like("is_long", is_long, n, like)?;
    let out = detached(py, || {
        margin::pnls(&PnlRows {
            entry: &entry,
            price: &price,
            collateral: &collateral,
            leverage: &leverage,
            is_long: &is_long,
        })
    })?;
    Ok(PyArray1::from_vec(py, out).unbind())
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

/// Batch of `liquidation_price`.
#[pyfunction]
#[pyo3(signature = (
    *, entry_e10, collateral_e6, leverage_e10, is_long, threshold_e10, rollover_e6, funding_e6
))]
#[expect(clippy::too_many_arguments, reason = "one array per field, by keyword")]
fn liquidation_prices(
    py: Python<'_>,
    entry_e10: &Bound<'_, PyAny>,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: &Bound<'_, PyAny>,
    threshold_e10: &Bound<'_, PyAny>,
    rollover_e6: &Bound<'_, PyAny>,
    funding_e6: &Bound<'_, PyAny>,
) -> PyResult<I64s> {
    let entry: Vec<i64> = array("entry_e10", entry_e10)?;
    let (n, like) = (entry.len(), "entry_e10");
    let collateral: Vec<i64> = array_like("collateral_e6", collateral_e6, n, like)?;
    let leverage: Vec<i64> = array_like("leverage_e10", leverage_e10, n, like)?;
    let is_long: Vec<bool> = array_like("is_long", is_long, n, like)?;
    let threshold: Vec<i64> = array_like("threshold_e10", threshold_e10, n, like)?;
    let rollover: Vec<i64> = array_like("rollover_e6", rollover_e6, n, like)?;
    let funding: Vec<i64> = array_like("funding_e6", funding_e6, n, like)?;
    let out = detached(py, || {
        margin::liquidation_prices(&LiquidationRows {
            entry: &entry,
            collateral: &collateral,
            leverage: &leverage,
            is_long: &is_long,
            threshold: &threshold,
            rollover: &rollover,
            funding: &funding,
        })
    })?;
    Ok(PyArray1::from_vec(py, out).unbind())
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

/// Struct of arrays of `health_scan`.
#[pyclass(frozen, module = "vanta._core", name = "Health")]
struct PyHealth {
    #[pyo3(get)]
    liquidation_e10: I64s,
    #[pyo3(get)]
    safe_line_e10: I64s,
    #[pyo3(get)]
    pnl_e6: I64s,
    /// Share of the entry-to-liquidation distance that is left; 0 = at liquidation.
    #[pyo3(get)]
    distance_left_e10: I64s,
    /// 0 healthy, 1 beyond the safe line, 2 beyond liquidation.
    #[pyo3(get)]
    state: Py<PyArray1<u8>>,
}

impl PyHealth {
    fn zeros(py: Python<'_>, n: usize) -> Self {
        let column = || PyArray1::zeros(py, n, false).unbind();
        Self {
            liquidation_e10: column(),
            safe_line_e10: column(),
            pnl_e6: column(),
            distance_left_e10: column(),
            state: PyArray1::zeros(py, n, false).unbind(),
        }
    }

    fn store(&self, py: Python<'_>, rows: Range<usize>, piece: &Health) -> PyResult<()> {
        for (out, piece) in [
            (&self.liquidation_e10, &piece.liquidation),
            (&self.safe_line_e10, &piece.safe_line),
            (&self.pnl_e6, &piece.pnl),
            (&self.distance_left_e10, &piece.distance_left),
        ] {
            store(out.bind(py), rows.clone(), piece)?;
        }
        store(self.state.bind(py), rows, &piece.state)
    }
}

/// Liquidation, safe line, profit and what distance is left, for n positions.
#[pyfunction]
#[pyo3(signature = (
    *, entry_e10, price_e10, collateral_e6, leverage_e10, is_long, threshold_e10, buffer_e10,
    out=OptionalArg::ABSENT
), text_signature = "(*, entry_e10, price_e10, collateral_e6, leverage_e10, is_long, threshold_e10, buffer_e10, out=...)")]
#[expect(clippy::too_many_arguments, reason = "one array per field, by keyword")]
fn health_scan(
    py: Python<'_>,
    entry_e10: &Bound<'_, PyAny>,
    price_e10: &Bound<'_, PyAny>,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: &Bound<'_, PyAny>,
    threshold_e10: &Bound<'_, PyAny>,
    buffer_e10: &Bound<'_, PyAny>,
    out: OptionalArg<'_>,
) -> PyResult<Py<PyHealth>> {
    let mut entry = Column::new("entry_e10", entry_e10)?;
    let (n, like) = (entry.len(), "entry_e10");
    let mut price = Column::like("price_e10", price_e10, n, like)?;
    let mut collateral = Column::like("collateral_e6", collateral_e6, n, like)?;
    let mut leverage = Column::like("leverage_e10", leverage_e10, n, like)?;
    let mut is_long = Column::like("is_long", is_long, n, like)?;
    let mut threshold = Column::like("threshold_e10", threshold_e10, n, like)?;
    let mut buffer = Column::like("buffer_e10", buffer_e10, n, like)?;
    let out = match out.given() {
        Some(used) => used.cast_into::<PyHealth>().map_err(|error| {
            let given = type_name(&error.into_inner());
            PyTypeError::new_err(format!("out must be a Health, not {given}"))
        })?,
        None => Bound::new(py, PyHealth::zeros(py, n))?,
    };
    same_length("out", out.get().state.bind(py).len(), n, like)?;
    let mut piece = Health::default();
    for range in pieces(n) {
        for column in [
            &mut entry,
            &mut price,
            &mut collateral,
            &mut leverage,
            &mut threshold,
            &mut buffer,
        ] {
            column.load(range.clone())?;
        }
        is_long.load(range.clone())?;
        let rows = HealthRows {
            entry: entry.rows(),
            price: price.rows(),
            collateral: collateral.rows(),
            leverage: leverage.rows(),
            is_long: is_long.rows(),
            threshold: threshold.rows(),
            buffer: buffer.rows(),
        };
        detached(py, || {
            margin::health_scan_into(&rows, &mut piece).map_err(|error| error.later(range.start))
        })?;
        out.get().store(py, range, &piece)?;
    }
    Ok(out.unbind())
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

/// Add the margin functions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(notional, m)?)?;
    m.add_function(wrap_pyfunction!(fee, m)?)?;
    m.add_function(wrap_pyfunction!(execution_price, m)?)?;
    m.add_function(wrap_pyfunction!(pnl, m)?)?;
    m.add_function(wrap_pyfunction!(pnls, m)?)?;
    m.add_function(wrap_pyfunction!(liquidation_price, m)?)?;
    m.add_function(wrap_pyfunction!(liquidation_prices, m)?)?;
    m.add_function(wrap_pyfunction!(safe_line, m)?)?;
    m.add_function(wrap_pyfunction!(health_scan, m)?)?;
    m.add_function(wrap_pyfunction!(size_for_risk, m)?)?;
    m.add_class::<PyHealth>()
}
