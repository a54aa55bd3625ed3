//! Signed bytes back to a transaction, a key service's signature to ours, and what gas is due.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use vanta_core::tx::{self, Decoded, GasPrices};

use super::transaction::PyTransaction;
use crate::arrays::{OptionalArg, int_or};
use crate::curve;
use crate::errors::{detached, to_py};
use crate::words::{address, bytes, hash};

/// A transaction that was signed, and by whom.
#[pyclass(frozen, module = "vanta._core", name = "SignedTransaction")]
struct PySignedTransaction {
    #[pyo3(get)]
    tx: Py<PyTransaction>,
    #[pyo3(get)]
    hash: Py<PyBytes>,
    #[pyo3(get)]
    sender: Py<PyBytes>,
    #[pyo3(get)]
    signature: Py<PyBytes>,
}

/// Read signed bytes strictly.
#[pyfunction]
#[pyo3(signature = (raw))]
fn tx_decode(py: Python<'_>, raw: &Bound<'_, PyAny>) -> PyResult<PySignedTransaction> {
    let raw = bytes("raw", raw)?;
    let Decoded {
        tx,
        signature,
        hash,
        sender,
    } = detached(py, || tx::read(&curve::PUBLIC, raw))?;
    Ok(PySignedTransaction {
        tx: Py::new(py, PyTransaction(tx))?,
        hash: PyBytes::new(py, hash.as_slice()).unbind(),
        sender: PyBytes::new(py, sender.as_slice()).unbind(),
        signature: PyBytes::new(py, &signature.rsv()).unbind(),
    })
}

/// The signature `der` as chains take it: r ‖ s ‖ v, low s, v 27 or 28.
#[pyfunction]
#[pyo3(signature = (der, *, digest, expected_address))]
fn normalize_signature<'py>(
    py: Python<'py>,
    der: &Bound<'py, PyAny>,
    digest: &Bound<'py, PyAny>,
    expected_address: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let signature = tx::normalize_signature(
        &curve::PUBLIC,
        bytes("der", der)?,
        hash("digest", digest)?,
        address("expected_address", expected_address)?,
    )
    .map_err(to_py)?;
    Ok(PyBytes::new(py, &signature.rsv()))
}

/// Gas that is due before code runs, and at least: (intrinsic, floor).
#[pyfunction]
#[pyo3(signature = (
    tx, *, nonzero_byte=OptionalArg::ABSENT, create=OptionalArg::ABSENT,
    init_word=OptionalArg::ABSENT, floor_token=OptionalArg::ABSENT
), text_signature = "(tx, *, nonzero_byte=16, create=32000, init_word=2, floor_token=10)")]
fn intrinsic_gas(
    tx: &Bound<'_, PyTransaction>,
    nonzero_byte: OptionalArg<'_>,
    create: OptionalArg<'_>,
    init_word: OptionalArg<'_>,
    floor_token: OptionalArg<'_>,
) -> PyResult<(u64, u64)> {
    let now = GasPrices::PRAGUE;
    let prices = GasPrices {
        nonzero_byte: int_or("nonzero_byte", nonzero_byte, now.nonzero_byte)?,
        create: int_or("create", create, now.create)?,
        init_word: int_or("init_word", init_word, now.init_word)?,
        floor_token: int_or("floor_token", floor_token, now.floor_token)?,
    };
    let gas = tx::intrinsic_gas(&tx.get().0, &prices).map_err(to_py)?;
    Ok((gas.intrinsic, gas.floor))
}

/// Add the names of this file to the module.
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PySignedTransaction>()?;
    m.add_function(wrap_pyfunction!(tx_decode, m)?)?;
    m.add_function(wrap_pyfunction!(normalize_signature, m)?)?;
    m.add_function(wrap_pyfunction!(intrinsic_gas, m)?)
}
