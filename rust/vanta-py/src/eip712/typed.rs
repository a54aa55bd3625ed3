//! Digests of typed data and of personal messages, and who signed one.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use vanta_core::ecdsa::Signature;
use vanta_core::eip712::{TypedData, personal_digest as core_personal_digest};

use super::message::{text, wrong_type};
use crate::curve;
use crate::errors::{detached, invalid, to_py};
use crate::words::{bytes, hash};

/// Digest of typed data in JSON.
#[pyfunction]
fn typed_data_digest<'py>(data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let digest = read(data)?.digest();
    Ok(PyBytes::new(data.py(), digest.as_slice()))
}

/// `encodeData` of the message of typed data in JSON, behind its type hash.
#[pyfunction]
fn typed_data_encoded<'py>(data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(data.py(), &read(data)?.encoded))
}

fn read(data: &Bound<'_, PyAny>) -> PyResult<TypedData> {
    let json = if data.is_instance_of::<PyString>() {
        text("data", data)?
    } else if data.is_instance_of::<PyBytes>() {
        let given = bytes("data", data)?;
        std::str::from_utf8(given).map_err(|_| invalid("data", "is not UTF-8"))?
    } else {
        return Err(wrong_type("data", "str or bytes", data));
    };
    detached(data.py(), || TypedData::read(json))
}

/// Digest of a personal message.
#[pyfunction]
fn personal_digest<'py>(message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let digest = core_personal_digest(bytes("message", message)?);
    Ok(PyBytes::new(message.py(), digest.as_slice()))
}

/// Address of the key that signed a digest.
#[pyfunction]
#[pyo3(signature = (digest, *, signature))]
fn recover_address<'py>(
    digest: &Bound<'py, PyAny>,
    signature: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = digest.py();
    let digest = hash("digest", digest)?;
    let signature = Signature::from_rsv(bytes("signature", signature)?).map_err(to_py)?;
    let signer = detached(py, || curve::PUBLIC.recover(digest, &signature))?;
    Ok(PyBytes::new(py, signer.as_slice()))
}

/// Add the names of this file to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(typed_data_digest, m)?)?;
    m.add_function(wrap_pyfunction!(typed_data_encoded, m)?)?;
    m.add_function(wrap_pyfunction!(personal_digest, m)?)?;
    m.add_function(wrap_pyfunction!(recover_address, m)?)
}
