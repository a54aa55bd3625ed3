//! Bindings of `vanta_core::eip712`.

mod delegation;
mod intents;
mod message;
mod typed;

use pyo3::prelude::*;

/// Add the names of this folder to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    intents::register(m)?;
    typed::register(m)?;
    delegation::register(m)
}
