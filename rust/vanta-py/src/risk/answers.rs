//! What the risk book answers: frozen values and arrays.

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use vanta_core::risk::{Admissions, Exposure, Failure, RiskVerdict};

type I64s = Py<PyArray1<i64>>;

/// One rule that said no.
#[pyclass(frozen, module = "vanta._core", name = "Failure")]
pub(crate) struct PyFailure {
    inner: Failure,
}

#[pymethods]
impl PyFailure {
    /// Index into `RULES`.
    #[getter]
    fn rule(&self) -> u8 {
        self.inner.rule.code()
    }

    #[getter]
    fn value(&self) -> i64 {
        self.inner.value
    }

    #[getter]
    fn limit(&self) -> i64 {
        self.inner.limit
    }

    /// When waiting alone would make it pass; 0 = never.
    #[getter]
    fn resets_at_ns(&self) -> i64 {
        self.inner.resets_at.get()
    }

    fn __repr__(&self) -> String {
        let failure = &self.inner;
        let name = vanta_core::risk::RULES
            .get(usize::from(failure.rule.code()))
            .copied()
            .unwrap_or_default();
        format!(
            "Failure({name}, value={}, limit={}, resets_at_ns={})",
            failure.value,
            failure.limit,
            failure.resets_at.get()
        )
    }
}

/// Answer of `RiskBook.check` and `admit`: all failures, not just the first.
#[pyclass(frozen, module = "vanta._core", name = "RiskVerdict")]
pub(crate) struct PyRiskVerdict {
    inner: RiskVerdict,
}

impl From<RiskVerdict> for PyRiskVerdict {
    fn from(inner: RiskVerdict) -> Self {
        Self { inner }
    }
}

#[pymethods]
impl PyRiskVerdict {
    #[getter]
    fn ok(&self) -> bool {
        self.inner.ok()
    }

    #[getter]
    fn failures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let failures: PyResult<Vec<_>> = self
            .inner
            .failures
            .iter()
            .map(|&inner| Bound::new(py, PyFailure { inner }))
            .collect();
        PyTuple::new(py, failures?)
    }

    /// Largest smaller collateral at the same leverage that would pass now; 0 = none.
    #[getter]
    fn nearest_collateral_e6(&self) -> i64 {
        self.inner.nearest_collateral.get()
    }

    /// Handle to `release` or to pass to `apply_fill`; 0 when nothing was reserved.
    #[getter]
    fn reservation(&self) -> u64 {
        self.inner.reservation
    }

    #[getter]
    fn notional_e6(&self) -> i64 {
        self.inner.figures.notional.get()
    }

    /// Collateral plus opening fee.
    #[getter]
    fn required_e6(&self) -> i64 {
        self.inner.figures.required.get()
    }

    #[getter]
    fn entry_e10(&self) -> i64 {
        self.inner.figures.entry.get()
    }

    #[getter]
    fn open_fee_e6(&self) -> i64 {
        self.inner.figures.open_fee.get()
    }

    #[getter]
    fn close_fee_e6(&self) -> i64 {
        self.inner.figures.close_fee.get()
    }

    /// Cost of the spread on the way out; that of the way in is part of `entry_e10`.
    #[getter]
    fn spread_cost_e6(&self) -> i64 {
        self.inner.figures.spread_cost.get()
    }

    #[getter]
    fn liquidation_e10(&self) -> i64 {
        self.inner.figures.liquidation.get()
    }

    #[getter]
    fn safe_line_e10(&self) -> i64 {
        self.inner.figures.safe_line.get()
    }

    /// Loss at the stop with all costs, or the whole collateral plus costs without a stop.
    #[getter]
    fn worst_loss_e6(&self) -> i64 {
        self.inner.figures.worst_loss.get()
    }

    #[getter]
    fn equity_e6(&self) -> i64 {
        self.inner.equity.get()
    }
}

/// Struct of arrays of `admit_batch`; the first failure per row.
#[pyclass(frozen, module = "vanta._core", name = "Admissions")]
pub(crate) struct PyAdmissions {
    #[pyo3(get)]
    ok: Py<PyArray1<bool>>,
    #[pyo3(get)]
    rule: Py<PyArray1<u8>>,
    #[pyo3(get)]
    value: I64s,
    #[pyo3(get)]
    limit: I64s,
    #[pyo3(get)]
    resets_at_ns: I64s,
    #[pyo3(get)]
    nearest_collateral_e6: I64s,
    #[pyo3(get)]
    reservation: Py<PyArray1<u64>>,
}

impl PyAdmissions {
    pub(crate) fn new(py: Python<'_>, rows: Admissions) -> Self {
        let i64s = |column| PyArray1::from_vec(py, column).unbind();
        Self {
            ok: PyArray1::from_vec(py, rows.ok).unbind(),
            rule: PyArray1::from_vec(py, rows.rule).unbind(),
            value: i64s(rows.value),
            limit: i64s(rows.limit),
            resets_at_ns: i64s(rows.resets_at),
            nearest_collateral_e6: i64s(rows.nearest_collateral),
            reservation: PyArray1::from_vec(py, rows.reservation).unbind(),
        }
    }
}

/// A user's account as the risk book sees it, at the last marks.
#[pyclass(frozen, module = "vanta._core", name = "Exposure")]
pub(crate) struct PyExposure {
    inner: Exposure,
}

impl From<Exposure> for PyExposure {
    fn from(inner: Exposure) -> Self {
        Self { inner }
    }
}

#[pymethods]
impl PyExposure {
    #[getter]
    fn cash_e6(&self) -> i64 {
        self.inner.cash.get()
    }

    #[getter]
    fn reserved_e6(&self) -> i64 {
        self.inner.reserved.get()
    }

    #[getter]
    fn margin_e6(&self) -> i64 {
        self.inner.margin.get()
    }

    #[getter]
    fn unrealised_e6(&self) -> i64 {
        self.inner.unrealised.get()
    }

    #[getter]
    fn equity_e6(&self) -> i64 {
        self.inner.equity.get()
    }

    #[getter]
    fn free_e6(&self) -> i64 {
        self.inner.free.get()
    }

    #[getter]
    fn long_notional_e6(&self) -> i64 {
        self.inner.long_notional.get()
    }

    #[getter]
    fn short_notional_e6(&self) -> i64 {
        self.inner.short_notional.get()
    }

    /// Realised plus unrealised since 00:00 UTC.
    #[getter]
    fn day_pnl_e6(&self) -> i64 {
        self.inner.day_pnl.get()
    }

    #[getter]
    fn day_start_equity_e6(&self) -> i64 {
        self.inner.day_start_equity.get()
    }

    #[getter]
    fn opens_last_minute(&self) -> i64 {
        self.inner.opens_last_minute
    }

    #[getter]
    fn trades_today(&self) -> i64 {
        self.inner.trades_today
    }

    #[getter]
    fn volume_hour_e6(&self) -> i64 {
        self.inner.volume_hour.get()
    }

    #[getter]
    fn volume_day_e6(&self) -> i64 {
        self.inner.volume_day.get()
    }

    #[getter]
    fn losses_in_row(&self) -> i64 {
        self.inner.losses_in_row
    }
}
