//! Signing hash, signing with a key of the ring, and taking in a signature made elsewhere.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use vanta_core::ecdsa::Signature;
use vanta_core::tx::{self, Authorization, Signed};

use super::fields::leave_out;
use super::transaction::PyTransaction;
use crate::arrays::int;
use crate::errors::{detached, to_py};
use crate::keyring::PyKeyring;
use crate::words::{address, bytes, u256};

/// Bytes for the network, and their hash.
pub(super) type RawAndHash<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// The 32 bytes that are signed.
#[pyfunction]
#[pyo3(signature = (tx))]
fn tx_signing_hash<'py>(py: Python<'py>, tx: &Bound<'py, PyTransaction>) -> Bound<'py, PyBytes> {
    PyBytes::new(py, tx.get().0.signing_hash().as_slice())
}

/// What is hashed to be signed.
#[pyfunction]
#[pyo3(signature = (tx))]
fn tx_preimage<'py>(py: Python<'py>, tx: &Bound<'py, PyTransaction>) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &tx.get().0.preimage())
}

/// Sign with a key of the ring: (raw, hash).
#[pyfunction]
#[pyo3(signature = (keyring, *, handle, tx))]
fn tx_sign<'py>(
    py: Python<'py>,
    keyring: &Bound<'py, PyKeyring>,
    handle: &Bound<'py, PyAny>,
    tx: &Bound<'py, PyTransaction>,
) -> PyResult<RawAndHash<'py>> {
    let (keyring, tx) = (keyring.get(), tx.get());
    let key = keyring.key(handle)?;
    let signed = detached(py, || tx::sign(keyring.curve(), &key, &tx.0))?;
    Ok(out(py, &signed))
}

/// Take in a signature r ‖ s ‖ v made elsewhere over the signing hash: (raw, hash).
#[pyfunction]
#[pyo3(signature = (tx, *, signature))]
fn tx_assemble<'py>(
    py: Python<'py>,
    tx: &Bound<'py, PyTransaction>,
    signature: &Bound<'py, PyAny>,
) -> PyResult<RawAndHash<'py>> {
    let signature = Signature::from_rsv(bytes("signature", signature)?).map_err(to_py)?;
    let signed = tx::assemble(&tx.get().0, &signature).map_err(to_py)?;
    Ok(out(py, &signed))
}

/// What an account signs to run the code of `address`.
#[pyfunction]
#[pyo3(signature = (*, chain_id, address, nonce))]
fn authorization_hash<'py>(
    py: Python<'py>,
    chain_id: &Bound<'py, PyAny>,
    address: &Bound<'py, PyAny>,
    nonce: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let authorization = leave(chain_id, address, nonce)?;
    Ok(PyBytes::new(py, authorization.signing_hash().as_slice()))
}

/// Sign leave to run the code of `address`, for `Transaction.authorizations`.
#[pyfunction]
#[pyo3(signature = (keyring, *, handle, chain_id, address, nonce))]
fn authorization_sign<'py>(
    py: Python<'py>,
    keyring: &Bound<'py, PyKeyring>,
    handle: &Bound<'py, PyAny>,
    chain_id: &Bound<'py, PyAny>,
    address: &Bound<'py, PyAny>,
    nonce: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyTuple>> {
    let authorization = leave(chain_id, address, nonce)?;
    let keyring = keyring.get();
    let key = keyring.key(handle)?;
    let signed = detached(py, || tx::authorize(keyring.curve(), &key, authorization))?;
    leave_out(py, &signed)
}

fn leave(
    chain_id: &Bound<'_, PyAny>,
    account: &Bound<'_, PyAny>,
    nonce: &Bound<'_, PyAny>,
) -> PyResult<Authorization> {
    Ok(Authorization {
        chain_id: u256("chain_id", chain_id)?,
        address: address("address", account)?,
        nonce: int("nonce", nonce)?,
    })
}

/// Both as `bytes`.
pub(super) fn out<'py>(py: Python<'py>, signed: &Signed) -> RawAndHash<'py> {
    (
        PyBytes::new(py, &signed.raw),
        PyBytes::new(py, signed.hash.as_slice()),
    )
}

/// Add the functions to the module.
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(tx_signing_hash, m)?)?;
    m.add_function(wrap_pyfunction!(tx_preimage, m)?)?;
    m.add_function(wrap_pyfunction!(tx_sign, m)?)?;
    m.add_function(wrap_pyfunction!(tx_assemble, m)?)?;
    m.add_function(wrap_pyfunction!(authorization_hash, m)?)?;
    m.add_function(wrap_pyfunction!(authorization_sign, m)?)
}
