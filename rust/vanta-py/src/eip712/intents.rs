//! Intents across the border: hashed, encoded, signed, and read back.

use std::sync::Arc;

use alloy_primitives::B256;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use vanta_core::eip712::{Domain, Intent, SignedIntent};
use vanta_core::keyring::Key;

use super::message::{Kind, text, wrong_type};
use crate::errors::{detached, invalid, to_py};
use crate::keyring::PyKeyring;
use crate::words::{address, bytes, u256};

/// The domain that intents are signed in; its separator is computed once.
#[pyclass(name = "IntentDomain", frozen, module = "vanta._core")]
pub(crate) struct PyDomain(Domain);

#[pymethods]
impl PyDomain {
    #[new]
    #[pyo3(signature = (*, name, version, chain_id, verifying_contract))]
    fn new(
        name: &Bound<'_, PyAny>,
        version: &Bound<'_, PyAny>,
        chain_id: &Bound<'_, PyAny>,
        verifying_contract: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        Ok(Self(Domain::new(
            text("name", name)?,
            text("version", version)?,
            u256("chain_id", chain_id)?,
            address("verifying_contract", verifying_contract)?,
        )))
    }

    #[getter]
    fn separator<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.separator().as_slice())
    }
}

/// What is sent for an intent, and what it was signed over.
#[pyclass(name = "SignedIntent", frozen, module = "vanta._core")]
pub(crate) struct PySignedIntent {
    #[pyo3(get)]
    digest: Py<PyBytes>,
    #[pyo3(get)]
    intent: Py<PyBytes>,
    #[pyo3(get)]
    signature: Py<PyBytes>,
}

impl PySignedIntent {
    fn new(py: Python<'_>, signed: &SignedIntent) -> Self {
        Self {
            digest: PyBytes::new(py, signed.digest.as_slice()).unbind(),
            intent: PyBytes::new(py, &signed.bytes).unbind(),
            signature: PyBytes::new(py, &signed.signature.rsv()).unbind(),
        }
    }
}

/// Type string and type hash of a kind of intents.
#[pyfunction]
fn intent_type<'py>(kind: &Bound<'py, PyAny>) -> PyResult<(String, Bound<'py, PyBytes>)> {
    let core = Kind::named(kind)?.core;
    let hash = PyBytes::new(kind.py(), core.type_hash.as_slice());
    Ok((core.type_string(), hash))
}

/// `hashStruct` of a message.
#[pyfunction]
#[pyo3(signature = (kind, *, message))]
fn intent_struct_hash<'py>(
    kind: &Bound<'py, PyAny>,
    message: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let intent = Kind::named(kind)?.read(message)?;
    Ok(PyBytes::new(kind.py(), intent.struct_hash().as_slice()))
}

/// Digest of a message in a domain.
#[pyfunction]
#[pyo3(signature = (kind, *, message, domain))]
fn intent_digest<'py>(
    kind: &Bound<'py, PyAny>,
    message: &Bound<'py, PyAny>,
    domain: &Bound<'py, PyDomain>,
) -> PyResult<Bound<'py, PyBytes>> {
    let domain = domain.get().0;
    let intent = Kind::named(kind)?.read(message)?;
    let digest = domain.digest(intent.struct_hash());
    Ok(PyBytes::new(kind.py(), digest.as_slice()))
}

/// Batch of `intent_digest`.
#[pyfunction]
#[pyo3(signature = (kind, *, messages, domain))]
fn intent_digests<'py>(
    kind: &Bound<'py, PyAny>,
    messages: &Bound<'py, PyAny>,
    domain: &Bound<'py, PyDomain>,
) -> PyResult<Bound<'py, PyList>> {
    let py = kind.py();
    let domain = domain.get().0;
    let intents = read_rows(kind, messages)?;
    let digests: Vec<B256> = detached(py, || {
        Ok(intents
            .iter()
            .map(|intent| domain.digest(intent.struct_hash()))
            .collect())
    })?;
    PyList::new(
        py,
        digests
            .iter()
            .map(|digest| PyBytes::new(py, digest.as_slice())),
    )
}

/// The venue's `userIntent` of a message.
#[pyfunction]
#[pyo3(signature = (kind, *, message))]
fn intent_bytes<'py>(
    kind: &Bound<'py, PyAny>,
    message: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let intent = Kind::named(kind)?.read(message)?;
    Ok(PyBytes::new(kind.py(), &intent.abi_bytes()))
}

/// The message of a `userIntent`.
#[pyfunction]
#[pyo3(signature = (kind, *, data))]
fn decode_intent<'py>(
    kind: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let named = Kind::named(kind)?;
    let values = Intent::decode(named.core, bytes("data", data)?).map_err(to_py)?;
    named.write(kind.py(), &mut values.into_iter())
}

/// Sign a message: the digest, the bytes to send and the signature.
#[pyfunction]
#[pyo3(signature = (keyring, *, handle, kind, message, domain))]
fn sign_intent(
    py: Python<'_>,
    keyring: &Bound<'_, PyKeyring>,
    handle: &Bound<'_, PyAny>,
    kind: &Bound<'_, PyAny>,
    message: &Bound<'_, PyAny>,
    domain: &Bound<'_, PyDomain>,
) -> PyResult<PySignedIntent> {
    let keyring = keyring.get();
    let domain = domain.get().0;
    let intent = Kind::named(kind)?.read(message)?;
    let key = keyring.key(handle)?;
    let signed = intent.sign(&domain, &key, keyring.curve()).map_err(to_py)?;
    Ok(PySignedIntent::new(py, &signed))
}

/// Batch of `sign_intent`: message i by handle i.
#[pyfunction]
#[pyo3(signature = (keyring, *, handles, kind, messages, domain))]
fn sign_intents(
    py: Python<'_>,
    keyring: &Bound<'_, PyKeyring>,
    handles: &Bound<'_, PyAny>,
    kind: &Bound<'_, PyAny>,
    messages: &Bound<'_, PyAny>,
    domain: &Bound<'_, PyDomain>,
) -> PyResult<Vec<PySignedIntent>> {
    let keyring = keyring.get();
    let domain = domain.get().0;
    let handles = list("handles", handles)?;
    let intents = read_rows(kind, messages)?;
    if handles.len() != intents.len() {
        let reason = format!("has {} rows, messages has {}", handles.len(), intents.len());
        return Err(invalid("handles", reason));
    }
    let keys: Vec<Arc<Key>> = handles
        .iter()
        .enumerate()
        .map(|(row, handle)| {
            keyring
                .key(&handle)
                .map_err(|error| at_row(py, &error, row))
        })
        .collect::<PyResult<_>>()?;
    let signed = detached(py, || {
        keys.iter()
            .zip(&intents)
            .map(|(key, intent)| intent.sign(&domain, key, keyring.curve()))
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(signed
        .iter()
        .map(|signed| PySignedIntent::new(py, signed))
        .collect())
}

fn read_rows(kind: &Bound<'_, PyAny>, messages: &Bound<'_, PyAny>) -> PyResult<Vec<Intent>> {
    let kind = Kind::named(kind)?;
    list("messages", messages)?
        .iter()
        .enumerate()
        .map(|(row, message)| {
            kind.read(&message)
                .map_err(|error| at_row(message.py(), &error, row))
        })
        .collect()
}

fn list<'a, 'py>(
    name: &'static str,
    any: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, PyList>> {
    any.cast::<PyList>()
        .map_err(|_| wrong_type(name, "a list", any))
}

// The same class of error, its text saying which row; a row is read in Python's hands, where the
// core's own row error does not reach.
fn at_row(py: Python<'_>, error: &PyErr, row: usize) -> PyErr {
    let text = format!("row {row}: {}", error.value(py));
    PyErr::from_type(error.get_type(py), (text,))
}

/// Add the names of this file to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyDomain>()?;
    m.add_class::<PySignedIntent>()?;
    m.add_function(wrap_pyfunction!(intent_type, m)?)?;
    m.add_function(wrap_pyfunction!(intent_struct_hash, m)?)?;
    m.add_function(wrap_pyfunction!(intent_digest, m)?)?;
    m.add_function(wrap_pyfunction!(intent_digests, m)?)?;
    m.add_function(wrap_pyfunction!(intent_bytes, m)?)?;
    m.add_function(wrap_pyfunction!(decode_intent, m)?)?;
    m.add_function(wrap_pyfunction!(sign_intent, m)?)?;
    m.add_function(wrap_pyfunction!(sign_intents, m)?)
}
