//! Calls of accounts that run delegated code.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use vanta_core::eip712::delegation::{self, Call};

use super::message::wrong_type;
use crate::errors::invalid;
use crate::words::{address, bytes, fixed, u256};

/// Whose code an account runs.
#[pyfunction]
fn delegate_of<'py>(code: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let delegate = delegation::delegate_of(bytes("code", code)?);
    Ok(delegate.map(|address| PyBytes::new(code.py(), address.as_slice())))
}

/// Digest that an account signs so that anybody may make it do `calls`.
#[pyfunction]
#[pyo3(signature = (account, *, chain_id, calls, nonce))]
fn execute_digest<'py>(
    account: &Bound<'py, PyAny>,
    chain_id: &Bound<'py, PyAny>,
    calls: &Bound<'py, PyAny>,
    nonce: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let digest = delegation::execute_digest(
        address("account", account)?,
        u256("chain_id", chain_id)?,
        read_calls(calls)?,
        u256("nonce", nonce)?,
    );
    Ok(PyBytes::new(account.py(), digest.as_slice()))
}

/// What is sent to the account for `calls` and the signature over their digest.
#[pyfunction]
#[pyo3(signature = (*, calls, nonce, signature))]
fn execute_calldata<'py>(
    calls: &Bound<'py, PyAny>,
    nonce: &Bound<'py, PyAny>,
    signature: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let calldata = delegation::execute_calldata(
        read_calls(calls)?,
        u256("nonce", nonce)?,
        &fixed("signature", signature)?,
    );
    Ok(PyBytes::new(calls.py(), &calldata))
}

fn read_calls(calls: &Bound<'_, PyAny>) -> PyResult<Vec<Call>> {
    let Ok(calls) = calls.cast::<PyList>() else {
        return Err(wrong_type("calls", "a list", calls));
    };
    let read = |call: Bound<'_, PyAny>| {
        let Ok(call) = call.cast::<PyTuple>() else {
            return Err(wrong_type("calls", "a list of tuples", &call));
        };
        if call.len() != 3 {
            let reason = format!("has a tuple of {}, must be (to, value, data)", call.len());
            return Err(invalid("calls", reason));
        }
        Ok(Call {
            to: address("calls to", &call.get_item(0)?)?,
            value: u256("calls value", &call.get_item(1)?)?,
            data: bytes("calls data", &call.get_item(2)?)?.to_vec().into(),
        })
    };
    calls.iter().map(read).collect()
}

/// Add the names of this file to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(delegate_of, m)?)?;
    m.add_function(wrap_pyfunction!(execute_digest, m)?)?;
    m.add_function(wrap_pyfunction!(execute_calldata, m)?)
}
