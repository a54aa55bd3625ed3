//! Bindings of `vanta_core::webhook`.

use numpy::{PyArray1, ToPyArray};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyBytesMethods, PyList, PyTuple};
use vanta_core::webhook::{Delivery, MAX_SECRETS, Secrets, verify};

use crate::arrays::type_name;
use crate::errors::{detached, invalid, to_py};
use crate::words::bytes;

// Held while the interpreter is released: the list may change then, these bytes cannot.
type Column<'py> = Vec<Bound<'py, PyBytes>>;

#[pyfunction]
#[pyo3(signature = (*, id, timestamp, body, signature, secrets))]
fn standard_webhook_verify(
    id: &Bound<'_, PyAny>,
    timestamp: &Bound<'_, PyAny>,
    body: &Bound<'_, PyAny>,
    signature: &Bound<'_, PyAny>,
    secrets: &Bound<'_, PyAny>,
) -> PyResult<i16> {
    let delivery = Delivery {
        id: bytes("id", id)?,
        timestamp: bytes("timestamp", timestamp)?,
        body: bytes("body", body)?,
        signature: bytes("signature", signature)?,
    };
    Ok(verify(&live(secrets)?, &delivery))
}

#[pyfunction]
#[pyo3(signature = (*, id, timestamp, body, signature, secrets))]
fn standard_webhook_verify_batch<'py>(
    py: Python<'py>,
    id: &Bound<'py, PyAny>,
    timestamp: &Bound<'py, PyAny>,
    body: &Bound<'py, PyAny>,
    signature: &Bound<'py, PyAny>,
    secrets: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArray1<i16>>> {
    let ids = column("id", id)?;
    let of_ids = |name: &'static str, any| {
        let rows = column(name, any)?;
        if rows.len() != ids.len() {
            let reason = format!("has {} rows, id has {}", rows.len(), ids.len());
            return Err(invalid(name, reason));
        }
        Ok(rows)
    };
    let timestamps = of_ids("timestamp", timestamp)?;
    let bodies = of_ids("body", body)?;
    let signatures = of_ids("signature", signature)?;
    let secrets = live(secrets)?;
    let deliveries: Vec<Delivery<'_>> = ids
        .iter()
        .zip(&timestamps)
        .zip(&bodies)
        .zip(&signatures)
        .map(|(((id, timestamp), body), signature)| Delivery {
            id: id.as_bytes(),
            timestamp: timestamp.as_bytes(),
            body: body.as_bytes(),
            signature: signature.as_bytes(),
        })
        .collect();
    let signers = detached(py, || {
        Ok(deliveries
            .iter()
            .map(|delivery| verify(&secrets, delivery))
            .collect::<Vec<_>>())
    })?;
    Ok(signers.to_pyarray(py))
}

fn live(any: &Bound<'_, PyAny>) -> PyResult<Secrets> {
    let secrets = column("secrets", any)?;
    if secrets.len() > MAX_SECRETS {
        let reason = format!("has {}, must have 1 to {MAX_SECRETS}", secrets.len());
        return Err(invalid("secrets", reason));
    }
    Secrets::new(secrets.iter().map(PyBytesMethods::as_bytes)).map_err(to_py)
}

fn column<'py>(name: &'static str, any: &Bound<'py, PyAny>) -> PyResult<Column<'py>> {
    if !any.is_instance_of::<PyList>() && !any.is_instance_of::<PyTuple>() {
        return Err(PyTypeError::new_err(format!(
            "{name} must be a list or tuple of bytes, not {}",
            type_name(any)
        )));
    }
    any.try_iter()?
        .enumerate()
        .map(|(row, each)| {
            let each = each?;
            each.cast_into::<PyBytes>().map_err(|error| {
                let given = type_name(&error.into_inner());
                PyTypeError::new_err(format!("{name} row {row} must be bytes, not {given}"))
            })
        })
        .collect()
}

/// Add the names of this file to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(standard_webhook_verify, m)?)?;
    m.add_function(wrap_pyfunction!(standard_webhook_verify_batch, m)?)
}
