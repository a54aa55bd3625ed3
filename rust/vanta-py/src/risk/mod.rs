//! Bindings of `vanta_core::risk`.

mod answers;
mod asked;
mod book;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use vanta_core::risk::RULES;

/// Add the risk classes to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("RULES", PyTuple::new(m.py(), RULES)?)?;
    m.add_class::<answers::PyFailure>()?;
    m.add_class::<answers::PyRiskVerdict>()?;
    m.add_class::<answers::PyAdmissions>()?;
    m.add_class::<answers::PyExposure>()?;
    m.add_class::<book::PyRiskBook>()
}
