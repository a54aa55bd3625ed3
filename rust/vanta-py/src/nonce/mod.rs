//! Bindings of `vanta_core::nonce`.

mod answers;
mod ledger;
mod rows;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use vanta_core::nonce::{DUE_KINDS, OUTCOMES, PURPOSES, SLOT_STATES};

/// Add the names of this folder to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let words = PyDict::new(m.py());
    words.set_item("state", PyTuple::new(m.py(), SLOT_STATES)?)?;
    words.set_item("purpose", PyTuple::new(m.py(), PURPOSES)?)?;
    words.set_item("outcome", PyTuple::new(m.py(), OUTCOMES)?)?;
    words.set_item("due", PyTuple::new(m.py(), DUE_KINDS)?)?;
    m.add("NONCE_WORDS", words)?;
    m.add_class::<answers::PyConfirmed>()?;
    m.add_class::<answers::PySynced>()?;
    m.add_class::<ledger::PyNonceConfig>()?;
    m.add_class::<ledger::PyNonceLedger>()
}
