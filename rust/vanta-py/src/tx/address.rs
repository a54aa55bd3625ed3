//! Addresses of contracts to be, and addresses as text.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use vanta_core::tx;

use crate::arrays::{int, type_name};
use crate::errors::to_py;
use crate::words::{address, hash};

/// Address of what `sender` creates with its transaction `nonce`.
#[pyfunction]
#[pyo3(signature = (sender, *, nonce))]
fn create_address<'py>(
    py: Python<'py>,
    sender: &Bound<'py, PyAny>,
    nonce: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let created = address("sender", sender)?.create(int("nonce", nonce)?);
    Ok(PyBytes::new(py, created.as_slice()))
}

/// Address of what `sender` creates with CREATE2.
#[pyfunction]
#[pyo3(signature = (sender, *, salt, init_code_hash))]
fn create2_address<'py>(
    py: Python<'py>,
    sender: &Bound<'py, PyAny>,
    salt: &Bound<'py, PyAny>,
    init_code_hash: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let created = address("sender", sender)?
        .create2(hash("salt", salt)?, hash("init_code_hash", init_code_hash)?);
    Ok(PyBytes::new(py, created.as_slice()))
}

/// The address as text with its checksum.
#[pyfunction]
#[pyo3(signature = (address))]
fn checksum_address(address: &Bound<'_, PyAny>) -> PyResult<String> {
    crate::words::address("address", address).map(tx::checksum)
}

/// The address of a text, its checksum verified.
#[pyfunction]
#[pyo3(signature = (text))]
fn parse_address<'py>(py: Python<'py>, text: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let Ok(string) = text.cast::<PyString>() else {
        let reason = format!("text must be a str, not {}", type_name(text));
        return Err(PyTypeError::new_err(reason));
    };
    let parsed =
        tx::parse_address(&string.to_string_lossy()).map_err(|error| to_py(error.named("text")))?;
    Ok(PyBytes::new(py, parsed.as_slice()))
}

/// Add the functions to the module.
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(create_address, m)?)?;
    m.add_function(wrap_pyfunction!(create2_address, m)?)?;
    m.add_function(wrap_pyfunction!(checksum_address, m)?)?;
    m.add_function(wrap_pyfunction!(parse_address, m)?)
}
