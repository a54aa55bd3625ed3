//! Bindings of `vanta_core::eip712`.

use pyo3::prelude::*;

/// Add the names of this file to the module.
#[expect(clippy::unnecessary_wraps, reason = "the shape of every register")]
pub(crate) fn register(_m: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
