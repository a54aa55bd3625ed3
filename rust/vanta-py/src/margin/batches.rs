//! Many positions at once: the same functions row by row, with the interpreter released.

use std::ops::Range;

use numpy::{PyArray1, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use vanta_core::margin::{self, Health, HealthRows, LiquidationRows, PnlRows, RiskRows};

use crate::arrays::{
    Column, OptionalArg, array, array_like, pieces, same_length, store, type_name,
};
use crate::errors::detached;

type I64s = Py<PyArray1<i64>>;

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
    let mut entry = Column::new("entry_e10", entry_e10)?;
    let (n, like) = (entry.len(), "entry_e10");
    let mut price = Column::like("price_e10", price_e10, n, like)?;
    let mut collateral = Column::like("collateral_e6", collateral_e6, n, like)?;
    let mut leverage = Column::like("leverage_e10", leverage_e10, n, like)?;
    let mut is_long = Column::like("is_long", is_long, n, like)?;
    let out = PyArray1::zeros(py, n, false);
    let mut piece = Vec::new();
    for range in pieces(n) {
        for column in [&mut entry, &mut price, &mut collateral, &mut leverage] {
            column.load(range.clone())?;
        }
        is_long.load(range.clone())?;
        let rows = PnlRows {
            entry: entry.rows(),
            price: price.rows(),
            collateral: collateral.rows(),
            leverage: leverage.rows(),
            is_long: is_long.rows(),
        };
        detached(py, || {
            margin::pnls_into(&rows, &mut piece).map_err(|error| error.later(range.start))
        })?;
        store(&out, range, &piece)?;
    }
    Ok(out.unbind())
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
    let mut entry = Column::new("entry_e10", entry_e10)?;
    let (n, like) = (entry.len(), "entry_e10");
    let mut collateral = Column::like("collateral_e6", collateral_e6, n, like)?;
    let mut leverage = Column::like("leverage_e10", leverage_e10, n, like)?;
    let mut is_long = Column::like("is_long", is_long, n, like)?;
    let mut threshold = Column::like("threshold_e10", threshold_e10, n, like)?;
    let mut rollover = Column::like("rollover_e6", rollover_e6, n, like)?;
    let mut funding = Column::like("funding_e6", funding_e6, n, like)?;
    let out = PyArray1::zeros(py, n, false);
    let mut piece = Vec::new();
    for range in pieces(n) {
        for column in [
            &mut entry,
            &mut collateral,
            &mut leverage,
            &mut threshold,
            &mut rollover,
            &mut funding,
        ] {
            column.load(range.clone())?;
        }
        is_long.load(range.clone())?;
        let rows = LiquidationRows {
            entry: entry.rows(),
            collateral: collateral.rows(),
            leverage: leverage.rows(),
            is_long: is_long.rows(),
            threshold: threshold.rows(),
            rollover: rollover.rows(),
            funding: funding.rows(),
        };
        detached(py, || {
            margin::liquidation_prices_into(&rows, &mut piece)
                .map_err(|error| error.later(range.start))
        })?;
        store(&out, range, &piece)?;
    }
    Ok(out.unbind())
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

/// Batch of `size_for_risk`.
#[pyfunction]
#[pyo3(signature = (*, risk_e6, entry_e10, stop_e10, leverage_e10, cost_e10, is_long))]
fn sizes_for_risk(
    py: Python<'_>,
    risk_e6: &Bound<'_, PyAny>,
    entry_e10: &Bound<'_, PyAny>,
    stop_e10: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    cost_e10: &Bound<'_, PyAny>,
    is_long: &Bound<'_, PyAny>,
) -> PyResult<I64s> {
    let risk: Vec<i64> = array("risk_e6", risk_e6)?;
    let (n, like) = (risk.len(), "risk_e6");
    let entry: Vec<i64> = array_like("entry_e10", entry_e10, n, like)?;
    let stop: Vec<i64> = array_like("stop_e10", stop_e10, n, like)?;
    let leverage: Vec<i64> = array_like("leverage_e10", leverage_e10, n, like)?;
    let cost: Vec<i64> = array_like("cost_e10", cost_e10, n, like)?;
    let is_long: Vec<bool> = array_like("is_long", is_long, n, like)?;
    let out = detached(py, || {
        margin::sizes_for_risk(&RiskRows {
            risk: &risk,
            entry: &entry,
            stop: &stop,
            leverage: &leverage,
            cost: &cost,
            is_long: &is_long,
        })
    })?;
    Ok(PyArray1::from_vec(py, out).unbind())
}

/// Add the functions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(pnls, m)?)?;
    m.add_function(wrap_pyfunction!(liquidation_prices, m)?)?;
    m.add_function(wrap_pyfunction!(health_scan, m)?)?;
    m.add_function(wrap_pyfunction!(sizes_for_risk, m)?)?;
    m.add_class::<PyHealth>()
}
