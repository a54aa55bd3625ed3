//! What followers do when a leader trades.

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use vanta_core::margin::{self, CopySkip, FollowerRows, LeaderFill};

use crate::arrays::{array, array_like, int};
use crate::errors::detached;

type I64s = Py<PyArray1<i64>>;

/// Struct of arrays of `copy_sizes`.
#[pyclass(frozen, module = "vanta._core", name = "CopySizes")]
struct PyCopySizes {
    #[pyo3(get)]
    collateral_e6: I64s,
    #[pyo3(get)]
    leverage_e10: I64s,
    #[pyo3(get)]
    notional_e6: I64s,
    /// Index into `COPY_SKIPS`.
    #[pyo3(get)]
    skip: Py<PyArray1<u8>>,
}

/// What n followers do with one leader's fill.
#[pyfunction]
#[pyo3(signature = (
    *, leader_collateral_e6, leader_leverage_e10, leader_equity_e6, delay_ns, slip_e10, min_leverage_e10, max_market_leverage_e10, min_notional_e6, open_fee_p_e10,
    allowed, mode, value, equity_e6, free_e6, max_collateral_e6, max_notional_e6, max_leverage_e10, min_leader_e6, max_leader_e6, max_delay_ns, max_slip_e10
))]
#[expect(clippy::too_many_arguments, reason = "one array per field, by keyword")]
fn copy_sizes(
    py: Python<'_>,
    leader_collateral_e6: &Bound<'_, PyAny>,
    leader_leverage_e10: &Bound<'_, PyAny>,
    leader_equity_e6: &Bound<'_, PyAny>,
    delay_ns: &Bound<'_, PyAny>,
    slip_e10: &Bound<'_, PyAny>,
    min_leverage_e10: &Bound<'_, PyAny>,
    max_market_leverage_e10: &Bound<'_, PyAny>,
    min_notional_e6: &Bound<'_, PyAny>,
    open_fee_p_e10: &Bound<'_, PyAny>,
    allowed: &Bound<'_, PyAny>,
    mode: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    equity_e6: &Bound<'_, PyAny>,
    free_e6: &Bound<'_, PyAny>,
    max_collateral_e6: &Bound<'_, PyAny>,
    max_notional_e6: &Bound<'_, PyAny>,
    max_leverage_e10: &Bound<'_, PyAny>,
    min_leader_e6: &Bound<'_, PyAny>,
    max_leader_e6: &Bound<'_, PyAny>,
    max_delay_ns: &Bound<'_, PyAny>,
    max_slip_e10: &Bound<'_, PyAny>,
) -> PyResult<PyCopySizes> {
    let leader = LeaderFill {
        collateral: int("leader_collateral_e6", leader_collateral_e6)?,
        leverage: int("leader_leverage_e10", leader_leverage_e10)?,
        equity: int("leader_equity_e6", leader_equity_e6)?,
        delay_ns: int("delay_ns", delay_ns)?,
        slip: int("slip_e10", slip_e10)?,
        min_leverage: int("min_leverage_e10", min_leverage_e10)?,
        max_leverage: int("max_market_leverage_e10", max_market_leverage_e10)?,
        min_notional: int("min_notional_e6", min_notional_e6)?,
        open_fee: int("open_fee_p_e10", open_fee_p_e10)?,
    };
    let allowed: Vec<bool> = array("allowed", allowed)?;
    let (n, like) = (allowed.len(), "allowed");
    let mode: Vec<u8> = array_like("mode", mode, n, like)?;
    let value: Vec<i64> = array_like("value", value, n, like)?;
    let equity_e6: Vec<i64> = array_like("equity_e6", equity_e6, n, like)?;
    let free_e6: Vec<i64> = array_like("free_e6", free_e6, n, like)?;
    let max_collateral_e6: Vec<i64> = array_like("max_collateral_e6", max_collateral_e6, n, like)?;
    let max_notional_e6: Vec<i64> = array_like("max_notional_e6", max_notional_e6, n, like)?;
    let max_leverage_e10: Vec<i64> = array_like("max_leverage_e10", max_leverage_e10, n, like)?;
    let min_leader_e6: Vec<i64> = array_like("min_leader_e6", min_leader_e6, n, like)?;
    let max_leader_e6: Vec<i64> = array_like("max_leader_e6", max_leader_e6, n, like)?;
    let max_delay_ns: Vec<i64> = array_like("max_delay_ns", max_delay_ns, n, like)?;
    let max_slip_e10: Vec<i64> = array_like("max_slip_e10", max_slip_e10, n, like)?;
    let out = detached(py, || {
        margin::copy_sizes(
            &leader,
            &FollowerRows {
                allowed: &allowed,
                mode: &mode,
                value: &value,
                equity: &equity_e6,
                free: &free_e6,
                max_collateral: &max_collateral_e6,
                max_notional: &max_notional_e6,
                max_leverage: &max_leverage_e10,
                min_leader: &min_leader_e6,
                max_leader: &max_leader_e6,
                max_delay_ns: &max_delay_ns,
                max_slip: &max_slip_e10,
            },
        )
    })?;
    Ok(PyCopySizes {
        collateral_e6: PyArray1::from_vec(py, out.collateral).unbind(),
        leverage_e10: PyArray1::from_vec(py, out.leverage).unbind(),
        notional_e6: PyArray1::from_vec(py, out.notional).unbind(),
        skip: PyArray1::from_vec(py, out.skip).unbind(),
    })
}

/// Collateral each follower takes out when the leader closed a part: the same share, rounded up.
#[pyfunction]
#[pyo3(signature = (*, collateral_e6, leader_closed_e6, leader_held_e6))]
fn copy_closes(
    py: Python<'_>,
    collateral_e6: &Bound<'_, PyAny>,
    leader_closed_e6: &Bound<'_, PyAny>,
    leader_held_e6: &Bound<'_, PyAny>,
) -> PyResult<I64s> {
    let collateral: Vec<i64> = array("collateral_e6", collateral_e6)?;
    let closed = int("leader_closed_e6", leader_closed_e6)?;
    let held = int("leader_held_e6", leader_held_e6)?;
    let out = detached(py, || margin::copy_closes(&collateral, closed, held))?;
    Ok(PyArray1::from_vec(py, out).unbind())
}

/// Add the functions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("COPY_SKIPS", PyTuple::new(m.py(), CopySkip::NAMES)?)?;
    m.add_class::<PyCopySizes>()?;
    m.add_function(wrap_pyfunction!(copy_sizes, m)?)?;
    m.add_function(wrap_pyfunction!(copy_closes, m)?)
}
