//! Encoding by type, hashes, and the builder's mark.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use vanta_core::abi::{self, BuilderCode, Signature};

use super::values::{kinds, tuple, values};
use crate::arrays::int;
use crate::errors::to_py;
use crate::words::{bytes, hash, text, u256, uint};

/// `abi.encode`.
#[pyfunction]
pub(super) fn abi_encode<'py>(
    py: Python<'py>,
    types: &Bound<'py, PyAny>,
    values: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let kinds = kinds(types)?;
    let values = self::values("values", &kinds, values)?;
    let made = abi::encode(&kinds, values).map_err(to_py)?;
    Ok(PyBytes::new(py, &made))
}

/// `abi.encodePacked`.
#[pyfunction]
pub(super) fn abi_encode_packed<'py>(
    py: Python<'py>,
    types: &Bound<'py, PyAny>,
    values: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let kinds = kinds(types)?;
    let values = self::values("values", &kinds, values)?;
    let made = abi::encode_packed(&kinds, &values).map_err(to_py)?;
    Ok(PyBytes::new(py, &made))
}

/// `abi.decode`, canonical data only.
#[pyfunction]
pub(super) fn abi_decode<'py>(
    py: Python<'py>,
    types: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyTuple>> {
    let made = abi::decode(&kinds(types)?, bytes("data", data)?).map_err(to_py)?;
    tuple(py, &made)
}

/// First four bytes of a call.
#[pyfunction]
pub(super) fn selector<'py>(
    py: Python<'py>,
    signature: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let signature = Signature::parse(text("signature", signature)?).map_err(to_py)?;
    Ok(PyBytes::new(py, &signature.selector()))
}

/// keccak-256.
#[pyfunction]
pub(super) fn keccak256<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let made = abi::keccak256(bytes("data", data)?);
    Ok(PyBytes::new(py, made.as_slice()))
}

/// Calldata with the builder's mark after it.
#[pyfunction]
#[pyo3(signature = (calldata, *, code, rate, rate_bytes))]
pub(super) fn append_builder_code<'py>(
    py: Python<'py>,
    calldata: &Bound<'py, PyAny>,
    code: &Bound<'py, PyAny>,
    rate: &Bound<'py, PyAny>,
    rate_bytes: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let calldata = bytes("calldata", calldata)?;
    let mark = BuilderCode {
        code: hash("code", code)?,
        rate: u256("rate", rate)?,
    };
    let width = usize::from(int::<u8>("rate_bytes", rate_bytes)?);
    let made = abi::append_builder_code(calldata, &mark, width).map_err(to_py)?;
    Ok(PyBytes::new(py, &made))
}

/// Calldata without its mark, code and rate.
#[pyfunction]
#[pyo3(signature = (calldata, *, rate_bytes))]
pub(super) fn split_builder_code<'py>(
    py: Python<'py>,
    calldata: &Bound<'py, PyAny>,
    rate_bytes: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let calldata = bytes("calldata", calldata)?;
    let width = usize::from(int::<u8>("rate_bytes", rate_bytes)?);
    let Some((call, mark)) = abi::split_builder_code(calldata, width).map_err(to_py)? else {
        return Ok(None);
    };
    let parts = (
        PyBytes::new(py, call),
        PyBytes::new(py, mark.code.as_slice()),
        uint(py, mark.rate)?,
    );
    parts.into_pyobject(py).map(Some)
}
