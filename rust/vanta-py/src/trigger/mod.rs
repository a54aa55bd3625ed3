//! Bindings of `vanta_core::trigger`.

mod answers;
mod asked;
mod book;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use vanta_core::trigger::TRIGGER_KINDS;

/// Add the trigger classes to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("TRIGGER_KINDS", PyTuple::new(m.py(), TRIGGER_KINDS)?)?;
    m.add_class::<answers::PyFirings>()?;
    m.add_class::<book::PyTriggerBook>()
}
